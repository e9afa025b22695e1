"""One sentence of the thesis and how it is judged, as ``config/claims.yaml`` states it."""

from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hypersvg.settings.yaml_text import read_yaml
from hypersvg.statistics import Comparison

Scale = Literal["percent", "share", "log10 rate", "nats", "ratio", "accuracy"]


class ClaimsError(ValueError):
    """A list of claims that cannot be used; the message is one sentence that names the claim and the key."""


class Claim(BaseModel):
    """What the thesis says, the number that decides it, and the margin that was fixed before looking."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    id: Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]
    """Short name."""
    page: int | str
    """Page of the thesis, title of the slide, or "beyond the thesis"."""
    quote: str
    """The sentence, or the part of it that is judged, word for word; empty where the claim is this project's own."""
    claims: str
    """What that says, in one plain clause."""
    metric: str
    """Name of a function of :mod:`hypersvg.claims.metrics`; its first line says what it measures."""
    parameters: dict[str, Any] = {}
    """Arguments of the metric."""
    comparison: Comparison
    """greater, less, at_least (non-inferiority) or near (equivalence)."""
    threshold: float = 0.0
    """What the metric is compared with."""
    margin: Annotated[float, Field(ge=0)] = 0.0
    """How far beyond the threshold (or, for at_least and near, how far short) still counts."""
    because: str
    """Why this margin."""
    scale: Scale = "percent"
    """How the numbers are printed: percent (accuracies and their differences), or as they are."""
    thesis: float | str | None = None
    """The thesis's own number in the metric's unit, where it has one, or its words."""
    minimum_seeds: Annotated[int, Field(ge=6)] = 6
    """Below so many seeds there is a direction and no verdict."""
    exhibit: str
    """Where it is seen."""
    choices: list[str] = []
    """Entries of the ledger that the verdict may depend on."""
    missing: str | None = None
    """The fact that the thesis does not give and without which the claim cannot be tested."""
    paper: bool = False
    """Whether it is also judged at the width of the thesis (the online and offline claims)."""


def load_claims(path: Path) -> list[Claim]:
    """All claims of a YAML file, in its order; raises :class:`ClaimsError` in one sentence."""
    try:
        tree = read_yaml(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise ClaimsError(f"{path} cannot be read: {' '.join(str(error).split())}") from None
    if not isinstance(tree, list):
        raise ClaimsError(f"{path} must hold a list of claims")
    claims = [parsed(entry, path) for entry in tree]
    names = [claim.id for claim in claims]
    if repeated := {name for name in names if names.count(name) > 1}:
        raise ClaimsError(f"{path}: the claim '{sorted(repeated)[0]}' stands there twice")
    return claims


def parsed(entry: Any, path: Path) -> Claim:
    """One entry as a claim."""
    try:
        return Claim.model_validate(entry)
    except ValidationError as error:
        first = error.errors()[0]
        name = entry.get("id", "?") if isinstance(entry, dict) else "?"
        key = ".".join(str(part) for part in first["loc"])
        raise ClaimsError(f"{path}: claim '{name}': {key}: {first['msg']}") from None
