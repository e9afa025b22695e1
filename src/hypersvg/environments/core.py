"""HyperOpt-Gym, Algorithm 3 of the thesis, batched: many inner trainings whose learning rates an agent chooses.

State: the flattened parameters and the share t/T of the episode that is over (a fixed-length training is a
finite-horizon decision problem). Action: the learning rate, affine in log10 from [−1, 1]. Reward: validation accuracy.
The other readings of state, action and reward are settings of the block ``ppo``.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, cast

import gymnasium
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hypersvg.maths.optimizers import OptimizerName
from hypersvg.maths.random import seed_of
from hypersvg.settings import Settings
from hypersvg.settings.methods import Ppo
from hypersvg.tasks.base import SplitName, Task
from hypersvg.training import LOSS_CEILING, InnerTraining

Arm = Literal["sparse_once", "sparse_every", "dense"]
ARMS: tuple[Arm, ...] = ("sparse_once", "sparse_every", "dense")

DIVERGED_REWARD = 0.0
"""Reward and accuracy of an inner training that has diverged: the smallest accuracy, finite, never dropped."""


@dataclass(frozen=True)
class Rules:
    """How an episode of ``steps`` inner steps is cut into decisions, and what a decision means.

    - ``sparse_once``: one decision is the whole inner training, its reward comes at the end (sections 2.2.2, 4.2.1);
    - ``sparse_every``: a decision a step, reward 0 until the last (Algorithm 3 as printed);
    - ``dense``: a decision a step and a reward at every one.

    What an action and a reward are, and what is observed, are ``reading``'s.
    """

    arm: Arm
    optimizer: OptimizerName
    steps: int
    reading: Ppo

    def __post_init__(self) -> None:
        if self.arm not in ARMS:
            raise ValueError(f"there is no arm {self.arm!r} of the environment; choose one of {', '.join(ARMS)}")

    @property
    def decisions(self) -> int:
        """Decisions in an episode."""
        return 1 if self.arm == "sparse_once" else self.steps

    @property
    def steps_per_decision(self) -> int:
        """Inner steps taken with the rate of one decision."""
        return self.steps // self.decisions

    @property
    def averages(self) -> bool:
        """Whether a sparse reward is the mean over the inner steps, not the last step's."""
        return self.reading.reward_of == "mean" and self.arm != "dense"

    @property
    def rewards_accuracy(self) -> bool:
        """Whether the last reward is the accuracy reached."""
        return self.reading.reward == "accuracy" and not self.averages

    @property
    def rewards(self) -> int:
        """Evaluations on validation images that an episode's rewards cost."""
        return self.steps if self.averages else self.decisions if self.arm == "dense" else 1

    def rates(self, actions: NDArray[np.floating[Any]]) -> Tensor:
        """Learning rates ``[entries]`` of ``actions [entries, 1]``: −1 is ``lowest``, +1 ``highest``.

        Between them they are affine in log10, or linear (``Ppo.action_scale``). Actions beyond ±1 are clipped.
        Raises ``ValueError`` for actions of another shape or not a number.
        """
        if actions.ndim != 2 or actions.shape[1] != 1 or not np.isfinite(actions).all():
            raise ValueError(f"an action is one finite number in [-1, 1] an entry; got {actions!r}")
        share = (np.clip(actions[:, 0].astype(np.float64), -1.0, 1.0) + 1.0) / 2.0
        lowest, highest = self.reading.lowest, self.reading.highest
        if self.reading.action_scale == "linear":
            return torch.from_numpy(lowest + share * (highest - lowest)).to(torch.float32)
        low, high = math.log10(lowest), math.log10(highest)
        return torch.from_numpy(10.0 ** (low + share * (high - low))).to(torch.float32)


def rules_of(settings: Settings, arm: Arm) -> Rules:
    """The rules that the settings' blocks ``inner`` and ``ppo`` give to an arm."""
    ppo = settings.ppo
    return Rules(arm, settings.inner.optimizer, ppo.steps, ppo)


@dataclass(frozen=True)
class Outcome:
    """What a decision leads to: ``observation [entries, parameters + 1]``, the other arrays ``[entries]``.

    The episodes of all entries have one length and end together; ``accuracy`` is what they reached then.
    """

    observation: NDArray[np.float32]
    reward: NDArray[np.float64]
    rate: NDArray[np.float64]
    diverged: NDArray[np.bool_]
    accuracy: NDArray[np.float64] | None

    @property
    def ended(self) -> bool:
        """Whether that was the last decision."""
        return self.accuracy is not None

    def info(self) -> dict[str, NDArray[Any]]:
        """Rate, divergence and, at the end, the accuracy reached: no wall clock."""
        info: dict[str, NDArray[Any]] = {"rate": self.rate, "diverged": self.diverged}
        return info if self.accuracy is None else info | {"accuracy": self.accuracy.copy()}


