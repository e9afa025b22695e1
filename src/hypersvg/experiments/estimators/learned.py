"""Stage *learned*: meta-training a small learned optimizer by truncated ES, PES and ES-Single (Vicol 2023, slides)."""

import pandas as pd
import torch

from hypersvg.experiments.estimators.outer import Contender, Evaluate, compete
from hypersvg.experiments.estimators.pooled import (
    classification,
    evolutions,
    judging,
    learning,
    mean_unroll_loss,
    pooled_images,
    unroll_losses,
)
from hypersvg.experiments.job import Job, Tables
from hypersvg.maths.random import torch_generator
from hypersvg.tasks.classification import Classification
from hypersvg.tasks.learned_optimizer import LearnedOptimizer
from hypersvg.tasks.unrolled import ConstantRate, MiniBatches, Rule, UnrolledTraining

RULES: tuple[Rule, ...] = ("adam", "momentum")
"""The optimizers beside the learned one."""


def run(job: Job) -> Tables:
    """``outer_curves`` of the estimators, ``outer_rates`` of Adam and momentum at every constant rate."""
    learned, task = job.settings.learned, task_of(job)
    tables = compete(
        job, lambda seed: contenders(job, task, seed), lambda seed: judge(job, task, seed), learned.evaluations
    )
    rates = [row for seed in job.seeds for rule in RULES for row in constant_rates(job, task, seed, rule)]
    return {"outer_curves": tables["outer_curves"], "outer_rates": pd.DataFrame(rates)}


def task_of(job: Job, dtype: torch.dtype = torch.float32) -> Classification:
    """What the learned optimizer trains."""
    learned = job.settings.learned
    return classification(pooled_images(job, learned.pooling, dtype), (learned.width,), learned.batch_size)


def optimizer_on(job: Job, data: MiniBatches) -> LearnedOptimizer:
    """The inner problem: ``data``'s training by the learned optimizer."""
    learned = job.settings.learned
    return LearnedOptimizer(data, learned.length, learned.optimizer_width)


def judge(job: Job, task: Classification, seed: int) -> Evaluate:
    """Mean loss of full unrolls on the inner problems that everyone is judged by."""
    return mean_unroll_loss(optimizer_on(job, judging(task, seed)), job.settings.learned.problems)


def contenders(job: Job, task: Classification, seed: int) -> list[Contender]:
    """The evolution strategies, from one start."""
    problem = optimizer_on(job, learning(task, seed))
    theta = problem.initial(torch_generator(seed, "learned optimizer"))
    return evolutions(problem, theta, job.settings.learned)


def constant_rates(job: Job, task: Classification, seed: int, rule: Rule) -> list[dict[str, object]]:
    """The objective of an optimizer at every constant rate of the grid, on the same inner problems."""
    learned = job.settings.learned
    problem = UnrolledTraining(judging(task, seed), ConstantRate(), learned.length, rule)
    rates = torch.tensor(learned.constant_rates).log().unsqueeze(1)
    losses = unroll_losses(problem, rates, learned.problems).tolist()
    grid = zip(learned.constant_rates, losses, strict=True)
    return [{"optimizer": rule, "seed": seed, "rate": rate, "objective": loss} for rate, loss in grid]
