"""HyperOpt-Gym as a :class:`gymnasium.Env`: one inner training at a time."""

from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

from hypersvg.environments.core import Arm, Episodes, EpisodeSeeds, action_space, observation_space, rules_of
from hypersvg.settings import Settings
from hypersvg.tasks.base import Task

SEED_LIMIT = 2**31


class HyperOptEnv(gymnasium.Env[NDArray[np.float32], NDArray[np.float32]]):
    """Choose the learning rate of one inner training (Algorithm 3); the arms are those of :class:`Rules`.

    ``reset(seed=s)`` starts episode 0 of seed ``s``, ``reset()`` the next one: new initial parameters and minibatches.
    Episodes end with ``terminated`` after ``ppo.steps`` inner steps and are never truncated. ``info`` holds the
    learning rate, whether the training diverged and, at the end, the accuracy reached: by that, not by the return,
    arms are compared.
    """

    render_mode = None

    def __init__(self, task: Task, settings: Settings, arm: Arm) -> None:
        self.metadata = {"render_modes": []}
        self.episodes = Episodes(task, rules_of(settings, arm))
        self.seeds = EpisodeSeeds([None])
        self.observation_space = observation_space(task)
        self.action_space = action_space()

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        """Begin an episode; ``options`` has no keys."""
        super().reset(seed=seed)
        seeds = self.seeds.advance([seed], lambda: int(self.np_random.integers(SEED_LIMIT)))
        return self.episodes.start(seeds)[0], {}

    def step(self, action: NDArray[np.float32]) -> tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        """Train with the action's learning rate until the next decision; raises ``ResetNeeded`` after the end."""
        rates = self.episodes.rules.rates(np.asarray(action)[None])
        outcome = self.episodes.decide(rates)
        info = {name: values[0].item() for name, values in outcome.info().items()}
        return outcome.observation[0], float(outcome.reward[0]), outcome.ended, False, info
