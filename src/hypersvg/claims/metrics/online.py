"""Metrics of the online methods (section 4.3.2). Accuracies are on all validation images at the end of a run."""

from collections.abc import Sequence

import numpy as np

from hypersvg.claims.metrics.sample import Array, Sample, by_seed, one_method
from hypersvg.reading.methods import runs_of, warm_up
from hypersvg.reading.results import Levels, Results
from hypersvg.reading.selection import best_start, selected

NEAR = 0.05
"""Relative difference up to which a starting rate is the one that is named."""


def from_starts(results: Results, method: str, grid: str, starts: Sequence[float] | None = None) -> Array:
    """Accuracy ``[seeds, starts]`` from every starting rate of a grid, or from the named ones."""
    runs = runs_of(results, method, grid)
    if starts is not None:
        reference = runs_of(results, "grid", grid).groupby("run").start.first()
        kept = [run for run, rate in reference.items() if any(abs(rate / start - 1) < NEAR for start in starts)]
        runs = runs[runs.run.isin(kept)]
    return by_seed(runs, "val_accuracy", ["run"])


def accuracy_from_starts(results: Results, method: str, grid: str) -> Sample:
    """Accuracy of a method, mean over the starting rates of a grid."""
    return Sample(from_starts(results, method, grid))


def difference_from_starts(
    results: Results, method: str, other: str, grid: str, starts: Sequence[float] | None = None
) -> Sample:
    """Difference of two methods' accuracies, paired by seed and starting rate, mean over the starting rates."""
    return Sample(from_starts(results, method, grid, starts) - from_starts(results, other, grid, starts))


def chosen(results: Results, method: str) -> Array:
    """Accuracy ``[seeds]`` of a method's best-chosen start on the good grid, judged where it was not chosen.

    See :func:`hypersvg.reading.selection.selected`: differences of methods keep the pairing by seed. ``bo_longest`` is
    Bayesian optimization's rate trained for as long as the longest bandit.
    """
    if method == "bo_longest":
        online = results.settings.online
        return one_method(results, "baselines_runs", f"bo_{online.steps + max(online.warm_ups)}", "val_accuracy")
    return by_seed(selected(runs_of(results, method, "good"), method), "val_accuracy")[:, 0]


def chosen_difference(results: Results, method: str, other: str) -> Sample:
    """Difference of two methods' best-chosen starts, both re-evaluated on seeds that did not choose them."""
    return Sample(chosen(results, method) - chosen(results, other))


def quoted_difference(results: Results, method: str, other: str) -> Sample:
    """Difference of two methods' best starts, chosen and read on the same seed, as the thesis compares them."""
    first, second = (best_start(runs_of(results, name, "good")) for name in (method, other))
    return Sample(by_seed(first, "quoted_accuracy")[:, 0] - by_seed(second, "quoted_accuracy")[:, 0])


def jump_at_reset(results: Results, method: str, grid: str = "good") -> Sample:
    """|change of accuracy| at the reset minus the mean |change| a step over the five steps before it."""
    last = warm_up(method)
    steps = list(range(max(1, last - 5), last + 2))
    levels: Levels = {"seed": results.seeds, "method": [method], "grid": [grid], "step": steps}
    curves = results.complete("online_curves", levels).groupby("step")
    accuracies = np.stack([by_seed(part, "val_accuracy", ["run"]) for _, part in curves])
    changes = np.abs(np.diff(accuracies, axis=0))
    return Sample(changes[-1] - changes[:-1].mean(axis=0))


def steering_sign_agreement(results: Results, method: str, grid: str) -> Sample:
    """Share of steps at which the policy learned from a hypergradient with the sign of the true one-step one."""
    frame = results.complete("steering_gradients", {"seed": results.seeds, "method": [method], "grid": [grid]})
    frame["agrees"] = (np.sign(frame["learned"]) == np.sign(frame["true"])).astype(np.float64)
    return Sample(by_seed(frame, "agrees", ["run"]))
