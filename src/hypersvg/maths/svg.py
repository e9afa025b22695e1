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
Noise = Literal["recorded_action", "policy_action", "none", "sampled", "printed_sign"]
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
) -> tuple[list[Tensor], Tensor]:
    """ŝ_1 … ŝ_T, ``[runs, batch, P]`` each, and the policy's rates ``[runs, batch, T]`` along the unroll.

    ``chained`` (the thesis's section 4.3.1): ŝ_{t+1} = g(ŝ_t, a_t) + σ ξ_t from ŝ_0 = s_0. ``teacher_forced``
    (Algorithm 5's loop with its hat): every step starts from the recorded s_t, so that only the last one counts.
    ``literal`` (Algorithm 5 without the hat): ŝ_t = s_t, with a gradient of zero. ``predictions`` are
    :func:`one_step`'s, made here when not given; ``sampled`` draws from ``generator``; ``printed_sign`` takes ξ as
    Algorithm 5 prints it, (g − s')/σ at the policy's action, so that ŝ' = 2g − s'.
    """
    if reading.noise == "recorded_action" and predictions is None:
        with torch.no_grad():
            predictions = one_step(dynamics, states, rates)
    state, action, actions, reached = states[:, :, 0], policy(states[:, :, 0]), [], []
    for step in range(rates.shape[2]):
        if reading.unroll == "teacher_forced":
            state = states[:, :, step]
        if step > 0 and reading.actions == "every_step":
            action = policy(state)
        actions.append(action)
        predicted = None if predictions is None else predictions[:, :, step]
        following = states[:, :, step + 1]
        state = noisy(dynamics(state, action), following, predicted, reading, generator)
        reached.append(following + 0.0 * (state - state.detach()) if reading.unroll == "literal" else state)
    return reached, torch.stack(actions, dim=2)


def noisy(
    moving: Tensor, following: Tensor, predicted: Tensor | None, reading: Reading, generator: torch.Generator | None
) -> Tensor:
    """``g(ŝ, a) + σξ`` ``[runs, batch, P]`` with the reading's ξ; ``moving`` is g(ŝ, a), ``following`` the true s'."""
    if reading.noise == "none":
        return moving
    if reading.noise == "sampled":
        drawn = torch.randn(moving.shape, generator=generator, dtype=moving.dtype)
        return moving + reading.sigma * drawn.to(moving.device)
    if reading.noise == "printed_sign":
        return moving + (moving - following).detach()
    reference = predicted if reading.noise == "recorded_action" and predicted is not None else moving
    return with_inferred_noise(following, moving, reference)


def squared_error(predictions: Tensor, states: Tensor) -> Tensor:
    """Eq. 4.1.1 for every run, ``[runs]``: squared one-step error, summed over parameters, mean over transitions.

    ``predictions`` are :func:`one_step`'s; ``states[:, :, :-1]`` in their place gives the persistence baseline s' = s.
    Deviation: eq. 4.1.1 literally predicts trajectory i + 1 from trajectory i at the same time; here the next state of
    the same trajectory is predicted, as Algorithm 6 does (``next_states``).
    """
    return (predictions - states[:, :, 1:]).square().sum(dim=3).mean(dim=(1, 2))
