"""SVG(∞) with a learned optimizer: noise inference, the unroll and the model loss (Algorithms 4–6, eq. 4.1.1).

States are flat inner parameters. Shapes: trajectories ``[runs, batch, T + 1, P]`` hold s_0 … s_T, recorded rates
``[runs, batch, T]``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

Dynamics = Callable[[Tensor, Tensor], Tensor]
RatePolicy = Callable[[Tensor], Tensor]
Unroll = Literal["chained", "teacher_forced", "literal"]
Noise = Literal["recorded_action", "policy_action", "none", "sampled"]
Actions = Literal["once", "every_step"]


@dataclass(frozen=True)
class Reading:
    """How Algorithm 5 is read; see ``docs`` and :class:`hypersvg.settings.blocks.Svg` for the alternatives."""

    unroll: Unroll = "chained"
    noise: Noise = "recorded_action"
    actions: Actions = "once"
    sigma: float = 0.1


def with_inferred_noise(next_state: Tensor, moving: Tensor, reference: Tensor) -> Tensor:
    """``g(ŝ, a) + σ ξ`` with ξ = (s' − reference) / σ inferred at ``reference = g(s, a_recorded)`` and frozen.

    The sign is Algorithm 4's; Algorithm 5 prints the opposite one, which would give 2g − s'.
    Written as s' + (g(ŝ, a) − stopgrad(reference)): equal to s' to the bit where both predictions are equal, and σ
    cancels exactly, in value and in gradient.
    """
    return next_state + (moving - reference.detach())


def one_step(dynamics: Dynamics, states: Tensor, rates: Tensor) -> Tensor:
    """g(s_t, a_t) for every recorded transition, ``[runs, batch, T, P]``, in one product a layer."""
    return dynamics(states[:, :, :-1].flatten(1, 2), rates.flatten(1, 2)).view_as(states[:, :, 1:])


def unrolled(
    dynamics: Dynamics,
    policy: RatePolicy,
    states: Tensor,
    rates: Tensor,
    reading: Reading,
    predictions: Tensor | None = None,
    generator: torch.Generator | None = None,
) -> tuple[Tensor, Tensor]:
    """ŝ_T ``[runs, batch, P]`` and the policy's rates ``[runs, batch, T]`` along the unroll.

    ``chained`` (the thesis's section 4.3.1): ŝ_{t+1} = g(ŝ_t, a_t) + σ ξ_t from ŝ_0 = s_0. ``teacher_forced``
    (Algorithm 5's loop with its hat): every step starts from the recorded s_t, so that only the last one counts.
    ``literal`` (Algorithm 5 without the hat): ŝ_T = s_T, with a gradient of zero. ``predictions`` are
    :func:`one_step`'s, made here when not given; ``sampled`` draws from ``generator``.
    """
    if reading.noise == "recorded_action" and predictions is None:
        with torch.no_grad():
            predictions = one_step(dynamics, states, rates)
    horizon = rates.shape[2]
    state, action, actions = states[:, :, 0], policy(states[:, :, 0]), []
    for step in range(horizon):
        if reading.unroll == "teacher_forced":
            state = states[:, :, step]
        if step > 0 and reading.actions == "every_step":
            action = policy(state)
        actions.append(action)
        moving, following = dynamics(state, action), states[:, :, step + 1]
        if reading.noise == "none":
            state = moving
        elif reading.noise == "sampled":
            drawn = torch.randn(moving.shape, generator=generator, dtype=moving.dtype)
            state = moving + reading.sigma * drawn.to(moving.device)
        elif reading.noise == "recorded_action" and predictions is not None:
            state = with_inferred_noise(following, moving, predictions[:, :, step])
        else:
            state = with_inferred_noise(following, moving, moving)
    if reading.unroll == "literal":
        state = states[:, :, horizon] + 0.0 * (state - state.detach())
    return state, torch.stack(actions, dim=2)


def squared_error(predictions: Tensor, states: Tensor) -> Tensor:
    """Eq. 4.1.1 for every run, ``[runs]``: squared one-step error, summed over parameters, mean over transitions.

    ``predictions`` are :func:`one_step`'s; ``states[:, :, :-1]`` in their place gives the persistence baseline s' = s.
    Deviation: eq. 4.1.1 literally predicts trajectory i + 1 from trajectory i at the same time; here the next state of
    the same trajectory is predicted, as Algorithm 6 does (``next_states``).
    """
    return (predictions - states[:, :, 1:]).square().sum(dim=3).mean(dim=(1, 2))
