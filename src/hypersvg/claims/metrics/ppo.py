"""Metrics of HyperPPO (section 4.2). Accuracies are on all validation images, after 20 steps on fresh seeds."""

from hypersvg.claims.metrics.sample import Sample, by_seed, one_method
from hypersvg.reading.results import Levels, Results

VALUE = "val_accuracy"


def ppo_accuracy(results: Results, method: str) -> Sample:
    """Validation accuracy after an episode in the PPO environment."""
    return Sample(one_method(results, "ppo_runs", method, VALUE))


def ppo_difference(results: Results, first: str, second: str) -> Sample:
    """Difference of two agents' (or constants') validation accuracies after an episode, paired by seed."""
    return Sample(one_method(results, "ppo_runs", first, VALUE) - one_method(results, "ppo_runs", second, VALUE))


def ppo_td_error(results: Results, arm: str) -> Sample:
    """Temporal-difference error of the last update, in units of accuracy."""
    last = results.settings.ppo.iterations
    levels: Levels = {"seed": results.seeds, "arm": [arm], "update": [last]}
    return Sample(by_seed(results.complete("ppo_updates", levels), "td_error")[:, 0])


def resets_against_policy(results: Results, agent: str) -> Sample:
    """What resets cost minus what the agent's choice costs, in accuracy.

    Resets: the fixed rate trained on for ``ppo.long_steps`` without a reset, over its episodes. Choice: the fixed rate
    in the agent's own episodes, with the same resets, over the agent.
    """
    long, fixed = (one_method(results, "ppo_runs", name, VALUE) for name in ("ppo_fixed_long", "ppo_fixed"))
    return Sample((long - fixed) - (fixed - one_method(results, "ppo_runs", agent, VALUE)))
