"""Metrics of Bayesian optimization (section 4.3.3) and of wall time (Fig. 4.11)."""

import numpy as np

from hypersvg.claims.metrics.sample import Sample, one_method
from hypersvg.reading.results import Results
from hypersvg.tables import TableError


def bo_accuracy(results: Results, column: str) -> Sample:
    """Accuracy of Bayesian optimization's rate after 20 steps: ``quoted_accuracy`` is the best of all its noisy
    evaluations, ``val_accuracy`` the same rate on fresh seeds.
    """
    return Sample(one_method(results, "baselines_runs", "bo", column))


def bo_log_rate(results: Results) -> Sample:
    """log10 of the rate that Bayesian optimization finds."""
    return Sample(np.log10(one_method(results, "baselines_runs", "bo", "rate")))


def log_seconds_ratio(results: Results, method: str, other: str) -> Sample:
    """log10 of the wall time of one run of a method over that of another; its clusters are timed repeats, not seeds."""
    times = results.table("runtimes").pivot_table(index="repeat", columns="method", values="seconds")
    missing = [name for name in (method, other) if name not in times.columns]
    if missing:
        where = results.path("runtimes")
        raise TableError(f"{where}: method {missing[0]} was not timed; run the stage 'runtimes' again")
    return Sample(np.log10(times[method].to_numpy() / times[other].to_numpy()))
