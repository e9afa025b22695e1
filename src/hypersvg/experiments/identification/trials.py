"""Train a protocol at several constant rates; read its validation accuracy at several lengths of one training."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hypersvg.controllers.constant import Constant
from hypersvg.experiments.identification.candidates import Protocol
from hypersvg.images import Images
from hypersvg.maths.network import Network
from hypersvg.tasks.base import Batch
from hypersvg.tasks.classification import Classification
from hypersvg.training import InnerTraining, Transition, train

Array = NDArray[np.float64]

CHANCE = 0.1
"""Accuracy of a diverged run: a network of NaN names one of ten classes."""
CURVE_IMAGES = 1000
PIECE = 2000
"""Images of a full batch that are taken through the network together; larger pieces leave the cache."""


@dataclass(frozen=True)
class WholeSet(Classification):
    """Classification on full batches: every minibatch is the training set, in its own order."""

    def batches(self, seeds: Sequence[int], purpose: str = "batches") -> "EveryImage":  # type: ignore[override]
        """The same batch for every seed."""
        return EveryImage(self.everything)

    @cached_property
    def everything(self) -> Batch:
        """All training images as one stream."""
        return Batch(self.images.train.images.unsqueeze(0), self.images.train.labels.unsqueeze(0))

    def loss(self, parameters: Tensor, batch: Batch) -> Tensor:
        """Mean cross-entropy of each run ``[runs]``, piece by piece."""
        pieces = zip(torch.split(batch.images, PIECE, dim=1), torch.split(batch.labels, PIECE, dim=1), strict=True)
        total = torch.zeros(len(parameters), device=parameters.device)
        for images, labels in pieces:
            total = total + self.network.loss(parameters, images, labels) * labels.shape[1]
        return total / batch.labels.shape[1]


@dataclass(frozen=True)
class EveryImage:
    """An endless source of one batch."""

    batch: Batch

    def next(self) -> Batch:
        """The batch."""
        return self.batch


def task_of(protocol: Protocol, images: Images) -> Classification:
    """The thesis's inner network (Table 4.3: 784-32-32-10) trained as the protocol says.

    Minibatches larger than the training set are full batches: stand-in data are smaller than MNIST.
    """
    network = Network(activation=protocol.activation, initialisation=protocol.initialisation)
    count = len(images.train.labels)
    kind = WholeSet if protocol.batch_size >= count else Classification
    device = images.train.images.device.type
    return kind(network, images, min(protocol.batch_size, count), CURVE_IMAGES, device)


@dataclass(frozen=True)
class Readings:
    """Validation accuracy and whether the run was alive, ``[lengths, seeds, rates]`` each."""

    accuracy: Array
    alive: NDArray[np.bool_]


def readings(
    protocol: Protocol, images: Images, steps: Sequence[int], seeds: Sequence[int], rates: Sequence[float]
) -> Readings:
    """Train every rate on every seed and read it after each number of ``steps`` (increasing).

    The rates of a seed share its initial parameters and minibatches; a diverged run scores :data:`CHANCE`.
    """
    task = task_of(protocol, images)
    training = InnerTraining(task, protocol.optimizer, seeds, len(rates))
    rate = torch.tensor(rates, dtype=torch.float32, device=task.device).repeat(len(seeds))
    accuracies, alive = [], []

    def read(transition: Transition) -> None:
        if transition.step + 1 in steps:
            accuracies.append(scored(task.accuracy(transition.after, "validation"), transition.alive))
            alive.append(transition.alive)

    train(training, Constant(rate), max(steps), record_accuracy=False, after_step=read)
    shape = (len(steps), len(seeds), len(rates))
    return Readings(as_array(torch.stack(accuracies), shape), torch.stack(alive).view(shape).cpu().numpy())


def scored(accuracy: Tensor, alive: Tensor) -> Tensor:
    """Accuracies with diverged runs at chance."""
    return torch.where(alive, accuracy, torch.full_like(accuracy, CHANCE))


def as_array(values: Tensor, shape: tuple[int, ...]) -> Array:
    """A tensor's values as float64 in a shape."""
    return np.asarray(values.detach().cpu().double().view(shape).numpy())
