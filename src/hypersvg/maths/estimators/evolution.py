"""Evolution strategies over unrolls, in antithetic pairs (Vicol 2023, slides, Algorithms 1, 2 and 4).

An estimate is 1 / (2nσ²) · Σ_i ξ_i (L(θ + ε_i) − L(θ − ε_i)) over n pairs (N = 2n particles), ε ~ N(0, σ²I). The
members of a pair share the inner problem's start and data; with ``shared`` all pairs do. The estimators differ in how
long a perturbation ε is kept, what it is credited with (ξ), and in whose state they go on.
"""

from dataclasses import dataclass, field, replace
from typing import Literal

import torch
from torch import Tensor

from hypersvg.maths.estimators.unrolls import (
    Carried,
    Estimate,
    InnerProblem,
    Objective,
    Windows,
    detached,
    repeated,
)

Carry = Literal["mean", "perturbed"]


def perturbations(pairs: int, theta: Tensor, sigma: float, generator: torch.Generator) -> Tensor:
    """ε ~ N(0, σ²I) ``[pairs, P]``, drawn on the CPU so that devices see the same numbers."""
    drawn = torch.randn(pairs, len(theta), generator=generator, dtype=theta.dtype)
    return drawn.to(theta.device) * sigma


def antithetic(theta: Tensor, epsilon: Tensor) -> Tensor:
    """θ + ε and θ − ε of every pair in turn, ``[2 · pairs, P]``: neighbours, so that they can share their data."""
    return torch.stack([theta + epsilon, theta - epsilon], dim=1).flatten(0, 1)


def by_pair(loss: Tensor, credit: Tensor, sigma: float) -> Tensor:
    """Every pair's estimate ``[pairs, P]`` from ``loss [2 · pairs]``, credited to the perturbations ``credit``."""
    plus, minus = loss.view(-1, 2).unbind(dim=1)
    return (plus - minus).unsqueeze(1) * credit / (2 * sigma**2)


def weighted(loss: Tensor, credit: Tensor, sigma: float) -> Tensor:
    """The estimate ``[P]`` of all pairs; see :func:`by_pair`."""
    return by_pair(loss, credit, sigma).mean(dim=0)


