"""Training as an inner problem of gradient estimators: θ are hyperparameters, the state is what is trained.

The same tasks and update rules as in the loop (:mod:`hypersvg.training`), as a pure function of (state, θ).
"""

import math
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, Protocol

import torch
from torch import Tensor

from hypersvg.maths.estimators.unrolls import State
from hypersvg.maths.random import seed_of, torch_generator
from hypersvg.tasks.base import Batch
from hypersvg.tasks.classification import Classification

Rule = Literal["momentum", "adam"]
MOMENTUM, DECAYS, EPSILON = 0.9, (0.9, 0.999), 1e-8
LOSS_CEILING = 1e3
"""The loss of a particle that has diverged: finite, so that an estimate stays one."""
KEPT_ORDERS = 256
"""Epochs' orders of the training images that are kept, of inner problems in use."""


class Schedule(Protocol):
    """Learning rates as a function of outer parameters θ."""

    @property
    def parameters(self) -> int:
        """P."""
        ...

    def rate(self, theta: Tensor, step: int) -> Tensor:
        """The learning rate ``[particles]`` of step 0, 1, … under ``theta [particles, P]``."""
        ...


@dataclass(frozen=True)
class ConstantRate:
    """One rate, e^θ: rates are searched by their logarithm."""

    parameters: int = 1

    def rate(self, theta: Tensor, step: int) -> Tensor:
        """See :class:`Schedule`."""
        return theta[:, 0].exp()


@dataclass(frozen=True)
class InverseTimeDecay:
    """α_t = e^θ0 / (1 + t / ``horizon``)^(e^θ1): initial rate and decay (Vicol 2023: MNIST, horizon 5000)."""

    horizon: float = 5000.0
    parameters: int = 2

    def rate(self, theta: Tensor, step: int) -> Tensor:
        """See :class:`Schedule`."""
        return theta[:, 0].exp() * torch.exp(-theta[:, 1].exp() * math.log1p(step / self.horizon))


def momentum_step(state: State, gradient: Tensor, step: int) -> tuple[Tensor, State]:
    """Heavy-ball momentum, v ← 0.9 v + g: the direction to subtract, and its state."""
    velocity = MOMENTUM * state["velocity"] + gradient
    return velocity, {"velocity": velocity}


def adam_step(state: State, gradient: Tensor, step: int) -> tuple[Tensor, State]:
    """Adam (Kingma & Ba 2015, Algorithm 1), as :class:`hypersvg.maths.optimizers.Adam`."""
    mean = DECAYS[0] * state["mean"] + (1 - DECAYS[0]) * gradient
    square = DECAYS[1] * state["square"] + (1 - DECAYS[1]) * gradient * gradient
    corrected = (square / (1 - DECAYS[1] ** (step + 1))).clamp(min=torch.finfo(square.dtype).tiny).sqrt()
    return mean / (1 - DECAYS[0] ** (step + 1)) / (corrected + EPSILON), {"mean": mean, "square": square}


RULES: dict[Rule, tuple[tuple[str, ...], Callable[[State, Tensor, int], tuple[Tensor, State]]]] = {
    "momentum": (("velocity",), momentum_step),
    "adam": (("mean", "square"), adam_step),
}


