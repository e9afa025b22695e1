"""The claims of a run: ``claims.json`` and ``claims.md`` from its tables, and which of them are fragile."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from hypersvg.claims.claim import load_claims
from hypersvg.claims.document import as_json, as_markdown
from hypersvg.claims.judge import judge
from hypersvg.files import write_text
from hypersvg.pipeline.at_work import at_work
from hypersvg.pipeline.clock import Clock
from hypersvg.pipeline.provenance import hashes, provenance, write_json
from hypersvg.reading.results import Results
from hypersvg.sidecars import JOB_SIDECAR


def write_claims(claims: Path, folder: Path, sensitivity: Path | None, paper: bool = False) -> None:
    """Judge ``claims`` on the run in ``folder`` and write both files and their sidecar there, each in one step.

    ``sensitivity`` says which alternatives flip a claim; without it no claim is called fragile. ``paper`` keeps the
    claims that are judged at the width of the thesis. Raises a sentence for a claim that cannot be used and for a table
    that is missing, damaged, or does not belong to the others.
    """
    clock = Clock()
    with at_work(folder / "claims.json"):
        results = Results(folder)
        clock.computing()
        chosen = [claim for claim in load_claims(claims) if claim.paper or not paper]
        findings = judge(chosen, results, flips(sensitivity) if sensitivity else {})
        text, page = as_json(findings), as_markdown(findings, results)
        clock.writing()
        outputs = [folder / "claims.json", folder / "claims.md"]
        for path, words in zip(outputs, (text, page), strict=True):
            write_text(path, words)
        inputs = hashes([claims, *([sensitivity] if sensitivity else []), *results.files])
        sidecar = provenance(results.settings.model_dump(mode="json"), inputs, outputs, clock)
        write_json(folder / f"claims.{JOB_SIDECAR}", sidecar)


def flips(sensitivity: Path) -> Mapping[str, tuple[str, ...]]:
    """The variants under which each claim's estimate changes sides."""
    sides = pd.read_csv(sensitivity, dtype={"side_default": "boolean", "side_alternative": "boolean"})
    changed = sides[(sides.side_default != sides.side_alternative).fillna(False)]
    return {str(claim): tuple(sorted(part.variant)) for claim, part in changed.groupby("claim")}
