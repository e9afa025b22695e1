"""The plain peers: what a competent user of PyTorch writes, with ``nn.Linear``, ``loss.backward()`` and its own Adam.

Algorithms 5 and 6 step by step, and loops over runs and over an evolution strategy's particles. The surrogate's weights
ask for no gradient while the policy learns through it, and online the policy acts once a step: what a careful user
would think of. Weights may be copied from ours to compare.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn import functional

from hypersvg.maths.surrogate import Policy, Surrogate
from hypersvg.settings.methods import Svg


class PlainSurrogate(nn.Module):
    """s' ≈ s + g(s, a): one hidden layer, ELU, the rate as one more input."""

    def __init__(self, parameters: int, width: int) -> None:
        super().__init__()
        self.hidden = nn.Linear(parameters + 1, width)
        self.output = nn.Linear(width, parameters)

    def forward(self, state: Tensor, rate: Tensor) -> Tensor:
        """``[batch, P]`` from ``state [batch, P]`` and ``rate [batch]``."""
        seen = torch.cat([state, rate.unsqueeze(1)], dim=1)
        return state + self.output(functional.elu(self.hidden(seen)))

    @torch.no_grad()
    def copy(self, ours: Surrogate) -> None:
        """Take over the weights of a surrogate of one run."""
        self.hidden.weight.copy_(torch.cat([ours.input_weight[0], ours.rate_weight[0].T], dim=1))
        self.hidden.bias.copy_(ours.hidden_bias.flatten())
        self.output.weight.copy_(ours.output_weight[0].T)
        self.output.bias.copy_(ours.output_bias.flatten())


class PlainPolicy(nn.Module):
    """a = start · exp(u(s)): one hidden layer, ELU."""

    def __init__(self, parameters: int, width: int, start: float) -> None:
        super().__init__()
        self.hidden = nn.Linear(parameters, width)
        self.output = nn.Linear(width, 1)
        self.start = start

    def forward(self, state: Tensor) -> Tensor:
        """Rates ``[batch]`` at ``state [batch, P]``."""
        return self.start * torch.exp(self.output(functional.elu(self.hidden(state))).squeeze(1))

    @torch.no_grad()
    def copy(self, ours: Policy) -> None:
        """Take over the weights of a policy of one run."""
        self.hidden.weight.copy_(ours.input_weight[0])
        self.hidden.bias.copy_(ours.hidden_bias.flatten())
        self.output.weight.copy_(ours.output_weight[0])
        self.output.bias.copy_(ours.output_bias.flatten())


@dataclass
class PlainSvg:
    """Surrogate, policy and their Adam, and the two objectives of Algorithm 6."""

    parameters: int
    width: int
    hidden: tuple[int, int]
    svg: Svg
    device: str
    start: float = 1e-3
    surrogate: PlainSurrogate = field(init=False)
    policy: PlainPolicy = field(init=False)

    def __post_init__(self) -> None:
        self.surrogate = PlainSurrogate(self.parameters, self.width).to(self.device)
        self.policy = PlainPolicy(self.parameters, self.width, self.start).to(self.device)
        self.surrogate_optimizer = torch.optim.Adam(self.surrogate.parameters(), lr=self.svg.surrogate_learning_rate)
        self.policy_optimizer = torch.optim.Adam(self.policy.parameters(), lr=self.svg.policy_learning_rate)

    def copy(self, surrogate: Surrogate, policy: Policy) -> None:
        """Take over the weights of ours."""
        self.surrogate.copy(surrogate)
        self.policy.copy(policy)

    def online(self, before: Tensor, after: Tensor, rate: Tensor, images: Tensor, labels: Tensor) -> None:
        """One step: states ``[1, P]``, the recorded rate ``[1]``; ξ is inferred at the action itself."""
        self.surrogate.requires_grad_(False)
        predicted = self.surrogate(before, self.policy(before))
        imagined = predicted + (after - predicted).detach()
        descend(self.policy_optimizer, inner_loss(imagined, images, labels, self.hidden))
        self.surrogate.requires_grad_(True)
        descend(self.surrogate_optimizer, (self.surrogate(before, rate) - after).square().sum())

    def offline(self, states: Tensor, rates: Tensor, images: Tensor, labels: Tensor) -> None:
        """One iteration on ``states [batch, T + 1, P]`` and ``rates [batch, T]``."""
        steps = rates.shape[1]
        self.surrogate.requires_grad_(False)
        state, action = states[:, 0], self.policy(states[:, 0])
        for step in range(steps):
            noise = states[:, step + 1] - self.surrogate(states[:, step], rates[:, step])
            state = self.surrogate(state, action) + noise
        descend(self.policy_optimizer, inner_loss(state, images, labels, self.hidden))
        self.surrogate.requires_grad_(True)
        loss = torch.zeros((), device=self.device)
        for step in range(steps):
            error = self.surrogate(states[:, step], rates[:, step]) - states[:, step + 1]
            loss = loss + error.square().sum() / (len(states) * steps)
        descend(self.surrogate_optimizer, loss)


