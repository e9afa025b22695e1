"""Stage *smoothing*: ES-Single with perturbations of several sizes σ on the learned optimizer (Vicol 2023, slides)."""

import torch

from hypersvg.experiments.estimators.learned import judge, optimizer_on, task_of
from hypersvg.experiments.estimators.outer import Contender, compete
from hypersvg.experiments.estimators.pooled import learning
from hypersvg.experiments.job import Job, Tables
from hypersvg.maths.estimators.evolution import es_single
from hypersvg.maths.random import torch_generator
from hypersvg.tasks.classification import Classification

SIGMAS = (1e-6, 1e-4, 1e-3, 1e-2, 1e-1, 1.0)
"""Standard deviations of the perturbations; the slides name the first and 1e-2."""
DOUBLE = "σ = 1e-06, double precision"
"""The smallest σ again in float64, where rounding cannot be what fails."""


def run(job: Job) -> Tables:
    """``outer_curves`` of every σ, in single precision as usual, and of the smallest one in double precision too."""
    smoothing, learned = job.settings.smoothing, job.settings.learned
    updates = smoothing.inner_steps // (2 * learned.pairs * learned.truncation)
    tasks = {dtype: task_of(job, dtype) for dtype in (torch.float32, torch.float64)}
    tables = compete(
        job,
        lambda seed: contenders(job, tasks, seed, updates),
        lambda seed: judge(job, tasks[torch.float32], seed),
        smoothing.evaluations,
    )
    return {"outer_curves": tables["outer_curves"]}


def label(sigma: float) -> str:
    """The ``setting`` of a σ."""
    return f"σ = {sigma:g}"


def contenders(job: Job, tasks: dict[torch.dtype, Classification], seed: int, updates: int) -> list[Contender]:
    """ES-Single from one start with every σ; all else is what the stage *learned* has."""
    single = [contender(job, tasks[torch.float32], seed, updates, sigma, label(sigma)) for sigma in SIGMAS]
    return [*single, contender(job, tasks[torch.float64], seed, updates, SIGMAS[0], DOUBLE)]


def contender(job: Job, task: Classification, seed: int, updates: int, sigma: float, setting: str) -> Contender:
    """One σ."""
    learned, problem = job.settings.learned, optimizer_on(job, learning(task, seed))
    theta = problem.initial(torch_generator(seed, "learned optimizer")).to(task.images.train.images.dtype)
    estimator = es_single(problem, learned.pairs, sigma, learned.truncation)
    return Contender("es_single", estimator, theta, updates, learned.rate_es_single, "adam", setting)
