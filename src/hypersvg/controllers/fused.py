"""The updates of online HyperSVG with every large matrix read and written once a step.

A batch of one state makes every weight gradient of a large matrix an outer product (:mod:`hypersvg.maths.rank_one`),
the surrogate's activations serve the policy loss and the model loss, and the products of the new weights with the next
state, which the next step begins with, are taken while the weights are updated. The plain twin is
:class:`hypersvg.controllers.plain.PlainUpdates`; both agree to rounding.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from hypersvg.controllers.plain import log_derivatives, noise_of, reading_of
from hypersvg.maths.adam import FusedAdam
from hypersvg.maths.rank_one import RankOneAdam
from hypersvg.maths.resume import State, copied
from hypersvg.maths.surrogate import Policy, Surrogate, first_layer
from hypersvg.maths.svg import noisy
from hypersvg.settings.methods import Svg
from hypersvg.tasks.base import Batch, Task
from hypersvg.training import Transition


def applies(svg: Svg, device: str) -> bool:
    """Whether the settings are of the form that the fused updates know."""
    return (
        device == "cpu"
        and svg.online_horizon == 1
        and svg.update_first == "policy"
        and svg.model_action == "recorded"
        and svg.unroll != "literal"
    )


@dataclass(frozen=True)
class Products:
    """The first layers' products with ``state [runs, P]``, ``[runs, 1, H]`` each."""

    state: Tensor
    policy: Tensor
    surrogate: Tensor | None


@dataclass(frozen=True)
class Through:
    """dL/dŝ' ``[runs, P]``; ``value``'s gradient is the policy loss's, ``model_value``'s the model loss's.

    ``entering [runs, 1, H]`` is the leaf from which ``model_value`` depends on the surrogate's first layer. The output
    weight is a constant of both and may have been updated; the other weights must not be, before the backward pass.
    """

    outer: Tensor
    value: Tensor
    entering: Tensor | None = None
    model_value: Tensor | None = None


class FusedUpdates:
    """See the module, and :class:`hypersvg.controllers.plain.PlainUpdates` for what is computed."""

    def __init__(self, task: Task, svg: Svg, policy: Policy, surrogate: Surrogate | None, trained: bool) -> None:
        self.task, self.svg, self.policy, self.surrogate = task, svg, policy, surrogate
        self.policy_input = RankOneAdam(policy.input_weight, svg.policy_learning_rate, svg.adam_epsilon)
        self.policy_rest = FusedAdam(policy.weights[1:], svg.policy_learning_rate, svg.adam_epsilon)
        self.model = SurrogateUpdate(surrogate, svg) if surrogate is not None and trained else None
        self.ahead: Products | None = None

    @torch.no_grad()
    def rates(self, parameters: Tensor) -> Tensor:
        """The policy's rates ``[runs]`` at ``parameters [runs, P]``."""
        return self.policy.head(self.products(parameters).policy).squeeze(1)

    @torch.no_grad()
    def products(self, state: Tensor) -> Products:
        """The first layers at ``state``, at hand where it is the state that the last update led to.

        Taken anew, the same products differ in their last bits.
        """
        ahead = self.ahead
        if ahead is None or not (ahead.state is state or torch.equal(ahead.state, state)):
            batch = state.unsqueeze(1)
            inner = None if self.surrogate is None else first_layer(batch, self.surrogate.input_weight)
            self.ahead = ahead = Products(state, first_layer(batch, self.policy.input_weight), inner)
        return ahead

    @torch.enable_grad()
    def __call__(self, transition: Transition, batch: Batch) -> Tensor:
        """Update both; returns the derivatives of the policy loss as the plain twin does, ``[2, runs]``."""
        products = self.products(transition.before)
        entering = products.policy.detach().requires_grad_(True)
        action = self.policy.head(entering)
        action.retain_grad()
        through = (
            self.through_truth(transition, action, batch)
            if products.surrogate is None
            else self.through_model(products.surrogate, transition, action, batch)
        )
        self.policy_rest.zero_grad()
        through.value.sum().backward()  # type: ignore[no-untyped-call]
        self.policy_rest.step()
        assert entering.grad is not None, "the policy's rate depends on its first layer"
        policy = self.policy_input.step_after(entering.grad.squeeze(1), transition.before, transition.after)
        self.ahead = Products(transition.after, policy.unsqueeze(1), self.following(through, transition))
        return log_derivatives(through.outer, action, transition)

    def through_truth(self, transition: Transition, action: Tensor, batch: Batch) -> "Through":
        """The policy loss through the true one-step derivative."""
        change = action.detach() - transition.rate.unsqueeze(1)
        outer = self.task.loss_and_gradient(transition.after - change * transition.direction, batch)[1]
        return Through(outer, -action.squeeze(1) * (outer * transition.direction).sum(dim=1))

    def through_model(self, product: Tensor, transition: Transition, action: Tensor, batch: Batch) -> "Through":
        """The policy loss through the surrogate, whose first layer's ``product`` is; the output weight is updated."""
        assert self.surrogate is not None, "there is a product"
        constant, rate = self.surrogate.detached(), transition.rate.unsqueeze(1)
        entering = product.detach().requires_grad_(True)
        acting, recorded = constant.hidden(product, action), self.surrogate.hidden(entering, rate)
        with torch.no_grad():
            state, after = transition.before.unsqueeze(1), transition.after.unsqueeze(1)
            predicted = constant.predicted(state, recorded, rate)
            moving = predicted if torch.equal(action, rate) else constant.predicted(state, acting, action)
            imagined = noisy(moving, after, predicted, reading_of(self.svg), noise_of(self.svg, transition))
        outer = self.task.loss_and_gradient(imagined.squeeze(1), batch)[1]
        if self.model is None:
            pulled = torch.bmm(outer.unsqueeze(1), constant.output_weight.transpose(1, 2))
            return Through(outer, constant.contracted(acting, action, outer.unsqueeze(1), pulled))
        error = 2 * (predicted - after)
        pulled, model_pulled = self.model.step_output(recorded, rate, error, outer)
        value = constant.contracted(acting, action, outer.unsqueeze(1), pulled)
        return Through(outer, value, entering, self.surrogate.contracted(recorded, rate, error, model_pulled))

    def following(self, through: "Through", transition: Transition) -> Tensor | None:
        """The surrogate's first layer at the next state, ``[runs, 1, H]``, after the rest of its update."""
        if self.surrogate is None:
            return None
        if self.model is None or through.entering is None or through.model_value is None:
            return first_layer(transition.after.unsqueeze(1), self.surrogate.input_weight.detach())
        return self.model.step_rest(through.model_value, through.entering, transition)

    def state(self) -> State:
        """See :class:`hypersvg.maths.resume.Resumable`; the weights are the controller's to keep."""
        kept = {"ahead": self.ahead and dict(vars(self.ahead)), "input": self.policy_input.state()}
        return {**kept, "rest": self.policy_rest.state(), "model": self.model and self.model.state()}

    def load(self, state: State) -> None:
        """See :class:`hypersvg.maths.resume.Resumable`."""
        ahead = state["ahead"]
        self.ahead = ahead and Products(*(copied(ahead[name]) for name in ("state", "policy", "surrogate")))
        self.policy_input.load(state["input"])
        self.policy_rest.load(state["rest"])
        if self.model is not None:
            self.model.load(state["model"])