@dataclass(frozen=True)
class Evolution:
    """ES with a re-sampling interval M (Algorithm 4, the generalization of PES and ES-Single).

    A new ε is drawn for every pair at the start of an inner problem and after every ``interval`` (M) unrolls, and
    added to the pair's accumulator ξ, which the loss is credited to. M = 1 is PES; ``interval`` None keeps one ε for
    the whole inner problem, which is ES-Single; a truncation of None is full-unroll ES. Every pair goes on in its own
    states. Deviation: the loop of Algorithm 4 is left to the caller, who gets one estimate a call; accumulators start
    anew with every inner problem, after its last window has been credited to the old ones.

    Raises ``ValueError`` for settings without a particle, a perturbation or an interval.
    """

    problem: InnerProblem
    pairs: int
    sigma: float
    truncation: int | None = None
    interval: int | None = 1
    objective: Objective = "sum"
    shared: bool = False
    windows: Windows = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.pairs < 1 or self.sigma <= 0 or (self.interval is not None and self.interval < 1):
            raise ValueError(f"pairs {self.pairs}, sigma {self.sigma}, interval {self.interval}: all must be positive")
        object.__setattr__(self, "windows", Windows(self.problem, self.truncation, self.objective, self.shared))

    def begin(self, problem: int = 0) -> Carried:
        """See :class:`~hypersvg.maths.estimators.unrolls.GradientEstimator`; pairs share one inner problem or not."""
        return self.windows.begin(problem, self.pairs, 2)

    def perturbed(self, carried: Carried, theta: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """This window's ε and ξ, ``[pairs, P]`` each."""
        kept = carried.memory
        if kept and (self.interval is None or carried.unroll % self.interval):
            return kept["epsilon"], kept["credit"]
        epsilon = perturbations(self.pairs, theta, self.sigma, generator)
        return epsilon, kept["credit"] + epsilon if kept else epsilon

    def estimate(self, carried: Carried, theta: Tensor, generator: torch.Generator) -> tuple[Estimate, Carried]:
        """See :class:`~hypersvg.maths.estimators.unrolls.GradientEstimator`."""
        steps = self.windows.steps(carried)
        each, loss, following = self.estimates(carried, theta, generator)
        return Estimate(each.mean(dim=0), loss.mean(), steps * len(loss)), following

    @torch.no_grad()
    def estimates(self, carried: Carried, theta: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor, Carried]:
        """Every pair's own estimate of the next window ``[pairs, P]``, its particles' losses, and what to carry on."""
        epsilon, credit = self.perturbed(carried, theta, generator)
        steps, each = self.windows.steps(carried), antithetic(theta, epsilon)
        state, loss, paid = self.windows.run(carried.state, carried.paid, each, steps)
        remembering = replace(carried, memory={"epsilon": epsilon, "credit": credit})
        following = self.windows.after(remembering, state, paid, steps)
        begun = following or self.begin(carried.problem + self.windows.problems(self.pairs))
        return by_pair(loss, credit, self.sigma), loss, begun


@dataclass(frozen=True)
class PesAnalytic(Evolution):
    """PES with analytic part (Vicol et al. 2021, "PES+A"): this window's θ is differentiated, not perturbed away.

    PES splits into what the loss owes to the perturbations of earlier windows and to this one's; the second part is
    replaced by the mean of ∂L/∂θ at the perturbed θ ± ε through this window, which has less variance where the loss is
    smooth. Raises ``ValueError`` for another M than 1.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.interval != 1:
            raise ValueError(f"interval is {self.interval}; the analytic part belongs to PES, whose interval is 1")

    def estimate(self, carried: Carried, theta: Tensor, generator: torch.Generator) -> tuple[Estimate, Carried]:
        """See :class:`~hypersvg.maths.estimators.unrolls.GradientEstimator`."""
        epsilon, credit = self.perturbed(carried, theta, generator)
        steps, each = self.windows.steps(carried), antithetic(theta, epsilon).requires_grad_(True)
        with torch.enable_grad():
            state, loss, paid = self.windows.run(carried.state, carried.paid, each, steps)
            analytic = torch.autograd.grad(loss.sum(), each)[0].mean(dim=0)
        gradient = analytic + weighted(loss.detach(), credit - epsilon, self.sigma)
        estimate = Estimate(gradient, loss.detach().mean(), steps * len(loss))
        remembering = replace(carried, memory={"epsilon": epsilon, "credit": credit})
        following = self.windows.after(remembering, detached(state), paid.detach(), steps)
        return estimate, following or self.begin(carried.problem + self.windows.problems(self.pairs))


@dataclass(frozen=True)
class TruncatedEvolution:
    """Truncated ES (Algorithm 1): a fresh ε every window, credited with that window alone, which is biased.

    ``carry`` mean: all particles begin a window in one state, which goes on under θ itself; that unroll is charged too.
    ``carry`` perturbed: every particle goes on in its own state (the variant without a mean run).
    Raises ``ValueError`` for settings without a particle or a perturbation.
    """

    problem: InnerProblem
    pairs: int
    sigma: float
    truncation: int | None = None
    carry: Carry = "mean"
    objective: Objective = "sum"
    shared: bool = False
    windows: Windows = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.pairs < 1 or self.sigma <= 0:
            raise ValueError(f"pairs {self.pairs}, sigma {self.sigma}: both must be positive")
        object.__setattr__(self, "windows", Windows(self.problem, self.truncation, self.objective, self.shared))

    def begin(self, problem: int = 0) -> Carried:
        """One state, or every particle's; see ``carry``."""
        return self.windows.begin(problem) if self.carry == "mean" else self.windows.begin(problem, self.pairs, 2)

    @torch.no_grad()
    def estimate(self, carried: Carried, theta: Tensor, generator: torch.Generator) -> tuple[Estimate, Carried]:
        """See :class:`~hypersvg.maths.estimators.unrolls.GradientEstimator`."""
        epsilon, steps = perturbations(self.pairs, theta, self.sigma, generator), self.windows.steps(carried)
        times = 2 * self.pairs if self.carry == "mean" else 1
        before, paid_before = repeated(carried.state, times), carried.paid.repeat_interleave(times)
        state, loss, paid = self.windows.run(before, paid_before, antithetic(theta, epsilon), steps)
        charged = steps * len(loss)
        if self.carry == "mean":
            state, _, paid = self.windows.run(carried.state, carried.paid, theta.unsqueeze(0), steps)
            charged += steps
        estimate = Estimate(weighted(loss, epsilon, self.sigma), loss.mean(), charged)
        following = self.windows.after(carried, state, paid, steps)
        begun = 1 if self.carry == "mean" else self.windows.problems(self.pairs)
        return estimate, following or self.begin(carried.problem + begun)


def full_es(problem: InnerProblem, pairs: int, sigma: float, objective: Objective = "sum") -> Evolution:
    """Full-unroll ES: one window of the whole inner problem."""
    return Evolution(problem, pairs, sigma, None, 1, objective)


def pes(problem: InnerProblem, pairs: int, sigma: float, truncation: int, objective: Objective = "sum") -> Evolution:
    """Persistent evolution strategies: a new perturbation every unroll, credited with all that follows."""
    return Evolution(problem, pairs, sigma, truncation, 1, objective)


def es_single(
    problem: InnerProblem, pairs: int, sigma: float, truncation: int, objective: Objective = "sum"
) -> Evolution:
    """ES-Single (Algorithm 2): one perturbation a particle, kept over all partial unrolls of an inner problem."""
    return Evolution(problem, pairs, sigma, truncation, None, objective)
