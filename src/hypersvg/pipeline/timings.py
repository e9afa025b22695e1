"""Where the time of a run went, from the provenance beside its results, beside the floor of every stage."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from hypersvg.pipeline.rates import Rates, Work

KINDS = ("data", "jobs", "tables", "notebooks")
SUMS = {
    "seconds": "wall_seconds",
    "startup_s": "startup_seconds",
    "compute_s": "compute_seconds",
    "write_s": "write_seconds",
    "cpu_s": "cpu_seconds",
}
"""Columns that are sums over jobs, and what the sidecars call them."""
HEADINGS = {
    "stage": "stage",
    "arm": "arm",
    "jobs": "jobs",
    "seconds": "seconds",
    "startup_s": "start-up",
    "startup_percent": "start-up [%]",
    "compute_s": "compute",
    "write_s": "writing",
    "cpu_s": "processor",
    "peak_memory_gib": "peak memory [GiB]",
    "floor_s": "floor",
    "vs_floor": "compute / floor",
}
MISSING = "–"


def timings(run: Path) -> pd.DataFrame:
    """Jobs, their wall time [s] and its parts, and peak memory, by stage and arm, in the order of the run's folders.

    What a sidecar of an older version lacks is NaN for its stage and arm. Raises ``ValueError`` where the run has no
    provenance.
    """
    return summed(pd.DataFrame([row(path, run) for path in sidecars(run)]), ["stage", "arm"])


def sidecars(run: Path) -> list[Path]:
    """The sidecars of a run's jobs; raises ``ValueError`` where there are none."""
    found = [path for kind in KINDS for path in sorted((run / kind).rglob("*provenance.json"))]
    if not found:
        raise ValueError(f"{run} holds no provenance.json; run its stages first")
    return found


def row(provenance: Path, run: Path) -> dict[str, Any]:
    """Stage, arm, times and memory of one sidecar."""
    kind, *inner = provenance.relative_to(run).parts
    stage, arm = (inner[0], inner[1]) if kind == "jobs" else (kind, "all")
    sidecar = json.loads(provenance.read_text(encoding="utf-8"))
    parts = {column: sidecar.get(name, float("nan")) for column, name in SUMS.items()}
    return {"stage": stage, "arm": arm, "jobs": 1, **parts, "peak_memory_gib": sidecar.get("peak_memory_gib")}


def summed(rows: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Sums of jobs and times and the largest memory of the groups ``by``; NaN where a job lacks a number."""
    numbers = rows.astype({"peak_memory_gib": float})
    groups = numbers.groupby(by, sort=False)
    sums = groups[["jobs", *(column for column in (*SUMS, "floor_s") if column in rows)]].sum(min_count=1)
    for column in SUMS:
        sums[column] = sums[column].where(groups[column].count() == groups.size())
    sums.insert(3, "startup_percent", 100 * sums["startup_s"] / sums["seconds"])
    sums.insert(7, "peak_memory_gib", groups["peak_memory_gib"].max())
    return sums.reset_index().astype({"jobs": int})


def with_floors(table: pd.DataFrame, work: Mapping[tuple[str, str], Work], rates: Rates | None) -> pd.DataFrame:
    """``table`` with ``floor_s``, NaN without ``rates`` or without counted work, and compute over it."""
    counted = [work.get((stage, arm)) for stage, arm in zip(table["stage"], table["arm"], strict=True)]
    floors = [float("nan") if rates is None or one is None else one.seconds(rates) for one in counted]
    return over_floor(table.assign(floor_s=floors))


def over_floor(table: pd.DataFrame) -> pd.DataFrame:
    """``table`` with the ratio of compute to floor."""
    return table.assign(vs_floor=table["compute_s"] / table["floor_s"])


def totals(table: pd.DataFrame) -> pd.DataFrame:
    """A line a stage and one for all jobs, of a table :func:`with_floors`.

    A stage's floor is the sum of its arms'; that of all jobs leaves out what was computed without a floor.
    """
    stages = over_floor(summed(table, ["stage"]))
    whole = summed(table.assign(stage="all jobs"), ["stage"]).assign(vs_floor=float("nan"))
    return pd.concat([stages, whole], ignore_index=True)


@dataclass(frozen=True)
class Span:
    """Wall time of a whole run [s], what of it had a job running, and the cores of its machines."""

    seconds: float
    busy: float
    cores: tuple[int, ...]

    def sentence(self) -> str:
        """As the document says it."""
        cores = " and ".join(f"{count} cores" for count in self.cores) or "an unknown number of cores"
        return (
            f"The whole run took {self.seconds:.0f} s from the first start to the last finish, "
            f"{self.busy:.0f} s of them with a job running, on {cores}."
        )


def span(run: Path) -> Span | None:
    """From the first start to the last finish in a run's sidecars; ``None`` where one does not say when it finished.

    A run that went on later has the pause in it, but not in :attr:`Span.busy`.
    """
    found = [json.loads(path.read_text(encoding="utf-8")) for path in sidecars(run)]
    if not all("finished" in sidecar for sidecar in found):
        return None
    ends = [datetime.fromisoformat(sidecar["finished"]) for sidecar in found]
    jobs = sorted((end - timedelta(seconds=one["wall_seconds"]), end) for one, end in zip(found, ends, strict=True))
    busy, until = timedelta(), jobs[0][0]
    for start, end in jobs:
        busy += max(end - max(start, until), timedelta())
        until = max(until, end)
    cores = {one["machine"]["cores"] for one in found if "machine" in one}
    return Span((until - jobs[0][0]).total_seconds(), busy.total_seconds(), tuple(sorted(cores)))
