"""Gradients of unrolls by differentiation: backpropagation through a window, and forward mode along the whole run."""

from dataclasses import dataclass, field, replace

import torch
from torch import Tensor
from torch.autograd import forward_ad

from hypersvg.maths.estimators.unrolls import Carried, Estimate, InnerProblem, Objective, State, Windows, detached

PAID = "paid"
"""What the last step's loss is called among the states that tangents belong to."""


@dataclass(frozen=True)
class Backpropagation:
    """Truncated backpropagation through time (TBPTT): exact within a window of K steps, blind to what came before.

    ``truncation`` None is full backpropagation through the whole inner problem. K = 1 with a loss paid after the step
    is hypergradient descent (Baydin et al. 2018) and the one-step heuristic of the slides ("Gradient Descent: The
    Ultimate Optimizer"). ``particles`` inner problems are averaged.
    """

    problem: InnerProblem
    truncation: int | None = None
    objective: Objective = "sum"
    particles: int = 1
    windows: Windows = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "windows", Windows(self.problem, self.truncation, self.objective))

    def begin(self, problem: int = 0) -> Carried:
        """See :class:`~hypersvg.maths.estimators.unrolls.GradientEstimator`."""
        return self.windows.begin(problem, self.particles)

    def estimate(
        self, carried: Carried, theta: Tensor, generator: torch.Generator | None = None
    ) -> tuple[Estimate, Carried]:
        """See :class:`~hypersvg.maths.estimators.unrolls.GradientEstimator`; nothing is drawn."""
        steps, leaf = self.windows.steps(carried), theta.detach().requires_grad_(True)
        with torch.enable_grad():
            each = leaf.expand(self.particles, -1)
            state, loss, paid = self.windows.run(carried.state, carried.paid, each, steps)
            (gradient,) = torch.autograd.grad(loss.mean(), leaf)
        estimate = Estimate(gradient, loss.detach().mean(), steps * self.particles)
        following = self.windows.after(carried, detached(state), paid.detach(), steps)
        return estimate, following or self.begin(carried.problem + self.particles)


@dataclass(frozen=True)
class ForwardMode:
    """Real-time recurrent learning (RTRL): ds/dθ is carried along, and a window's gradient reaches back to the start.

    One tangent an outer parameter: memory and time grow with P, not with the steps. θ of earlier windows counts as if
    it had been today's, as everywhere in online learning.
    """

    problem: InnerProblem
    truncation: int | None = None
    objective: Objective = "sum"
    particles: int = 1
    windows: Windows = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "windows", Windows(self.problem, self.truncation, self.objective))

    def begin(self, problem: int = 0) -> Carried:
        """See :class:`~hypersvg.maths.estimators.unrolls.GradientEstimator`."""
        return self.windows.begin(problem, self.particles)

    def estimate(
        self, carried: Carried, theta: Tensor, generator: torch.Generator | None = None
    ) -> tuple[Estimate, Carried]:
        """See :class:`~hypersvg.maths.estimators.unrolls.GradientEstimator`; nothing is drawn."""
        found = [self.along(carried, theta, direction) for direction in range(len(theta))]
        estimate, state, paid = found[0][:3]
        memory = {name: torch.stack([one[3][name] for one in found]) for name in found[0][3]}
        following = self.windows.after(replace(carried, memory=memory), state, paid, self.windows.steps(carried))
        whole = replace(estimate, gradient=torch.cat([one[0].gradient for one in found]))
        return whole, following or self.begin(carried.problem + self.particles)

    @torch.no_grad()
    def along(self, carried: Carried, theta: Tensor, direction: int) -> tuple[Estimate, State, Tensor, State]:
        """One window and its derivative along one outer parameter: estimate, state, last loss and their tangents."""
        steps, unit = self.windows.steps(carried), torch.zeros_like(theta)
        unit[direction] = 1
        past = {name: value[direction] for name, value in carried.memory.items()}
        with forward_ad.dual_level():
            each = forward_ad.make_dual(theta, unit).expand(self.particles, -1)
            before = {name: dual(value, past.get(name)) for name, value in carried.state.items()}
            state, losses, paid = self.windows.run(before, dual(carried.paid, past.get(PAID)), each, steps)
            loss, reached = losses.mean(), {**state, PAID: paid}
            estimate = Estimate(tangent(loss).unsqueeze(0), primal(loss), steps * self.particles)
            tangents = {name: tangent(value) for name, value in reached.items() if value.is_floating_point()}
            return estimate, {name: primal(value) for name, value in state.items()}, primal(paid), tangents


def dual(value: Tensor, tangent: Tensor | None) -> Tensor:
    """``value`` with its ``tangent``; numbers that do not move (indices) as they are."""
    if not value.is_floating_point():
        return value
    moving: Tensor = forward_ad.make_dual(value, torch.zeros_like(value) if tangent is None else tangent)
    return moving


def primal(value: Tensor) -> Tensor:
    """The number without its tangent."""
    plain: Tensor = forward_ad.unpack_dual(value).primal
    return plain


def tangent(value: Tensor) -> Tensor:
    """The tangent, zeros where there is none; a copy, because tangents end with their level."""
    found = forward_ad.unpack_dual(value).tangent
    return torch.zeros_like(value) if found is None else found.clone()
