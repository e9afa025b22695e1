"""HyperPPO (Algorithm 2): stable-baselines3's PPO choosing learning rates in HyperOpt-Gym."""

import random
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from stable_baselines3 import PPO
from stable_baselines3.common.buffers import RolloutBuffer
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.logger import Logger
from stable_baselines3.common.type_aliases import RolloutBufferSamples
from torch import Tensor

from hypersvg.environments.core import Arm, Rules, rules_of
from hypersvg.environments.sb3 import StableBaselinesVecEnv
from hypersvg.environments.vector import HyperOptVectorEnv
from hypersvg.maths.adam import FusedAdam
from hypersvg.maths.resume import State
from hypersvg.settings import Settings
from hypersvg.tasks.base import Task

DISCOUNT = 0.99
"""γ, of PPO's returns and of the reported TD error (stable-baselines3's default; the thesis gives none)."""
GAE_LAMBDA = 0.95
"""λ of the generalised advantage estimates (stable-baselines3's default)."""
ADAM_EPSILON = 1e-5
"""ε of the Adam of policy and value network (stable-baselines3's)."""


@contextmanager
def own_global_randomness() -> Iterator[None]:
    """Give the global generators back as they were: stable-baselines3 seeds and draws from all three of them."""
    python, numpy = random.getstate(), np.random.get_state()
    with torch.random.fork_rng(devices=[]):
        try:
            yield
        finally:
            random.setstate(python)
            np.random.set_state(numpy)


class WholeRollout(RolloutBuffer):
    """A rollout that is its own minibatch, handed over as it lies instead of shuffled.

    Where a minibatch is the whole rollout, its order only reorders sums: gradients differ in their last bits. What is
    saved is two copies of all observations an epoch (17 MB at 160 decisions) and one to change their order.
    """

    def get(self, batch_size: int | None = None) -> Generator[RolloutBufferSamples, None, None]:
        """The rollout; raises ``ValueError`` for minibatches that are only a part of it."""
        count = self.buffer_size * self.n_envs
        if not self.full or batch_size not in (None, count):
            raise ValueError(f"a whole rollout is one minibatch of {count}: it has {self.pos}, asked for {batch_size}")
        wide = (self.observations, self.actions)
        flat = (self.values, self.log_probs, self.advantages, self.returns)
        arrays = [array.reshape(count, -1) for array in wide] + [array.reshape(count) for array in flat]
        yield RolloutBufferSamples(*(self.to_torch(array, copy=False) for array in arrays))


@dataclass
class Agent:
    """A PPO agent and the environment it learns in."""

    model: PPO
    env: HyperOptVectorEnv
    rules: Rules
    decisions_per_update: int

    @property
    def optimizer(self) -> FusedAdam:
        """The Adam of policy and value network."""
        return cast(FusedAdam, self.model.policy.optimizer)

    def update(self) -> dict[str, float]:
        """One episode of every environment, then one PPO update; its TD error and losses.

        ``value_loss`` is the mean squared error of V to its λ-returns and ``policy_loss`` the clipped objective's
        negative, both averaged over the update's gradient steps.
        """
        watch = TdError()
        first = self.model.num_timesteps == 0
        self.model.learn(self.decisions_per_update, callback=watch, reset_num_timesteps=first)
        logged = self.model.logger.name_to_value
        return {
            "td_error": watch.td_error,
            "policy_loss": float(logged["train/policy_gradient_loss"]),
            "value_loss": float(logged["train/value_loss"]),
        }

    def rates(self, observation: NDArray[np.float32]) -> Tensor:
        """Learning rates ``[entries]`` of the mean policy, for ``observation [entries, parameters + 1]``."""
        actions, _ = self.model.predict(observation, deterministic=True)
        return self.rules.rates(actions)

    def state(self) -> State:
        """See :class:`hypersvg.maths.resume.Resumable`; between two updates, within :func:`own_global_randomness`.

        The library draws actions from PyTorch's global generator; NumPy's and Python's are seeded and not drawn from.
        """
        model = self.model
        return {
            "policy": model.policy.state_dict(),
            "optimizer": self.optimizer.state(),
            "decisions": model.num_timesteps,
            "epochs": model._n_updates,
            "environments": self.env.state(),
            "generator": torch.get_rng_state(),
        }

    def load(self, state: State) -> None:
        """See :class:`hypersvg.maths.resume.Resumable`; the library then goes on from its last observation."""
        model = self.model
        model.policy.load_state_dict(state["policy"])
        self.optimizer.load(state["optimizer"])
        model.num_timesteps, model._n_updates = state["decisions"], state["epochs"]
        self.env.load(state["environments"])
        model._last_obs = self.env.episodes.observation()
        model._last_episode_starts = np.ones(self.env.num_envs, dtype=np.bool_)
        torch.set_rng_state(state["generator"].clone())


