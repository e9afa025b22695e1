"""HyperOpt-Gym as a :class:`gymnasium.vector.VectorEnv`, natively batched: all inner trainings take a step together."""

from collections.abc import Sequence
from typing import Any

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from hypersvg.environments.core import Arm, Episodes, EpisodeSeeds, Outcome, action_space, observation_space, rules_of
from hypersvg.environments.scalar import SEED_LIMIT
from hypersvg.maths.resume import State
from hypersvg.settings import Settings
from hypersvg.tasks.base import Task

Step = tuple[NDArray[np.float32], NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_], dict[str, Any]]


class HyperOptVectorEnv(gymnasium.vector.VectorEnv[NDArray[np.float32], NDArray[np.float32], NDArray[Any]]):
    """``num_envs`` inner trainings; entry i equals the scalar environment with entry i's seed, episode after episode.

    Episodes have one length, so all entries end together; they restart within the same step
    (``AutoresetMode.SAME_STEP``), the last observation and info going to ``infos["final_obs"]`` and
    ``infos["final_info"]`` as in gymnasium's ``SyncVectorEnv``.
    """

    render_mode = None

    def __init__(self, num_envs: int, task: Task, settings: Settings, arm: Arm) -> None:
        if num_envs < 1:
            raise ValueError(f"num_envs = {num_envs}: a vector environment needs at least one entry")
        self.metadata = {"render_modes": [], "autoreset_mode": AutoresetMode.SAME_STEP}
        self.num_envs = num_envs
        self.episodes = Episodes(task, rules_of(settings, arm))
        self.seeds = EpisodeSeeds([None] * num_envs)
        self.single_observation_space = observation_space(task)
        self.single_action_space = action_space()
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        """Begin an episode of every entry; an integer seed gives entry i ``seed + i``, a list gives each its own.

        Raises ``ValueError`` for ``options["reset_mask"]``: entries run in step and cannot restart alone.
        """
        if options and "reset_mask" in options:
            raise ValueError("options['reset_mask'] is not offered: all entries run in step and restart together")
        super().reset(seed=seed if isinstance(seed, int) else None)
        if seed is None or isinstance(seed, int):
            given: list[int | None] = [None if seed is None else seed + entry for entry in range(self.num_envs)]
        else:
            given = list(seed)
        return self.begin(given), {}

    def begin(self, given: Sequence[int | None]) -> NDArray[np.float32]:
        """Start the next episode of every entry and return its first observation."""
        return self.episodes.start(self.seeds.advance(given, lambda: int(self.np_random.integers(SEED_LIMIT))))

    def step(self, actions: NDArray[np.float32]) -> Step:
        """Train every entry with its action's learning rate until the next decision."""
        actions = np.asarray(actions)
        if len(actions) != self.num_envs:
            raise ValueError(f"{len(actions)} actions were given to {self.num_envs} environments; give one each")
        outcome = self.episodes.decide(self.episodes.rules.rates(actions))
        terminated = np.full(self.num_envs, outcome.ended)
        infos, observation = masked(outcome.info()), outcome.observation
        if outcome.ended:
            infos = masked({"final_obs": rows(outcome), "final_info": infos})
            observation = self.begin([None] * self.num_envs)
        return observation, outcome.reward, terminated, np.zeros(self.num_envs, dtype=np.bool_), infos

    def state(self) -> State:
        """See :class:`hypersvg.maths.resume.Resumable`; defined at the beginning of an episode, which its seed gives.

        Raises ``ValueError`` within one.
        """
        if self.episodes.decided:
            raise ValueError("an environment's state is that at the beginning of an episode, and this one is within")
        return {"seeds": list(self.seeds.seeds), "episodes": list(self.seeds.episodes)}

    def load(self, state: State) -> None:
        """See :class:`hypersvg.maths.resume.Resumable`; begins the same episode of every entry."""
        self.seeds.seeds, self.seeds.episodes = list(state["seeds"]), list(state["episodes"])
        self.episodes.start(self.seeds.current())


def rows(outcome: Outcome) -> NDArray[np.object_]:
    """The observations as gymnasium hands over final ones: an object array of one vector an entry."""
    final = np.empty(len(outcome.observation), dtype=object)
    final[:] = list(outcome.observation)
    return final


def masked(info: dict[str, Any]) -> dict[str, Any]:
    """``info`` in gymnasium's batched form: every key beside ``_key``, the entries that have it (here all)."""
    count = len(next(iter(info.values())))
    return {**info, **{f"_{name}": np.ones(count, dtype=np.bool_) for name in info}}
