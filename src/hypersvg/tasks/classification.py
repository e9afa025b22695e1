"""Image classification with a perceptron: the thesis's inner problem (784-32-32-10 on MNIST, Table 4.3)."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from hypersvg.images import Images
from hypersvg.maths.network import Activation, Initialisation, Network
from hypersvg.maths.random import BatchStream, torch_generator
from hypersvg.settings import Settings
from hypersvg.tasks.base import Batch, SplitName


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

    @torch.no_grad()
    def validation_loss(self, parameters: Tensor) -> Tensor:
        """Mean cross-entropy [nats] of each run on the ``curve`` images, ``[runs]``."""
        data = self.images.validation.first(self.curve_images)
        return self.network.loss(parameters, data.images.unsqueeze(0), data.labels.unsqueeze(0))

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

    def next(self) -> Batch:
        """The next minibatch of every stream."""
        indices = self.stream.next().to(self.images.train.labels.device)
        rows = self.images.train.images.index_select(0, indices.flatten())
        return Batch(rows.view(*indices.shape, -1), self.images.train.labels[indices])


def classification_task(
    settings: Settings, images: Images, activation: Activation, initialisation: Initialisation, device: str = "cpu"
) -> Classification:
    """The settings' inner problem; Table 4.3 gives each stage its activation and initialisation."""
    sizes = (images.train.images.shape[1], *settings.inner.hidden, 10)
    network = Network(sizes=sizes, activation=activation, initialisation=initialisation)
    return Classification(network, images, settings.inner.batch_size, settings.data.curve_images, device)
