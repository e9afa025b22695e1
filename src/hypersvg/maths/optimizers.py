"""The true (inner) optimizers, batched over runs: parameters, moments and rates have one row a run."""

from dataclasses import dataclass, field
from typing import Literal, Protocol

import torch
from torch import Tensor

OptimizerName = Literal["sgd", "momentum", "nesterov", "adam"]


class InnerOptimizer(Protocol):
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
        old = torch.zeros_like(gradient) if self.velocity is None else self.velocity
        self.velocity = self.momentum * old + gradient
        self.last = gradient + self.momentum * self.velocity if self.nesterov else self.velocity
        return parameters - rate.unsqueeze(1) * self.last

    def direction(self) -> Tensor:
        """See :class:`InnerOptimizer`."""
        assert self.last is not None, "direction() is defined after the first step"
        return self.last


@dataclass
class Adam:
    """Adam (Kingma & Ba 2015, Algorithm 1), epsilon outside the corrected square root as in ``torch.optim.Adam``."""

    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    steps: int = 0
    first: Tensor | None = None
    second: Tensor | None = None
    last: Tensor | None = field(default=None, repr=False)

    def step(self, parameters: Tensor, gradient: Tensor, rate: Tensor) -> Tensor:
        """One update; see :class:`InnerOptimizer`."""
        if self.first is None or self.second is None:
            self.first, self.second = torch.zeros_like(gradient), torch.zeros_like(gradient)
        self.steps += 1
        self.first = torch.lerp(self.first, gradient, 1 - self.beta1)
        self.second = self.beta2 * self.second + (1 - self.beta2) * gradient * gradient
        corrected = self.second / (1 - self.beta2**self.steps)
        self.last = self.first / (1 - self.beta1**self.steps) / (corrected.sqrt_() + self.epsilon)
        return parameters - rate.unsqueeze(1) * self.last

    def direction(self) -> Tensor:
        """See :class:`InnerOptimizer`."""
        assert self.last is not None, "direction() is defined after the first step"
        return self.last


def make_optimizer(name: OptimizerName, momentum: float = 0.9) -> InnerOptimizer:
    """A fresh optimizer by name; ``momentum`` is used by ``momentum`` and ``nesterov`` alone."""
    if name == "adam":
        return Adam()
    return Momentum(momentum=0.0 if name == "sgd" else momentum, nesterov=name == "nesterov")
