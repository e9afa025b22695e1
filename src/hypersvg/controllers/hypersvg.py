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

from hypersvg.controllers import fused
from hypersvg.controllers.plain import PlainUpdates
from hypersvg.maths.random import torch_generator
from hypersvg.maths.resume import State, fill
from hypersvg.maths.surrogate import Policy, Surrogate
from hypersvg.settings.methods import Svg
from hypersvg.tasks.base import Task
from hypersvg.training import Transition

Derivative = Literal["surrogate", "frozen", "true", "none"]


@dataclass
class HyperSvg:
    """The controller of ``len(seeds) × len(starts)`` runs, each with its own surrogate and policy.

    ``derivative`` says what the policy learns through: the trained ``surrogate`` (the thesis), a ``frozen`` random one,
    the ``true`` one-step derivative of the optimizer, or ``none`` (the policy keeps its random weights).
    ``fuse`` false keeps to the plain updates where the fused ones apply.
    ``hypergradients`` holds, a step an entry, the derivatives of the task loss at ŝ' with respect to the log of the
    action, ``[2, runs]``: the one the policy learns from, and the true one-step derivative of the optimizer.
    """

    task: Task
    settings: Svg
    seeds: Sequence[int]
    starts: Tensor
    derivative: Derivative = "surrogate"
    warm_up: int = 0
    fuse: bool = True
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
        self.batches = self.task.batches(self.seeds, "value")
        self.surrogate: Surrogate | None = None
        if self.derivative in ("surrogate", "frozen"):
            output = svg.surrogate_output if self.derivative == "surrogate" else "he_uniform"
            self.surrogate = Surrogate.create(
                svg.surrogate,
                svg.rate_input,
                output,
                self.task.parameters,
                svg.width,
                generators,
                self.task.device,
                start.dtype,
            )
        kind = fused.FusedUpdates if self.fuse and fused.applies(svg, self.task.device) else PlainUpdates
        self.update: fused.FusedUpdates | PlainUpdates | None = None
        if self.derivative != "none":
            self.update = kind(self.task, svg, self.policy, self.surrogate, self.derivative == "surrogate")

    def rates(self, step: int, parameters: Tensor) -> Tensor:
        """The policy's rates ``[runs]``, or the starting rates where ``Svg.start`` says so."""
        mode = self.settings.start
        if (mode == "step_0" and step == 0) or (mode == "warm_up" and step < self.warm_up):
            return self.start
        return self.last_action(parameters)

    def observe(self, transition: Transition) -> None:
        """One update of the policy through the surrogate and one of the surrogate (Algorithm 6, online)."""
        if self.update is None:
            return
        batch = self.batches.next()
        if self.settings.value_batch == "same":
            batch = transition.batch
        self.hypergradients.append(self.update(transition, batch))
        self.surrogate_updates += self.derivative == "surrogate"

    @torch.no_grad()
    def last_action(self, parameters: Tensor) -> Tensor:
        """The policy's rates ``[runs]`` at ``parameters``, whatever steered so far (section 3.4.1)."""
        if self.update is None:
            return self.policy(parameters.unsqueeze(1)).squeeze(1)
        return self.update.rates(parameters)

    @torch.no_grad()
    def predicted(self, parameters: Tensor) -> Tensor:
        """The surrogate's next parameters ``[runs, P]`` at the policy's action (``Online.reset = predicted``)."""
        state = parameters.unsqueeze(1)
        if self.surrogate is None:
            return parameters
        return self.surrogate(state, self.policy(state)).squeeze(1)

    @property
    def learning(self) -> dict[str, list[Tensor]]:
        """The weights that change; the others are drawn anew from their seeds."""
        found = {} if self.update is None else {"policy": self.policy.weights}
        if self.surrogate is not None and self.derivative == "surrogate":
            found["surrogate"] = self.surrogate.weights
        return found

    def state(self) -> State:
        """See :class:`hypersvg.maths.resume.Resumable`."""
        return {
            "surrogate_updates": self.surrogate_updates,
            "hypergradients": torch.stack(self.hypergradients) if self.hypergradients else None,
            "update": self.update and self.update.state(),
            **self.learning,
        }

    def load(self, state: State) -> None:
        """See :class:`hypersvg.maths.resume.Resumable`; a minibatch was drawn for every hypergradient."""
        self.surrogate_updates = state["surrogate_updates"]
        if state["hypergradients"] is not None:
            self.hypergradients = list(state["hypergradients"].clone())
        for _ in self.hypergradients:
            self.batches.next()
        for name, weights in self.learning.items():
            fill(weights, state[name])
        if self.update is not None:
            self.update.load(state["update"])
