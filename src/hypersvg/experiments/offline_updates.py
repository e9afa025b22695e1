"""One iteration of Algorithm 6: the policy through the unrolled surrogate, and the surrogate on its model loss."""

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from hypersvg.controllers.plain import reading_of
from hypersvg.maths.adam import FusedAdam
from hypersvg.maths.products import wide_product
from hypersvg.maths.resume import Resumable, State
from hypersvg.maths.surrogate import Policy, Surrogate, first_layer
from hypersvg.maths.svg import one_step, squared_error, unrolled
from hypersvg.maths.unroll import Pass, applies, chained, free_anchors, inner_of, recorded_anchors
from hypersvg.settings.methods import Svg
from hypersvg.tasks.base import Batch, Task


class Updates(Resumable, Protocol):
    """Updates surrogate and policy in place."""

    def __call__(self, states: Tensor, rates: Tensor, batch: Batch) -> Tensor:
        """One iteration on ``states [1, batch, T + 1, P]`` and ``rates [1, batch, T]``; the model loss before it."""
        ...


@dataclass
class PlainUpdates:
    """Every reading, with autograd: the plain twin of :class:`OnePassUpdates`."""

    task: Task
    svg: Svg
    surrogate: Surrogate
    policy: Policy
    generator: torch.Generator

    def __post_init__(self) -> None:
        svg = self.svg
        self.policy_optimizer = FusedAdam(self.policy.weights, svg.policy_learning_rate, svg.adam_epsilon)
        self.surrogate_optimizer = FusedAdam(self.surrogate.weights, svg.surrogate_learning_rate, svg.adam_epsilon)

    def __call__(self, states: Tensor, rates: Tensor, batch: Batch) -> Tensor:
        """See :class:`Updates`."""
        if self.svg.update_first == "surrogate":
            loss = self.update_surrogate(states, rates)
            self.update_policy(states, rates, batch)
        else:
            self.update_policy(states, rates, batch)
            loss = self.update_surrogate(states, rates)
        return loss

    def update_policy(self, states: Tensor, rates: Tensor, batch: Batch) -> None:
        """∇_φ of the task loss at ŝ_T, backpropagated through the unrolled surrogate."""
        constant = self.surrogate.detached()
        reached = unrolled(constant, self.policy, states, rates, reading_of(self.svg), generator=self.generator)[0]
        if self.svg.value == "last":
            reached = reached[-1:]
        loss = torch.stack([self.task.loss(state.flatten(0, 1), batch).mean() for state in reached]).mean()
        self.step_policy(loss + cloning(self.svg, self.policy, states, rates))

    def step_policy(self, loss: Tensor) -> None:
        """Adam's step down ``loss``."""
        self.policy_optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.policy_optimizer.step()

    def update_surrogate(self, states: Tensor, rates: Tensor) -> Tensor:
        """∇_θ of eq. 4.1.1; returns the loss."""
        loss = squared_error(one_step(self.surrogate, states, seen(self.svg, rates)), states).sum()
        self.surrogate_optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.surrogate_optimizer.step()
        return loss.detach()

    def state(self) -> State:
        """See :class:`hypersvg.maths.resume.Resumable`; weights and generator are the learner's to keep."""
        return {"policy": self.policy_optimizer.state(), "surrogate": self.surrogate_optimizer.state()}

    def load(self, state: State) -> None:
        """See :class:`hypersvg.maths.resume.Resumable`."""
        self.policy_optimizer.load(state["policy"])
        self.surrogate_optimizer.load(state["surrogate"])


class OnePassUpdates(PlainUpdates):
    """The default reading, and those that :func:`one_pass` names, with nothing computed twice."""

    def __call__(self, states: Tensor, rates: Tensor, batch: Batch) -> Tensor:
        """See :class:`Updates`."""
        recorded = Pass.over(self.surrogate, states, rates)
        anchors = recorded_anchors(recorded) if self.svg.noise == "recorded_action" else free_anchors(recorded)
        inner, first = inner_of(self.surrogate, rates.numel()), states[:, :, 0]
        entering = first_layer(first, self.policy.input_weight).detach().requires_grad_(True)
        reached = chained(self.surrogate, anchors, self.policy.head(entering), inner)
        loss = self.task.loss(reached.flatten(0, 1), batch).mean()
        self.step_policy_from(entering, first, loss + cloning(self.svg, self.policy, states, rates))
        error = recorded.error()
        for weight, gradient in zip(self.surrogate.weights, recorded.gradients(error), strict=True):
            weight.grad = gradient
        self.surrogate_optimizer.step()
        return recorded.loss(error).sum()

    def step_policy_from(self, entering: Tensor, first: Tensor, loss: Tensor) -> None:
        """Adam's step down ``loss``, through ``entering``, the first layer's products with the states ``first``.

        The first layer's gradient is written over its last one: new memory is dear.
        """
        weight = self.policy.input_weight
        last = weight.grad
        self.policy_optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        assert entering.grad is not None
        through = wide_product(entering.grad.transpose(1, 2), first, last)
        weight.grad = through if weight.grad is None else weight.grad.add_(through)
        self.policy_optimizer.step()


def updates_of(task: Task, svg: Svg, surrogate: Surrogate, policy: Policy, generator: torch.Generator) -> Updates:
    """The quicker of the two where the settings allow it; ``generator`` is that of a drawn ξ."""
    kind = OnePassUpdates if one_pass(svg) else PlainUpdates
    return kind(task, svg, surrogate, policy, generator)


def one_pass(svg: Svg) -> bool:
    """Whether both losses are taken at the same surrogate, on the same rates, at the end of an anchored chain."""
    same = svg.update_first == "policy" and svg.model_action == "recorded" and svg.value == "last"
    return same and applies(reading_of(svg))


def seen(svg: Svg, rates: Tensor) -> Tensor:
    """The rates as the model loss shows them to the surrogate (``Svg.model_action``)."""
    return rates if svg.model_action == "recorded" else torch.zeros_like(rates)


def cloning(svg: Svg, policy: Policy, states: Tensor, rates: Tensor) -> Tensor | float:
    """Algorithm 4's term ½(a − π(s))² with its weight (``Svg.behaviour_cloning``)."""
    if not svg.behaviour_cloning:
        return 0.0
    acted = policy(states[:, :, :-1].flatten(1, 2)).view_as(rates)
    return svg.behaviour_cloning * 0.5 * (rates - acted).square().mean()