@torch.no_grad()
def flat_plain(peer: PlainSvg) -> dict[str, Tensor]:
    """All weights of the peer's networks, one vector each, in the order of :func:`flat_ours`."""
    surrogate, policy = peer.surrogate, peer.policy
    hidden = surrogate.hidden.weight
    parts = [hidden[:, :-1], hidden[:, -1], surrogate.hidden.bias, surrogate.output.weight.T, surrogate.output.bias]
    return {"surrogate": flat(parts), "policy": flat(list(policy.parameters()))}


@torch.no_grad()
def flat_ours(surrogate: Surrogate, policy: Policy) -> dict[str, Tensor]:
    """All weights of our networks of one run, one vector each."""
    return {"surrogate": flat(surrogate.weights), "policy": flat(policy.weights)}


def flat(parts: list[Tensor]) -> Tensor:
    """Tensors one after the other as one vector."""
    return torch.cat([part.detach().flatten() for part in parts])


def descend(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    """The three lines of every training loop."""
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def inner_loss(states: Tensor, images: Tensor, labels: Tensor, hidden: tuple[int, int]) -> Tensor:
    """Mean cross-entropy of the networks 784-h-h-10 (ELU) in ``states [batch, P]`` on ``images [count, 784]``."""
    sizes = [784, *hidden, 10]
    values, start = images.unsqueeze(0), 0
    for layer, (inputs, outputs) in enumerate(itertools.pairwise(sizes)):
        weight = states[:, start : start + inputs * outputs].view(-1, inputs, outputs)
        start += inputs * outputs
        bias = states[:, start : start + outputs].unsqueeze(1)
        start += outputs
        values = (functional.elu(values) if layer else values) @ weight + bias
    return functional.cross_entropy(values.flatten(0, 1), labels.repeat(len(states)))


def inner_network(device: str, hidden: Sequence[int] = (32, 32)) -> nn.Sequential:
    """784-h-…-10 with ELU."""
    layers = [part for pair in itertools.pairwise((784, *hidden, 10)) for part in (nn.Linear(*pair), nn.ELU())]
    return nn.Sequential(*layers[:-1]).to(device)


@torch.no_grad()
def take_over(model: nn.Sequential, flat: Tensor) -> None:
    """Copy our flat parameters, weight ``[inputs, outputs]`` and bias layer by layer, into the model."""
    layers, start = [layer for layer in model if isinstance(layer, nn.Linear)], 0
    for layer in layers:
        weight = flat[start : start + layer.weight.numel()].view(layer.in_features, layer.out_features)
        start += weight.numel() + layer.out_features
        layer.weight.copy_(weight.T)
        layer.bias.copy_(flat[start - layer.out_features : start])


@dataclass
class PlainLoop:
    """``runs`` inner trainings one after the other, with ``shared`` minibatches or each with its own."""

    runs: int
    batch: int
    shared: bool
    images: Tensor
    labels: Tensor
    models: list[nn.Sequential] = field(init=False)

    def __post_init__(self) -> None:
        self.models = [inner_network(str(self.images.device)) for _ in range(self.runs)]
        self.optimizers = [torch.optim.Adam(model.parameters(), lr=1e-3) for model in self.models]
        streams = 1 if self.shared else self.runs
        self.orders = [torch.randperm(len(self.labels), device=self.labels.device) for _ in range(streams)]
        self.position = 0

    def step(self) -> None:
        """One update of every run."""
        if self.position + self.batch > len(self.labels):
            self.position = 0
        part = slice(self.position, self.position + self.batch)
        self.position += self.batch
        batches = [(self.images[order[part]], self.labels[order[part]]) for order in self.orders]
        for run, (model, optimizer) in enumerate(zip(self.models, self.optimizers, strict=True)):
            seen, wanted = batches[0 if self.shared else run]
            descend(optimizer, functional.cross_entropy(model(seen), wanted))

    @torch.no_grad()
    def evaluate(self, images: Tensor, labels: Tensor) -> list[float]:
        """Accuracy of every run."""
        return [float((model(images).argmax(dim=1) == labels).float().mean()) for model in self.models]


@dataclass
class PlainParticles:
    """PES, or with ``keeps`` ES-Single, of the rate α_t = e^θ0 / (1 + t / horizon)^(e^θ1), a particle at a time.

    The two members of a pair start alike and see the same minibatches. An update is paid for on the next minibatch,
    whose gradient is that of the next update.
    """

    pairs: int
    hidden: Sequence[int]
    batch: int
    steps: int
    sigma: float
    horizon: float
    keeps: bool
    images: Tensor
    labels: Tensor
    generator: torch.Generator
    step: int = 0

    def __post_init__(self) -> None:
        self.models = [inner_network(str(self.images.device), self.hidden) for _ in range(2 * self.pairs)]
        self.optimizers = [torch.optim.SGD(model.parameters(), lr=0.0, momentum=0.9) for model in self.models]
        self.orders = [torch.randperm(len(self.labels), device=self.labels.device) for _ in range(self.pairs)]
        for plus, minus in zip(self.models[::2], self.models[1::2], strict=True):
            minus.load_state_dict(plus.state_dict())

    def begin(self) -> None:
        """The gradient of everyone's first minibatch; after weights and orders were taken over, if they are."""
        self.epsilon = self.credit = torch.zeros(self.pairs, 2)
        for particle in range(2 * self.pairs):
            self.loss(particle, 0)

    def estimate(self, theta: Tensor) -> Tensor:
        """∂/∂θ of the next window's summed loss, ``[2]``."""
        if self.step == 0 or not self.keeps:
            self.epsilon = torch.randn(self.pairs, 2, generator=self.generator) * self.sigma
            self.credit = self.credit + self.epsilon
        gradient = torch.zeros(2)
        for pair, (epsilon, credit) in enumerate(zip(self.epsilon, self.credit, strict=True)):
            gap = self.window(2 * pair, theta + epsilon) - self.window(2 * pair + 1, theta - epsilon)
            gradient += gap * credit / (2 * self.sigma**2 * self.pairs)
        self.step += self.steps
        return gradient

    def window(self, particle: int, theta: Tensor) -> float:
        """The summed loss of one particle."""
        start, decay, total = math.exp(theta[0]), math.exp(theta[1]), 0.0
        for step in range(self.step, self.step + self.steps):
            self.optimizers[particle].param_groups[0]["lr"] = start / (1 + step / self.horizon) ** decay
            self.optimizers[particle].step()
            total += self.loss(particle, step + 1)
        return total

    def loss(self, particle: int, step: int) -> float:
        """Loss of minibatch ``step``, whose gradient is left with the weights."""
        first = step * self.batch % (len(self.labels) // self.batch * self.batch)
        rows = self.orders[particle // 2][first : first + self.batch]
        self.optimizers[particle].zero_grad()
        loss = functional.cross_entropy(self.models[particle](self.images[rows]), self.labels[rows])
        loss.backward()
        return loss.item()
