"""The vector environment in stable-baselines3's dress."""

from collections.abc import Sequence
from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray
from stable_baselines3.common.vec_env import VecEnv
from stable_baselines3.common.vec_env.base_vec_env import VecEnvIndices, VecEnvStepReturn

from hypersvg.environments.vector import HyperOptVectorEnv
from hypersvg.maths.random import seed_of


class StableBaselinesVecEnv(VecEnv):
    """A :class:`HyperOptVectorEnv` as a stable-baselines3 ``VecEnv``; no entry is ever stepped alone."""

    def __init__(self, env: HyperOptVectorEnv) -> None:
        self.env = env
        super().__init__(env.num_envs, env.single_observation_space, env.single_action_space)

    def seed(self, seed: int | None = None) -> Sequence[int | None]:
        """Seeds of the next reset, one an entry.

        stable-baselines3 counts up from ``seed``, which would give seeds 0 and 1 fifteen of sixteen inner trainings
        in common; here every entry's seed is derived, so that seeds are independent repetitions.
        """
        self._seeds = [None if seed is None else seed_of(seed, "environment", i) for i in range(self.num_envs)]
        return self._seeds

    def reset(self) -> NDArray[np.float32]:
        """First observations ``[num_envs, parameters + 1]``."""
        observation, _ = self.env.reset(seed=self._seeds)
        self._reset_seeds()
        self._reset_options()
        return observation

    def step_async(self, actions: NDArray[np.float32]) -> None:
        """Keep the actions for :meth:`step_wait`."""
        self.actions = actions

    def step_wait(self) -> VecEnvStepReturn:
        """Observation after the automatic reset, reward (float32), done and one info an entry."""
        observation, reward, terminated, _, infos = self.env.step(self.actions)
        ended = "final_info" in infos
        source = infos["final_info"] if ended else infos
        rows = [{name: source[name][i].item() for name in source if name[0] != "_"} for i in range(self.num_envs)]
        if ended:
            for row, final in zip(rows, infos["final_obs"], strict=True):
                row |= {"terminal_observation": final, "TimeLimit.truncated": False}
        return observation, reward.astype(np.float32), terminated, rows

    def close(self) -> None:
        """Nothing to release."""

    def chosen(self, indices: VecEnvIndices) -> int:
        """How many entries ``indices`` names."""
        return len(list(self._get_indices(indices)))

    def get_attr(self, attr_name: str, indices: VecEnvIndices = None) -> list[Any]:
        """The vector environment's attribute, once an entry: entries share everything but their state."""
        return [getattr(self.env, attr_name)] * self.chosen(indices)

    def set_attr(self, attr_name: str, value: Any, indices: VecEnvIndices = None) -> None:
        """Set the vector environment's attribute; raises ``ValueError`` for a part of the entries."""
        if self.chosen(indices) != self.num_envs:
            raise ValueError(f"{attr_name} is shared by all entries and cannot be set for some of them")
        setattr(self.env, attr_name, value)

    def env_method(self, method_name: str, *args: Any, indices: VecEnvIndices = None, **kwargs: Any) -> list[Any]:
        """Call the vector environment's method once; its answer counts for every entry."""
        return [getattr(self.env, method_name)(*args, **kwargs)] * self.chosen(indices)

    def env_is_wrapped(
        self, wrapper_class: type[gymnasium.Wrapper[Any, Any, Any, Any]], indices: VecEnvIndices = None
    ) -> list[bool]:
        """No entry is wrapped."""
        return [False] * self.chosen(indices)
