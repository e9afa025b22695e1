"""Metrics of outer optimization by gradient estimators (Vicol 2023, slides); ``stage`` names the tables."""

import numpy as np
import pandas as pd

from hypersvg.claims.metrics.sample import Array, Sample, by_seed
from hypersvg.reading.beyond import runs_beyond
from hypersvg.reading.results import Levels, Results


def at_end(results: Results, table: str, method: str, setting: str, levels: Levels | None = None) -> pd.DataFrame:
    """The last rows of a method in a table of outer optimization; every seed must be there."""
    wanted: Levels = {"seed": results.seeds, "method": [method], "setting": [setting], **(levels or {})}
    frame = results.complete(table, wanted)
    last: pd.DataFrame = frame[frame["update"] == frame["update"].max()]
    return last


def final_objectives(results: Results, stage: str, method: str, setting: str) -> Array:
    """The objective ``[seeds]`` after the last update."""
    return by_seed(at_end(results, f"{stage}_curves", method, setting), "objective")[:, 0]


def final_parameters(results: Results, stage: str, method: str, setting: str, parameter: str) -> Array:
    """An outer parameter ``[seeds]`` after the last update."""
    rows = at_end(results, f"{stage}_parameters", method, setting, {"parameter": [parameter]})
    return by_seed(rows, "value")[:, 0]


def final_objective(results: Results, stage: str, method: str, setting: str = "-") -> Sample:
    """The objective after the last update."""
    return Sample(final_objectives(results, stage, method, setting))


def final_parameter(results: Results, stage: str, method: str, parameter: str, setting: str = "-") -> Sample:
    """An outer parameter after the last update."""
    return Sample(final_parameters(results, stage, method, setting, parameter))


def log_objective_ratio(
    results: Results, stage: str, method: str, other: str, setting: str = "-", other_setting: str | None = None
) -> Sample:
    """log10 of the ratio of two estimators' objectives after the last update, paired by seed."""
    ours = final_objectives(results, stage, method, setting)
    theirs = final_objectives(results, stage, other, setting if other_setting is None else other_setting)
    return Sample(np.log10(ours) - np.log10(theirs))


def log_progress(results: Results, stage: str, method: str, setting: str = "-") -> Sample:
    """log10 of an estimator's objective after the last update, divided by the one before the first."""
    levels: Levels = {"seed": results.seeds, "method": [method], "setting": [setting], "update": [0]}
    start = by_seed(results.complete(f"{stage}_curves", levels), "objective")[:, 0]
    return Sample(np.log10(final_objectives(results, stage, method, setting)) - np.log10(start))


def log_ratio_to_best_rate(results: Results, stage: str, method: str, optimizer: str, setting: str = "-") -> Sample:
    """log10 of an estimator's objective after the last update, divided by an optimizer's at its best constant rate."""
    rates = results.complete(f"{stage}_rates", {"seed": results.seeds, "optimizer": [optimizer]})
    best = rates.groupby("seed", sort=True)["objective"].min().to_numpy()
    return Sample(np.log10(final_objectives(results, stage, method, setting)) - np.log10(best))


def restless(results: Results, stage: str, method: str, parameter: str, setting: str, share: float) -> Array:
    """Standard deviation ``[seeds]`` of an outer parameter over the last ``share`` of its recorded updates."""
    levels: Levels = {"seed": results.seeds, "method": [method], "setting": [setting], "parameter": [parameter]}
    frame = results.complete(f"{stage}_parameters", levels)
    late = frame[frame["update"] > (1 - share) * frame["update"].max()]
    return np.asarray(late.groupby("seed", sort=True)["value"].std().to_numpy(), dtype=np.float64)


def log_restlessness_ratio(
    results: Results, stage: str, method: str, other: str, parameter: str, setting: str = "-", share: float = 0.5
) -> Sample:
    """log10 of the ratio of two estimators' standard deviations of an outer parameter late in its descent."""
    spreads = [restless(results, stage, name, parameter, setting, share) for name in (method, other)]
    return Sample(np.log10(spreads[0]) - np.log10(spreads[1]))


