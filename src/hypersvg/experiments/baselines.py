"""Grid search, random search, Bayesian optimization and the constant control arms (sections 4.3.2 and 4.3.3)."""

import numpy as np
import pandas as pd
import torch

from hypersvg.controllers.constant import Constant
from hypersvg.experiments.common import (
    constant_training,
    curves_frame,
    flat,
    inner_task,
    labels_of,
    reevaluate,
    runs_frame,
    starting_rates,
)
from hypersvg.experiments.job import Job, Tables
from hypersvg.maths.random import numpy_generator
from hypersvg.progress import bar
from hypersvg.settings.blocks import Baselines
from hypersvg.tasks.base import Task
from hypersvg.training import InnerTraining, train

ADAM_DEFAULT = 0.001


def run(job: Job) -> Tables:
    """The arms ``grid``, ``random``, ``constants`` (control arms) and ``bo``."""
    task = inner_task(job)
    if job.arm == "bo":
        from hypersvg.experiments import bayesian  # brings scikit-learn along, which costs the other arms a second

        return bayesian.run(job, task)
    if job.arm == "grid":
        labels = labels_of(job.seeds, starting_rates(job.settings).assign(method="grid"))
        return trained(job, task, labels, "rate from the grid", go_on=max(job.settings.online.warm_ups))
    if job.arm == "random":
        return with_fresh(job, task, trained(job, task, random_search(job), "random search"))
    labels = pd.concat([random_rates(job), constants(job, task)], ignore_index=True)
    tables = trained(job, task, labels.sort_values("seed", kind="stable", ignore_index=True), "constants")
    return {"curves": tables["curves"], "runs": with_selection(job, task, tables["runs"])}


def trained(job: Job, task: Task, labels: pd.DataFrame, name: str, go_on: int = 0) -> Tables:
    """Train one run a row of ``labels`` (equally many a seed, seed by seed) at the constant rate in ``start``.

    ``go_on``: the same trainings for so many further steps, as runs of method ``<method>_long``: what a search without
    a warm-up reaches in the length of the longest bandit.
    """
    steps = job.settings.online.steps
    rate = torch.tensor(labels["start"].to_numpy(), dtype=torch.float32, device=task.device)
    training = InnerTraining(task, job.settings.inner.optimizer, job.seeds, len(labels) // len(job.seeds))
    with bar(steps, f"baselines {name}", "step") as tick:
        curves = train(training, Constant(rate), steps, after_step=lambda _: tick())
    runs = [runs_frame(labels, task, curves, inner_steps=steps, evaluations=1, surrogate_updates=0)]
    if go_on:
        longer = train(training, Constant(rate), go_on, record_accuracy=False)
        named = labels.assign(method=labels["method"] + "_long")
        runs.append(runs_frame(named, task, longer, inner_steps=steps + go_on, evaluations=1, surrogate_updates=0))
    return {"curves": curves_frame(labels, curves), "runs": pd.concat(runs, ignore_index=True)}


def uniform(settings: Baselines, seed: int, purpose: str, count: int) -> np.ndarray:
    """``count`` rates drawn uniformly between the bounds (Table 4.4's random rows look uniform, not log-uniform)."""
    return numpy_generator(seed, purpose).uniform(settings.lowest, settings.highest, count)


def random_search(job: Job) -> pd.DataFrame:
    """Labels of random search: every seed has its own draws."""
    settings = job.settings.baselines
    frames = []
    for seed in job.seeds:
        draws = uniform(settings, seed, "random search", settings.random_draws)
        frame = pd.DataFrame({"method": "random", "grid": "none", "run": range(len(draws)), "start": draws})
        frames.append(frame.assign(seed=seed))
    return pd.concat(frames, ignore_index=True)


def random_rates(job: Job) -> pd.DataFrame:
    """Labels of the control arm that replaces every starting rate by a random one, drawn without looking at it."""
    group = starting_rates(job.settings)
    frames = []
    for seed in job.seeds:
        draws = uniform(job.settings.baselines, seed, "random rate", len(group))
        frames.append(group.assign(method="random_rate", start=draws, seed=seed))
    return pd.concat(frames, ignore_index=True)


def constants(job: Job, task: Task) -> pd.DataFrame:
    """Labels of Adam's default rate and of every seed's best rate of a fine grid."""
    settings = job.settings.baselines
    grid = np.geomspace(settings.lowest, settings.highest, settings.fine_grid)
    frames = []
    for seed in job.seeds:
        curves = constant_training(job, task, grid, job.settings.online.steps, [seed])
        best = float(grid[int(np.argmax(flat(task.accuracy(curves.parameters, "validation"))))])
        frame = pd.DataFrame({"method": ["adam_default", "best_constant"], "start": [ADAM_DEFAULT, best]})
        frames.append(frame.assign(grid="none", run=0, seed=seed))
    return pd.concat(frames, ignore_index=True)


def with_fresh(job: Job, task: Task, tables: Tables) -> Tables:
    """Replace the accuracies by those of the same rates on fresh seeds; the quoted accuracy stays."""
    runs = tables["runs"]
    fresh = reevaluate(job, task, runs["start"].tolist(), runs["seed"].tolist(), job.settings.online.steps)
    return {**tables, "runs": runs.assign(val_accuracy=fresh.validation, test_accuracy=fresh.test)}


def with_selection(job: Job, task: Task, runs: pd.DataFrame) -> pd.DataFrame:
    """Re-evaluate the best constants on fresh seeds and charge them for the whole fine grid."""
    settings, chosen = job.settings.baselines, runs["method"] == "best_constant"
    best = runs[chosen]
    fresh = reevaluate(job, task, best["start"].tolist(), best["seed"].tolist(), job.settings.online.steps)
    runs = runs.copy()
    runs.loc[chosen, "val_accuracy"] = fresh.validation
    runs.loc[chosen, "test_accuracy"] = fresh.test
    runs.loc[chosen, "inner_steps"] = settings.fine_grid * job.settings.online.steps
    runs.loc[chosen, "evaluations"] = settings.fine_grid
    return runs
