"""A small problem for the tests of the environment and of PPO."""

from functools import cache

import torch

from hypersvg.environments import ARMS
from hypersvg.images import Images, Split
from hypersvg.settings import Settings

__all__ = ["ARMS", "SETTINGS", "images"]

SETTINGS = Settings.model_validate(
    {
        "run": {"fresh_seeds": 2},
        "data": {"curve_images": 60},
        "inner": {"hidden": [6], "batch_size": 32},
        "ppo": {"hidden": [8], "steps": 4, "environments": 3, "iterations": 3},
    }
)


@cache
def images() -> Images:
    """Ten noisy prototypes, so that a few steps of training learn something."""
    generator = torch.Generator().manual_seed(0)
    prototypes = torch.rand(10, 784, generator=generator)

    def split(count: int) -> Split:
        labels = torch.randint(10, (count,), generator=generator)
        return Split((prototypes[labels] + 0.3 * torch.randn(count, 784, generator=generator)).clamp(0, 1), labels)

    return Images(split(300), split(100), split(100), "synthetic")
