"""Wall times: what is slower than grid search must stay slower."""

import math

import pandas as pd

from hypersvg.pipeline.gate.drift import OTHER, Drift, text

REPEATS = 3
"""Timed repeats below which a ratio of times is compared by nothing: one hiccup of the machine would decide it."""
FACTOR = 2.0
BESIDE, WHOLE = "grid", "whole"


def changed_sign(old: float, new: float) -> bool:
    """Whether log10 of a ratio changed its sign, and by more than a factor of two."""
    return (old > 0) != (new > 0) and abs(new - old) > math.log10(FACTOR)


def times_drift(old: pd.DataFrame, new: pd.DataFrame) -> list[Drift]:
    """Methods that were slower than grid search and are faster now, or the reverse: medians over repeats."""
    before, now = ratios(old), ratios(new)
    return [
        Drift(
            OTHER,
            "runtimes",
            method,
            f"median seconds over those of {BESIDE}",
            text(float(10 ** before[method])),
            text(float(10 ** now[method])),
            f"side of 1, ×{FACTOR:g}",
            group={"method": method},
        )
        for method in before
        if method in now and changed_sign(before[method], now[method])
    ]


def ratios(frame: pd.DataFrame) -> dict[str, float]:
    """log10 of the median seconds of every method over those of grid search; methods with too few repeats have none."""
    if not {"method", "part", "seconds"} <= set(frame.columns):
        return {}
    whole = frame[frame["part"] == WHOLE].groupby("method")["seconds"]
    medians = whole.median()[whole.count() >= REPEATS]
    if BESIDE not in medians:
        return {}
    return {str(name): math.log10(value / medians[BESIDE]) for name, value in medians.items() if name != BESIDE}
