"""Where the time of a run went: the wall time of every job, from the provenance beside its results."""

import json
from pathlib import Path

import pandas as pd

KINDS = ("data", "jobs", "tables", "notebooks")


def timings(run: Path) -> pd.DataFrame:
    """Jobs and wall time [s] by stage and arm, in the order of the folders of ``run``.

    Raises ``ValueError`` where the run has no provenance.
    """
    rows = [row(path, run) for kind in KINDS for path in sorted((run / kind).rglob("*provenance.json"))]
    if not rows:
        raise ValueError(f"{run} holds no provenance.json; run its stages first")
    grouped = pd.DataFrame(rows).groupby(["stage", "arm"], sort=False)["seconds"]
    return grouped.agg(jobs="count", seconds="sum").reset_index().round({"seconds": 1})


def row(provenance: Path, run: Path) -> dict[str, object]:
    """Stage, arm and wall time of one sidecar."""
    kind, *inner = provenance.relative_to(run).parts
    stage, arm = (inner[0], inner[1]) if kind == "jobs" else (kind, "all")
    seconds = json.loads(provenance.read_text(encoding="utf-8"))["wall_seconds"]
    return {"stage": stage, "arm": arm, "seconds": seconds}