class SurrogateUpdate:
    """∇_θ of eq. 4.1.1 on one transition, and Adam's step along it."""

    def __init__(self, surrogate: Surrogate, svg: Svg) -> None:
        rate, epsilon = svg.surrogate_learning_rate, svg.adam_epsilon
        self.surrogate = surrogate
        self.input, self.output = (
            RankOneAdam(weight, rate, epsilon) for weight in (surrogate.input_weight, surrogate.output_weight)
        )
        self.rest = FusedAdam([surrogate.rate_weight, surrogate.hidden_bias, surrogate.output_bias], rate, epsilon)

    def step_output(self, hidden: Tensor, rate: Tensor, error: Tensor, outer: Tensor) -> tuple[Tensor, Tensor]:
        """Update the output weight; ``outer [runs, P]`` and ``error [runs, 1, P]`` pulled back through the old one."""
        scaled = rate.unsqueeze(2) * hidden if self.surrogate.form == "rate_scaled" else hidden
        seen = torch.stack([outer, error.squeeze(1)], dim=1)
        pulled = self.output.step_before(scaled.detach().squeeze(1), error.squeeze(1), seen)
        return pulled[:, :1], pulled[:, 1:]

    def step_rest(self, value: Tensor, entering: Tensor, transition: Transition) -> Tensor:
        """Update the other weights by ``value``; the first layer at the next state, ``[runs, 1, H]``."""
        self.rest.zero_grad()
        value.sum().backward()  # type: ignore[no-untyped-call]
        self.rest.step()
        assert entering.grad is not None, "the prediction depends on the first layer"
        return self.input.step_after(entering.grad.squeeze(1), transition.before, transition.after).unsqueeze(1)

    def state(self) -> State:
        """See :class:`hypersvg.maths.resume.Resumable`; the weights are the controller's to keep."""
        return {"input": self.input.state(), "output": self.output.state(), "rest": self.rest.state()}

    def load(self, state: State) -> None:
        """See :class:`hypersvg.maths.resume.Resumable`."""
        self.input.load(state["input"])
        self.output.load(state["output"])
        self.rest.load(state["rest"])
