"""HyperOpt-Gym (Algorithm 3): ``gymnasium.make("hypersvg.environments:hypersvg/HyperOpt-v0", images=..., arm=...)``.

``gymnasium.make_vec`` with the same arguments and ``num_envs`` makes the natively batched environment.
"""

from pathlib import Path

import gymnasium

from hypersvg.environments.core import ARMS, Arm, Episodes, Rules, rules_of
from hypersvg.environments.scalar import HyperOptEnv
from hypersvg.environments.vector import HyperOptVectorEnv
from hypersvg.images import Images, load_images
from hypersvg.settings import Settings
from hypersvg.tasks.base import Task
from hypersvg.tasks.classification import classification_task
from hypersvg.tasks.extension import own_task

ENVIRONMENT_ID = "hypersvg/HyperOpt-v0"

__all__ = [
    "ARMS",
    "ENVIRONMENT_ID",
    "Arm",
    "Episodes",
    "HyperOptEnv",
    "HyperOptVectorEnv",
    "Rules",
    "make_environment",
    "make_vector_environment",
    "ppo_task",
    "rules_of",
]


def ppo_task(settings: Settings, images: Images, device: str = "cpu") -> Task:
    """The inner problem of the PPO experiments (Table 4.3: Glorot and Tanh), or the user's own."""
    own, ppo = own_task(settings, device), settings.ppo
    if own is not None:
        return own
    return classification_task(settings, images, ppo.activation, ppo.initialisation, device)


def opened(images: Images | Path | str, settings: Settings) -> Images:
    """The images, read from the data stage's file where a path is given."""
    if isinstance(images, Images):
        return images
    return load_images(Path(images), settings.inner.scaling, validation=settings.data.validation)


def make_environment(
    images: Images | Path | str, arm: Arm = "sparse_every", settings: Settings | None = None
) -> HyperOptEnv:
    """Entry point of ``gymnasium.make``; ``images`` is the data stage's file, or images at hand."""
    chosen = settings or Settings()
    return HyperOptEnv(ppo_task(chosen, opened(images, chosen)), chosen, arm)


def make_vector_environment(
    num_envs: int, images: Images | Path | str, arm: Arm = "sparse_every", settings: Settings | None = None
) -> HyperOptVectorEnv:
    """Entry point of ``gymnasium.make_vec``; see :func:`make_environment`."""
    chosen = settings or Settings()
    return HyperOptVectorEnv(num_envs, ppo_task(chosen, opened(images, chosen)), chosen, arm)


gymnasium.register(
    id=ENVIRONMENT_ID,
    entry_point="hypersvg.environments:make_environment",
    vector_entry_point="hypersvg.environments:make_vector_environment",
)
