"""The true (inner) optimizers, batched over runs: parameters, moments and rates have one row a run."""

from dataclasses import dataclass, field
from typing import Literal, Protocol

import torch
from torch import Tensor
from torch.optim.adam import adam

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
        old = self.velocity if self.momentum else None
        self.velocity = gradient if old is None else torch.add(gradient, old, alpha=self.momentum)
        self.last = torch.add(gradient, self.velocity, alpha=self.momentum) if self.nesterov else self.velocity
        return torch.addcmul(parameters, rate.unsqueeze(1), self.last, value=-1)

    def direction(self) -> Tensor:
        """See :class:`InnerOptimizer`."""
        assert self.last is not None, "direction() is defined after the first step"
        return self.last


@dataclass
class Adam:
    """Adam (Kingma & Ba 2015, Algorithm 1), epsilon outside the corrected square root as in ``torch.optim.Adam``.

    The moments are private and updated in place by PyTorch's one-pass kernel, which knows one rate for all rows: it
    moves a fresh tensor of zeros by minus one, which gives the direction that each row's own rate then scales.
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
        self.last = torch.zeros_like(gradient)
        adam(
            [self.last],
            [gradient],
            [self.first],
            [self.second],
            [],
            [torch.full((), float(self.steps), device=gradient.device)],
            fused=True,
            amsgrad=False,
            beta1=self.beta1,
            beta2=self.beta2,
            lr=-1.0,
            weight_decay=0.0,
            eps=self.epsilon,
            maximize=False,
        )
        self.steps += 1
        return torch.addcmul(parameters, rate.unsqueeze(1), self.last, value=-1)

    def direction(self) -> Tensor:
        """See :class:`InnerOptimizer`."""
        assert self.last is not None, "direction() is defined after the first step"
        return self.last


def make_optimizer(name: OptimizerName, momentum: float = 0.9) -> InnerOptimizer:
    """A fresh optimizer by name; ``momentum`` is used by ``momentum`` and ``nesterov`` alone."""
    if name == "adam":
        return Adam()
    return Momentum(momentum=0.0 if name == "sgd" else momentum, nesterov=name == "nesterov")
