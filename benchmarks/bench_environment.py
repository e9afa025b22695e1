"""Sixteen HyperPPO environments, natively batched, against the scalar one in stable-baselines3's ``DummyVecEnv``.

``environment.pair(arm, batch, device)`` makes the two: an object with ``ours`` and ``plain``, callables that step all
environments through one whole episode each, its reset included, and with what an episode of one environment is charged
for rewards: ``evaluations`` on ``images`` images each.
"""

import environment
import pytest
from floors import Item
from roles import Clock, Role

from hypersvg.maths.costs import evaluation_flop, inner_flop
from hypersvg.settings import Settings

ENVIRONMENTS = 16
FASTER = {256: 4.0, 32: 8.0}
"""How much faster than the plain peer it should be, by batch."""
ARMS = ("sparse", "dense")
"""No reward before the last step, and one after every step."""


def item(arm: str, batch: int, evaluations: int, images: int) -> Item:
    """The line of one arm and batch."""
    steps = Settings().ppo.steps
    return Item(
        f"environment, {ENVIRONMENTS} × {steps} steps, {arm}, batch {batch}",
        f"one episode of {ENVIRONMENTS} environments; rewards: {evaluations} evaluations on {images:,} images each",
        flop=steps * inner_flop(ENVIRONMENTS, batch) + evaluations * evaluation_flop(ENVIRONMENTS, images),
        vs_plain=FASTER[batch],
    )


@pytest.mark.parametrize("role", ["ours", "plain"])
@pytest.mark.parametrize("batch", [256, 32])
@pytest.mark.parametrize("arm", ARMS)
def bench_environment(clock: Clock, arm: str, batch: int, role: Role, device: str) -> None:
    """An episode of every environment."""
    pair = environment.pair(arm, batch, device)
    clock(
        item(arm, batch, pair.evaluations, pair.images), role, {"ours": pair.ours, "plain": pair.plain}[role], rounds=5
    )
