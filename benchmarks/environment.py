"""HyperOpt-Gym's vector environment and its plain twin: the scalar environment in stable-baselines3's ``DummyVecEnv``.

Equal work: the same seeds, the same actions, the same automatic resets, observations and rewards handed over as
stable-baselines3 takes them. A step is a decision of one environment; with ``arm`` ``dense`` every step is charged one
evaluation on ``data.curve_images`` validation images (one on all 10,000 would cost about 13 inner steps of batch 256),
with ``sparse_every`` only the last of an episode.
"""

import statistics
import time
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from stable_baselines3.common.vec_env import DummyVecEnv, VecEnv

from hypersvg.environments import Arm, HyperOptEnv, HyperOptVectorEnv
from hypersvg.environments.sb3 import StableBaselinesVecEnv
from hypersvg.settings import Settings
from hypersvg.tasks.base import Task

SEED = 0


@dataclass(frozen=True)
class Rollout:
    """Seconds of the steps (the first reset is not counted) and the rewards ``[steps, environments]``."""

    seconds: float
    rewards: NDArray[np.float32]


def actions_of(environments: int, steps: int) -> NDArray[np.float32]:
    """Uniform actions ``[steps, environments, 1]``, the same for every environment under comparison."""
    return np.random.default_rng(SEED).uniform(-1, 1, (steps, environments, 1)).astype(np.float32)


def rollout(env: VecEnv, steps: int) -> Rollout:
    """Step ``env`` with :func:`actions_of`, from the episodes that its seeds give."""
    rewards, actions = [], actions_of(env.num_envs, steps)
    env.reset()
    start = time.perf_counter()
    for action in actions:
        rewards.append(env.step(action)[1].copy())
    return Rollout(time.perf_counter() - start, np.stack(rewards))


def vector_environment(task: Task, settings: Settings, arm: Arm, environments: int) -> VecEnv:
    """Ours, natively batched, in stable-baselines3's dress."""
    env = StableBaselinesVecEnv(HyperOptVectorEnv(environments, task, settings, arm))
    env.seed(SEED)
    return env


def plain_environment(task: Task, settings: Settings, arm: Arm, environments: int) -> VecEnv:
    """As many scalar environments one after another, with the seeds that ours gives its entries."""
    env = DummyVecEnv([lambda: HyperOptEnv(task, settings, arm)] * environments)
    env._seeds = list(StableBaselinesVecEnv(HyperOptVectorEnv(environments, task, settings, arm)).seed(SEED))
    return env


def vector_rollout(task: Task, settings: Settings, arm: Arm, environments: int, steps: int) -> Rollout:
    """One rollout of ``steps`` decisions of each of ``environments`` environments, natively batched."""
    return rollout(vector_environment(task, settings, arm, environments), steps)


def plain_rollout(task: Task, settings: Settings, arm: Arm, environments: int, steps: int) -> Rollout:
    """The plain twin of :func:`vector_rollout`."""
    return rollout(plain_environment(task, settings, arm, environments), steps)


def same_rewards(ours: Rollout, plain: Rollout, images: int) -> float:
    """The largest difference of a reward.

    A batched matrix product rounds differently, so that an image on a class boundary may change sides; raises
    ``AssertionError`` for more than 1 % of the ``images`` of an evaluation.
    """
    difference = float(np.abs(ours.rewards - plain.rewards).max())
    assert difference <= 0.01 + 1e-6, f"rewards differ by {difference} ({difference * images:.0f} of {images} images)"
    return difference


@dataclass(frozen=True)
class Compared:
    """Median seconds of ours and of the plain twin, and the largest difference of a reward."""

    ours_s: float
    plain_s: float
    difference: float

    @property
    def vs_plain(self) -> float:
        """How many times the environment steps per second of the plain twin."""
        return self.plain_s / self.ours_s


def compared(task: Task, settings: Settings, arm: Arm, environments: int, steps: int, repeats: int = 3) -> Compared:
    """Both, alternating, ``repeats`` times after one that warms up."""
    with torch.no_grad():
        both = [
            (run(task, settings, arm, environments, steps), twin(task, settings, arm, environments, steps))
            for run, twin in [(vector_rollout, plain_rollout)] * (1 + repeats)
        ]
    ours = statistics.median(one.seconds for one, _ in both[1:])
    plain = statistics.median(one.seconds for _, one in both[1:])
    return Compared(ours, plain, same_rewards(*both[0], images=settings.data.curve_images))
