"""The synthetic optimizer ``g(s, a)`` and the policy ``π(s)``: perceptrons of one hidden layer, stacked over runs.

Every run owns a surrogate and a policy; their weights carry a leading ``runs`` dimension and never mix. Weights
are stored ``[runs, hidden, parameters]`` on both sides: a product with one state then reads memory in order.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

import torch
from torch import Tensor
from torch.nn import functional

from hypersvg.maths.products import product, wide_product

SurrogateForm = Literal["literal", "residual", "rate_scaled"]
OutputStart = Literal["zero", "he_uniform"]
RateInput = Literal["raw", "log10"]
Bijection = Literal["exp", "softplus"]


def he_uniform(
    shape: tuple[int, ...], inputs: int, generators: Sequence[torch.Generator], dtype: torch.dtype
) -> Tensor:
    """``U(±sqrt(6 / inputs))`` ``[generators, *shape]`` (He et al. 2015; Table 4.3, column "MNIST (SVG)")."""
    drawn, bound = torch.empty(len(generators), *shape, dtype=dtype), math.sqrt(6.0 / inputs)
    for run, generator in zip(drawn, generators, strict=True):
        torch.rand(shape, generator=generator, dtype=dtype, out=run)
    return drawn.mul_(2 * bound).sub_(bound)


class FirstLayer(torch.autograd.Function):
    """``state [runs, batch, P]`` times ``weight [runs, H, P]`` transposed → ``[runs, batch, H]``.

    The products are those autograd would choose, but for their order: every operand is read along its rows and the
    weight's gradient comes out in the weight's own memory order (3.5 times faster at width 128 and a batch of 8).
    """

    @staticmethod
    def forward(ctx: Any, state: Tensor, weight: Tensor) -> Tensor:
        """See the class."""
        ctx.save_for_backward(state, weight)
        return product(state, weight.transpose(1, 2))

    @staticmethod
    def backward(ctx: Any, *outer: Tensor) -> tuple[Tensor | None, Tensor | None]:
        """Gradients of ``state`` and ``weight``, where they are needed."""
        state, weight = ctx.saved_tensors
        needs_state, needs_weight = ctx.needs_input_grad
        for_state = product(outer[0], weight) if needs_state else None
        return for_state, wide_product(outer[0].transpose(1, 2), state) if needs_weight else None


def first_layer(state: Tensor, weight: Tensor) -> Tensor:
    """See :class:`FirstLayer`."""
    return cast(Tensor, FirstLayer.apply(state, weight))  # type: ignore[no-untyped-call]


@dataclass
class Surrogate:
    """``s' ≈ f(s, a)`` with hidden width H and ELU (Table 4.3: "(3072, 1)", ELU).

    ``form`` is ``literal`` (``s' = g(s, a)``, chapter 3), ``residual`` (``s + g(s, a)``) or ``rate_scaled``
    (``s + a·g(s)``). ``rate_input`` is what ``g`` sees of the action: the rate itself, or its log10.
    Shapes: ``input_weight``, ``output_weight`` ``[runs, H, P]``; ``rate_weight``, ``hidden_bias`` ``[runs, 1, H]``;
    ``output_bias`` ``[runs, 1, P]``.
    """

    form: SurrogateForm
    rate_input: RateInput
    input_weight: Tensor
    rate_weight: Tensor
    hidden_bias: Tensor
    output_weight: Tensor
    output_bias: Tensor

    @property
    def weights(self) -> list[Tensor]:
        """What the model loss trains."""
        return [self.input_weight, self.rate_weight, self.hidden_bias, self.output_weight, self.output_bias]

    def __call__(self, state: Tensor, rate: Tensor) -> Tensor:
        """Predicted next states ``[runs, batch, P]`` from ``state [runs, batch, P]`` and ``rate [runs, batch]``."""
        return self.predicted(state, self.hidden(first_layer(state, self.input_weight), rate), rate)

    def hidden(self, product: Tensor, rate: Tensor) -> Tensor:
        """The hidden layer ``[runs, batch, H]`` from the first layer's ``product [runs, batch, H]``."""
        return functional.elu(product + self.hidden_bias + self.rate_drive(rate))

    def predicted(self, state: Tensor, hidden: Tensor, rate: Tensor) -> Tensor:
        """Predicted next states ``[runs, batch, P]`` from the hidden layer ``[runs, batch, H]``."""
        output = torch.baddbmm(self.output_bias, hidden, self.output_weight)
        if self.form == "literal":
            return output
        return state + (rate.unsqueeze(2) * output if self.form == "rate_scaled" else output)

    def contracted(self, hidden: Tensor, rate: Tensor, outer: Tensor, pulled: Tensor) -> Tensor:
        """``outer [runs, batch, P]`` · g(s, a), up to what neither weights nor rate enter, ``[runs, batch]``.

        ``pulled [runs, batch, H]`` is ``outer`` times the output weight, transposed. A backward pass from here gives
        the gradient of whatever has the gradient ``outer`` at the prediction, but for the two large weights.
        """
        along = (hidden * pulled).sum(dim=2) + (self.output_bias * outer).sum(dim=2)
        return rate * along if self.form == "rate_scaled" else along

    def rate_drive(self, rate: Tensor) -> Tensor:
        """What ``rate [runs, batch]`` adds to the hidden layer, ``[runs, batch, H]``; nothing in ``rate_scaled``."""
        if self.form == "rate_scaled":
            return torch.zeros_like(self.hidden_bias)
        seen = torch.log10(rate) if self.rate_input == "log10" else rate
        return seen.unsqueeze(2) * self.rate_weight

    def rate_slope(self, rate: Tensor) -> Tensor:
        """The derivative of :meth:`rate_drive` by ``rate``, ``[runs, batch, H]``."""
        if self.form == "rate_scaled":
            return torch.zeros_like(self.hidden_bias)
        slope = 1 / (math.log(10) * rate) if self.rate_input == "log10" else torch.ones_like(rate)
        return slope.unsqueeze(2) * self.rate_weight

    def detached(self) -> "Surrogate":
        """The same function as a constant: gradients pass to its inputs alone."""
        return Surrogate(self.form, self.rate_input, *(weight.detach() for weight in self.weights))

    @staticmethod
    def create(
        form: SurrogateForm,
        rate_input: RateInput,
        output: OutputStart,
        parameters: int,
        width: int,
        generators: Sequence[torch.Generator],
        device: str = "cpu",
        dtype: torch.dtype = torch.float32,
    ) -> "Surrogate":
        """One freshly drawn surrogate a generator; ``output`` zero makes a residual form start as s' = s."""

        def stacked(shape: tuple[int, int], inputs: int) -> Tensor:
            return he_uniform(shape, inputs, generators, dtype).to(device).requires_grad_(True)

        def zeros(size: int) -> Tensor:
            return torch.zeros(len(generators), 1, size, device=device, dtype=dtype, requires_grad=True)

        drawn = Surrogate(
            form,
            rate_input,
            stacked((width, parameters), parameters + 1),
            stacked((1, width), parameters + 1),
            zeros(width),
            stacked((width, parameters), width),
            zeros(parameters),
        )
        if output == "zero":
            drawn.output_weight.data.zero_()
        return drawn


@dataclass
class Policy:
    """``a = π(s)``: a positive learning rate from the flat parameters; one hidden layer, ELU, He uniform.

    ``exp``: ``a = start · exp(u)``; ``softplus``: ``a = start · softplus(u + c)`` with ``softplus(c) = 1``; ``u`` is
    the network's output, so that ``start`` is the rate of a network that says nothing. Rates are cut to
    [lowest, highest]; the cut passes gradients on, or a policy at a bound could never leave it.
    Shapes: ``input_weight [runs, H, P]``, ``hidden_bias`` and ``output_weight [runs, 1, H]``,
    ``output_bias [runs, 1, 1]``, ``start [runs]``.
    """

    bijection: Bijection
    lowest: float
    highest: float
    start: Tensor
    input_weight: Tensor
    hidden_bias: Tensor
    output_weight: Tensor
    output_bias: Tensor

    @property
    def weights(self) -> list[Tensor]:
        """What the policy loss trains."""
        return [self.input_weight, self.hidden_bias, self.output_weight, self.output_bias]

    def __call__(self, state: Tensor) -> Tensor:
        """Learning rates ``[runs, batch]`` at ``state [runs, batch, P]``."""
        return self.head(first_layer(state, self.input_weight))

    def head(self, product: Tensor) -> Tensor:
        """Learning rates ``[runs, batch]`` from the first layer's ``product [runs, batch, H]``."""
        hidden = functional.elu(product + self.hidden_bias)
        output = torch.baddbmm(self.output_bias, hidden, self.output_weight.transpose(1, 2)).squeeze(2)
        if self.bijection == "exp":
            free = self.start.unsqueeze(1) * torch.exp(output)
        else:
            free = self.start.unsqueeze(1) * functional.softplus(output + math.log(math.e - 1))
        return free + (free.clamp(self.lowest, self.highest) - free).detach()

    @staticmethod
    def create(
        bijection: Bijection,
        bounds: tuple[float, float],
        start: Tensor,
        parameters: int,
        width: int,
        generators: Sequence[torch.Generator],
    ) -> "Policy":
        """One freshly drawn policy a generator, with its starting rate ``start [runs]``."""
        dtype, device = start.dtype, start.device

        def stacked(shape: tuple[int, int], inputs: int) -> Tensor:
            return he_uniform(shape, inputs, generators, dtype).to(device).requires_grad_(True)

        def zeros(size: int) -> Tensor:
            return torch.zeros(len(generators), 1, size, device=device, dtype=dtype, requires_grad=True)

        first = stacked((width, parameters), parameters)
        return Policy(bijection, *bounds, start, first, zeros(width), stacked((1, width), width), zeros(1))
