"""Descending estimated gradients: one vector of outer parameters, one estimator, one outer optimizer."""

from dataclasses import dataclass, field, fields
from typing import Any

import torch
from torch import Tensor

from hypersvg.maths.estimators.unrolls import Carried, GradientEstimator
from hypersvg.maths.optimizers import OptimizerName, make_optimizer
from hypersvg.maths.resume import State


@dataclass
class Descent:
    """Outer parameters ``theta [P]`` at work: ``update`` takes one estimate and one step against it.

    ``optimizer`` with ``learning_rate`` moves them; ``bounds`` cut every entry. Parameters that would stop being finite
    stay where they were from then on, and the descent is no longer ``alive``. ``inner_steps`` counts what was charged.
    """

    estimator: GradientEstimator
    theta: Tensor
    learning_rate: float
    generator: torch.Generator
    optimizer: OptimizerName = "sgd"
    bounds: tuple[float, float] | None = None
    inner_steps: int = field(init=False, default=0)
    alive: bool = field(init=False, default=True)

    def __post_init__(self) -> None:
        self.rule = make_optimizer(self.optimizer)
        self.carried = self.estimator.begin()
        self.rate = torch.tensor([self.learning_rate], dtype=self.theta.dtype, device=self.theta.device)

    def update(self) -> Tensor:
        """One estimate, which is returned as ``[P]``, and one step against it."""
        estimate, self.carried = self.estimator.estimate(self.carried, self.theta, self.generator)
        self.inner_steps += estimate.inner_steps
        after = self.rule.step(self.theta.unsqueeze(0), estimate.gradient.unsqueeze(0), self.rate).squeeze(0)
        if self.bounds is not None:
            after = after.clamp(*self.bounds)
        self.alive = self.alive and bool(torch.isfinite(after).all())
        self.theta = after if self.alive else self.theta
        return estimate.gradient

    def state(self) -> State:
        """See :class:`hypersvg.maths.resume.Resumable`."""
        carried = {part.name: getattr(self.carried, part.name) for part in fields(Carried)}
        kept = {"theta": self.theta, "inner_steps": self.inner_steps, "alive": self.alive}
        return {**kept, "carried": carried, "rule": self.rule.state(), "generator": self.generator.get_state()}

    def load(self, state: State) -> None:
        """See :class:`hypersvg.maths.resume.Resumable`."""
        self.theta, self.inner_steps, self.alive = state["theta"].clone(), state["inner_steps"], bool(state["alive"])
        self.carried = Carried(**{name: cloned(value) for name, value in state["carried"].items()})
        self.rule.load(state["rule"])
        self.generator.set_state(state["generator"].clone())


def cloned(value: Any) -> Any:
    """A number as it is; a tensor, or all of a dictionary of them, copied."""
    if isinstance(value, dict):
        return {name: tensor.clone() for name, tensor in value.items()}
    return value.clone() if isinstance(value, Tensor) else value
