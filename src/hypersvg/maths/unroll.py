"""The chained unroll and the model loss of a one-hidden-layer surrogate, with nothing computed twice.

The state enters g through W₁ŝ alone and leaves it through W₂ alone. So the chain ŝ_{t+1} = g(ŝ_t, a) + σξ_t can be
written as its distance from an anchor that does not depend on a: ŝ_t = anchor_t + C_t W₂ + c_t b₂, with C_t [H] a sum
of hidden layers. With ξ inferred at the recorded action the anchors are the recorded states. One pass over recorded
transitions serves the policy loss and the model loss, whose weight gradients are one matrix product a layer.

Memory: the states and the model's error, ``2 · runs · batch · T · P`` numbers, and some ``runs · batch · T · H``.
The plain twins are :func:`hypersvg.maths.svg.unrolled` and autograd through :func:`hypersvg.maths.svg.squared_error`;
they agree to rounding.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor

from hypersvg.maths.network import BACKWARD
from hypersvg.maths.products import product, wide_product
from hypersvg.maths.surrogate import Surrogate, first_layer
from hypersvg.maths.svg import Reading

Inner = Callable[[Tensor, Tensor], Tensor]
"""The first layer's product with ``C W₂ + c b₂``, for ``C [runs, batch, H]`` and ``c [runs, batch]``."""


def applies(reading: Reading) -> bool:
    """Whether the unroll has this form: one action, and a ξ that does not depend on it."""
    return reading.unroll == "chained" and reading.actions == "once" and reading.noise in ("recorded_action", "none")


@dataclass(frozen=True)
class Pass:
    """One pass of the surrogate over the recorded transitions ``states [runs, batch, T + 1, P]``.

    ``rates [runs, batch, T]``; ``products [runs, batch, T + 1, H]`` are the first layer's; ``hidden``
    ``[runs, batch, T, H]`` depends on the leaf ``entering``, its products, and on the surrogate's small weights.
    """

    surrogate: Surrogate
    states: Tensor
    rates: Tensor
    products: Tensor
    entering: Tensor
    hidden: Tensor

    @staticmethod
    def over(surrogate: Surrogate, states: Tensor, rates: Tensor) -> "Pass":
        """Run the first layer over all states and the activation over all transitions."""
        with torch.no_grad():
            products = first_layer(states.flatten(1, 2), surrogate.input_weight).view(*states.shape[:3], -1)
        entering = products[:, :, :-1].flatten(1, 2).detach().requires_grad_(True)
        with torch.enable_grad():
            hidden = surrogate.hidden(entering, rates.flatten(1, 2)).view_as(products[:, :, 1:])
        return Pass(surrogate, states, rates, products, entering, hidden)

    @property
    def scale(self) -> Tensor:
        """What the surrogate's output is multiplied by, ``[runs, batch, T]``."""
        return self.rates if self.surrogate.form == "rate_scaled" else torch.ones_like(self.rates)

    @torch.no_grad()
    def error(self) -> Tensor:
        """g(s, a) − s' ``[runs, batch · T, P]``, in one product."""
        output = wide_product(self.hidden.flatten(1, 2), self.surrogate.output_weight).add_(self.surrogate.output_bias)
        error = output.view_as(self.states[:, :, 1:])
        if self.surrogate.form == "rate_scaled":
            error *= self.rates.unsqueeze(3)
        if self.surrogate.form != "literal":
            error += self.states[:, :, :-1]
        error -= self.states[:, :, 1:]
        return output

    @torch.no_grad()
    def loss(self, error: Tensor) -> Tensor:
        """Eq. 4.1.1 ``[runs]``, as :func:`hypersvg.maths.svg.squared_error`."""
        loss: Tensor = torch.linalg.vector_norm(error, dim=(1, 2)).square() / error.shape[1]
        return loss

    @torch.no_grad()
    def gradients(self, error: Tensor) -> list[Tensor]:
        """∇_θ of the sum of :meth:`loss` over runs, in the order of the surrogate's weights.

        The two large ones are written over the weights' last gradients where there are any: new memory is dear.
        """
        surrogate, factor = self.surrogate, 2 / error.shape[1]
        pulled = product(error, surrogate.output_weight.transpose(1, 2)) * factor
        scale = self.scale.flatten(1, 2).unsqueeze(2)
        with torch.enable_grad():
            scaled = scale * self.hidden.flatten(1, 2)
            inputs = [self.entering, surrogate.rate_weight, surrogate.hidden_bias]
            # As grad(scaled, inputs, pulled), which would import sympy to compare two shapes.
            small = torch.autograd.grad((scaled * pulled).sum(), inputs, allow_unused=True)
        entering, rate_weight, hidden_bias = (
            torch.zeros_like(leaf) if gradient is None else gradient
            for leaf, gradient in zip(inputs, small, strict=True)
        )
        return [
            wide_product(
                self.with_last_states(entering).transpose(1, 2), self.states.flatten(1, 2), surrogate.input_weight.grad
            ),
            rate_weight,
            hidden_bias,
            wide_product(factor * scaled.detach().transpose(1, 2), error, surrogate.output_weight.grad),
            torch.bmm(factor * scale.transpose(1, 2), error),
        ]

    def with_last_states(self, entering: Tensor) -> Tensor:
        """``[runs, batch · T, H]`` with a row of zeros for every last state: cheaper than copying the others."""
        padded = torch.zeros_like(self.products)
        padded[:, :, :-1] = entering.view_as(padded[:, :, :-1])
        return padded.flatten(1, 2)


