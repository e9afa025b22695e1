"""A user's own controller: what it is made from, what it is charged, and a guard that it keeps its contract."""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from hypersvg.extensions import ExtensionError, loaded
from hypersvg.tasks.base import Batch, SplitName, Task, Wrapped
from hypersvg.training import Controller, Transition


@dataclass(frozen=True)
class Setup:
    """What a user's controller is made from: ``Class(setup)``.

    ``starts [runs]`` are the starting rates of ``runs = len(seeds) × group`` trainings, the group of one seed together.
    Rates must lie within ``bounds``. ``steps`` is how long it will steer.
    """

    task: Task
    seeds: Sequence[int]
    starts: Tensor
    steps: int
    bounds: tuple[float, float]


Make = Callable[[Setup], Controller]


def controller_class(reference: str) -> Make:
    """The class (or function) behind a reference; raises :class:`ExtensionError` for one that lacks a method."""
    make: Make = loaded(reference, "hypersvg.controllers")
    if not callable(make):
        raise ExtensionError(f"{reference} is no class; a controller is a class with the methods rates and observe")
    if isinstance(make, type):
        require_methods(make, reference)
    return make


def require_methods(controller: object, reference: str) -> None:
    """Raise :class:`ExtensionError` naming the method that the contract asks for and ``controller`` lacks."""
    for method in ("rates", "observe"):
        if not callable(getattr(controller, method, None)):
            raise ExtensionError(
                f"{reference} has no method {method}; a controller has rates(step, parameters) and observe(transition)"
            )


class Guarded:
    """A user's controller among the others: what breaks the contract ends in one sentence that names it.

    A run that has diverged keeps its last rate. Made from ``setup`` with a task that counts what the controller asks.
    """

    def __init__(self, reference: str, make: Make, setup: Setup) -> None:
        self.reference, self.setup = reference, setup
        self.task = Counted(setup.task, reference)
        self.controller = make(Setup(self.task, setup.seeds, setup.starts.clone(), setup.steps, setup.bounds))
        require_methods(self.controller, reference)
        self.alive = torch.ones_like(setup.starts, dtype=torch.bool)
        self.last = setup.starts

    def rates(self, step: int, parameters: Tensor) -> Tensor:
        """See :class:`hypersvg.training.Controller`; raises :class:`ExtensionError`."""
        given = self.controller.rates(step, parameters)
        self.refuse(given, f"{self.reference}: rates(step = {step})")
        self.last = torch.where(self.alive, given.detach(), self.last)
        return self.last

    def refuse(self, given: Any, call: str) -> None:
        """Raise :class:`ExtensionError` for rates that no training can use."""
        starts, (lowest, highest) = self.setup.starts, self.setup.bounds
        if not isinstance(given, Tensor):
            raise ExtensionError(f"{call} returned a {type(given).__name__}; return a tensor with a rate a run")
        if given.shape != starts.shape or given.dtype != starts.dtype or given.device != starts.device:
            wanted, found = (f"{list(one.shape)} {one.dtype} on {one.device}" for one in (starts, given))
            raise ExtensionError(f"{call} returned {found}; return {wanted}, like setup.starts: a rate a run")
        rates = given[self.alive]
        if not bool(torch.isfinite(rates).all()):
            raise ExtensionError(f"{call} returned a rate that is not finite; every run that is alive needs a number")
        if not bool(((rates >= lowest) & (rates <= highest)).all()):
            outside = rates[(rates < lowest) | (rates > highest)][0]
            raise ExtensionError(
                f"{call} returned {outside:.6g}, outside {lowest:g} … {highest:g}; cut the rates with "
                "torch.clamp(rates, *setup.bounds)"
            )

    def observe(self, transition: Transition) -> None:
        """See :class:`hypersvg.training.Controller`."""
        self.alive = transition.alive
        self.controller.observe(transition)

    @property
    def resumable(self) -> bool:
        """Whether the controller has ``state`` and ``load``, which :meth:`state` and :meth:`load` need."""
        return hasattr(self.controller, "state") and hasattr(self.controller, "load")

    def state(self) -> dict[str, Any]:
        """See :class:`hypersvg.maths.resume.Resumable`."""
        inner: Any = self.controller
        counts = {"gradients": self.task.gradients, "evaluations": self.task.evaluations}
        return {"controller": inner.state(), "last": self.last, "alive": self.alive, **counts}

    def load(self, state: dict[str, Any]) -> None:
        """See :class:`hypersvg.maths.resume.Resumable`; the controller gets copies, to keep as they are."""
        inner: Any = self.controller
        inner.load(copy.deepcopy(state["controller"]))
        self.last, self.alive = state["last"].clone(), state["alive"].clone()
        self.task.gradients, self.task.evaluations = state["gradients"], state["evaluations"]

    def charged(self) -> dict[str, int]:
        """What a run was charged, at the rule of the replication's own methods.

        A gradient of the task loss a step is free, as it is for HyperSVG; more of them are inner steps.
        """
        steps = self.setup.steps
        return {
            "inner_steps": max(steps, self.task.gradients),
            "evaluations": 1 + self.task.evaluations,
            "surrogate_updates": int(getattr(self.controller, "surrogate_updates", 0)),
        }


@dataclass
class Counted(Wrapped):
    """A task that counts losses, gradients and evaluations, and refuses a controller the test split."""

    owner: str
    gradients: int = field(init=False, default=0)
    evaluations: int = field(init=False, default=0)

    def loss(self, parameters: Tensor, batch: Batch) -> Tensor:
        """A loss, counted like the gradient that may follow."""
        self.gradients += 1
        return super().loss(parameters, batch)

    def loss_and_gradient(self, parameters: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
        """A gradient, counted."""
        self.gradients += 1
        return super().loss_and_gradient(parameters, batch)

    def accuracy(self, parameters: Tensor, split: SplitName) -> Tensor:
        """An evaluation, counted; raises :class:`ExtensionError` for the test split."""
        if split == "test":
            raise ExtensionError(f"{self.owner} looks at the test split, on which no method may choose; use validation")
        self.evaluations += 1
        return super().accuracy(parameters, split)

    def validation_loss(self, parameters: Tensor) -> Tensor:
        """An evaluation, counted."""
        self.evaluations += 1
        return super().validation_loss(parameters)
