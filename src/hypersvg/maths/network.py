"""The inner network: a multilayer perceptron whose parameters are one flat vector per run.

The thesis calls the flattened parameters the *state* ``s`` of the optimizer (Algorithms 3, 5, 6); everything
that trains, predicts or stores parameters therefore works on tensors of shape ``[runs, parameters]``.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

Activation = Literal["relu", "tanh", "elu"]
Initialisation = Literal["glorot", "he_uniform"]

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": torch.relu,
    "tanh": torch.tanh,
    "elu": functional.elu,
}


@dataclass(frozen=True)
class Network:
    """A perceptron of layer sizes ``sizes`` (inputs first, classes last).

    The thesis uses 784-32-32-10, 26,506 parameters (Table 4.3, "true optimizer").
    """

    sizes: tuple[int, ...] = (784, 32, 32, 10)
    activation: Activation = "elu"
    initialisation: Initialisation = "he_uniform"

    @property
    def layers(self) -> list[tuple[int, int]]:
        """``(inputs, outputs)`` of every layer."""
        return list(zip(self.sizes[:-1], self.sizes[1:], strict=True))

    @property
    def parameters(self) -> int:
        """Length of the flat parameter vector: weights ``[inputs, outputs]`` then bias, layer by layer."""
        return sum(inputs * outputs + outputs for inputs, outputs in self.layers)

    def init(self, runs: int, generator: torch.Generator) -> Tensor:
        """Draw ``[runs, parameters]`` initial vectors on the CPU; biases are zero.

        Glorot is the uniform variant of Glorot & Bengio 2010, ``U(±sqrt(6 / (inputs + outputs)))``; He uniform is
        ``U(±sqrt(6 / inputs))`` (He et al. 2015). Table 4.3 names both without saying which variant.
        """
        blocks = []
        for inputs, outputs in self.layers:
            fan = inputs + outputs if self.initialisation == "glorot" else inputs
            bound = math.sqrt(6.0 / fan)
            weight = torch.rand(runs, inputs * outputs, generator=generator) * (2 * bound) - bound
            blocks += [weight, torch.zeros(runs, outputs)]
        return torch.cat(blocks, dim=1)

    def unflatten(self, flat: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Views of ``[runs, parameters]`` as ``(weight [runs, inputs, outputs], bias [runs, outputs])`` a layer."""
        views, start = [], 0
        for inputs, outputs in self.layers:
            weight = flat[:, start : start + inputs * outputs].view(-1, inputs, outputs)
            start += inputs * outputs
            views.append((weight, flat[:, start : start + outputs]))
            start += outputs
        return views

    def logits(self, flat: Tensor, images: Tensor) -> Tensor:
        """Class scores ``[runs, batch, classes]``.

        ``images`` is ``[streams, batch, inputs]``; consecutive groups of ``runs / streams`` runs see the same stream,
        so the first layer is one matrix product a stream instead of one a run. ``streams = runs`` gives every
        run its own images, ``streams = 1`` one shared batch.
        """
        activation = ACTIVATIONS[self.activation]
        (first, first_bias), *rest = self.unflatten(flat)
        hidden = shared_input_product(images, first) + first_bias.unsqueeze(1)
        for weight, bias in rest:
            hidden = torch.baddbmm(bias.unsqueeze(1), activation(hidden), weight)
        return hidden

    def loss(self, flat: Tensor, images: Tensor, labels: Tensor) -> Tensor:
        """Mean cross-entropy of each run, ``[runs]``; ``labels`` is ``[streams, batch]``."""
        scores = self.logits(flat, images)
        targets = labels.repeat_interleave(scores.shape[0] // labels.shape[0], dim=0)
        losses = functional.cross_entropy(scores.flatten(0, 1), targets.flatten(), reduction="none")
        return losses.view(targets.shape).mean(dim=1)

    @torch.no_grad()
    def accuracy(self, flat: Tensor, images: Tensor, labels: Tensor, *, chunk: int = 1000) -> Tensor:
        """Share of ``images [count, inputs]`` classified right by each run, ``[runs]`` in [0, 1].

        A run whose parameters are not finite scores what the class of its first NaN score gives (argmax is defined);
        the loop marks such runs as diverged.
        """
        right = torch.zeros(flat.shape[0], dtype=torch.long, device=flat.device)
        for start in range(0, images.shape[0], chunk):
            scores = self.logits(flat, images[start : start + chunk].unsqueeze(0))
            right += (scores.argmax(dim=2) == labels[start : start + chunk]).sum(dim=1)
        return right.to(flat.dtype) / images.shape[0]


def shared_input_product(images: Tensor, weight: Tensor) -> Tensor:
    """``images [streams, batch, inputs]`` times ``weight [runs, inputs, outputs]`` → ``[runs, batch, outputs]``."""
    streams, batch, inputs = images.shape
    runs, _, outputs = weight.shape
    group = runs // streams
    if group == 1:
        return torch.bmm(images, weight)
    wide = weight.view(streams, group, inputs, outputs).permute(0, 2, 1, 3).reshape(streams, inputs, group * outputs)
    product = torch.bmm(images, wide).view(streams, batch, group, outputs)
    return product.permute(0, 2, 1, 3).reshape(runs, batch, outputs)
