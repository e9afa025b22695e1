"""``timings.md`` and ``timings.csv`` of a reference: a run's times and floors, for people and for programs."""

import json
from pathlib import Path

import pandas as pd

from hypersvg.pipeline.benchmarks import FILES
from hypersvg.pipeline.rates import Rates, rates_of
from hypersvg.pipeline.stage_floors import stage_work
from hypersvg.pipeline.timings import HEADINGS, MISSING, Span, span, timings, totals, with_floors
from hypersvg.settings import Settings

COLUMNS = (
    "A job's *seconds* are *start-up* (from the creation of its process to the call of the stage: interpreter, "
    "imports, settings), *compute* (the stage) and *writing* (tables, hashes). *Processor* seconds are user and system "
    "time of all threads. *Peak memory* is the largest resident set of a process. A *floor* is the least time that the "
    "FLOPs or the bytes of the settings take (`src/hypersvg/pipeline/stage_floors.py`)."
)


def written_timings(root: Path, run: Path) -> tuple[str, str]:
    """The texts of ``timings.md`` and ``timings.csv`` for the run in the folder ``run``.

    Raises ``ValueError`` where the run has no provenance.
    """
    table, sentences = read_timings(root, run)
    numbers = table.round({"startup_percent": 1, "peak_memory_gib": 2, "floor_s": 3, "vs_floor": 2})
    parts = [
        f"# Where the time of `{run.name}` went [s]",
        *sentences,
        shown(table),
        "## By stage",
        shown(totals(table)),
    ]
    return "\n\n".join(parts) + "\n", numbers.to_csv(index=False, lineterminator="\n")


def read_timings(root: Path, run: Path) -> tuple[pd.DataFrame, list[str]]:
    """The times of a run by stage and arm beside their floors, and the sentences that go with them.

    Raises ``ValueError`` where the run has no provenance.
    """
    table, settings = timings(run), settings_of(run)
    rates = None if settings is None else rates_of(root, settings)
    table = with_floors(table, {} if settings is None else stage_work(settings), rates)
    return table, [COLUMNS, where_from(settings, rates), *whole(span(run)), *older(table)]


def settings_of(run: Path) -> Settings | None:
    """The run's settings; ``None`` where they are missing or of another version."""
    try:
        return Settings.model_validate(json.loads((run / "settings.json").read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return None


def where_from(settings: Settings | None, rates: Rates | None) -> str:
    """Where the floors' rates come from, or why there are no floors."""
    if settings is None:
        return "No floors: the run's settings are of another version."
    if rates is None:
        return f"No floors: `{FILES['cpu'].json}` is missing or empty; run `make bench` on this machine."
    return (
        f"Floors are at {rates.gemm_gflop_per_s:.1f} GFLOP/s (the share of a job's `run.threads` = "
        f"{settings.run.threads} in the rate of all cores) and {rates.copy_gb_per_s:.1f} GB/s, from `make bench`."
    )


def whole(found: Span | None) -> list[str]:
    """The sentence on the whole run, where it is known."""
    return [] if found is None else [found.sentence()]


def older(table: pd.DataFrame) -> list[str]:
    """A sentence on jobs of before the parts were recorded, where there are any."""
    lacking = table["compute_s"].isna()
    if not lacking.any():
        return []
    jobs = int(table.loc[lacking, "jobs"].sum())
    return [
        f"{jobs} jobs (compute: {MISSING}) are of an older version, which recorded their wall time alone, from "
        "after the start of the interpreter."
    ]


def shown(table: pd.DataFrame) -> str:
    """A Markdown table under the document's headings."""
    digits = {"startup_percent": 0, "peak_memory_gib": 2, "floor_s": 2}
    found = {
        heading: [text(value, digits.get(column, 1)) for value in table[column]]
        for column, heading in HEADINGS.items()
        if column in table
    }
    names = ("stage", "arm")
    sides = ["left" if heading in names else "right" for heading in found]
    return str(pd.DataFrame(found).to_markdown(index=False, colalign=sides, disable_numparse=True))


def text(value: object, digits: int) -> str:
    """A number with so many digits, or what it is."""
    if isinstance(value, float):
        return MISSING if pd.isna(value) else f"{value:.{digits}f}"
    return str(value)
