"""The loop of the thesis, written once: train an inner problem while somebody chooses the learning rate.

Everything is batched over runs: ``runs = seeds × group``, the ``group`` consecutive runs of one seed share their
initial parameters and their minibatches (common random numbers) and differ in who chooses the rate.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import Tensor

from hypersvg.maths.optimizers import InnerOptimizer, OptimizerName, make_optimizer
from hypersvg.maths.resume import State
from hypersvg.tasks.base import Batch, Task

LOSS_CEILING = 1e3
"""The loss recorded for a diverged run: finite, so that tables stay complete."""


@dataclass(frozen=True)
class Transition:
    """One step of the true optimizer for all runs.

    ``before`` and ``after`` are ``[runs, parameters]``, ``rate`` and ``loss`` ``[runs]`` (loss of the minibatch at
    ``before``), ``direction`` is −∂after/∂rate, ``alive [runs]`` is false for runs that have diverged.
    """

    step: int
    before: Tensor
    rate: Tensor
    after: Tensor
    batch: Batch
    loss: Tensor
    direction: Tensor
    alive: Tensor


class Controller(Protocol):
    """Who chooses the learning rate. A new method keeps this contract, in one file of ``hypersvg.controllers``."""

    def rates(self, step: int, parameters: Tensor) -> Tensor:
        """Learning rates ``[runs]`` for the next step from ``parameters [runs, parameters]``."""
        ...

    def observe(self, transition: Transition) -> None:
        """Learn from the step just taken."""
        ...


@dataclass
class InnerTraining:
    """The state of ``len(seeds) × group`` inner trainings; ``step`` advances all of them by one update.

    A run whose loss or parameters stop being finite keeps its last finite parameters and is marked not alive.
    """

    task: Task
    optimizer_name: OptimizerName
    seeds: Sequence[int]
    group: int = 1
    init_purpose: str = "init"
    batch_purpose: str = "batches"
    parameters: Tensor = field(init=False, repr=False)
    alive: Tensor = field(init=False, repr=False)
    steps: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self.batches = self.task.batches(self.seeds, self.batch_purpose)
        initial = self.task.init(self.seeds, self.init_purpose).repeat_interleave(self.group, dim=0)
        self.alive = torch.ones(len(initial), dtype=torch.bool, device=initial.device)
        self.restart(initial)

    def restart(self, parameters: Tensor) -> None:
        """Go on from ``parameters [runs, parameters]`` with a fresh optimizer state; the minibatches run on."""
        self.parameters = parameters
        self.optimizer: InnerOptimizer = make_optimizer(self.optimizer_name)

    def step(self, rate: Tensor) -> Transition:
        """One update of every run with learning rates ``rate [runs]``."""
        batch, before = self.batches.next(), self.parameters
        loss, gradient = self.task.loss_and_gradient(before, batch)
        after = self.optimizer.step(before, gradient, rate)
        direction = self.optimizer.direction()
        self.alive = self.alive & torch.isfinite(after.sum(dim=1) + loss)
        if not bool(self.alive.all()):
            after = torch.where(self.alive.unsqueeze(1), after, before)
            direction = torch.where(self.alive.unsqueeze(1), direction, torch.zeros_like(direction))
            loss = torch.where(self.alive, loss, torch.full_like(loss, LOSS_CEILING))
        self.parameters = after
        self.steps += 1
        return Transition(self.steps - 1, before, rate, after, batch, loss, direction, self.alive)

    def state(self) -> State:
        """See :class:`hypersvg.maths.resume.Resumable`."""
        kept = {"steps": self.steps, "parameters": self.parameters, "alive": self.alive}
        return {**kept, "optimizer": self.optimizer.state()}

    def load(self, state: State) -> None:
        """See :class:`hypersvg.maths.resume.Resumable`; minibatches are a function of the seeds, and drawn again."""
        for _ in range(self.steps, state["steps"]):
            self.batches.next()
        self.steps, self.parameters, self.alive = state["steps"], state["parameters"].clone(), state["alive"].clone()
        self.optimizer.load(state["optimizer"])


@dataclass(frozen=True)
class Curves:
    """What a training recorded, ``[steps, runs]`` each, and its state at the end."""

    rate: Tensor
    train_loss: Tensor
    val_accuracy: Tensor
    alive: Tensor
    parameters: Tensor


@dataclass
class Recording:
    """What has been recorded of a training so far, one entry ``[runs]`` a step."""

    rate: list[Tensor] = field(default_factory=list)
    train_loss: list[Tensor] = field(default_factory=list)
    val_accuracy: list[Tensor] = field(default_factory=list)
    alive: list[Tensor] = field(default_factory=list)

    def curves(self, parameters: Tensor) -> Curves:
        """All of it, with the parameters at the end."""
        return Curves(parameters=parameters, **self.state())

    def state(self) -> State:
        """See :class:`hypersvg.maths.resume.Resumable`; ``[steps, runs]`` each."""
        return {name: torch.stack(entries) for name, entries in vars(self).items()}

    def load(self, state: State) -> None:
        """See :class:`hypersvg.maths.resume.Resumable`."""
        vars(self).update({name: list(entries.clone()) for name, entries in state.items()})


def train(
    training: InnerTraining,
    controller: Controller,
    steps: int,
    *,
    record_accuracy: bool = True,
    after_step: Callable[[Transition], object] | None = None,
    recording: Recording | None = None,
) -> Curves:
    """Take ``steps`` steps with the controller's rates and record them.

    ``val_accuracy`` row ``t`` is measured on the ``curve`` images after step ``t`` (NaN where not recorded).
    ``after_step`` is called after the step was observed and recorded: progress bars, snapshots, checkpoints.
    ``recording`` holds the steps already taken, which count among ``steps``.
    """
    recording = Recording() if recording is None else recording
    for step in range(len(recording.rate), steps):
        rate = controller.rates(step, training.parameters)
        transition = training.step(rate)
        controller.observe(transition)
        recording.rate.append(rate)
        recording.train_loss.append(transition.loss)
        recording.alive.append(transition.alive)
        if record_accuracy:
            recording.val_accuracy.append(training.task.accuracy(training.parameters, "curve"))
        else:
            recording.val_accuracy.append(torch.full_like(transition.loss, torch.nan))
        if after_step is not None:
            after_step(transition)
    return recording.curves(training.parameters)
