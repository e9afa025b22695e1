"""Outer optimization: descend estimated gradients, and record on the way what the outer parameters are worth."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd
import torch
from torch import Tensor

from hypersvg.experiments.checkpoint import Part
from hypersvg.experiments.job import Job, Tables
from hypersvg.maths.estimators.descent import Descent
from hypersvg.maths.estimators.unrolls import GradientEstimator
from hypersvg.maths.optimizers import OptimizerName
from hypersvg.maths.random import torch_generator
from hypersvg.progress import Tick, bar

CEILING = 1e3
"""The objective recorded where there is no finite one: finite, so that tables stay complete."""
Evaluate = Callable[[Tensor], float]
"""What is minimized, at outer parameters ``[P]`` themselves; never charged."""
Row = dict[str, object]


@dataclass(frozen=True)
class Contender:
    """One line of a figure: an estimator from a start ``theta [P]``, and how its gradients are descended.

    ``setting`` tells apart the contenders of one ``method``; ``names`` are those of the outer parameters, which are
    recorded where they are given. ``optimizer`` is ``sgd`` or ``adam`` with ``learning_rate``. ``every``, where it is
    given, is the number of updates between two evaluations of this contender.
    """

    method: str
    estimator: GradientEstimator
    theta: Tensor
    updates: int
    learning_rate: float
    optimizer: OptimizerName = "sgd"
    setting: str = "-"
    names: tuple[str, ...] = ()
    every: int | None = None


def descent_of(contender: Contender, seed: int) -> Descent:
    """A contender at work; its perturbations are a function of the seed alone, so that all contenders share them."""
    generator = torch_generator(seed, "perturbations")
    return Descent(contender.estimator, contender.theta, contender.learning_rate, generator, contender.optimizer)


def compete(
    job: Job,
    contenders: Callable[[int], Sequence[Contender]],
    evaluate: Callable[[int], Evaluate],
    every: int = 1,
    gradients: bool = False,
) -> Tables:
    """``outer_curves`` and ``outer_parameters`` of every contender of every seed, recorded each ``every`` updates.

    ``contenders`` and ``evaluate`` give a seed's contenders and what they are judged by; with ``gradients`` there is
    ``outer_gradients`` as well, every estimate that was descended.
    """
    items = [(seed, contender) for seed in job.seeds for contender in contenders(seed)]
    judges = {seed: evaluate(seed) for seed in job.seeds}
    total = sum(contender.updates for _, contender in items)
    with bar(total, "outer optimization", "updates") as tick:

        def one(item: tuple[int, Contender]) -> Part:
            return descend(*item, judges[item[0]], item[1].every or every, tick, gradients)

        return job.checkpoint.over(items, one, tick, total / len(items))


def descend(
    seed: int, contender: Contender, evaluate: Evaluate, every: int, tick: Tick, gradients: bool = False
) -> Part:
    """All updates of one contender; the first row is the start, the last one the end."""
    descent = descent_of(contender, seed)
    curves: list[Row] = []
    parameters: list[Row] = []
    estimates: list[Row] = []
    for update in range(contender.updates + 1):
        label = {"method": contender.method, "setting": contender.setting, "seed": seed, "update": update}
        if update:
            estimates += named(label, contender, descent.update(), "estimate")
            tick()
        if update % every == 0 or update == contender.updates:
            curves.append({**label, "inner_steps": descent.inner_steps, **judged(descent, evaluate)})
            parameters += named(label, contender, descent.theta, "value")
    frames = {"outer_curves": pd.DataFrame(curves), "outer_parameters": tidy(parameters, "value")}
    return {**frames, "outer_gradients": tidy(estimates, "estimate")} if gradients else frames


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
