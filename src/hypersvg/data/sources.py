"""The two image sources as one pool each for training and test, before they are split."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from hypersvg.data.places import verified_mnist
from hypersvg.data.torchvision_mnist import mnist_class
from hypersvg.maths.random import numpy_generator

Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Pool:
    """Images ``[count, 784]`` in 0 … 255 and labels ``[count]`` in 0 … 9, uint8."""

    images: Bytes
    labels: Bytes

    def __len__(self) -> int:
        return len(self.labels)

    def part(self, start: int, count: int) -> "Pool":
        """``count`` images from ``start`` on."""
        return Pool(self.images[start : start + count], self.labels[start : start + count])

    def shuffled(self, purpose: str) -> "Pool":
        """The same images in a fixed random order, named by ``purpose``."""
        order = numpy_generator(0, "split", purpose).permutation(len(self))
        return Pool(self.images[order], self.labels[order])


def mnist() -> tuple[Pool, Pool]:
    """MNIST's training pool (60,000) and test pool (10,000), shuffled; raises as :func:`verified_mnist`."""
    with verified_mnist() as root:
        train, test = (mnist_class()(str(root), train=part) for part in (True, False))
    return pool_of(train).shuffled("train"), pool_of(test).shuffled("test")


def pool_of(dataset: torch.utils.data.Dataset[object]) -> Pool:
    """A torchvision MNIST data set as a :class:`Pool`."""
    images, labels = dataset.data, dataset.targets  # type: ignore[attr-defined]
    return Pool(images.flatten(1).numpy(), labels.to(torch.uint8).numpy())


def digits() -> tuple[Pool, Pool]:
    """scikit-learn's 1,797 digits, 8×8 in 0 … 16, resized to 28×28: a training pool of 6/7 and a test pool of 1/7."""
    from sklearn.datasets import load_digits

    raw = load_digits()
    small = torch.from_numpy(raw.images).to(torch.float32).unsqueeze(1) * (255 / 16)
    large = functional.interpolate(small, size=(28, 28), mode="bilinear", align_corners=False)
    images = large.round().clamp(0, 255).to(torch.uint8).flatten(1).numpy()
    pool = Pool(images, raw.target.astype(np.uint8)).shuffled("digits")
    test = len(pool) // 7
    return pool.part(0, len(pool) - test), pool.part(len(pool) - test, test)
