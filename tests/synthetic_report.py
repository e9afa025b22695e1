"""A finished run in a few kilobytes: every file that the report reads, with words and numbers made from names."""

import json
import math
from pathlib import Path
from typing import Any

from checkout import ROOT
from synthetic_run import STAMP

from hypersvg.claims.claim import Claim, load_claims
from hypersvg.claims.document import ORDER, as_json
from hypersvg.claims.judge import Finding, Outcome
from hypersvg.pipeline.exhibits_index import NOTEBOOKS, exhibit_files, notebooks_of
from hypersvg.settings import Settings
from hypersvg.statistics import Estimate

REVISION = "1234567890abcdef"
DRAWING = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="72" height="36"><rect width="72" height="36" fill="#888"/></svg>'
)


def write_finished(folder: Path, *, stand_in: bool = False, poison: str = "") -> Path:
    """A finished run; ``poison`` is put into every text that comes from data."""
    settings = Settings.model_validate({"run": {"seeds": 7}, "svg": {"width": 32}})
    manifest = {"stand_in": stand_in, "stamp": STAMP + poison if stand_in else ""}
    write(folder / "settings.json", settings.model_dump_json())
    write(folder / "tables" / "manifest.json", json.dumps(manifest))
    write(folder / "claims.json", claims(stand_in, poison))
    for name, notebook in notebooks_of("thesis").items():
        write(folder / "notebooks" / f"{name}.ipynb", json.dumps(executed(name, poison)))
        write_sidecar(folder / "notebooks" / f"{name}.provenance.json", poison)
        for exhibit in notebook.exhibits:
            for file in exhibit_files(exhibit):
                write(folder / "exhibits" / file, content(exhibit, file, poison))
    for place in ("data", "jobs/toy/all/seeds-000-005", "jobs/online/adaptive/seeds-000-005"):
        write_sidecar(folder / place / "provenance.json", poison)
    return folder


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")


def claims(stand_in: bool, poison: str) -> str:
    """All claims of the project, with the verdicts in turn; on stand-in data none is tested."""
    source = load_claims(ROOT / "config" / "claims.yaml")
    verdicts: list[Outcome] = [
        "not testable" if stand_in or claim.missing else ORDER[index % 4] for index, claim in enumerate(source)
    ]
    return as_json([finding(claim, index, verdicts[index], poison) for index, claim in enumerate(source)])


def finding(claim: Claim, index: int, outcome: Outcome, poison: str) -> Finding:
    """A finding whose numbers agree with its verdict, of seven seeds."""
    told = claim.model_copy(update={"quote": claim.quote + poison, "claims": claim.claims + poison})
    flips = ("sgd", "momentum") if index % 7 == 0 else ()
    return Finding(told, outcome, None if outcome == "not testable" else estimate(claim, outcome), flips)


def estimate(claim: Claim, outcome: str) -> Estimate:
    """Intervals that lie where the verdict says; half widths are 0.1 and 0.2."""
    low, high = claim.threshold - claim.margin, claim.threshold + claim.margin
    border, inwards = (low, -1.0) if claim.comparison == "less" else (high, 1.0)
    if claim.comparison in ("at_least", "near"):
        border = low
    value = border + inwards * {"supported": 1.0, "contradicted": -1.0}.get(outcome, 0.05)
    if claim.comparison == "near" and outcome == "supported":
        value, half = claim.threshold, claim.margin / 2
    else:
        half = 0.2
    pointwise = (value - half / 2, value + half / 2)
    return Estimate(value, *pointwise, value - half, value + half, math.nan if outcome == "direction only" else 1.5, 7)


def executed(name: str, poison: str) -> dict[str, Any]:
    """An executed notebook: a heading, an exhibit a pair of cells, and how it was made."""
    cells = [words(f"# Chapter {name}{poison}\n\nIt asks *something*.{poison}")]
    for exhibit in NOTEBOOKS[name].exhibits:
        cells.append(words(f"## Heading of {exhibit}{poison}\n\nWords before it.{poison}"))
        cells.append(shown(exhibit, poison))
    return {"cells": [*cells, words("## How it was made\n\nFrom `tables`.")]}


def words(text: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "source": text.splitlines(keepends=True)}


def shown(exhibit: str, poison: str) -> dict[str, Any]:
    outputs = [{"data": {"text/markdown": caption(exhibit, poison).splitlines(keepends=True)}}]
    return {"cell_type": "code", "source": [f'build("{exhibit}", run).show(run)'], "outputs": outputs}


def caption(exhibit: str, poison: str = "") -> str:
    """A figure's caption; a table's with its cells, a column too many for a narrow window."""
    text = f"**Title of {exhibit}.** What is seen in {exhibit}.{poison}\n"
    if exhibit.startswith("fig_"):
        return text
    row = "| " + " | ".join(f"cell {column} of {exhibit}{poison}" for column in range(12)) + " |"
    return f"{text}\n{'| column ' * 12}|\n{'|---' * 12}|\n{row}\n\n- A note.{poison}\n"


def content(exhibit: str, file: str, poison: str) -> str:
    """An exhibit's file by its ending."""
    rows = "".join(f'{exhibit},"{row},5",ünïcode{poison}\n' for row in range(20))
    return {"svg": DRAWING, "png": "", "md": caption(exhibit, poison), "csv": f"name,number,text\n{rows}"}[
        file.rpartition(".")[2]
    ]


def write_sidecar(path: Path, poison: str = "", **changes: Any) -> None:
    """A sidecar as jobs write it; ``changes`` replace some of it."""
    sidecar = {
        "git": {"revision": REVISION, "dirty": False},
        "settings_hash": "5e77" * 16,
        "lock_hash": "10cc" * 16,
        "versions": {"python": f"3.11{poison}", "torch": "2.13"},
        "machine": {"platform": f"Linux{poison}", "cores": 2},
        "device": "cpu",
        "wall_seconds": 2.0,
        **dict.fromkeys(("startup_seconds", "compute_seconds", "write_seconds", "cpu_seconds"), 0.5),
        "peak_memory_gib": 0.25,
        "finished": "2026-01-02T03:30:00.000+00:00",
        "inputs": {},
        **changes,
    }
    write(path, json.dumps(sidecar))
