"""The toy task of Metz 2021 and its imitation optimizer (Crouther 2023, section 4.1).

Iterates are scalars: the state of an inner run is ``x``, and everything here is batched over any leading shape.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from hypersvg.maths.network import Network
from hypersvg.maths.optimizers import Adam, Momentum

LARGEST_ITERATE = 1e4
"""Imitated iterates are cut here, so that the loss of a runaway rollout stays finite."""


def inner_loss(x: Tensor) -> Tensor:
    """``log(x² + 1 + sin 3x) + 1.5`` (Metz 2021): global minimum near −0.5, a local one near 1.5."""
    return torch.log(x * x + 1 + torch.sin(3 * x)) + 1.5


def inner_gradient(x: Tensor) -> Tensor:
    """Derivative of :func:`inner_loss` in closed form, ``(2x + 3 cos 3x) / (x² + 1 + sin 3x)``."""
    return (2 * x + 3 * torch.cos(3 * x)) / (x * x + 1 + torch.sin(3 * x))


def true_rollout(start: Tensor, rate: Tensor, steps: int, momentum: float) -> Tensor:
    """Iterates ``[runs, steps + 1]`` of SGD from ``start [runs]``, ``v₀ = 0``, with learning rates ``rate [runs]``.

    ``v ← momentum · v + g``, ``x ← x − rate · v`` (Metz 2021); the gradient is bounded, so nothing diverges.
    """
    optimizer, x = Momentum(momentum=momentum), start.unsqueeze(1)
    iterates = [x]
    for _ in range(steps):
        x = optimizer.step(x, inner_gradient(x), rate)
        iterates.append(x)
    return torch.cat(iterates, dim=1)


@dataclass(frozen=True)
class Imitation:
    """The Gaussian model of section 4.1: ``x' = μ(x, λ; w) + σξ``, μ a ReLU perceptron of ``hidden`` widths.

    One model a seed: ``weights [seeds, parameters]``. μ predicts the next iterate itself, as the thesis writes it. Its
    inputs are ``x / start_range`` and ``log10 λ`` mapped from ``log_rate_range`` to [−1, 1]; its output is in units of
    ``start_range``. The thesis says "(iterate, λ)" without a scaling.
    """

    network: Network
    start_range: float
    log_rate_range: tuple[float, float]

    @classmethod
    def of(cls, hidden: list[int], start_range: float, log_rate_range: tuple[float, float]) -> "Imitation":
        """A model with ``hidden`` widths (Table 4.3: 32, 32, and one output)."""
        network = Network((2, *hidden, 1), activation="relu", initialisation="he_uniform")
        return cls(network, start_range, log_rate_range)

    def inputs(self, x: Tensor, rate: Tensor) -> Tensor:
        """Network inputs ``[…, 2]`` for iterates and rates of one shape."""
        low, high = self.log_rate_range
        scaled = (2 * torch.log10(rate) - (low + high)) / (high - low)
        return torch.stack([x / self.start_range, scaled], dim=-1)

    def mean(self, weights: Tensor, x: Tensor, rate: Tensor) -> Tensor:
        """μ for ``x`` and ``rate`` of shape ``[seeds, batch]``."""
        return self.network.logits(weights, self.inputs(x, rate)).squeeze(-1) * self.start_range

    def rollout(self, weights: Tensor, start: Tensor, rate: Tensor, steps: int) -> Tensor:
        """Mean rollouts (ξ = 0) ``[seeds, batch, steps + 1]`` from ``start`` with ``rate``, both ``[seeds, batch]``."""
        iterates = [start]
        with torch.no_grad():
            for _ in range(steps):
                following = self.mean(weights, iterates[-1], rate)
                iterates.append(following.clamp(-LARGEST_ITERATE, LARGEST_ITERATE))
        return torch.stack(iterates, dim=-1)


def fit(
    model: Imitation,
    weights: Tensor,
    paths: Tensor,
    rates: Tensor,
    generators: list[torch.Generator],
    *,
    updates: int,
    batch_size: int,
    learning_rate: float,
    after_update: Callable[[], object] = lambda: None,
) -> Tensor:
    """Weights ``[seeds, parameters]`` after maximum likelihood on ``paths [seeds, trajectories, steps + 1]``.

    Maximum likelihood with a fixed σ is the squared error of eq. 4.1.1, here on minibatches of transitions with Adam
    and a cosine decay of its rate to zero. Deviation: eq. 4.1.1 as printed predicts trajectory i + 1 from trajectory
    i; here x_{t+1} is predicted from x_t of the same trajectory. ``rates`` is ``[seeds, trajectories]``.
    """
    before, after = paths[:, :, :-1].flatten(1), paths[:, :, 1:].flatten(1)
    rate = rates.unsqueeze(2).expand(-1, -1, paths.shape[2] - 1).flatten(1)
    adam = Adam()
    for update in range(updates):
        chosen = torch.stack([torch.randint(before.shape[1], (batch_size,), generator=one) for one in generators])
        leaf = weights.detach().requires_grad_(True)
        predicted = model.mean(leaf, before.gather(1, chosen), rate.gather(1, chosen)) / model.start_range
        target = after.gather(1, chosen) / model.start_range
        losses = functional.mse_loss(predicted, target, reduction="none").mean(dim=1)
        (gradient,) = torch.autograd.grad(losses.sum(), leaf)
        decayed = learning_rate * 0.5 * (1 + math.cos(math.pi * update / updates))
        weights = adam.step(weights, gradient, torch.full((len(weights),), decayed))
        after_update()
    return weights
