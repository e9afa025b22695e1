"""The claims of a run: ``claims.json`` and ``claims.md`` from its tables, and which of them are fragile."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from hypersvg.claims.claim import load_claims
from hypersvg.claims.document import as_json, as_markdown
from hypersvg.claims.judge import judge
from hypersvg.pipeline.provenance import write_text
from hypersvg.reading.results import Results


def write_claims(claims: Path, folder: Path, sensitivity: Path | None, paper: bool = False) -> None:
    """Judge ``claims`` on the run in ``folder`` and write both files there, each in one step.

    ``sensitivity`` says which alternatives flip a claim; without it no claim is called fragile. ``paper`` keeps the
    claims that are judged at the width of the thesis. Raises a sentence for a
    claim that cannot be used and for a table that is missing.
    """
    results = Results(folder)
    chosen = [claim for claim in load_claims(claims) if claim.paper or not paper]
    findings = judge(chosen, results, flips(sensitivity) if sensitivity else {})
    write_text(folder / "claims.json", as_json(findings))
    write_text(folder / "claims.md", as_markdown(findings, results))


def flips(sensitivity: Path) -> Mapping[str, tuple[str, ...]]:
    """The variants under which each claim's estimate changes sides."""
    sides = pd.read_csv(sensitivity, dtype={"side_default": "boolean", "side_alternative": "boolean"})
    changed = sides[(sides.side_default != sides.side_alternative).fillna(False)]
    return {str(claim): tuple(sorted(part.variant)) for claim, part in changed.groupby("claim")}
