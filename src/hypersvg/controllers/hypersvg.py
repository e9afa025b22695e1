"""Online HyperSVG (sections 3.4 and 4.3.2): a policy steers the true optimizer and learns through a surrogate of it.

The adaptive method steers at every step; the bandits are the same controller, stopped after a warm-up. The control
arms are the same code with one part taken away: an untrained policy, a frozen random surrogate, or the true
derivative of the optimizer in place of the surrogate's.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor

from hypersvg.maths.random import torch_generator
from hypersvg.maths.surrogate import Policy, Surrogate
from hypersvg.maths.svg import Reading, one_step, squared_error, unrolled
from hypersvg.settings.blocks import Svg
from hypersvg.tasks.base import Batch, Task
from hypersvg.training import Transition

Derivative = Literal["surrogate", "frozen", "true", "none"]


@dataclass
class HyperSvg:
    """The controller of ``len(seeds) × len(starts)`` runs, each with its own surrogate and policy.

    ``derivative`` says what the policy learns through: the trained ``surrogate`` (the thesis), a ``frozen`` random one,
    the ``true`` one-step derivative of the optimizer, or ``none`` (the policy keeps its random weights).
    The unroll has length one: the recorded transition is the real optimizer's last step, at the policy's own action.
    """

    task: Task
    settings: Svg
    seeds: Sequence[int]
    starts: Tensor
    derivative: Derivative = "surrogate"
    warm_up: int = 0
    surrogate_updates: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        svg, group = self.settings, len(self.starts)
        generators = [torch_generator(seed, "hypersvg", run) for seed in self.seeds for run in range(group)]
        start = self.starts.repeat(len(self.seeds)).to(self.task.device)
        policy_start = start if svg.start == "policy_bias" else torch.full_like(start, svg.neutral_rate)
        self.start = start
        self.policy = Policy.create(
            svg.bijection, (svg.lowest, svg.highest), policy_start, self.task.parameters, svg.width, generators
        )
        self.policy_optimizer = torch.optim.Adam(self.policy.weights, lr=svg.policy_learning_rate, fused=True)
        self.batches = self.task.batches(self.seeds, "value")
        self.surrogate: Surrogate | None = None
        if self.derivative in ("surrogate", "frozen"):
            output = svg.surrogate_output if self.derivative == "surrogate" else "he_uniform"
            self.surrogate = Surrogate.create(
                svg.surrogate, svg.rate_input, output, self.task.parameters, svg.width, generators, self.task.device
            )
            rate = svg.surrogate_learning_rate
            self.surrogate_optimizer = torch.optim.Adam(self.surrogate.weights, lr=rate, fused=True)

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
        loss = self.task.loss(self.imagined(transition), batch)
        self.policy_optimizer.zero_grad(set_to_none=True)
        loss.sum().backward()  # type: ignore[no-untyped-call]
        self.policy_optimizer.step()

    def imagined(self, transition: Transition) -> Tensor:
        """ŝ' ``[runs, P]``: the recorded next state, with the derivative that the policy learns through."""
        before = transition.before.unsqueeze(1)
        if self.surrogate is None:
            change = self.policy(before) - transition.rate.unsqueeze(1)
            return transition.after - change * transition.direction
        svg = self.settings
        reading = Reading(svg.unroll, svg.noise, svg.actions, svg.sigma)
        states = torch.stack([transition.before, transition.after], dim=1).unsqueeze(1)
        rates = transition.rate.view(-1, 1, 1)
        constant = self.surrogate.detached()
        generator = torch_generator(transition.step, "sampled noise") if svg.noise == "sampled" else None
        return unrolled(constant, self.policy, states, rates, reading, generator=generator)[0].squeeze(1)

    def update_surrogate(self, transition: Transition) -> None:
        """∇_θ of eq. 4.1.1 on the transition."""
        if self.derivative != "surrogate" or self.surrogate is None:
            return
        states = torch.stack([transition.before, transition.after], dim=1).unsqueeze(1)
        loss = squared_error(one_step(self.surrogate, states, transition.rate.view(-1, 1, 1)), states)
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
