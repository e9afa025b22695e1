"""The chained unroll of a one-hidden-layer surrogate, carried out in its hidden layer.

The state enters g only through W₁ŝ and leaves it only through W₂, so the chain ŝ_{t+1} = g(ŝ_t, a) + σξ_t needs W₁ŝ_t
alone between its ends: with M = W₂W₁ᵀ [H, H] a step costs H² operations a trajectory, not 4HP. The plain twin is
:func:`hypersvg.maths.svg.unrolled`; both agree to rounding.
"""

import torch
from torch import Tensor
from torch.nn import functional

from hypersvg.maths.surrogate import Surrogate
from hypersvg.maths.svg import RatePolicy, Reading


def pays(surrogate: Surrogate, rates: Tensor, reading: Reading) -> bool:
    """Whether the reading has this form and M, which costs H²P once, is cheaper than the steps it saves."""
    _, batch, horizon = rates.shape
    possible = (
        reading.unroll == "chained" and reading.actions == "once" and reading.noise in ("recorded_action", "none")
    )
    return possible and surrogate.input_weight.shape[1] <= 4 * batch * horizon


def hidden_unrolled(
    surrogate: Surrogate, policy: RatePolicy, states: Tensor, rates: Tensor, predictions: Tensor | None
) -> tuple[Tensor, Tensor]:
    """ŝ_T ``[runs, batch, P]`` and the policy's rates ``[runs, batch, T]``; the surrogate is a constant.

    ``states [runs, batch, T + 1, P]`` and ``rates [runs, batch, T]`` are recorded; ``predictions`` are
    :func:`hypersvg.maths.svg.one_step`'s for ξ inferred at the recorded action, None for ξ = 0.
    """
    constant = surrogate.detached()
    horizon, first = rates.shape[2], states[:, :, 0]
    action = policy(first)
    keeps, scale = constant.form != "literal", torch.ones_like(action)
    drive = constant.hidden_bias + constant.rate_drive(action)
    if constant.form == "rate_scaled":
        scale = action
    with torch.no_grad():
        inner = constant.input_weight.transpose(1, 2)
        product = torch.bmm(constant.output_weight, inner)
        bias = torch.bmm(constant.output_bias, inner)
        noise = None if predictions is None else states[:, :, 1:] - predictions
        noise_inner = None if noise is None else torch.bmm(noise.flatten(1, 2), inner).view(*rates.shape, -1)
        reached = torch.bmm(first, inner)
    total = last = torch.zeros_like(reached)
    for step in range(horizon):
        last = functional.elu(reached + drive)
        total = total + last
        moved = scale.unsqueeze(2) * (bias + torch.bmm(last, product))
        reached = reached + moved if keeps else moved
        if noise_inner is not None:
            reached = reached + noise_inner[:, :, step]
    outer = total if keeps else last
    count = horizon if keeps else 1
    final = scale.unsqueeze(2) * torch.baddbmm(count * constant.output_bias, outer, constant.output_weight)
    if noise is not None:
        final = final + (noise.sum(dim=2) if keeps else noise[:, :, -1])
    return (first + final if keeps else final), action.unsqueeze(2).expand(-1, -1, horizon)
