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

    parameters: int

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
class UnrolledTraining:
    """Training a classification task for ``length`` steps: what is paid is the loss on the next minibatch.

    A step updates with the last minibatch's gradient, then takes loss and gradient on the next one at the new
    parameters: so that a window of one step is the one-step hypergradient, on a minibatch the update has not seen. An
    inner problem's number fixes its initial parameters and its minibatches. A particle whose parameters or loss stop
    being finite stays where it was and pays :data:`LOSS_CEILING` from then on. Differentiable where θ asks for it.
    """

    task: Classification
    schedule: Schedule
    length: int | None
    seed: int
    rule: Rule = "momentum"
    orders: OrderedDict[tuple[int, int], Tensor] = field(init=False, repr=False, default_factory=OrderedDict)

    @property
    def parameters(self) -> int:
        """See :class:`~hypersvg.maths.estimators.unrolls.InnerProblem`."""
        return self.schedule.parameters

    def start(self, problems: Tensor) -> State:
        """Fresh parameters, no moments, and the gradient of the first minibatch."""
        seeds = {number: seed_of(self.seed, "inner problem", number) for number in problems.tolist()}
        places = [list(seeds).index(number) for number in problems.tolist()]
        parameters = self.task.init(list(seeds.values()), "init")[places].to(self.task.images.train.images.dtype)
        gradient = self.task.loss_and_gradient(parameters, self.batch(problems, 0))[1]
        moments = {name: torch.zeros_like(parameters) for name in RULES[self.rule][0]}
        step, alive = torch.zeros_like(problems), torch.ones(len(problems), dtype=torch.bool, device=parameters.device)
        kept = {"problem": problems, "step": step, "alive": alive}
        return {"parameters": parameters, "gradient": gradient, **kept, **moments}

    def advance(self, state: State, theta: Tensor) -> tuple[State, Tensor]:
        """See :class:`~hypersvg.maths.estimators.unrolls.InnerProblem`."""
        step, before = int(state["step"][0]), state["parameters"]
        direction, moments = RULES[self.rule][1](state, state["gradient"], step)
        rate = self.schedule.rate(theta, step).to(before.dtype).unsqueeze(1)
        after = before - rate * direction
        loss, gradient = self.measured(after, self.batch(state["problem"], step + 1))
        alive = state["alive"] & torch.isfinite(loss.detach() + after.detach().sum(dim=1))
        if not bool(alive.all()):
            after = torch.where(alive.unsqueeze(1), after, before.detach())
            gradient = torch.where(alive.unsqueeze(1), gradient, 0.0)
            moments = {name: torch.where(alive.unsqueeze(1), value, 0.0) for name, value in moments.items()}
            loss = torch.where(alive, loss, LOSS_CEILING)
        kept = {"problem": state["problem"], "step": state["step"] + 1, "alive": alive}
        return {"parameters": after, "gradient": gradient, **kept, **moments}, loss.clamp(max=LOSS_CEILING)

    def measured(self, parameters: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
        """Loss and gradient at ``parameters``, with a graph of both where one is being made."""
        if not parameters.requires_grad:
            return self.task.loss_and_gradient(parameters, batch)
        loss = self.task.loss(parameters, batch)
        return loss, torch.autograd.grad(loss.sum(), parameters, create_graph=True)[0]

    def batch(self, problems: Tensor, step: int) -> Batch:
        """Minibatch ``step`` of every inner problem; neighbours of one number share it."""
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
