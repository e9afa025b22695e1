"""Stage *stability*: PES against ES-Single over many inner problems, and their variances (Vicol 2023, slides)."""

import pandas as pd
import torch
from torch import Tensor

from hypersvg.experiments.estimators.outer import Contender, compete
from hypersvg.experiments.estimators.training import classification, contender, judged_on, objective, tuned
from hypersvg.experiments.job import Job, Tables
from hypersvg.maths.estimators.evolution import Evolution
from hypersvg.maths.random import torch_generator
from hypersvg.tasks.classification import Classification
from hypersvg.tasks.unrolled import ConstantRate

INTERVALS: dict[str, int | None] = {"pes": 1, "es_single": None}
"""The re-sampling interval M of both; see :class:`~hypersvg.maths.estimators.evolution.Evolution`."""


def run(job: Job) -> Tables:
    """Both tune a constant rate, every estimate on record; then the variances at the rate they start from."""
    task, count = classification(job), job.settings.unrolled.evaluation_problems
    length = job.settings.stability.length
    tables = compete(
        job,
        lambda seed: contenders(job, task, seed),
        lambda seed: objective(judged_on(task, seed, ConstantRate(), length), count),
        job.settings.stability.evaluations,
        gradients=True,
    )
    return {
        **tables,
        "outer_variances": pd.DataFrame([row for seed in job.seeds for row in variances(job, task, seed)]),
    }


def contenders(job: Job, task: Classification, seed: int) -> list[Contender]:
    """PES and ES-Single from the same start."""
    stability = job.settings.stability
    problem = tuned(task, seed, ConstantRate(), stability.length)
    return [contender(name, problem, stability, (stability.start,)) for name in INTERVALS]


def variances(job: Job, task: Classification, seed: int) -> list[dict[str, object]]:
    """``outer_variances`` of a seed: T cut into fewer and more partial unrolls, θ held where the descents start."""
    stability = job.settings.stability
    problem = tuned(task, seed, ConstantRate(), stability.length)
    theta = torch.tensor([stability.start], dtype=torch.float64)
    return [
        {"method": method, "seed": seed, "unrolls": count, "variance": total_variance(estimator, theta, seed)}
        for method, interval in INTERVALS.items()
        for count in stability.unrolls
        for estimator in [
            Evolution(
                problem, stability.repeats, stability.sigma, stability.length // count, interval, "sum", shared=True
            )
        ]
    ]


def total_variance(estimator: Evolution, theta: Tensor, seed: int) -> float:
    """tr Var of one pair's estimate of a whole inner problem's gradient, by the spread of its pairs.

    The pairs share the inner problem, so that the variance is the perturbations' alone (Vicol 2023, Proposition 3.2).
    The estimate is the sum over the partial unrolls, of the mean loss.
    """
    problem, generator, carried = estimator.problem, torch_generator(seed, "variances"), estimator.begin()
    total = torch.zeros(estimator.pairs, problem.parameters, dtype=theta.dtype)
    while carried.problem == 0:
        each, _, carried = estimator.estimates(carried, theta, generator)
        total += each.cpu()
    return float((total / (problem.length or 1)).var(dim=0).sum())
