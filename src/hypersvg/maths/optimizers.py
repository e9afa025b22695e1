"""The true (inner) optimizers, batched over runs: parameters, moments and rates have one row a run."""

from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import numpy as np
import torch
from torch import Tensor

from hypersvg.maths.kernels import compiled, constants_of, run_rows
from hypersvg.maths.resume import Resumable, State, copied

OptimizerName = Literal["sgd", "momentum", "nesterov", "adam"]


class InnerOptimizer(Resumable, Protocol):
    """One update rule with its own state; ``step`` never writes into its arguments."""

    def step(self, parameters: Tensor, gradient: Tensor, rate: Tensor) -> Tensor:
        """Return the updated ``[runs, parameters]`` for learning rates ``rate [runs]``."""
        ...

    def direction(self) -> Tensor:
        """The last step's −∂s'/∂lr, ``[runs, parameters]``: all rules here are linear in the learning rate."""
        ...


@dataclass
class Momentum:
    """``v ← μ v + g``, ``x ← x − lr · d`` with ``d = v``, or ``d = g + μ v`` for Nesterov (as ``torch.optim.SGD``)."""

    momentum: float = 0.9
    nesterov: bool = False
    velocity: Tensor | None = None
    last: Tensor | None = None

    def step(self, parameters: Tensor, gradient: Tensor, rate: Tensor) -> Tensor:
        """One update; see :class:`InnerOptimizer`."""
        old = self.velocity if self.momentum else None
        self.velocity = gradient if old is None else torch.add(gradient, old, alpha=self.momentum)
        self.last = torch.add(gradient, self.velocity, alpha=self.momentum) if self.nesterov else self.velocity
        return torch.addcmul(parameters, rate.unsqueeze(1), self.last, value=-1)

    def direction(self) -> Tensor:
        """See :class:`InnerOptimizer`."""
        assert self.last is not None, "direction() is defined after the first step"
        return self.last

    def state(self) -> State:
        """See :class:`hypersvg.maths.resume.Resumable`; the direction is of use until the next step alone."""
        return {"velocity": self.velocity if self.momentum else None}

    def load(self, state: State) -> None:
        """See :class:`hypersvg.maths.resume.Resumable`."""
        self.velocity = copied(state["velocity"])


@compiled
def adam_rows(
    parameters: Any,
    gradient: Any,
    first: Any,
    second: Any,
    rate: Any,
    after: Any,
    last: Any,
    constants: Any,
    start: int,
    stop: int,
) -> None:
    """Rows ``start`` … ``stop`` − 1 of :meth:`Adam.step`, in one pass."""
    decay1, decay2, keep1, keep2, scale1, scale2, epsilon = constants
    for run in range(start, stop):
        old, slope, means, squares = parameters[run], gradient[run], first[run], second[run]
        new, direction, step = after[run], last[run], rate[run]
        for column in range(old.size):
            mean = decay1 * means[column] + keep1 * slope[column]
            square = decay2 * squares[column] + keep2 * slope[column] * slope[column]
            moved = scale1 * mean / (np.sqrt(scale2 * square) + epsilon)
            means[column], squares[column], direction[column] = mean, square, moved
            new[column] = old[column] - step * moved


@dataclass
class Adam:
    """Adam (Kingma & Ba 2015, Algorithm 1), epsilon outside the corrected square root as in ``torch.optim.Adam``.

    The moments are private and updated in place. In main memory a step is one pass (:func:`adam_rows`); elsewhere, and
    as its plain twin, :meth:`plain_step`.
    """

    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    steps: int = 0
    first: Tensor | None = field(default=None, repr=False)
    second: Tensor | None = field(default=None, repr=False)
    last: Tensor | None = field(default=None, repr=False)

    def step(self, parameters: Tensor, gradient: Tensor, rate: Tensor) -> Tensor:
        """One update; see :class:`InnerOptimizer`."""
        if self.first is None or self.second is None:
            self.first, self.second = torch.zeros_like(gradient), torch.zeros_like(gradient)
        self.steps += 1
        if gradient.device.type != "cpu":
            return self.plain_step(self.first, self.second, parameters, gradient, rate)
        after, self.last = torch.empty_like(parameters), torch.empty_like(parameters)
        tensors = [parameters, gradient, self.first, self.second, rate.to(parameters.dtype), after, self.last]
        run_rows(adam_rows, len(parameters), tensors, constants_of(parameters, *self.constants()))
        return after

    def plain_step(self, first: Tensor, second: Tensor, parameters: Tensor, gradient: Tensor, rate: Tensor) -> Tensor:
        """The same in five operations."""
        decay1, decay2, keep1, keep2, scale1, scale2, epsilon = self.constants()
        first.mul_(decay1).add_(gradient, alpha=keep1)
        second.mul_(decay2).addcmul_(gradient, gradient, value=keep2)
        self.last = scale1 * first / ((scale2 * second).sqrt_() + epsilon)
        return parameters - rate.unsqueeze(1) * self.last

    def constants(self) -> tuple[float, ...]:
        """β₁, β₂, 1 − β₁, 1 − β₂, both bias corrections and ε."""
        corrections = 1 / (1 - self.beta1**self.steps), 1 / (1 - self.beta2**self.steps)
        return self.beta1, self.beta2, 1 - self.beta1, 1 - self.beta2, *corrections, self.epsilon

    def direction(self) -> Tensor:
        """See :class:`InnerOptimizer`."""
        assert self.last is not None, "direction() is defined after the first step"
        return self.last

    def state(self) -> State:
        """See :class:`hypersvg.maths.resume.Resumable`; the direction is of use until the next step alone."""
        return {"steps": self.steps, "first": self.first, "second": self.second}

    def load(self, state: State) -> None:
        """See :class:`hypersvg.maths.resume.Resumable`."""
        self.steps, self.first, self.second = state["steps"], copied(state["first"]), copied(state["second"])


def make_optimizer(name: OptimizerName, momentum: float = 0.9) -> InnerOptimizer:
    """A fresh optimizer by name; ``momentum`` is used by ``momentum`` and ``nesterov`` alone."""
    if name == "adam":
        return Adam()
    return Momentum(momentum=0.0 if name == "sgd" else momentum, nesterov=name == "nesterov")
