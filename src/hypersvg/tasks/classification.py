"""Image classification with a perceptron: the thesis's inner problem (784-32-32-10 on MNIST, Table 4.3)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from hypersvg.images import Images
from hypersvg.maths.network import Activation, Initialisation, Network
from hypersvg.maths.products import product
from hypersvg.maths.random import BatchStream, torch_generator
from hypersvg.settings import Settings
from hypersvg.tasks.base import Batch, DrawnBatch, SplitName, gradient_by_autograd

PIXELS_IN_BLOCK, ROWS_IN_BLOCK, RUNS_IN_BLOCK = 850_000, 2**14, 64
"""Limits of a block of a step: pixels of its images, rows of its activations, runs."""


@dataclass(frozen=True)
class Classification:
    """See :class:`hypersvg.tasks.base.Task`; ``curve_images`` is the size of the ``curve`` subset."""

    network: Network
    images: Images
    batch_size: int
    curve_images: int
    device: str = "cpu"

    @property
    def parameters(self) -> int:
        """Length of the flat parameter vector."""
        return self.network.parameters

    def init(self, seeds: Sequence[int], purpose: str = "init") -> Tensor:
        """Initial parameters ``[len(seeds), parameters]``."""
        rows = [self.network.init(1, torch_generator(seed, purpose)) for seed in seeds]
        return torch.cat(rows).to(self.device)

    def batches(self, seeds: Sequence[int], purpose: str = "batches") -> "ImageBatches":
        """Shuffled minibatches of the training images, one stream a seed."""
        stream = BatchStream(list(seeds), len(self.images.train.labels), self.batch_size, purpose)
        return ImageBatches(self.images, stream)

    def loss(self, parameters: Tensor, batch: Batch) -> Tensor:
        """Mean cross-entropy of each run, ``[runs]``."""
        return self.network.loss(parameters, batch.images, batch.labels)

    def loss_and_gradient(self, parameters: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
        """See :class:`hypersvg.tasks.base.Task`; block by block, so that what is reused is still in the cache.

        A subclass with a loss of its own is differentiated as it stands.
        """
        if type(self).loss is not Classification.loss:
            return gradient_by_autograd(self, parameters, batch)
        gradient, losses = torch.empty_like(parameters), []
        held: slice | None = None
        shape = (len(batch.labels), len(parameters), batch.labels.shape[1])
        for streams, runs in blocks(*shape, self.network.sizes[0]) if self.device == "cpu" else whole(*shape):
            if streams != held:
                images, held = batch.images_of(streams), streams
            labels, out = batch.labels[streams], gradient[runs]
            losses.append(self.network.loss_and_gradient(parameters[runs], images, labels, out=out)[0])
        return losses[0] if len(losses) == 1 else torch.cat(losses), gradient

    @torch.no_grad()
    def validation_loss(self, parameters: Tensor) -> Tensor:
        """Mean cross-entropy [nats] of each run on the ``curve`` images, ``[runs]``."""
        data = self.images.validation.first(self.curve_images)
        return self.network.loss(parameters, data.images.unsqueeze(0), data.labels.unsqueeze(0), product)

    def accuracy(self, parameters: Tensor, split: SplitName) -> Tensor:
        """Classification accuracy of each run, ``[runs]``."""
        if split == "test":
            data = self.images.test
        elif split == "validation":
            data = self.images.validation
        else:
            data = self.images.validation.first(self.curve_images)
        return self.network.accuracy(parameters, data.images, data.labels)


@dataclass
class ImageBatches:
    """Minibatches of training images by the indices of a :class:`BatchStream`."""

    images: Images
    stream: BatchStream = field(repr=False)
    scratch: dict[int, Tensor] = field(init=False, repr=False, default_factory=dict)

    def next(self) -> Batch:
        """The next minibatch of every stream."""
        indices = self.stream.next().to(self.images.train.labels.device)
        return DrawnBatch(self.images.train.images, indices, self.images.train.labels[indices], self.scratch)


def blocks(streams: int, runs: int, batch: int, inputs: int) -> Iterator[tuple[slice, slice]]:
    """The blocks of a step as ``(streams, runs)``: whole streams, or some of the runs of one stream."""
    group = runs // streams
    most = max(1, min(RUNS_IN_BLOCK, ROWS_IN_BLOCK // batch))
    some = max(1, min(PIXELS_IN_BLOCK // (batch * inputs), most // group))
    part = group if some > 1 else min(group, most)
    for first in range(0, streams, some):
        last = min(first + some, streams)
        for start in range(first * group, last * group, some * part):
            yield slice(first, last), slice(start, min(start + some * part, last * group))


def whole(streams: int, runs: int, batch: int) -> list[tuple[slice, slice]]:
    """One block of everything: an accelerator wants large kernels."""
    return [(slice(0, streams), slice(0, runs))]


def classification_task(
    settings: Settings, images: Images, activation: Activation, initialisation: Initialisation, device: str = "cpu"
) -> Classification:
    """The settings' inner problem; Table 4.3 gives each stage its activation and initialisation."""
    sizes = (images.train.images.shape[1], *settings.inner.hidden, 10)
    network = Network(sizes=sizes, activation=activation, initialisation=initialisation)
    return Classification(network, images, settings.inner.batch_size, settings.data.curve_images, device)
