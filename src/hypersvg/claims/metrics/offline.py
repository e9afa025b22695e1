"""Metrics of offline SVG (section 4.3.1): its values, the rates it chooses, and PPO beside it.

Strata are the unrolls: the thesis quotes one number and does not say of which.
"""

import numpy as np

from hypersvg.claims.metrics.sample import Array, Sample, by_seed, one_method
from hypersvg.reading.results import Levels, Results


def runs(results: Results, column: str, half: bool = True) -> Array:
    """A column of the finished runs ``[seeds, unrolls]``, after half of the iterations (Table 4.1's 100) or all."""
    settings = results.settings.offline
    iterations = settings.iterations // 2 if half else settings.iterations
    methods = [f"offline_T{unroll:02d}_N{iterations}" for unroll in settings.unrolls]
    return np.stack([one_method(results, "offline_runs", method, column) for method in methods], axis=1)


def offline_accuracy(results: Results, column: str = "val_accuracy", half: bool = True) -> Sample:
    """Accuracy of offline SVG: ``val_accuracy`` is value (iv), the chosen rate on the true optimizer and fresh seeds;
    ``quoted_accuracy`` is value (i), as Algorithm 5 computes it.
    """
    return Sample(runs(results, column, half))


def against_top20(results: Results, column: str, half: bool = False) -> Sample:
    """Accuracy of offline SVG minus the mean of the best 20 % of its trajectories (columns as in offline_accuracy)."""
    last = results.settings.offline.iterations
    levels: Levels = {"seed": results.seeds, "unroll": results.settings.offline.unrolls, "iteration": [last]}
    top = by_seed(results.complete("offline_curves", levels), "top20", ["unroll"])
    return Sample(runs(results, column, half) - top)


def offline_log_rate(results: Results) -> Sample:
    """log10 of the learning rate that offline SVG chooses."""
    return Sample(np.log10(runs(results, "rate")))


def offline_against_ppo(results: Results, method: str, quoted: bool = False) -> Sample:
    """Accuracy of offline SVG minus that of HyperPPO, paired by seed.

    ``quoted``: as the thesis compares, value (i) against the agent's evaluation on its own inner network. Otherwise
    one protocol: both chosen rates as constants on one inner network, 20 steps, fresh seeds.
    """
    column, agent = ("quoted_accuracy", method) if quoted else ("val_accuracy", f"{method}_constant")
    return Sample(runs(results, column) - one_method(results, "ppo_runs", agent, column)[:, None])
