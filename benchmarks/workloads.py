"""What is measured on: made-up images of MNIST's shape and sizes (no time depends on the pixels), inner problems."""

from functools import cache

import torch

from hypersvg.images import Images, Split
from hypersvg.settings import Settings
from hypersvg.tasks.classification import Classification, classification_task

TRAIN, HELD_OUT = 50_000, 10_000
LIT = 0.19
"""Share of pixels that are not black, as in MNIST."""


def synchronize(device: str) -> None:
    """Wait for a GPU's queue, or its work would be missed by the clock."""
    if device == "cuda":
        torch.cuda.synchronize()


@cache
def images(device: str) -> Images:
    """Random images and labels, as many as the default split of MNIST has."""
    generator = torch.Generator().manual_seed(0)

    def split(count: int) -> Split:
        pixels = torch.rand(count, 784, generator=generator)
        pixels = (1 - pixels / LIT).clamp_(min=0)
        labels = torch.randint(10, (count,), generator=generator)
        return Split(pixels.to(device), labels.to(device))

    return Images(split(TRAIN), split(HELD_OUT), split(HELD_OUT), "made up")


def settings(width: int = 128, hidden: tuple[int, int] = (32, 32), batch: int = 256) -> Settings:
    """The defaults, but for the surrogate's and policy's width, the inner network and its minibatch."""
    return Settings.model_validate(
        {
            "svg": {"width": width, "policy_learning_rate": 2e-6},
            "inner": {"hidden": list(hidden), "batch_size": batch},
        }
    )


def inner_problem(chosen: Settings, device: str) -> Classification:
    """The settings' inner problem on the made-up images."""
    return classification_task(chosen, images(device), chosen.inner.activation, chosen.inner.initialisation, device)
