"""Metrics of the imitation optimizer (section 4.1)."""

from hypersvg.claims.metrics.sample import Sample, by_seed
from hypersvg.reading.results import Levels, Results


def toy_skill(results: Results, momentum: float) -> Sample:
    """1 − RMSE of imitated whole rollouts over RMSE of standing still, on held-out trajectories of the toy task."""
    levels: Levels = {"seed": results.seeds, "momentum": [momentum], "model": ["imitation", "persistence"]}
    errors = by_seed(results.complete("toy_errors", levels), "rollout_rmse", ["model"])
    return Sample(1 - errors[:, 0] / errors[:, 1])
