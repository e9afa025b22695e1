"""HyperOpt-Gym's vector environment and its plain twin: the scalar environment in stable-baselines3's ``DummyVecEnv``.

Equal work: the same seeds, the same actions, the same automatic resets, observations and rewards handed over as
stable-baselines3 takes them. A step is a decision of one environment; with ``arm`` ``dense`` every step is charged one
evaluation on ``data.curve_images`` validation images (one on all 10,000 would cost about 13 inner steps of batch 256),
with ``sparse_every`` only the last of an episode.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from stable_baselines3.common.vec_env import DummyVecEnv, VecEnv
from workloads import images, settings

from hypersvg.environments import Arm, HyperOptEnv, HyperOptVectorEnv, ppo_task, rules_of
from hypersvg.environments.sb3 import StableBaselinesVecEnv
from hypersvg.settings import Settings
from hypersvg.tasks.base import Task

SEED = 0
Rewards = NDArray[np.float32]


def actions_of(environments: int, steps: int) -> NDArray[np.float32]:
    """Uniform actions ``[steps, environments, 1]``, the same for every environment under comparison."""
    return np.random.default_rng(SEED).uniform(-1, 1, (steps, environments, 1)).astype(np.float32)


def rollout(env: VecEnv, steps: int) -> Rewards:
    """Step ``env`` with :func:`actions_of` from where it stands; the rewards ``[steps, environments]``."""
    return np.stack([env.step(action)[1].copy() for action in actions_of(env.num_envs, steps)])


def vector_environment(task: Task, settings: Settings, arm: Arm, environments: int) -> VecEnv:
    """Ours, natively batched, in stable-baselines3's dress."""
    env = StableBaselinesVecEnv(HyperOptVectorEnv(environments, task, settings, arm))
    env.seed(SEED)
    env.reset()
    return env


def plain_environment(task: Task, settings: Settings, arm: Arm, environments: int) -> VecEnv:
    """As many scalar environments one after another, with the seeds that ours gives its entries."""
    env = DummyVecEnv([lambda: HyperOptEnv(task, settings, arm)] * environments)
    env._seeds = list(StableBaselinesVecEnv(HyperOptVectorEnv(environments, task, settings, arm)).seed(SEED))
    env.reset()
    return env


def same_rewards(ours: Rewards, plain: Rewards, count: int) -> float:
    """The largest difference of a reward.

    A batched matrix product rounds differently, so that an image on a class boundary may change sides; raises
    ``AssertionError`` for more than 1 % of the ``count`` images of an evaluation.
    """
    difference = float(np.abs(ours - plain).max())
    assert difference <= 0.01 + 1e-6, f"rewards differ by {difference} ({difference * count:.0f} of {count} images)"
    return difference


@dataclass(frozen=True)
class Pair:
    """Both, stepped through one whole episode of every environment, whose automatic reset is counted.

    ``evaluations`` of an episode of one environment, on ``images`` images each, are what its rewards cost.
    """

    ours: Callable[[], Rewards]
    plain: Callable[[], Rewards]
    evaluations: int
    images: int


def pair(arm: str, batch: int, device: str, environments: int = 16) -> Pair:
    """The two for ``arm`` ``sparse`` (``sparse_every``) or ``dense``; raises ``AssertionError`` for unequal rewards."""
    chosen = settings(batch=batch)
    task = ppo_task(chosen, images(device), device)
    kind: Arm = "dense" if arm == "dense" else "sparse_every"
    steps = chosen.ppo.steps
    made = [make(task, chosen, kind, environments) for make in (vector_environment, plain_environment)]
    first, second = (rollout(env, steps) for env in made)
    same_rewards(first, second, chosen.data.curve_images)
    evaluations = rules_of(chosen, kind).rewards
    return Pair(lambda: rollout(made[0], steps), lambda: rollout(made[1], steps), evaluations, chosen.data.curve_images)
