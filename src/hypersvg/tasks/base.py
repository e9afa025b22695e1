"""The contract between an inner problem and everything that trains it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from torch import Tensor

SplitName = Literal["curve", "validation", "test"]


@dataclass(frozen=True)
class Batch:
    """One minibatch a stream: ``images [streams, batch, inputs]``, ``labels [streams, batch]``."""

    images: Tensor
    labels: Tensor


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

    def accuracy(self, parameters: Tensor, split: SplitName) -> Tensor:
        """Quality of each run on held-out data, ``[runs]`` in [0, 1]; ``curve`` is a small validation subset."""
        ...

    def validation_loss(self, parameters: Tensor) -> Tensor:
        """Loss of each run on the ``curve`` subset, ``[runs]``."""
        ...
