"""The updates of online HyperSVG under every reading, written with autograd: the plain twin of the fused ones."""

from collections import deque

import torch
from torch import Tensor

from hypersvg.maths.adam import FusedAdam
from hypersvg.maths.random import torch_generator
from hypersvg.maths.resume import State
from hypersvg.maths.surrogate import Policy, Surrogate
from hypersvg.maths.svg import RatePolicy, Reading, one_step, squared_error, unrolled
from hypersvg.settings.methods import Svg
from hypersvg.tasks.base import Batch, Task
from hypersvg.training import Transition


class PlainUpdates:
    """One update of the policy and, where it is ``trained``, of the surrogate, a step of the optimizer (Algorithm 6).

    The policy learns through the surrogate or, where there is none, through the true one-step derivative. The unroll
    covers the real optimizer's last ``online_horizon`` steps, at the policy's own actions.
    """

    def __init__(self, task: Task, svg: Svg, policy: Policy, surrogate: Surrogate | None, trained: bool) -> None:
        self.task, self.svg, self.policy, self.surrogate, self.trained = task, svg, policy, surrogate, trained
        self.earlier: deque[tuple[Tensor, Tensor]] = deque(maxlen=svg.online_horizon - 1)
        self.policy_optimizer = FusedAdam(policy.weights, svg.policy_learning_rate, svg.adam_epsilon)
        if surrogate is not None and trained:
            self.surrogate_optimizer = FusedAdam(surrogate.weights, svg.surrogate_learning_rate, svg.adam_epsilon)

    @torch.no_grad()
    def rates(self, parameters: Tensor) -> Tensor:
        """The policy's rates ``[runs]`` at ``parameters [runs, P]``."""
        return self.policy(parameters.unsqueeze(1)).squeeze(1)

    def __call__(self, transition: Transition, batch: Batch) -> Tensor:
        """Update both in the settings' order; returns :func:`log_derivatives` of the policy loss, ``[2, runs]``."""
        if self.svg.update_first == "policy":
            derivatives = self.update_policy(transition, batch)
            self.update_surrogate(transition)
        else:
            self.update_surrogate(transition)
            derivatives = self.update_policy(transition, batch)
        self.earlier.append((transition.before, transition.rate))
        return derivatives

    def update_policy(self, last: Transition, batch: Batch) -> Tensor:
        """∇_φ of the task loss at ŝ', backpropagated through the surrogate (or the true optimizer) into the policy."""
        actions: list[Tensor] = []

        def acting(state: Tensor) -> Tensor:
            action = self.policy(state)
            action.retain_grad()
            actions.append(action)
            return action

        imagined = self.imagined(acting, last)
        imagined.retain_grad()
        loss = self.task.loss(imagined, batch)
        self.policy_optimizer.zero_grad()
        loss.sum().backward()  # type: ignore[no-untyped-call]
        self.policy_optimizer.step()
        return log_derivatives(imagined.grad, actions[-1], last)

    def imagined(self, policy: RatePolicy, last: Transition) -> Tensor:
        """ŝ' ``[runs, P]``: the recorded next state, with the derivative that the policy learns through."""
        if self.surrogate is None:
            change = policy(last.before.unsqueeze(1)) - last.rate.unsqueeze(1)
            return last.after - change * last.direction
        befores, taken = zip(*self.earlier, (last.before, last.rate), strict=True)
        states = torch.stack([*befores, last.after], dim=1).unsqueeze(1)
        rates = torch.stack(taken, dim=1).unsqueeze(1)
        constant, reading, generator = self.surrogate.detached(), reading_of(self.svg), noise_of(self.svg, last)
        return unrolled(constant, policy, states, rates, reading, generator=generator)[0][-1].squeeze(1)

    def update_surrogate(self, last: Transition) -> None:
        """∇_θ of eq. 4.1.1 on the last transition."""
        if not self.trained or self.surrogate is None:
            return
        states = torch.stack([last.before, last.after], dim=1).unsqueeze(1)
        rate = last.rate if self.svg.model_action == "recorded" else torch.zeros_like(last.rate)
        loss = squared_error(one_step(self.surrogate, states, rate.view(-1, 1, 1)), states)
        self.surrogate_optimizer.zero_grad()
        loss.sum().backward()  # type: ignore[no-untyped-call]
        self.surrogate_optimizer.step()

    def state(self) -> State:
        """See :class:`hypersvg.maths.resume.Resumable`; the weights are the controller's to keep."""
        befores, rates = ([step[part] for step in self.earlier] for part in (0, 1))
        kept = {"befores": befores, "rates": rates, "policy": self.policy_optimizer.state()}
        return {**kept, "surrogate": self.surrogate_optimizer.state()} if self.trained else kept

    def load(self, state: State) -> None:
        """See :class:`hypersvg.maths.resume.Resumable`."""
        copies = ([tensor.clone() for tensor in state[name]] for name in ("befores", "rates"))
        self.earlier.extend(zip(*copies, strict=True))
        self.policy_optimizer.load(state["policy"])
        if self.trained:
            self.surrogate_optimizer.load(state["surrogate"])


def reading_of(svg: Svg) -> Reading:
    """How the settings read Algorithm 5."""
    return Reading(svg.unroll, svg.noise, svg.actions, svg.sigma)


def noise_of(svg: Svg, transition: Transition) -> torch.Generator | None:
    """The generator of a drawn ξ: the same for every method that is at this step."""
    return torch_generator(transition.step, "sampled noise") if svg.noise == "sampled" else None


@torch.no_grad()
def log_derivatives(outer: Tensor | None, action: Tensor, transition: Transition) -> Tensor:
    """dL/d log a ``[2, runs]`` after a backward pass: through what the policy learns from, and the true one-step one.

    ``outer [runs, P]`` is dL/dŝ', ``action [runs, 1]`` holds its gradient; −∂s'/∂a is ``transition.direction``.
    """
    assert outer is not None, "the imagined state keeps its gradient"
    learned = torch.zeros_like(transition.rate) if action.grad is None else action.grad.squeeze(1) * action.squeeze(1)
    return torch.stack([learned, -transition.rate * (outer * transition.direction).sum(dim=1)])
