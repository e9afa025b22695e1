"""Stage *schedule*: a learning-rate schedule for MNIST by every estimator (Vicol 2023, slides; Vicol et al. 2021)."""

import pandas as pd
import torch

from hypersvg.experiments.estimators.outer import Contender, compete
from hypersvg.experiments.estimators.training import classification, contender, judged_on, objective, objectives, tuned
from hypersvg.experiments.job import Job, Tables
from hypersvg.tasks.classification import Classification
from hypersvg.tasks.unrolled import InverseTimeDecay


def run(job: Job) -> Tables:
    """Every estimator from a start with too low and one with too high rates, and the map they descend on."""
    task, every = classification(job), job.settings.unrolled.evaluation_problems
    length = job.settings.schedule.length
    tables = compete(
        job,
        lambda seed: contenders(job, task, seed),
        lambda seed: objective(judged_on(task, seed, InverseTimeDecay(length), length), every),
        job.settings.schedule.evaluations,
    )
    return {**tables, "outer_surfaces": pd.concat([surface(job, task, seed) for seed in job.seeds], ignore_index=True)}


def contenders(job: Job, task: Classification, seed: int) -> list[Contender]:
    """Every estimator from both starts; the decay's horizon is T, as in the slides."""
    schedule = job.settings.schedule
    problem = tuned(task, seed, InverseTimeDecay(schedule.length), schedule.length)
    return [
        contender(name, problem, schedule, start, setting)
        for setting, start in (("low rate", schedule.low_start), ("high rate", schedule.high_start))
        for name in schedule.METHODS
    ]


def surface(job: Job, task: Classification, seed: int) -> pd.DataFrame:
    """``outer_surfaces``: the objective over (log initial rate, log decay), on the inner problems that judge."""
    schedule = job.settings.schedule
    axes = [torch.linspace(*ends, schedule.points) for ends in (schedule.rate_range, schedule.decay_range)]
    thetas = torch.cartesian_prod(*axes).double()
    problem = judged_on(task, seed, InverseTimeDecay(schedule.length), schedule.length)
    values = objectives(problem, job.settings.unrolled.evaluation_problems, thetas)
    columns = {"log_rate": thetas[:, 0], "log_decay": thetas[:, 1], "objective": values}
    return pd.DataFrame({"seed": seed, **{name: column.numpy() for name, column in columns.items()}})