@dataclass
class MiniBatches:
    """A task's inner problems: an inner problem's number fixes its initial parameters and its minibatches."""

    task: Classification
    seed: int
    orders: OrderedDict[tuple[int, int], Tensor] = field(init=False, repr=False, default_factory=OrderedDict)

    def start(self, problems: Tensor) -> State:
        """Fresh parameters ``[particles, D]`` and the gradient of the first minibatch."""
        seeds = {number: seed_of(self.seed, "inner problem", number) for number in problems.tolist()}
        places = [list(seeds).index(number) for number in problems.tolist()]
        parameters = self.task.init(list(seeds.values()), "init")[places].to(self.task.images.train.images.dtype)
        gradient = self.task.loss_and_gradient(parameters, self.batch(problems, 0))[1]
        alive = torch.ones(len(problems), dtype=torch.bool, device=parameters.device)
        counters = {"problem": problems, "step": torch.zeros_like(problems), "alive": alive}
        return {"parameters": parameters, "gradient": gradient, **counters}

    def measured(self, parameters: Tensor, problems: Tensor, step: int) -> tuple[Tensor, Tensor]:
        """Loss and gradient on minibatch ``step``, with a graph of both where one is being made."""
        batch = self.batch(problems, step)
        if not parameters.requires_grad:
            return self.task.loss_and_gradient(parameters, batch)
        loss = self.task.loss(parameters, batch)
        return loss, torch.autograd.grad(loss.sum(), parameters, create_graph=True)[0]

    def batch(self, problems: Tensor, step: int) -> Batch:
        """Minibatch ``step`` of every inner problem; neighbours of one number share it.

        Raises ``ValueError`` where inner problems have unequal numbers of particles.
        """
        counts = Counter(problems.tolist())
        if len(set(counts.values())) > 1:
            raise ValueError(f"every inner problem needs as many particles as the others, not {dict(counts)}")
        train, size = self.task.images.train, self.task.batch_size
        epoch, place = divmod(step, len(train.labels) // size)
        rows = [self.order(number, epoch)[place * size : (place + 1) * size] for number in counts]
        indices = torch.stack(rows).long().to(train.labels.device)
        images = train.images.index_select(0, indices.flatten()).view(*indices.shape, -1)
        return Batch(images, train.labels[indices])

    def order(self, problem: int, epoch: int) -> Tensor:
        """The training images of one epoch of one inner problem, shuffled."""
        key = (problem, epoch)
        if key not in self.orders:
            generator = torch_generator(self.seed, "inner problem", problem, "epoch", epoch)
            count = len(self.task.images.train.labels)
            self.orders[key] = torch.randperm(count, generator=generator, dtype=torch.int32)
            if len(self.orders) > KEPT_ORDERS:
                self.orders.popitem(last=False)
        self.orders.move_to_end(key)
        return self.orders[key]


@dataclass(frozen=True)
class UnrolledTraining:
    """Training a classification task for ``length`` steps: what is paid is the loss on the next minibatch.

    A step updates with the last minibatch's gradient, then takes loss and gradient on the next one at the new
    parameters: so that a window of one step is the one-step hypergradient, on a minibatch the update has not seen. A
    particle that diverges: see :func:`kept_where_dead`. Differentiable where θ asks for it.
    """

    data: MiniBatches
    schedule: Schedule
    length: int | None
    rule: Rule = "momentum"

    @property
    def parameters(self) -> int:
        """See :class:`~hypersvg.maths.estimators.unrolls.InnerProblem`."""
        return self.schedule.parameters

    def start(self, problems: Tensor) -> State:
        """Fresh parameters, no moments, and the gradient of the first minibatch."""
        state = self.data.start(problems)
        return {**state, **{name: torch.zeros_like(state["parameters"]) for name in RULES[self.rule][0]}}

    def advance(self, state: State, theta: Tensor) -> tuple[State, Tensor]:
        """See :class:`~hypersvg.maths.estimators.unrolls.InnerProblem`."""
        step, before = int(state["step"][0]), state["parameters"]
        direction, moments = RULES[self.rule][1](state, state["gradient"], step)
        after = before - self.schedule.rate(theta, step).to(before.dtype).unsqueeze(1) * direction
        loss, gradient = self.data.measured(after, state["problem"], step + 1)
        following = {**state, **moments, "parameters": after, "gradient": gradient, "step": state["step"] + 1}
        return kept_where_dead(state, following, loss)


def kept_where_dead(before: State, after: State, loss: Tensor) -> tuple[State, Tensor]:
    """The new state and loss, where a particle's parameters or loss that stop being finite leave it where it was.

    Such a particle pays :data:`LOSS_CEILING` from then on, which is also the most that anyone pays.
    """
    alive = before["alive"] & torch.isfinite(loss.detach() + after["parameters"].detach().sum(dim=1))
    if not bool(alive.all()):
        loss = torch.where(alive, loss, LOSS_CEILING)
        moving = {name for name, value in after.items() if value.is_floating_point()}
        after = {
            name: torch.where(alive.view(-1, *[1] * (value.dim() - 1)), value, before[name].detach())
            if name in moving
            else value
            for name, value in after.items()
        }
    return {**after, "alive": alive}, loss.clamp(max=LOSS_CEILING)
