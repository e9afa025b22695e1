"""The floors count what PyTorch multiplies, what an update moves, and what the stages are charged."""

from collections.abc import Callable
from itertools import pairwise

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from hypersvg.experiments.stages import STAGES
from hypersvg.maths.costs import (
    evaluation_flop,
    forward_flop,
    gradient_flop,
    inner_flop,
    online_bytes,
    parameters,
    perceptron_parameters,
)
from hypersvg.pipeline.rates import Work
from hypersvg.pipeline.stage_floors import Counter, stage_work
from hypersvg.settings.overlay import validated

SIZES = (7, 5, 3, 2)
TINY = validated(
    {
        "run": {"seeds": 2, "seed_block": 2, "fresh_seeds": 3},
        "data": {"limit": 700, "curve_images": 50},
        "inner": {"hidden": [4], "batch_size": 64},
        "trajectories": {"count": 6, "steps": 5, "held_out": 0.34},
        "ppo": {"hidden": [4], "environments": 2, "iterations": 2, "steps": 3, "epochs": 4, "other_clips": [0.1]},
        "svg": {"width": 8},
        "offline": {"unrolls": [2], "iterations": 4, "evaluate_every": 2, "batch_trajectories": 3},
        "online": {"steps": 6, "warm_ups": [2, 4], "bad_grid": [-1.0, -3.0, 2], "good_grid": [-1.0, -2.0, 2]},
        "baselines": {"random_draws": 2, "bo_initial": 3, "bo_iterations": 2, "bo_steps": 3, "fine_grid": 3},
    }
)
STEP = 2 * 64 * (2 * 784 * 4 + 3 * 4 * 10)
IMAGE = 2 * (784 * 4 + 4 * 10)
P = 785 * 4 + 5 * 10


def perceptron() -> nn.Sequential:
    return nn.Sequential(*(nn.Linear(*pair) for pair in pairwise(SIZES)))


def counted(work: Callable[[], object]) -> int:
    with FlopCounterMode(display=False) as counter:
        work()
    return int(counter.get_total_flops())


def test_products_of_a_perceptron_are_those_that_pytorch_carries_out() -> None:
    network, data = perceptron(), torch.randn(11, 7)
    assert counted(lambda: network(data)) == forward_flop(11, SIZES)
    assert counted(lambda: network(data).sum().backward()) == gradient_flop(11, SIZES)
    assert sum(weight.numel() for weight in network.parameters()) == perceptron_parameters(SIZES)


def test_the_inner_network_is_a_perceptron_of_784_inputs_and_10_classes() -> None:
    assert parameters((32, 32)) == 26_506
    assert inner_flop(3, 64, (4,)) == 3 * STEP
    assert evaluation_flop(3, 11, (4,)) == 3 * 11 * IMAGE


def test_an_arm_that_learns_less_moves_less() -> None:
    width, size = 100, 1000
    moved = {learns: online_bytes(width, size, learns) / (4 * width * size) for learns in ("surrogate", "frozen")}
    moved |= {learns: online_bytes(width, size, learns) / (4 * width * size) for learns in ("true", "none")}
    assert moved == pytest.approx({"surrogate": 22, "frozen": 10, "true": 7, "none": 1}, rel=0.02)
    assert online_bytes(width, size, "true", policy_width=10) == pytest.approx(4 * 10 * size * 7, rel=0.01)


def test_the_arms_of_a_stage_are_charged_their_inner_steps_scores_and_updates() -> None:
    found = stage_work(TINY)
    starts, curve, score = 4, 50 * IMAGE, 100 * IMAGE
    grid = starts * (6 * (STEP + curve) + 2 * score + 4 * STEP + 2 * score)
    assert found["baselines", "grid"] == Work(2 * grid)
    fresh = 3 * 2 * score
    bo = 5 * (3 * STEP + score) + 3 * STEP * (3 + 6 + 10) + 3 * fresh
    assert found["baselines", "bo"] == Work(2 * bo)
    assert found["trajectories", "all"] == Work(2 * 6 * (5 * (STEP + curve) + score))
    untrained = starts * ((6 + 6) * (STEP + curve) + 4 * score)
    assert found["online", "untrained"] == Work(2 * untrained, 2 * starts * 6 * online_bytes(8, P, "none"))
    bandit = starts * ((4 + 2 * 6) * (STEP + curve) + 4 * score + 4 * STEP)
    assert found["online", "bandit"] == Work(2 * bandit, 2 * starts * 4 * online_bytes(8, P))
    iteration = Counter(TINY).iteration(2).flop
    assert iteration - 3 * STEP == min(2 * 3 * P * 8 * 19, 2 * 3 * P * 8 * 15 + 2 * 64 * P + 2 * 2 * 3 * 64)
    offline = 4 * iteration + 2 * 4 * (5 * STEP + curve) + 2 * 3 * (5 * STEP + 2 * score)
    assert found["offline", "T02"] == Work(2 * offline)


def test_ppos_networks_are_counted_with_their_decisions_and_gradient_steps() -> None:
    sparse, dense = Counter(TINY).ppo_update("sparse_once"), Counter(TINY).ppo_update("dense")
    layers = (P + 1) * 4 + 4
    decision = 2 * 2 * (layers + 4 * (2 * (P + 1) * 4 + 3 * 4))
    assert sparse.flop == 2 * (3 * STEP + 50 * IMAGE) + 2 * decision
    assert dense.flop == 2 * (3 * STEP + 3 * 50 * IMAGE) + 3 * 2 * decision
    assert sparse.bytes == dense.bytes == 2 * 4 * 4 * 7 * ((P + 2) * 4 + 5)
    found = stage_work(TINY)
    assert found["ppo", "clip010"] == found["ppo", "sparse_once"]
    score, episodes = 100 * IMAGE, 4 + 3
    assert found["ppo", "untrained"] == Work(2 * (episodes * 3 * STEP + (4 + 2 * 3) * score))


def test_every_arm_of_the_training_stages_has_a_floor_and_seeds_multiply_it() -> None:
    default = validated({})
    more = validated({"run": {"seeds": 12}})
    once, twice = stage_work(default), stage_work(more)
    for stage in ("trajectories", "ppo", "offline", "online", "baselines", "runtimes"):
        for arm in STAGES[stage].arms(default):
            assert once[stage, arm].flop > 0
            times = 2 if STAGES[stage].by_seed else 1
            assert twice[stage, arm] == once[stage, arm] * times