@dataclass(frozen=True)
class Anchors:
    """Where the chain is anchored: ``products [runs, batch, T, H]`` of the first layer with anchor_0 … anchor_{T−1}.

    ``hidden [runs, batch, T, H]`` and ``scale [runs, batch, T]`` are what the anchored step already contains of W₂ and
    b₂; ``last [runs, batch, P]`` is anchor_T.
    """

    products: Tensor
    hidden: Tensor
    scale: Tensor
    last: Tensor


@torch.no_grad()
def recorded_anchors(recorded: Pass) -> Anchors:
    """ξ inferred at the recorded action: the recorded states themselves."""
    hidden = recorded.scale.unsqueeze(3) * recorded.hidden
    return Anchors(recorded.products[:, :, :-1], hidden.detach(), recorded.scale, recorded.states[:, :, -1])


@torch.no_grad()
def free_anchors(recorded: Pass, noise: Tensor | None = None) -> Anchors:
    """A free-running chain from s_0, with ``noise [runs, batch, T, P]`` = σξ given, or none."""
    first, products = recorded.states[:, :, 0], recorded.products[:, :, :1].expand_as(recorded.hidden).clone()
    keeps = recorded.surrogate.form != "literal"
    if not keeps:
        products[:, :, 1:] = 0
    last = first if keeps else torch.zeros_like(first)
    if noise is not None:
        inner = first_layer(noise.flatten(1, 2), recorded.surrogate.input_weight).view_as(products)
        products[:, :, 1:] += inner.cumsum(dim=2)[:, :, :-1] if keeps else inner[:, :, :-1]
        last = last + (noise.sum(dim=2) if keeps else noise[:, :, -1])
    return Anchors(products, torch.zeros_like(products), torch.zeros_like(recorded.rates), last)


@torch.no_grad()
def inner_of(surrogate: Surrogate, steps: int) -> Inner:
    """W₁(C W₂ + c b₂) for ``steps`` = batch · T uses: through M = W₂W₁ᵀ [H, H] where that is cheaper.

    M costs H²P once; a step costs 2HP a trajectory without it, and as much again for its derivative, in products of so
    few rows that they run at a third of the processor's rate (16 rows, H = 3072).
    """
    first, output, bias = surrogate.input_weight, surrogate.output_weight, surrogate.output_bias
    into = first.transpose(1, 2)
    if output.shape[1] > 4 * steps:
        return lambda total, count: product(product(total, output) + count.unsqueeze(2) * bias, into)
    both, shift = product(output, into), product(bias, into)
    return lambda total, count: product(total, both) + count.unsqueeze(2) * shift


def chained(surrogate: Surrogate, anchors: Anchors, action: Tensor, inner: Inner) -> Tensor:
    """ŝ_T ``[runs, batch, P]`` under the rates ``action [runs, batch]``, through which alone gradients pass.

    A trajectory has one rate, so that dŝ_T/da is one vector, carried along with the state (forward mode): half as many
    products as a way back along the chain needs, each of twice as many rows.
    """
    if not (torch.is_grad_enabled() and action.requires_grad):
        return chain(surrogate, anchors, action, inner, derivative=False)
    reached, slope = chain(surrogate, anchors, action, inner, derivative=True).chunk(2, dim=1)
    return cast(Tensor, Along.apply(action, reached, slope))  # type: ignore[no-untyped-call]


@torch.no_grad()
def chain(surrogate: Surrogate, anchors: Anchors, action: Tensor, inner: Inner, derivative: bool) -> Tensor:
    """ŝ_T ``[runs, batch, P]``, and in as many rows below it the ``derivative`` dŝ_T/da where it is wanted.

    All but the activation is linear, and takes state and derivative alike; the anchors have no derivative.
    """
    (runs, batch, steps, width), rows = anchors.products.shape, action.shape[1] * (2 if derivative else 1)
    total, count = anchors.products.new_zeros(runs, rows, width), action.new_zeros(runs, rows)
    for step in range(steps):
        entering = inner(total, count) if step else torch.zeros_like(total)
        entering[:, :batch] += anchors.products[:, :, step]
        moved, weight = activated(surrogate, entering, action)
        moved[:, :batch] -= anchors.hidden[:, :, step]
        weight[:, :batch] -= anchors.scale[:, :, step]
        keeps = surrogate.form != "literal"
        total, count = (total + moved, count + weight) if keeps else (moved, weight)
    reached = product(total, surrogate.output_weight) + count.unsqueeze(2) * surrogate.output_bias
    reached[:, :batch] += anchors.last
    return reached


def activated(surrogate: Surrogate, entering: Tensor, action: Tensor) -> tuple[Tensor, Tensor]:
    """The hidden layer times the output's scale, and the scale; their derivatives below, where ``entering`` has one."""
    batch, scales = action.shape[1], surrogate.form == "rate_scaled"
    scale = action.clone() if scales else torch.ones_like(action)
    hidden = surrogate.hidden(entering[:, :batch], action)
    moved = scale.unsqueeze(2) * hidden
    if entering.shape[1] == batch:
        return moved, scale
    slope = BACKWARD["elu"](entering[:, batch:] + surrogate.rate_slope(action), hidden)
    changed = scale.unsqueeze(2) * slope + hidden if scales else slope
    steady = torch.full_like(action, float(scales))
    return torch.cat([moved, changed], dim=1), torch.cat([scale, steady], dim=1)


class Along(torch.autograd.Function):
    """``reached [runs, batch, P]`` as a function of ``action [runs, batch]`` with the derivative ``slope``."""

    @staticmethod
    def forward(ctx: Any, action: Tensor, reached: Tensor, slope: Tensor) -> Tensor:
        """See the class."""
        ctx.save_for_backward(slope)
        return reached.clone()

    @staticmethod
    def backward(ctx: Any, *outer: Tensor) -> tuple[Tensor, None, None]:
        """The gradient of ``action``."""
        return (outer[0] * ctx.saved_tensors[0]).sum(dim=2), None, None
