"""Online HyperSVG (sections 3.4 and 4.3.2): a policy steers the true optimizer and learns through a surrogate of it.

The adaptive method steers at every step; the bandits are the same controller, stopped after a warm-up. The control
arms are the same code with one part taken away: an untrained policy, a frozen random surrogate, or the true
derivative of the optimizer in place of the surrogate's.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor

from hypersvg.maths.random import torch_generator
from hypersvg.maths.surrogate import Policy, Surrogate
from hypersvg.maths.svg import RatePolicy, Reading, one_step, squared_error, unrolled
from hypersvg.settings.methods import Svg
from hypersvg.tasks.base import Batch, Task
from hypersvg.training import Transition

Derivative = Literal["surrogate", "frozen", "true", "none"]


@dataclass
class HyperSvg:
    """The controller of ``len(seeds) × len(starts)`` runs, each with its own surrogate and policy.

    ``derivative`` says what the policy learns through: the trained ``surrogate`` (the thesis), a ``frozen`` random one,
    the ``true`` one-step derivative of the optimizer, or ``none`` (the policy keeps its random weights).
    The unroll covers the real optimizer's last ``online_horizon`` steps (by default one), at the policy's own actions.
    ``hypergradients`` holds, a step an entry, the derivatives of the task loss at ŝ' with respect to the log of the
    action, ``[2, runs]``: the one the policy learns from, and the true one-step derivative of the optimizer.
    """

    task: Task
    settings: Svg
    seeds: Sequence[int]
    starts: Tensor
    derivative: Derivative = "surrogate"
    warm_up: int = 0
    surrogate_updates: int = field(init=False, default=0)
    hypergradients: list[Tensor] = field(init=False, default_factory=list, repr=False)

    def __post_init__(self) -> None:
        svg, group = self.settings, len(self.starts)
        generators = [torch_generator(seed, "hypersvg", run) for seed in self.seeds for run in range(group)]
        start = self.starts.repeat(len(self.seeds)).to(self.task.device)
        policy_start = start if svg.start == "policy_bias" else torch.full_like(start, svg.neutral_rate)
        self.start = start
        self.policy = Policy.create(
            svg.bijection,
            (svg.lowest, svg.highest),
            policy_start,
            self.task.parameters,
            svg.policy_width or svg.width,
            generators,
        )
        self.policy_optimizer = adam(self.policy.weights, svg.policy_learning_rate, svg.adam_epsilon)
        self.batches = self.task.batches(self.seeds, "value")
        self.recent: deque[Transition] = deque(maxlen=svg.online_horizon)
        self.surrogate: Surrogate | None = None
        if self.derivative in ("surrogate", "frozen"):
            output = svg.surrogate_output if self.derivative == "surrogate" else "he_uniform"
            self.surrogate = Surrogate.create(
                svg.surrogate, svg.rate_input, output, self.task.parameters, svg.width, generators, self.task.device
            )
            self.surrogate_optimizer = adam(self.surrogate.weights, svg.surrogate_learning_rate, svg.adam_epsilon)

    @torch.no_grad()
    def rates(self, step: int, parameters: Tensor) -> Tensor:
        """The policy's rates ``[runs]``, or the starting rates where ``Svg.start`` says so."""
        mode = self.settings.start
        if (mode == "step_0" and step == 0) or (mode == "warm_up" and step < self.warm_up):
            return self.start
        return self.last_action(parameters)

    def observe(self, transition: Transition) -> None:
        """One update of the policy through the surrogate and one of the surrogate (Algorithm 6, online)."""
        if self.derivative == "none":
            return
        batch = self.batches.next()
        if self.settings.value_batch == "same":
            batch = transition.batch
        if self.settings.update_first == "policy":
            self.update_policy(transition, batch)
            self.update_surrogate(transition)
        else:
            self.update_surrogate(transition)
            self.update_policy(transition, batch)

    def update_policy(self, transition: Transition, batch: Batch) -> None:
        """∇_φ of the task loss at ŝ', backpropagated through the surrogate (or the true optimizer) into the policy."""
        self.recent.append(transition)
        actions: list[Tensor] = []

        def acting(state: Tensor) -> Tensor:
            action = self.policy(state)
            action.retain_grad()
            actions.append(action)
            return action

        imagined = self.imagined(acting)
        imagined.retain_grad()
        loss = self.task.loss(imagined, batch)
        self.policy_optimizer.zero_grad(set_to_none=True)
        loss.sum().backward()  # type: ignore[no-untyped-call]
        self.policy_optimizer.step()
        self.hypergradients.append(log_derivatives(imagined, actions[-1], transition))

    def imagined(self, policy: RatePolicy) -> Tensor:
        """ŝ' ``[runs, P]``: the recorded next state, with the derivative that the policy learns through."""
        recent = list(self.recent)
        last = recent[-1]
        if self.surrogate is None:
            change = policy(last.before.unsqueeze(1)) - last.rate.unsqueeze(1)
            return last.after - change * last.direction
        svg = self.settings
        reading = Reading(svg.unroll, svg.noise, svg.actions, svg.sigma)
        states = torch.stack([*(step.before for step in recent), last.after], dim=1).unsqueeze(1)
        rates = torch.stack([step.rate for step in recent], dim=1).unsqueeze(1)
        constant = self.surrogate.detached()
        generator = torch_generator(last.step, "sampled noise") if svg.noise == "sampled" else None
        return unrolled(constant, policy, states, rates, reading, generator=generator)[0][-1].squeeze(1)

    def update_surrogate(self, transition: Transition) -> None:
        """∇_θ of eq. 4.1.1 on the transition."""
        if self.derivative != "surrogate" or self.surrogate is None:
            return
        states = torch.stack([transition.before, transition.after], dim=1).unsqueeze(1)
        rate = transition.rate if self.settings.model_action == "recorded" else torch.zeros_like(transition.rate)
        loss = squared_error(one_step(self.surrogate, states, rate.view(-1, 1, 1)), states)
        self.surrogate_optimizer.zero_grad(set_to_none=True)
        loss.sum().backward()  # type: ignore[no-untyped-call]
        self.surrogate_optimizer.step()
        self.surrogate_updates += 1

    @torch.no_grad()
    def last_action(self, parameters: Tensor) -> Tensor:
        """The policy's rates ``[runs]`` at ``parameters``, whatever steered so far (section 3.4.1)."""
        return self.policy(parameters.unsqueeze(1)).squeeze(1)

    @torch.no_grad()
    def predicted(self, parameters: Tensor) -> Tensor:
        """The surrogate's next parameters ``[runs, P]`` at the policy's action (``Online.reset = predicted``)."""
        state = parameters.unsqueeze(1)
        if self.surrogate is None:
            return parameters
        return self.surrogate(state, self.policy(state)).squeeze(1)


def adam(weights: list[Tensor], rate: float, epsilon: float) -> torch.optim.Adam:
    """The Adam of surrogates and policies (Algorithm 6), in place and in one pass over the weights."""
    return torch.optim.Adam(weights, lr=rate, eps=epsilon, fused=True)


@torch.no_grad()
def log_derivatives(imagined: Tensor, action: Tensor, transition: Transition) -> Tensor:
    """dL/d log a ``[2, runs]`` after a backward pass: through what the policy learns from, and the true one-step one.

    ``imagined [runs, P]`` and ``action [runs, 1]`` hold their gradients; −∂s'/∂a is ``transition.direction``.
    """
    outer, inner = imagined.grad, action.grad
    assert outer is not None, "imagined keeps its gradient"
    learned = torch.zeros_like(transition.rate) if inner is None else inner.squeeze(1) * action.squeeze(1)
    return torch.stack([learned, -transition.rate * (outer * transition.direction).sum(dim=1)])
