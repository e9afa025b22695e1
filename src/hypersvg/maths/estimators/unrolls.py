"""What is unrolled, and how far: the inner problem, its windows, and what an estimator carries from one to the next.

An inner problem is a computation s_{t+1} = f(s_t; θ) that pays a loss a step; the outer parameters are θ [P].
Estimators see it through windows of K steps (*unrolls*, Vicol 2023: "truncation length for partial unrolls").
"""

from dataclasses import dataclass, field, replace
from typing import Literal, Protocol

import torch
from torch import Tensor

State = dict[str, Tensor]
"""The state of some particles: tensors whose first dimension is the particle."""
Objective = Literal["sum", "mean", "final"]
"""What a window is worth: the sum or the mean of its steps' losses, or what the last step's loss has gained since the
window before. The last telescopes: an inner problem's windows then sum to its final loss (Vicol 2023)."""

LARGEST = 8 * 2**20
"""Bytes of the largest tensor of the particles that are unrolled at a time. glibc gives tensors beyond 32 MiB back
to the system at once, so that every step pays for new pages: nearly twice the time, where no huge pages help."""


class InnerProblem(Protocol):
    """An inner problem of ``length`` steps (``None``: it never ends), tuned by ``parameters`` outer parameters."""

    @property
    def parameters(self) -> int:
        """P, the length of θ."""
        ...

    @property
    def length(self) -> int | None:
        """T, after which the next inner problem begins."""
        ...

    def start(self, problems: Tensor) -> State:
        """Initial states of the inner problems numbered ``problems [particles]``; a number fixes start and data."""
        ...

    def advance(self, state: State, theta: Tensor) -> tuple[State, Tensor]:
        """One step under ``theta [particles, P]``: the new state, and the loss ``[particles]`` paid at it.

        Particles know nothing of each other: some pairs of neighbours may be advanced without the others.
        """
        ...


@dataclass(frozen=True)
class Estimate:
    """One estimate: ``gradient [P]`` of the window's loss, that ``loss`` as a mean over particles, and its price."""

    gradient: Tensor
    loss: Tensor
    inner_steps: int


@dataclass(frozen=True)
class Carried:
    """What goes from a window to the next: explicit, so that an estimator is a pure function of it.

    ``step`` is the inner problem's, ``unroll`` counts its windows, ``problem`` numbers the inner problems begun so far;
    ``paid [particles]`` is the loss at the end of the last window (for the objective ``final``), ``memory`` what an
    estimator adds: perturbations, tangents.
    """

    state: State
    paid: Tensor
    step: int = 0
    unroll: int = 0
    problem: int = 0
    memory: State = field(default_factory=dict)


class GradientEstimator(Protocol):
    """Estimates of the gradient of an inner problem's loss by θ, a window at a time."""

    def begin(self, problem: int = 0) -> Carried:
        """Before the first window of new inner problems, numbered from ``problem`` on."""
        ...

    def estimate(self, carried: Carried, theta: Tensor, generator: torch.Generator) -> tuple[Estimate, Carried]:
        """The estimate of the next window at ``theta [P]``, and what to carry on."""
        ...


@dataclass(frozen=True)
class Windows:
    """Windows of ``truncation`` (K) steps over an inner problem, the last one cut at its end.

    ``truncation`` None is one window of the whole problem. ``shared``: all particles have the same inner problem, not
    each its own. Raises ``ValueError`` for windows without steps, and for
    whole problems that never end.
    """

    problem: InnerProblem
    truncation: int | None = None
    objective: Objective = "sum"
    shared: bool = False

    def __post_init__(self) -> None:
        if self.truncation is None and self.problem.length is None:
            raise ValueError("a problem without an end cannot be unrolled whole; give a truncation")
        if self.truncation is not None and self.truncation < 1:
            raise ValueError(f"truncation is {self.truncation}; a window has at least one step")

    def problems(self, count: int) -> int:
        """How many inner problems ``count`` particles, or pairs of them, take up."""
        return 1 if self.shared else count

    def begin(self, problem: int, count: int = 1, times: int = 1) -> Carried:
        """Initial states of ``count`` inner problems, each ``times`` over, numbered from ``problem`` on."""
        numbers = torch.arange(problem, problem + self.problems(count)).expand(count).repeat_interleave(times)
        particles, state = len(numbers), self.problem.start(numbers)
        like = next(iter(state.values()))
        return Carried(state, torch.zeros(particles, dtype=like.dtype, device=like.device), problem=problem)

    def steps(self, carried: Carried) -> int:
        """Steps of the next window."""
        length = self.problem.length
        left = self.truncation if length is None else length - carried.step
        return min(self.truncation or left or 1, left or 1)

    def run(self, state: State, paid: Tensor, theta: Tensor, steps: int) -> tuple[State, Tensor, Tensor]:
        """``steps`` steps under ``theta [particles, P]``: the state, the window's loss and the last step's.

        As many particles at a time as :func:`together` allows.
        """
        some = together(state)
        if some >= len(paid):
            return self.unroll(state, paid, theta, steps)
        parts = [slice(first, first + some) for first in range(0, len(paid), some)]
        split = [{name: value[part] for name, value in state.items()} for part in parts]
        found = [self.unroll(one, paid[part], theta[part], steps) for one, part in zip(split, parts, strict=True)]
        states, losses, last = zip(*found, strict=True)
        joined = {name: torch.cat([one[name] for one in states]) for name in states[0]}
        return joined, torch.cat(losses), torch.cat(last)

    def unroll(self, state: State, paid: Tensor, theta: Tensor, steps: int) -> tuple[State, Tensor, Tensor]:
        """:meth:`run` of all particles at once."""
        total = torch.zeros_like(paid)
        loss = paid
        for _ in range(steps):
            state, loss = self.problem.advance(state, theta)
            total = total + loss
        if self.objective == "final":
            total = loss - paid
        return state, total / steps if self.objective == "mean" else total, loss

    def after(self, carried: Carried, state: State, paid: Tensor, steps: int) -> Carried | None:
        """What to carry on after a window of ``steps`` steps; None where the inner problem has ended with it."""
        step = carried.step + steps
        if self.problem.length is not None and step >= self.problem.length:
            return None
        return replace(carried, state=state, paid=paid, step=step, unroll=carried.unroll + 1)


def together(state: State) -> int:
    """How many particles are unrolled at a time: pairs of no more than :data:`LARGEST` bytes a tensor, all on a GPU."""
    largest = max(state.values(), key=lambda value: value.nbytes)
    if largest.device.type != "cpu" or largest.nbytes <= LARGEST:
        return len(largest)
    return max(2, LARGEST * len(largest) // largest.nbytes // 2 * 2)


def repeated(state: State, times: int) -> State:
    """Every particle's state ``times`` over, as neighbours."""
    return {name: value.repeat_interleave(times, dim=0) for name, value in state.items()}


def detached(state: State) -> State:
    """The state as a constant."""
    return {name: value.detach() for name, value in state.items()}
