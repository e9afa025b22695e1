"""Tuning 29 hyperparameters of one training, continuous and discrete (Vicol 2023, "several … hyperparams")."""

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from hypersvg.maths.estimators.unrolls import State
from hypersvg.tasks.unrolled import MiniBatches, kept_where_dead


@dataclass(frozen=True)
class ManyHyperparameters:
    """Training a perceptron of five hidden layers by momentum for ``length`` steps under θ, 29 numbers.

    A weight or bias tensor (12 of them) has a rate e^θ and a momentum coefficient sigmoid(θ) of its own; a hidden layer
    has 1 + round((width − 1) · sigmoid(θ)) units in use, the rest masked with all that leads there. The number of units
    is a step function of θ: smoothing sees through it, differentiation does not. ``data``'s task gives the network,
    whose hidden widths are the largest allowed. What is paid is the loss on the next minibatch, as in
    :class:`~hypersvg.tasks.unrolled.UnrolledTraining`. The slides train on FashionMNIST.
    """

    data: MiniBatches
    length: int | None

    @property
    def tensors(self) -> list[int]:
        """Lengths of the network's weight and bias tensors."""
        return [size for inputs, outputs in self.data.task.network.layers for size in (inputs * outputs, outputs)]

    @property
    def widths(self) -> tuple[int, ...]:
        """Largest hidden widths."""
        return self.data.task.network.sizes[1:-1]

    @property
    def parameters(self) -> int:
        """P: two a tensor and one a hidden layer."""
        return 2 * len(self.tensors) + len(self.widths)

    def initial(self, rate: float = -4.6, momentum: float = 2.2, units: float = 0.0) -> Tensor:
        """A start for θ: by default rates of 0.01, momenta of 0.9, half of the units."""
        count = len(self.tensors)
        return torch.tensor([rate] * count + [momentum] * count + [units] * len(self.widths))

    def start(self, problems: Tensor) -> State:
        """Fresh parameters and no velocity; the first gradient is that of the unmasked network."""
        state = self.data.start(problems)
        return {**state, "velocity": torch.zeros_like(state["parameters"])}

    def advance(self, state: State, theta: Tensor) -> tuple[State, Tensor]:
        """See :class:`~hypersvg.maths.estimators.unrolls.InnerProblem`."""
        before, count = state["parameters"], len(self.tensors)
        rate, momentum, units = torch.split(theta.to(before.dtype), [count, count, len(self.widths)], dim=1)
        mask, lengths = self.mask(units), torch.tensor(self.tensors, device=before.device)
        velocity = momentum.sigmoid().repeat_interleave(lengths, dim=1) * state["velocity"] + state["gradient"] * mask
        after = before - rate.exp().repeat_interleave(lengths, dim=1) * velocity
        loss, gradient = self.data.measured(after * mask, state["problem"], int(state["step"][0]) + 1)
        following = {
            **state,
            "parameters": after,
            "velocity": velocity,
            "gradient": gradient,
            "step": state["step"] + 1,
        }
        return kept_where_dead(state, following, loss)

    def units(self, theta: Tensor) -> Tensor:
        """Units in use ``[particles, layers]`` from the last entries of θ ``[particles, layers]``."""
        widths = torch.tensor(self.widths, dtype=theta.dtype, device=theta.device)
        return 1 + torch.round((widths - 1) * theta.sigmoid())

    def mask(self, theta: Tensor) -> Tensor:
        """1 for every parameter between units in use, ``[particles, D]``; ``theta`` as in :meth:`units`."""
        used = self.units(theta).unsqueeze(2).unbind(dim=1)
        places = [torch.arange(width, device=theta.device) for width in self.widths]
        kept = [place < count for place, count in zip(places, used, strict=True)]
        first, last = (kept[0].new_ones(len(theta), size) for size in (self.data.task.network.sizes[0], 10))
        ends = [first, *kept, last]
        parts = []
        for inputs, outputs in pairwise(ends):
            parts += [(inputs.unsqueeze(2) & outputs.unsqueeze(1)).flatten(1), outputs]
        return torch.cat(parts, dim=1).to(theta.dtype)
