"""The two sides of a comparison: a finished run, and its committed reference."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from hypersvg.pipeline.failures import HypersvgError
from hypersvg.pipeline.reference import missing_files, run_facts
from hypersvg.reading.results import FILES
from hypersvg.settings.groups import Group

Frame = pd.DataFrame
FREE = ("run.device",)
"""Settings that are part of the machine class."""
MANIFESTS = {"manifest.json": "data.source", "fashion.json": "fashion.source"}
"""What the images were, under ``tables/`` (the run's, and those of the stages that train on FashionMNIST), and the
settings that choose them."""


@dataclass(frozen=True)
class Side:
    """Tables by name, claims by id, settings by dotted key, the facts of ``run.json``, and the images by manifest."""

    folder: Path
    settings: dict[str, Any]
    facts: dict[str, Any]
    tables: dict[str, Frame]
    claims: dict[str, dict[str, Any]]
    images: dict[str, str] = field(default_factory=dict)

    @property
    def group(self) -> Group:
        """What the run is made of; those of earlier versions are the thesis's."""
        found: Group = self.settings.get("run.group", "thesis")
        return found


def read_run(results: Path, run: str) -> Side:
    """A finished run; raises a sentence where it is missing or not complete."""
    folder = results / run
    if not (folder / "settings.json").is_file():
        raise HypersvgError(f"there is no run in {folder}; {command('replicate', run)} makes it")
    if missing := missing_files(folder, run):
        raise HypersvgError(
            f"{folder} is not finished, it lacks {listed(missing)}; {command('replicate', run)} goes on with it"
        )
    return read_side(folder, run_facts(folder))


def read_reference(results: Path, run: str) -> Side:
    """The committed reference of a run; raises a sentence where there is none, or one without tables."""
    folder = results / "reference" / run
    if not folder.is_dir():
        known = sorted(path.parent.name for path in (results / "reference").glob("*/tables"))
        raise HypersvgError(
            f"there is no reference of '{run}' (known: {listed(known) or 'none'}); {command('accept', run)} makes it "
            "from a finished run"
        )
    if not any((folder / "tables").glob("*.parquet")) or not (folder / "settings.json").is_file():
        raise HypersvgError(f"{folder} holds no tables to compare with; {command('accept', run)} makes it anew")
    return read_side(folder, read_json(folder / "run.json"))


def read_side(folder: Path, facts: dict[str, Any]) -> Side:
    """All that is compared of one folder."""
    paths = {name: folder / "tables" / f"{name}.parquet" for name in FILES}
    tables = {name: read_frame(path) for name, path in paths.items() if path.is_file()}
    claims = {record["id"]: record for record in read_json(folder / "claims.json")}
    manifests = [path for path in (folder / "tables" / name for name in MANIFESTS) if path.is_file()]
    images = {path.name: str(read_json(path).get("source")) for path in manifests}
    return Side(folder, flat(read_json(folder / "settings.json")), facts, tables, claims, images)


def read_frame(path: Path) -> Frame:
    """A table as it lies there, its schema unchecked; raises a sentence where it cannot be read."""
    try:
        return pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise HypersvgError(f"{path} cannot be read ({error}); delete it and make it again") from None


def read_json(path: Path) -> Any:
    """A JSON file; raises a sentence where it cannot be read."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise HypersvgError(f"{path} cannot be read ({error}); delete it and make it again") from None


def flat(tree: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """A tree of settings by dotted key."""
    found: dict[str, Any] = {}
    for key, value in tree.items():
        found |= flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return found


def changed_settings(new: Side, old: Side) -> list[tuple[str, Any, Any]]:
    """Settings with different values: key, then, now. One that only one version knows changes nothing."""
    both = [key for key in new.settings if key in old.settings and key not in FREE]
    return [(key, old.settings[key], new.settings[key]) for key in both if old.settings[key] != new.settings[key]]


def command(target: str, run: str) -> str:
    """What to type for a run: ```make check SCALE=smoke VARIANT=mnist_subset```."""
    scale, _, variant = run.partition("+")
    words = [f"make {target}", f"SCALE={scale}" if scale != "default" else "", f"VARIANT={variant}" if variant else ""]
    return f"`{' '.join(word for word in words if word)}`"


def listed(words: list[str], most: int = 3) -> str:
    """The first few words, and how many more there are."""
    rest = len(words) - most
    return ", ".join(words[:most]) + (f" and {rest} more" if rest > 0 else "")
