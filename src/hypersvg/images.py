"""The images as every job sees them: one safetensors file, made once by the data stage."""

from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import safe_open
from torch import Tensor

MNIST_MEAN, MNIST_STD = 0.1307, 0.3081
STAND_IN = "stand-in data: UCI digits, not comparable with the thesis"


@dataclass(frozen=True)
class Split:
    """Images ``[count, 784]`` float32 and labels ``[count]`` int64."""

    images: Tensor
    labels: Tensor

    def first(self, count: int) -> "Split":
        """The first ``count`` images (the order is already random)."""
        return Split(self.images[:count], self.labels[:count])

    def with_more(self, other: "Split") -> "Split":
        """These images and another split's."""
        return Split(torch.cat([self.images, other.images]), torch.cat([self.labels, other.labels]))


@dataclass(frozen=True)
class Images:
    """Training, validation and test images, and the data source's name (``mnist`` or the stand-in's stamp)."""

    train: Split
    validation: Split
    test: Split
    source: str


def load_images(path: Path, scaling: str = "unit", device: str = "cpu", validation: str = "held_out") -> Images:
    """Read the data stage's file.

    ``scaling`` is ``unit`` or ``standardised`` (see ``Inner.scaling``); with ``validation`` = ``test`` the test images
    validate and all others train (see ``Data.validation``).
    """
    with safe_open(path, framework="pt") as file:
        source = file.metadata()["source"]

        def split(name: str) -> Split:
            pixels = file.get_tensor(f"{name}_images").to(device).to(torch.float32).div_(255)
            if scaling == "standardised":
                pixels.sub_(MNIST_MEAN).div_(MNIST_STD)
            return Split(pixels, file.get_tensor(f"{name}_labels").to(device).to(torch.int64))

        train, held_out, test = split("train"), split("validation"), split("test")
    if validation == "test":
        return Images(train.with_more(held_out), test, test, source)
    return Images(train, held_out, test, source)