def beyond(results: Results, method: str, grid: str) -> Array:
    """Accuracy ``[seeds, starts]`` of a method beyond the thesis, or of one of the replication's, from a grid."""
    return by_seed(runs_beyond(results, method, grid), "val_accuracy", ["run"])


def steering_difference(results: Results, method: str, other: str, grid: str) -> Sample:
    """Difference of two steering choosers' accuracies, paired by seed and start, mean over the starting rates."""
    return Sample(beyond(results, method, grid) - beyond(results, other, grid))


def search_difference(results: Results, chooser: str, other: str, grid: str, budget: int) -> Sample:
    """Difference of the accuracies at the rates that two choosers find with HyperSVG's budget number ``budget``.

    Paired by seed and starting rate, mean over the starting rates; budgets count from 0, the smallest.
    """
    steps = sorted(results.settings.beyond.svg_budgets)[budget]
    return Sample(beyond(results, f"{chooser}_{steps}", grid) - beyond(results, f"{other}_{steps}", grid))


def search_regret(results: Results, chooser: str, grid: str, budget: int) -> Sample:
    """Accuracy at the rate that an estimator finds with budget number ``budget``, minus the best constant's.

    Mean over the starting rates; budgets count from 0, the smallest.
    """
    steps = sorted(results.settings.beyond.budgets)[budget]
    return Sample(beyond(results, f"{chooser}_{steps}", grid) - beyond(results, "best_constant", grid))


def parameter_difference(
    results: Results,
    stage: str,
    method: str,
    other: str,
    parameter: str,
    setting: str = "-",
    other_setting: str | None = None,
) -> Sample:
    """Difference of an outer parameter between two estimators after the last update, paired by seed."""
    ours = final_parameters(results, stage, method, setting, parameter)
    return Sample(
        ours - final_parameters(results, stage, other, setting if other_setting is None else other_setting, parameter)
    )


def gradient_spread(results: Results, stage: str, method: str, parameter: str, setting: str, share: float) -> Array:
    """Standard deviation ``[seeds]`` of the estimates for a parameter over the last ``share`` of the updates."""
    levels: Levels = {"seed": results.seeds, "method": [method], "setting": [setting], "parameter": [parameter]}
    frame = results.complete(f"{stage}_gradients", levels)
    late = frame[frame["update"] > (1 - share) * frame["update"].max()]
    return np.asarray(late.groupby("seed", sort=True)["estimate"].std().to_numpy(), dtype=np.float64)


def log_gradient_spread_ratio(
    results: Results, stage: str, method: str, other: str, parameter: str, setting: str = "-", share: float = 0.5
) -> Sample:
    """log10 of the ratio of two estimators' standard deviations of gradient estimates late in their descents."""
    spreads = [gradient_spread(results, stage, name, parameter, setting, share) for name in (method, other)]
    return Sample(np.log10(spreads[0]) - np.log10(spreads[1]))


def log_variances(results: Results, stage: str, method: str) -> tuple[Array, Array]:
    """log10 of the numbers of unrolls ``[counts]``, ascending, and of the variances there ``[seeds, counts]``."""
    frame = results.complete(f"{stage}_variances", {"seed": results.seeds, "method": [method]})
    counts = np.array(sorted(frame["unrolls"].unique()), dtype=np.float64)
    return np.log10(counts), np.log10(by_seed(frame, "variance", ("unrolls",)))


def log_variance_ratio(results: Results, stage: str, method: str, other: str) -> Sample:
    """log10 of the ratio of two estimators' variances at the largest number of unrolls, paired by seed."""
    ours, theirs = (log_variances(results, stage, name)[1][:, -1] for name in (method, other))
    return Sample(ours - theirs)


def log_variance_slope(results: Results, stage: str, method: str) -> Sample:
    """Least-squares slope of the logarithm of an estimator's variance against that of the number of unrolls."""
    counts, variances = log_variances(results, stage, method)
    return Sample(np.polyfit(counts, variances.T, 1)[0])
