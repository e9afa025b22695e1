"""Outer optimization: descend estimated gradients, and record on the way what the outer parameters are worth."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import torch
from torch import Tensor

from hypersvg.experiments.checkpoint import Part
from hypersvg.experiments.job import Job, Tables
from hypersvg.maths.estimators.descent import Descent
from hypersvg.maths.estimators.evolution import TruncatedEvolution, es_single, pes
from hypersvg.maths.estimators.unrolls import GradientEstimator, InnerProblem, Objective, Windows
from hypersvg.maths.optimizers import OptimizerName
from hypersvg.maths.random import torch_generator
from hypersvg.progress import Tick, bar
from hypersvg.settings.tuning import Descended

JUDGES = 10**9
"""Number of the first inner problem on which outer parameters are judged: estimators never count so far."""
CEILING = 1e3
"""The objective recorded where there is no finite one: finite, so that tables stay complete."""
Row = dict[str, object]
Evaluate = Callable[[Tensor], float]
"""What is minimized, at outer parameters ``[P]`` themselves; never charged."""


@dataclass(frozen=True)
class Contender:
    """One line of a figure: an estimator from a start ``theta [P]``, and how its gradients are descended.

    ``setting`` tells apart the contenders of one ``method``; ``names`` are those of the outer parameters, which are
    recorded where they are given. ``optimizer`` is ``sgd`` or ``adam`` with ``learning_rate``.
    """

    method: str
    estimator: GradientEstimator
    theta: Tensor
    updates: int
    learning_rate: float
    optimizer: OptimizerName = "sgd"
    setting: str = "-"
    names: tuple[str, ...] = ()


def descent_of(contender: Contender, seed: int) -> Descent:
    """A contender at work; its perturbations are a function of the seed alone, so that all contenders share them."""
    generator = torch_generator(seed, "perturbations")
    return Descent(contender.estimator, contender.theta, contender.learning_rate, generator, contender.optimizer)


def compete(
    job: Job,
    contenders: Callable[[int], Sequence[Contender]],
    evaluate: Callable[[int], Evaluate],
    points: int,
    gradients: bool = False,
) -> Tables:
    """``outer_curves`` and ``outer_parameters`` of every contender of every seed, recorded ``points`` times and first.

    ``contenders`` and ``evaluate`` give a seed's contenders and what they are judged by; with ``gradients`` there is
    ``outer_gradients`` as well, every estimate that was descended.
    """
    items = [(seed, contender) for seed in job.seeds for contender in contenders(seed)]
    judges = {seed: evaluate(seed) for seed in job.seeds}
    total = sum(contender.updates for _, contender in items)
    with bar(total, "outer optimization", "updates") as tick:

        def one(item: tuple[int, Contender]) -> Part:
            return descend(*item, judges[item[0]], points, tick, gradients)

        return job.checkpoint.over(items, one, tick, total / len(items))


def descend(
    seed: int, contender: Contender, evaluate: Evaluate, points: int, tick: Tick, gradients: bool = False
) -> Part:
    """All updates of one contender; the first row is the start, the last one the end."""
    descent, recorded = descent_of(contender, seed), set(evenly(contender.updates, points))
    curves: list[Row] = []
    parameters: list[Row] = []
    estimates: list[Row] = []
    for update in range(contender.updates + 1):
        label = {"method": contender.method, "setting": contender.setting, "seed": seed, "update": update}
        if update:
            estimates += named(label, contender, descent.update(), "estimate")
            tick()
        if update in recorded:
            curves.append({**label, "inner_steps": descent.inner_steps, **judged(descent, evaluate)})
            parameters += named(label, contender, descent.theta, "value")
    frames = {"outer_curves": pd.DataFrame(curves), "outer_parameters": tidy(parameters, "value")}
    return {**frames, "outer_gradients": tidy(estimates, "estimate")} if gradients else frames


def evenly(updates: int, points: int) -> list[int]:
    """The start, the end, and what lies evenly between them: ``points`` updates after the start."""
    return [round(updates * point / points) for point in range(points + 1)]


def named(label: Row, contender: Contender, vector: Tensor, column: str) -> list[Row]:
    """A row an outer parameter, where they have names."""
    pairs = zip(contender.names, vector.tolist(), strict=True) if contender.names else ()
    return [{**label, "parameter": name, column: value} for name, value in pairs]


def tidy(rows: list[Row], column: str) -> pd.DataFrame:
    """Rows of :func:`named`; with their columns where there are none."""
    return pd.DataFrame(rows, columns=["method", "setting", "seed", "update", "parameter", column])


def judged(descent: Descent, evaluate: Evaluate) -> dict[str, object]:
    """The objective and the status of a contender as it stands."""
    objective = torch.tensor(evaluate(descent.theta), dtype=torch.float64).nan_to_num(CEILING).clamp(max=CEILING)
    return {"objective": float(objective), "status": "ok" if descent.alive else "diverged"}


def evolutions(
    problem: InnerProblem, block: Descended, theta: Tensor, objective: Objective = "mean", **how: Any
) -> list[Contender]:
    """Truncated ES (Algorithm 1, with its mean run), PES and ES-Single from ``theta``, each for the block's budget.

    ``how`` are further fields of the contenders.
    """
    pairs, sigma, unroll = block.pairs, block.sigma, block.truncation
    found: dict[str, GradientEstimator] = {
        "es": TruncatedEvolution(problem, pairs, sigma, unroll, "mean", objective),
        "pes": pes(problem, pairs, sigma, unroll, objective),
        "es_single": es_single(problem, pairs, sigma, unroll, objective),
    }
    prices = {"es": (2 * pairs + 1) * unroll}
    return [
        affordable(name, estimator, block, theta, prices.get(name, 2 * pairs * unroll), **how)
        for name, estimator in found.items()
    ]


def affordable(
    method: str, estimator: GradientEstimator, block: Descended, theta: Tensor, price: int, **how: Any
) -> Contender:
    """A contender of as many updates, at ``price`` inner steps each, as the block's budget pays for; by Adam."""
    updates = max(1, block.budget // price)
    return Contender(method, estimator, theta, updates, block.learning_rate, "adam", **how)


def whole_losses(problem: InnerProblem, thetas: Tensor, judges: int, objective: Objective = "mean") -> Tensor:
    """Mean over ``judges`` inner problems of the loss of whole unrolls under ``thetas [n, P]``, ``[n]``.

    All thetas share the inner problems, which no estimator uses. Raises ``ValueError`` for problems without an end.
    """
    windows, particles = Windows(problem, None, objective), len(thetas) * judges
    numbers = torch.arange(JUDGES, JUDGES + judges).repeat_interleave(len(thetas))
    with torch.no_grad():
        state, paid = problem.start(numbers), thetas.new_zeros(particles)
        loss = windows.run(state, paid, thetas.repeat(judges, 1), problem.length or 1)[1]
    return loss.view(judges, len(thetas)).mean(dim=0)


def judged_on(problem: InnerProblem, judges: int, objective: Objective = "mean") -> Evaluate:
    """The loss of whole unrolls at outer parameters, on the same inner problems at every call."""
    return lambda theta: float(whole_losses(problem, theta.unsqueeze(0), judges, objective)[0])