@dataclass
class Episodes:
    """One episode of every entry, side by side: the inner trainings are the runs of one :class:`InnerTraining`.

    Every method raises ``gymnasium.error.ResetNeeded`` before the first :meth:`start`.
    """

    task: Task
    rules: Rules
    decided: int = field(init=False, default=0)
    current: InnerTraining | None = field(init=False, default=None, repr=False)
    measured: list[NDArray[np.float64]] = field(init=False, default_factory=list, repr=False)

    @property
    def training(self) -> InnerTraining:
        """The inner trainings of the running or last episodes."""
        if self.current is None:
            raise gymnasium.error.ResetNeeded("no episode has begun: call reset() first")
        return self.current

    @property
    def alive(self) -> Tensor:
        """Which entries have not diverged, ``[entries]``."""
        return self.training.alive

    @property
    def running(self) -> bool:
        """Whether the episodes have not ended."""
        return self.decided < self.rules.decisions

    def start(self, seeds: Sequence[int]) -> NDArray[np.float32]:
        """Begin one episode a seed; returns the first observation ``[len(seeds), parameters + 1]``."""
        self.current = InnerTraining(self.task, self.rules.optimizer, list(seeds))
        self.decided, self.measured = 0, []
        return self.observation()

    def decide(self, rates: Tensor) -> Outcome:
        """Train on with learning rates ``[entries]`` until the next decision.

        Raises ``gymnasium.error.ResetNeeded`` when the episodes have ended.
        """
        training = self.training
        if not self.running:
            raise gymnasium.error.ResetNeeded("the episode has ended: call reset() before the next step()")
        on_device = rates.to(training.parameters.device)
        for _ in range(self.rules.steps_per_decision):
            training.step(on_device)
            if self.rules.averages:
                self.measured.append(self.score())
        self.decided += 1
        reward = self.reward(len(rates))
        return Outcome(
            observation=self.observation(),
            reward=reward,
            rate=rates.numpy().astype(np.float64),
            diverged=~training.alive.cpu().numpy(),
            accuracy=None if self.running else reward if self.rules.rewards_accuracy else self.accuracy("curve"),
        )

    def reward(self, entries: int) -> NDArray[np.float64]:
        """The reward ``[entries]`` of the decision just taken: zero within a sparse episode."""
        if self.running and self.rules.arm != "dense":
            return np.zeros(entries)
        return np.mean(self.measured, axis=0) if self.rules.averages else self.score()

    def score(self) -> NDArray[np.float64]:
        """What is rewarded ``[entries]``: accuracy on the curve images, or minus their cross-entropy [nats]."""
        if self.rules.reading.reward == "accuracy":
            return self.accuracy("curve")
        loss = self.task.validation_loss(self.training.parameters)
        floored = torch.where(self.alive, loss, torch.full_like(loss, LOSS_CEILING))
        return -floored.cpu().numpy().astype(np.float64)

    def observation(self) -> NDArray[np.float32]:
        """Flat parameters and t/T (0 where it is not observed), ``[entries, parameters + 1]``, a fresh array."""
        parameters = self.training.parameters.cpu().numpy()
        time = self.decided / self.rules.decisions if self.rules.reading.observe_time else 0.0
        share = np.full((len(parameters), 1), time, dtype=np.float32)
        return np.concatenate([parameters, share], axis=1)

    def accuracy(self, split: SplitName) -> NDArray[np.float64]:
        """Accuracy ``[entries]`` in [0, 1] where the trainings stand; :data:`DIVERGED_REWARD` where they diverged."""
        measured = self.task.accuracy(self.training.parameters, split)
        floored = torch.where(self.alive, measured, torch.full_like(measured, DIVERGED_REWARD))
        return floored.cpu().numpy().astype(np.float64)


def episode_seed(seed: int, episode: int) -> int:
    """The inner training's seed in episode ``episode`` of an environment seeded with ``seed``."""
    return seed_of(seed, "episode", episode)


@dataclass
class EpisodeSeeds:
    """Which episode of which seed every entry is in: episode e of seed s is the same whenever it is run."""

    seeds: list[int | None]
    episodes: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self.episodes = [0] * len(self.seeds)

    def advance(self, given: Sequence[int | None], draw: Callable[[], int]) -> list[int]:
        """Seeds of the next episodes: a given seed starts at its episode 0, ``None`` goes on, ``draw`` begins unseeded.

        Raises ``ValueError`` when the number of seeds is not the number of entries.
        """
        if len(given) != len(self.seeds):
            raise ValueError(f"{len(given)} seeds were given to {len(self.seeds)} environments; give one each")
        for entry, seed in enumerate(given):
            begins = seed is not None or self.seeds[entry] is None
            self.episodes[entry] = 0 if begins else self.episodes[entry] + 1
            self.seeds[entry] = (draw() if seed is None else seed) if begins else self.seeds[entry]
        return self.current()

    def current(self) -> list[int]:
        """Seeds of the inner trainings of the episodes that the entries are in."""
        pairs = zip(self.seeds, self.episodes, strict=True)
        return [episode_seed(seed, episode) for seed, episode in pairs if seed is not None]


Space = gymnasium.Space[NDArray[np.float32]]


def observation_space(task: Task) -> Space:
    """Flat parameters, unbounded (float32's range: checkers refuse infinities), and t/T in [0, 1]."""
    high = np.full(task.parameters + 1, np.finfo(np.float32).max, dtype=np.float32)
    low = -high
    low[-1], high[-1] = 0.0, 1.0
    return cast(Space, gymnasium.spaces.Box(low, high, dtype=np.float32))


def action_space() -> Space:
    """One number in [−1, 1]."""
    return cast(Space, gymnasium.spaces.Box(-1.0, 1.0, (1,), dtype=np.float32))
