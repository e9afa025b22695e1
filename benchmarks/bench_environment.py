"""Sixteen HyperPPO environments, natively batched, against the scalar one in stable-baselines3's ``DummyVecEnv``.

``environment.pair(arm, batch, device)`` makes the two: an object with ``ours`` and ``plain``, callables that step all
environments through one whole episode each, its reset included.
"""

import importlib

import pytest
from conftest import Clock, Role
from floors import Item, evaluation_flop, inner_flop
from workloads import HELD_OUT

from hypersvg.settings import Settings

ENVIRONMENTS = 16
FASTER = {256: 4.0, 32: 8.0}
"""How much faster than the plain peer it should be, by batch."""
ARMS = {"sparse": "no accuracy before the last step", "dense": "an accuracy after every step"}
"""Arms by what they charge for evaluation."""


def item(arm: str, batch: int) -> Item:
    """The line of one arm and batch; the floor counts an accuracy on all validation images as one evaluation."""
    steps = Settings().ppo.steps
    evaluations = steps if arm == "dense" else 1
    return Item(
        f"environment, {ENVIRONMENTS} × {steps} steps, {arm}, batch {batch}",
        f"one episode of {ENVIRONMENTS} environments, {ARMS[arm]}",
        flop=steps * inner_flop(ENVIRONMENTS, batch) + evaluations * evaluation_flop(ENVIRONMENTS, HELD_OUT),
        vs_plain=FASTER[batch],
    )


@pytest.mark.parametrize("role", ["ours", "plain"])
@pytest.mark.parametrize("batch", [256, 32])
@pytest.mark.parametrize("arm", ["sparse", "dense"])
def bench_environment(clock: Clock, arm: str, batch: int, role: Role, device: str) -> None:
    """An episode of every environment."""
    try:
        environment = importlib.import_module("environment")
    except ModuleNotFoundError as error:
        if error.name != "environment":
            raise
        pytest.skip("benchmarks/environment.py is not there")
    pair = environment.pair(arm, batch, device)
    clock(item(arm, batch), role, {"ours": pair.ours, "plain": pair.plain}[role], rounds=5)
