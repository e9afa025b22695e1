"""Meta-training a small learned optimizer (Vicol 2023; the architecture of Metz et al. 2020, "MLPLOpt").

The outer parameters are the weights of a perceptron that maps features of one parameter of the inner network to its
update; the same perceptron serves all of them.
"""

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from hypersvg.maths.estimators.unrolls import State
from hypersvg.tasks.unrolled import MiniBatches, kept_where_dead

DECAYS = (0.1, 0.5, 0.9, 0.99, 0.999, 0.9999)
"""Of the gradient's running means."""
TIMES = (1, 3, 10, 30, 100, 300, 1000, 3000, 10_000, 30_000, 100_000)
"""Time scales [steps] at which the optimizer sees how far it is."""
FEATURES = 2 + len(DECAYS) + len(TIMES)
STEP, MAGNITUDE = 1e-3, 1e-3
"""Scale of an update, and of its logarithm."""


@dataclass(frozen=True)
class LearnedOptimizer:
    """Training ``data``'s task for ``length`` steps by a perceptron FEATURES-``hidden``-``hidden``-2 with ReLU.

    Features of a parameter: its value, its gradient and the gradient's running means, each divided by its root mean
    square over the layer's tensor, and tanh(t / τ − 1) at several time scales. The two outputs d and m make the update
    −STEP · d · exp(MAGNITUDE · m). What is paid is the loss on the next minibatch, as in
    :class:`~hypersvg.tasks.unrolled.UnrolledTraining`, whose way with diverged particles it shares.
    """

    data: MiniBatches
    length: int | None
    hidden: int = 32

    @property
    def widths(self) -> tuple[int, ...]:
        """Layer widths of the optimizer's perceptron."""
        return (FEATURES, self.hidden, self.hidden, 2)

    @property
    def parameters(self) -> int:
        """P."""
        return sum((before + 1) * after for before, after in pairwise(self.widths))

    def initial(self, generator: torch.Generator) -> Tensor:
        """A start for θ: N(0, 1 / inputs) weights and no biases."""
        parts = []
        for before, after in pairwise(self.widths):
            parts += [torch.randn(before * after, generator=generator) * before**-0.5, torch.zeros(after)]
        return torch.cat(parts)

    def start(self, problems: Tensor) -> State:
        """Fresh parameters, the gradient of the first minibatch, empty running means ``[particles, decays, D]``."""
        state = self.data.start(problems)
        means = torch.zeros(len(problems), len(DECAYS), state["parameters"].shape[1], dtype=state["parameters"].dtype)
        return {**state, "means": means.to(state["parameters"].device)}

    def advance(self, state: State, theta: Tensor) -> tuple[State, Tensor]:
        """See :class:`~hypersvg.maths.estimators.unrolls.InnerProblem`."""
        before, gradient = state["parameters"], state["gradient"]
        decays = torch.tensor(DECAYS, dtype=before.dtype, device=before.device).view(1, -1, 1)
        means = decays * state["means"] + (1 - decays) * gradient.unsqueeze(1)
        after = before + self.update(theta.to(before.dtype), before, gradient, means, int(state["step"][0]))
        loss, slope = self.data.measured(after, state["problem"], int(state["step"][0]) + 1)
        following = {**state, "parameters": after, "gradient": slope, "means": means, "step": state["step"] + 1}
        return kept_where_dead(state, following, loss)

    def update(self, theta: Tensor, parameters: Tensor, gradient: Tensor, means: Tensor, step: int) -> Tensor:
        """The update of every parameter, ``[particles, D]``."""
        values = torch.cat([parameters.unsqueeze(1), gradient.unsqueeze(1), means], dim=1)
        seen = self.normalised(values).transpose(1, 2)
        times = torch.tanh(step / torch.tensor(TIMES, dtype=seen.dtype, device=seen.device) - 1)
        hidden, cut = torch.cat([seen, times.expand(*seen.shape[:2], -1)], dim=2), 0
        for number, (before, after) in enumerate(pairwise(self.widths)):
            weight = theta[:, cut : cut + before * after].view(-1, before, after)
            bias = theta[:, cut + before * after : cut + (before + 1) * after].unsqueeze(1)
            cut += (before + 1) * after
            hidden = torch.baddbmm(bias, torch.relu(hidden) if number else hidden, weight)
        direction, magnitude = hidden.unbind(dim=2)
        return -STEP * direction * torch.exp(MAGNITUDE * magnitude)

    def normalised(self, values: Tensor) -> Tensor:
        """``values [particles, features, D]`` divided by their root mean square over every weight or bias tensor."""
        sizes = [size for inputs, outputs in self.data.task.network.layers for size in (inputs * outputs, outputs)]
        parts = [
            part / (part.square().mean(dim=2, keepdim=True) + 1e-10).sqrt()
            for part in torch.split(values, sizes, dim=2)
        ]
        return torch.cat(parts, dim=2)
