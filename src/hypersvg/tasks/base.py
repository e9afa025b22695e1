"""The contract between an inner problem and everything that trains it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, Protocol

import torch
from torch import Tensor

SplitName = Literal["curve", "validation", "test"]


@dataclass(frozen=True)
class Batch:
    """One minibatch a stream: ``images [streams, batch, inputs]``, ``labels [streams, batch]``."""

    images: Tensor
    labels: Tensor

    def images_of(self, streams: slice) -> Tensor:
        """The images of some streams, ``[some, batch, inputs]``, valid until the next call."""
        return self.images[streams]

    def double(self) -> "Batch":
        """The minibatch with its floating-point numbers in float64."""
        labels = self.labels.double() if self.labels.is_floating_point() else self.labels
        return Batch(self.images.double(), labels)


class DrawnBatch(Batch):
    """A minibatch by its indices: a training step gathers a few streams at a time, so that they stay in the cache.

    ``images`` gathers all of them, when somebody reads it; ``source`` is ``[count, inputs]``. ``scratch`` holds what
    ``images_of`` gathers: new memory for every minibatch would cost more than the gather.
    """

    def __init__(self, source: Tensor, indices: Tensor, labels: Tensor, scratch: dict[int, Tensor]) -> None:
        vars(self).update(source=source, indices=indices, labels=labels, scratch=scratch)

    @cached_property
    def images(self) -> Tensor:
        """Images ``[streams, batch, inputs]``."""
        source, indices = vars(self)["source"], vars(self)["indices"]
        rows: Tensor = source.index_select(0, indices.flatten())
        return rows.view(*indices.shape, -1)

    def images_of(self, streams: slice) -> Tensor:
        """See :meth:`Batch.images_of`."""
        source, indices, scratch = (vars(self)[name] for name in ("source", "indices", "scratch"))
        some = indices[streams]
        count = some.numel()
        if count not in scratch:
            scratch[count] = source.new_empty(count, source.shape[1])
        rows: Tensor = torch.index_select(source, 0, some.flatten(), out=scratch[count])
        return rows.view(*some.shape, -1)


class Batches(Protocol):
    """An endless source of minibatches, one stream a seed."""

    def next(self) -> Batch:
        """The next minibatch of every stream."""
        ...


class Task(Protocol):
    """An inner problem, batched over runs.

    Consecutive groups of ``runs / streams`` runs share a stream. All tensors live on ``device``.
    """

    @property
    def parameters(self) -> int:
        """Length of the flat parameter vector."""
        ...

    @property
    def device(self) -> str:
        """Where parameters and batches live."""
        ...

    def init(self, seeds: Sequence[int], purpose: str) -> Tensor:
        """Initial parameters ``[len(seeds), parameters]``, a pure function of each seed and the purpose."""
        ...

    def batches(self, seeds: Sequence[int], purpose: str) -> Batches:
        """Minibatches of one stream a seed, a pure function of each seed and the purpose."""
        ...

    def loss(self, parameters: Tensor, batch: Batch) -> Tensor:
        """Differentiable loss of each run, ``[runs]``."""
        ...

    def loss_and_gradient(self, parameters: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
        """The loss of each run ``[runs]`` and its gradient ``[runs, parameters]``, without a graph.

        :func:`gradient_by_autograd` serves a task that has no faster way.
        """
        ...

    def accuracy(self, parameters: Tensor, split: SplitName) -> Tensor:
        """Quality of each run on held-out data, ``[runs]`` in [0, 1]; ``curve`` is a small validation subset."""
        ...

    def validation_loss(self, parameters: Tensor) -> Tensor:
        """Loss of each run on the ``curve`` subset, ``[runs]``."""
        ...


def gradient_by_autograd(task: Task, parameters: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
    """``Task.loss_and_gradient`` from ``Task.loss``."""
    leaf = parameters.detach().requires_grad_(True)
    with torch.enable_grad():
        loss = task.loss(leaf, batch)
        (gradient,) = torch.autograd.grad(loss.sum(), leaf)
    return loss.detach(), gradient


@dataclass
class Wrapped:
    """A task around another: everything that a subclass does not change is the other's own."""

    task: Task

    @property
    def parameters(self) -> int:
        """See :class:`Task`."""
        return self.task.parameters

    @property
    def device(self) -> str:
        """See :class:`Task`."""
        return self.task.device

    def init(self, seeds: Sequence[int], purpose: str) -> Tensor:
        """See :class:`Task`."""
        return self.task.init(seeds, purpose)

    def batches(self, seeds: Sequence[int], purpose: str) -> Batches:
        """See :class:`Task`."""
        return self.task.batches(seeds, purpose)

    def loss(self, parameters: Tensor, batch: Batch) -> Tensor:
        """See :class:`Task`."""
        return self.task.loss(parameters, batch)

    def loss_and_gradient(self, parameters: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
        """See :class:`Task`."""
        return self.task.loss_and_gradient(parameters, batch)

    def accuracy(self, parameters: Tensor, split: SplitName) -> Tensor:
        """See :class:`Task`."""
        return self.task.accuracy(parameters, split)

    def validation_loss(self, parameters: Tensor) -> Tensor:
        """See :class:`Task`."""
        return self.task.validation_loss(parameters)
