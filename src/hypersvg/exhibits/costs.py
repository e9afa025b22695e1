"""Columns that several tables share: costs, divergence, the thesis's values."""

import pandas as pd

from hypersvg.exhibits.intervals import Interval, counted, percent, rate
from hypersvg.reading.results import plural
from hypersvg.thesis import Quoted

COSTS = ("inner_steps", "evaluations", "surrogate_updates")


def costs(runs: pd.DataFrame) -> dict[str, float]:
    """What a seed's whole search was charged (sum over its runs), mean over seeds."""
    totals = runs.groupby("seed")[list(COSTS)].sum().mean()
    return {name: float(totals[name]) for name in COSTS}


def diverged(runs: pd.DataFrame) -> dict[str, int]:
    """How many runs there are, and how many of them diverged."""
    return {"runs": len(runs), "diverged": int((runs.status == "diverged").sum())}


def cost_cells(row: "pd.Series[float]") -> dict[str, str]:
    """The cost and divergence columns as printed."""
    return {
        "inner steps": counted(row["inner_steps"]),
        "evaluations": counted(row["evaluations"]),
        "surrogate updates": counted(row["surrogate_updates"]),
        "diverged": f"{row['diverged']:.0f} of {row['runs']:.0f}",
    }


def interval_columns(name: str, interval: Interval) -> dict[str, float]:
    """Mean and half-width of the 95 % t-interval under two column names."""
    return {name: interval.mean, f"{name}_half": interval.half}


def interval_cell(row: "pd.Series[float]", name: str) -> str:
    """``93.13 ± 0.12`` from the two columns."""
    return Interval(float(row[name]), float(row[f"{name}_half"]), 0).percent()


def quoted_columns(quoted: Quoted | None) -> dict[str, object]:
    """The thesis's accuracy, rate, length and where they stand; empty where it has none."""
    if quoted is None:
        return {"thesis_accuracy": None, "thesis_rate": None, "thesis_length": "", "thesis_where": ""}
    return {
        "thesis_accuracy": quoted.accuracy,
        "thesis_rate": quoted.rate,
        "thesis_length": quoted.length,
        "thesis_where": quoted.where,
    }


def thesis_cells(row: "pd.Series[float]") -> dict[str, str]:
    """The thesis's accuracy and rate as printed."""
    return {"thesis acc. [%]": percent(row["thesis_accuracy"]), "thesis lr": rate(row["thesis_rate"])}


def typed(rows: list[dict[str, object]]) -> pd.DataFrame:
    """Rows as a frame whose columns of numbers stay numbers where some are empty."""
    frame = pd.DataFrame(rows)
    for column in frame.columns:
        if column.startswith("thesis_") and column in ("thesis_accuracy", "thesis_rate", "thesis_start"):
            frame[column] = pd.to_numeric(frame[column])
    return frame


def seeds_note(count: int) -> str:
    """How intervals are made."""
    if count == 1:
        return "One seed: no intervals."
    return (
        f"± is the half-width of a 95 % t-interval over {plural(count, 'seed')}, which assumes roughly normal values."
    )
