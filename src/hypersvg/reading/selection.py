"""Choosing the best start of a search on one seed, and judging the choice where it was not made."""

import numpy as np
import pandas as pd

from hypersvg.statistics import cross_fitted, jackknife, stacked

FRESH = ("random", "best_constant", "adam_default")
"""Methods whose own ``val_accuracy`` suffers from no choice among starts: measured on fresh seeds, or one run only."""


def best_start(runs: pd.DataFrame) -> pd.DataFrame:
    """The run with the largest ``quoted_accuracy`` of every seed, a row a seed; the first among equals."""
    ordered = runs.sort_values(["seed", "quoted_accuracy", "run"], ascending=[True, False, True], kind="stable")
    return ordered.groupby("seed", as_index=False).first()


def selected(runs: pd.DataFrame, method: str) -> pd.DataFrame:
    """The best start of every seed, a row a seed, with the choice judged where it was not made.

    ``rate`` and ``quoted_accuracy`` are the seed's own. ``val_accuracy`` and ``test_accuracy`` are the run's own for
    methods in :data:`FRESH` and Bayesian optimization; otherwise they are the seeds' shares (jackknife pseudo-values)
    in the mean accuracy of a start chosen on one seed and judged on the others: their mean is that accuracy, and their
    t-interval its interval, although judgements share seeds. NaN where there is one seed.
    """
    best = best_start(runs)
    if method in FRESH or method.startswith("bo"):
        return best
    return best.assign(**{column: shares(runs, column) for column in ("val_accuracy", "test_accuracy")})


def shares(runs: pd.DataFrame, column: str) -> np.ndarray:
    """Pseudo-values ``[seeds]`` of the cross-fitted mean of ``column`` (:func:`hypersvg.statistics.cross_fitted`)."""
    scores, selection = (
        runs.pivot(index="seed", columns="run", values=name).to_numpy(dtype=np.float64)
        for name in (column, "quoted_accuracy")
    )
    return np.asarray(jackknife(stacked(scores, selection), cross_fitted))