class TdError(BaseCallback):
    """Measures the TD error of every rollout before PPO learns from it."""

    td_error: float = float("nan")

    def _on_step(self) -> bool:
        return True

    def _on_rollout_end(self) -> None:
        last_values = self.locals["values"].flatten().cpu().numpy()
        self.td_error = mean_td_error(self.locals["rollout_buffer"], last_values, self.locals["dones"])


def mean_td_error(buffer: RolloutBuffer, last_values: NDArray[np.float32], last_dones: NDArray[np.bool_]) -> float:
    """Mean of ``|r + γ(1 − done)V(s') − V(s)|`` over a rollout ``[steps, environments]``.

    ``last_values`` and ``last_dones`` belong to the observation after the rollout.
    """
    following = np.concatenate([buffer.values[1:], last_values[None]])
    dones = np.concatenate([buffer.episode_starts[1:], last_dones[None].astype(np.float32)])
    return float(np.abs(buffer.rewards + buffer.gamma * (1 - dones) * following - buffer.values).mean())


def make_agent(settings: Settings, task: Task, arm: Arm, seed: int, clip: float | None = None) -> Agent:
    """A new agent of ``seed``, with clipping parameter ``clip`` (``None``: ``ppo.clip``).

    Policy and value network are Tanh perceptrons of widths ``ppo.hidden`` (Table 4.3).

    A rollout is one episode of every environment, and a pass over it is one gradient step: so every arm makes
    ``epochs`` gradient steps an update, though a dense rollout holds ``ppo.steps`` times as many decisions as a
    ``sparse_once`` one. Observations are not normalised: Glorot parameters are of the order of 0.1.
    Actions are first drawn with standard deviation exp(``ppo.log_std``), by default half of their range: the arms that
    act at every step therefore learn from noisier episodes than ``sparse_once``.
    """
    rules, ppo = rules_of(settings, arm), settings.ppo
    env = HyperOptVectorEnv(ppo.environments, task, settings, arm)
    decisions = rules.decisions * ppo.environments
    model = PPO(
        "MlpPolicy",
        StableBaselinesVecEnv(env),
        learning_rate=ppo.learning_rate,
        n_steps=rules.decisions,
        batch_size=decisions,
        n_epochs=ppo.epochs,
        gamma=DISCOUNT,
        gae_lambda=GAE_LAMBDA,
        clip_range=clip or ppo.clip,
        rollout_buffer_class=WholeRollout,
        policy_kwargs={
            "optimizer_class": FusedAdam,
            "optimizer_kwargs": {"eps": ADAM_EPSILON},
            "net_arch": {"pi": ppo.hidden, "vf": ppo.hidden},
            "activation_fn": torch.nn.Tanh,
            "log_std_init": ppo.log_std,
        },
        seed=seed,
        device="cpu",
    )
    model.set_logger(Logger(folder=None, output_formats=[]))
    return Agent(model, env, rules, decisions)
