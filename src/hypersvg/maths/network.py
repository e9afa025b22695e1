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

from hypersvg.maths.products import product

Activation = Literal["relu", "tanh", "elu"]
Initialisation = Literal["glorot", "he_uniform"]

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": torch.relu,
    "tanh": torch.tanh,
    "elu": functional.elu,
}
IN_PLACE: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": torch.relu_,
    "tanh": torch.tanh_,
    "elu": functional.elu_,
}
BACKWARD: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "relu": lambda slope, result: torch.ops.aten.threshold_backward(slope, result, 0.0),
    "tanh": lambda slope, result: torch.ops.aten.tanh_backward(slope, result),
    "elu": lambda slope, result: torch.ops.aten.elu_backward(slope, 1.0, 1.0, 1.0, True, result),
}
"""∂loss/∂input of an activation from ∂loss/∂output and the activation's output: one pass each."""

Multiplication = Callable[[Tensor, Tensor], Tensor]
"""``[runs, m, k]`` times ``[runs, k, n]``."""

IMAGES_PER_PIECE, RUNS_PER_PIECE = 256, 64
"""The piece of :meth:`Network.accuracy`: its wide weights (6 MB) and activations (2 MB) stay in the cache."""


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

    def logits(self, flat: Tensor, images: Tensor, multiply: Multiplication = torch.bmm) -> Tensor:
        """Class scores ``[runs, batch, classes]``.

        ``images`` is ``[streams, batch, inputs]``; consecutive groups of ``runs / streams`` runs see the same stream,
        so the first layer is one matrix product a stream instead of one a run. ``streams = runs`` gives every
        run its own images, ``streams = 1`` one shared batch. ``multiply``: see :func:`shared_input_product`.
        """
        activation = ACTIVATIONS[self.activation]
        (first, first_bias), *rest = self.unflatten(flat)
        hidden = shared_input_product(images, first, multiply) + first_bias.unsqueeze(1)
        for weight, bias in rest:
            hidden = torch.baddbmm(bias.unsqueeze(1), activation(hidden), weight)
        return hidden

    def loss(self, flat: Tensor, images: Tensor, labels: Tensor, multiply: Multiplication = torch.bmm) -> Tensor:
        """Mean cross-entropy of each run, ``[runs]``; ``labels`` is ``[streams, batch]``; see :meth:`logits`."""
        scores = self.logits(flat, images, multiply)
        targets = labels.repeat_interleave(scores.shape[0] // labels.shape[0], dim=0)
        losses = functional.cross_entropy(scores.flatten(0, 1), targets.flatten(), reduction="none")
        return losses.view(targets.shape).mean(dim=1)

    @torch.no_grad()
    def loss_and_gradient(
        self, flat: Tensor, images: Tensor, labels: Tensor, *, out: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """The :meth:`loss` ``[runs]`` of each run and its gradient ``[runs, parameters]``, in closed form.

        The same numbers as autograd through :meth:`loss` (the readable twin) up to rounding; weight gradients are
        products written into the flat gradient, ``out`` where it is given, and activations are overwritten.
        """
        gradient = torch.empty_like(flat) if out is None else out
        layers, slots = self.unflatten(flat), self.unflatten(gradient)
        inputs = [images]
        hidden = shared_input_product(images, layers[0][0], product).add_(layers[0][1].unsqueeze(1))
        for number, (weight, bias) in enumerate(layers[1:], start=2):
            inputs.append(IN_PLACE[self.activation](hidden))
            if number < len(layers):
                hidden = torch.baddbmm(bias.unsqueeze(1), hidden, weight)
            else:  # the scores, as the transpose that cross_entropy_and_slope works on
                wanted = torch.baddbmm(bias.unsqueeze(2), weight.transpose(1, 2), hidden.transpose(1, 2))
                hidden = wanted.transpose(1, 2)
        loss, slope = cross_entropy_and_slope(hidden, labels)
        for number in reversed(range(len(layers))):
            weight_slot, bias_slot = slots[number]
            torch.sum(slope, dim=1, out=bias_slot)
            shared_input_gradient(inputs[number], slope, weight_slot)
            if number:
                slope = torch.bmm(slope, layers[number][0].transpose(1, 2))
                slope = BACKWARD[self.activation](slope, inputs[number])
        return loss, gradient

    @torch.no_grad()
    def accuracy(self, flat: Tensor, images: Tensor, labels: Tensor) -> Tensor:
        """Share of ``images [count, inputs]`` classified right by each run, ``[runs]`` in [0, 1].

        A run whose parameters are not finite scores what the class of its first NaN score gives (argmax is defined);
        the loop marks such runs as diverged.
        """
        parts = [self.right_answers(some, images, labels) for some in torch.split(flat, RUNS_PER_PIECE)]
        return torch.cat(parts).to(flat.dtype) / images.shape[0]

    def right_answers(self, flat: Tensor, images: Tensor, labels: Tensor) -> Tensor:
        """How many images each run classifies right, ``[runs]``; the runs' first layers are one wide product."""
        (first, first_bias), *rest = self.unflatten(flat)
        runs, inputs, outputs = first.shape
        wide, wide_bias = first.permute(1, 0, 2).reshape(inputs, runs * outputs), first_bias.reshape(-1)
        right = torch.zeros(runs, dtype=torch.long, device=flat.device)
        pieces = torch.split(images, IMAGES_PER_PIECE), torch.split(labels, IMAGES_PER_PIECE)
        for some, truth in zip(*pieces, strict=True):
            hidden = product(some.unsqueeze(0), wide.unsqueeze(0)).add_(wide_bias)
            hidden = hidden.view(-1, runs, outputs).transpose(0, 1)
            for weight, bias in rest:
                hidden = torch.baddbmm(bias.unsqueeze(1), IN_PLACE[self.activation](hidden), weight)
            right += (hidden.argmax(dim=2) == truth).sum(dim=1)
        return right


def cross_entropy_and_slope(scores: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Mean cross-entropy [nats] ``[runs]`` of ``scores [runs, batch, classes]`` and its derivative by the scores.

    ``labels`` is ``[streams, batch]``. The derivative is ``(softmax − one-hot) / batch``. Ten classes do not fill a
    vector register: the work is on the transpose, which costs nothing where scores are a transposed view already.
    """
    runs, batch, _ = scores.shape
    targets = labels.repeat_interleave(runs // labels.shape[0], dim=0).unsqueeze(1)
    logs = torch.log_softmax(scores.transpose(1, 2), dim=1)
    loss = logs.gather(1, targets).view(runs, batch).mean(dim=1).neg_()
    slope = logs.exp_().scatter_(1, targets, -1.0, reduce="add").div_(batch)
    return loss, slope.transpose(1, 2)


def shared_input_product(images: Tensor, weight: Tensor, multiply: Multiplication = torch.bmm) -> Tensor:
    """``images [streams, batch, inputs]`` times ``weight [runs, inputs, outputs]`` → ``[runs, batch, outputs]``.

    The runs of one stream are one wide product, returned as a view with the runs inside its rows. ``multiply`` is
    :func:`hypersvg.maths.products.product` where no gradient is taken of the result.
    """
    streams, batch, _ = images.shape
    runs, inputs, outputs = weight.shape
    group = runs // streams
    if group == 1:
        return multiply(images, weight)
    wide = weight.view(streams, group, inputs, outputs).transpose(1, 2).reshape(streams, inputs, group * outputs)
    hidden = multiply(images, wide).view(streams, batch, group, outputs).transpose(1, 2)
    return hidden.squeeze(0) if streams == 1 else hidden.reshape(runs, batch, outputs)


def shared_input_gradient(inputs: Tensor, slope: Tensor, out: Tensor) -> None:
    """Write ``inputsᵀ · slope`` into ``out [runs, inputs, outputs]``, the gradient of :func:`shared_input_product`."""
    streams, batch, width = inputs.shape
    runs, _, outputs = out.shape
    group = runs // streams
    if group == 1:
        product(inputs.transpose(1, 2), slope, out)
        return
    wide = slope.reshape(streams, group, batch, outputs).transpose(1, 2).reshape(streams, batch, group * outputs)
    gradient = product(inputs.transpose(1, 2), wide).view(streams, width, group, outputs)
    out.copy_(gradient.transpose(1, 2).reshape(runs, width, outputs) if streams > 1 else gradient[0].transpose(0, 1))
