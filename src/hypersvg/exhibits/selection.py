"""Choosing the best start of a search on one seed, and judging the choice where it was not made."""

import math

import pandas as pd

FRESH = ("random", "best_constant", "adam_default")
"""Methods whose own ``val_accuracy`` suffers from no choice among starts: measured on fresh seeds, or one run only."""


def best_start(runs: pd.DataFrame) -> pd.DataFrame:
    """The run with the largest ``quoted_accuracy`` of every seed, a row a seed; the first among equals."""
    ordered = runs.sort_values(["seed", "quoted_accuracy", "run"], ascending=[True, False, True], kind="stable")
    return ordered.groupby("seed", as_index=False).first()


def selected(runs: pd.DataFrame, method: str) -> pd.DataFrame:
    """The best start of every seed ``k``, a row a seed, with the choice judged where it was not made.

    ``rate`` and ``quoted_accuracy`` are those of seed ``k``. ``val_accuracy`` and ``test_accuracy`` are the run's own
    for methods in :data:`FRESH`; otherwise the start chosen on seed ``k`` is judged by its mean over all seeds
    ``j ≠ k`` (cross-fitting; NaN where there is one seed).
    """
    best = best_start(runs)
    if method in FRESH:
        return best
    judged = [cross_fitted(runs, seed, run) for seed, run in zip(best.seed, best.run, strict=True)]
    return best.assign(val_accuracy=[one[0] for one in judged], test_accuracy=[one[1] for one in judged])


def cross_fitted(runs: pd.DataFrame, seed: int, run: int) -> tuple[float, float]:
    """Mean validation and test accuracy of start ``run`` over all seeds but ``seed``."""
    others = runs[(runs.run == run) & (runs.seed != seed)]
    if others.empty:
        return math.nan, math.nan
    return float(others.val_accuracy.mean()), float(others.test_accuracy.mean())
