"""Bayesian optimization of the learning rate (section 4.3.3) with the library ``bayesian-optimization``.

An evaluation is a whole training of ``bo_steps`` steps from its own initial parameters and minibatches. Rates are
searched as log10; the Gaussian process knows that evaluations are noisy; the seeds' searches advance side by side.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch
from bayes_opt import BayesianOptimization
from bayes_opt.acquisition import UpperConfidenceBound

from hypersvg.controllers.constant import Constant
from hypersvg.experiments.arms import bo_lengths
from hypersvg.experiments.common import flat, reevaluate
from hypersvg.experiments.job import Job, Tables
from hypersvg.maths.random import numpy_generator, seed_of
from hypersvg.progress import bar
from hypersvg.settings.blocks import Baselines
from hypersvg.tasks.base import Task
from hypersvg.training import InnerTraining, train

SIDE_BY_SIDE = 48


def run(job: Job, task: Task) -> Tables:
    """All seeds' searches; tables ``bo_evaluations`` and ``runs`` (the best, and its rate on fresh seeds)."""
    settings = job.settings.baselines
    searches = {seed: search(settings, seed) for seed in job.seeds}
    rows: list[dict[str, object]] = []
    with bar(settings.bo_initial + settings.bo_iterations, "Bayesian optimization", "evaluation") as tick:
        initial = {seed: initial_points(settings, seed) for seed in job.seeds}
        points = [(seed, index, initial[seed][index]) for index in range(settings.bo_initial) for seed in job.seeds]
        for first in range(0, len(points), SIDE_BY_SIDE):
            rows += tell(job, task, searches, points[first : first + SIDE_BY_SIDE], "initial")
            tick(len(points[first : first + SIDE_BY_SIDE]) / len(job.seeds))
        for index in range(settings.bo_initial, settings.bo_initial + settings.bo_iterations):
            asked = [(seed, index, suggestion(searches[seed])) for seed in job.seeds]
            rows += tell(job, task, searches, asked, "guided")
            tick()
    evaluations = pd.DataFrame(rows).sort_values(["seed", "evaluation"], ignore_index=True)
    evaluations["best_so_far"] = evaluations.groupby("seed")["val_accuracy"].cummax()
    return {"bo_evaluations": evaluations, "runs": chosen(job, task, evaluations)}


def search(settings: Baselines, seed: int) -> BayesianOptimization:
    """One seed's search over log10 rate; ``bo_noise`` is the variance of its Gaussian process's noise.

    Deviation from the library's default: the kernel is fitted from one further start instead of five, which halves the
    time of a suggestion.
    """
    bounds = {"log_rate": (float(np.log10(settings.lowest)), float(np.log10(settings.highest)))}
    optimizer = BayesianOptimization(
        f=None,
        pbounds=bounds,
        acquisition_function=UpperConfidenceBound(kappa=2.576),
        random_state=seed_of(seed, "bo") % 2**32,
        verbose=0,
        allow_duplicate_points=True,
    )
    optimizer.set_gp_params(alpha=settings.bo_noise, n_restarts_optimizer=1)
    return optimizer


def initial_points(settings: Baselines, seed: int) -> np.ndarray:
    """Uniform draws of log10 rate, ``[bo_initial]``."""
    low, high = np.log10(settings.lowest), np.log10(settings.highest)
    return numpy_generator(seed, "bo initial").uniform(low, high, settings.bo_initial)


def suggestion(optimizer: BayesianOptimization) -> float:
    """The next log10 rate."""
    return float(optimizer.suggest()["log_rate"])


def tell(
    job: Job,
    task: Task,
    searches: dict[int, BayesianOptimization],
    points: Sequence[tuple[int, int, float]],
    phase: str,
) -> list[dict[str, object]]:
    """Evaluate ``(seed, index, log10 rate)`` points side by side and register them; a diverged one scores its floor."""
    seeds = [seed_of(seed, "bo evaluation", index) for seed, index, _ in points]
    rates = 10 ** np.array([log_rate for *_, log_rate in points])
    training = InnerTraining(task, job.settings.inner.optimizer, seeds)
    rate = torch.tensor(rates, dtype=torch.float32, device=task.device)
    curves = train(training, Constant(rate), job.settings.baselines.bo_steps, record_accuracy=False)
    scores, alive = flat(task.accuracy(curves.parameters, "validation")), curves.alive[-1].tolist()
    rows: list[dict[str, object]] = []
    for (seed, index, log_rate), used, score, fine in zip(points, rates, scores, alive, strict=True):
        searches[seed].register({"log_rate": log_rate}, float(score))
        status = "ok" if fine else "diverged"
        row = {"seed": seed, "evaluation": index + 1, "phase": phase, "rate": float(used)}
        rows.append({**row, "val_accuracy": float(score), "status": status})
    return rows


def chosen(job: Job, task: Task, evaluations: pd.DataFrame) -> pd.DataFrame:
    """The best evaluation of every seed, quoted as found, and its rate's accuracy on fresh seeds at several lengths."""
    settings = job.settings.baselines
    best = evaluations.loc[evaluations.groupby("seed")["val_accuracy"].idxmax()].sort_values("seed")
    lengths = {"bo": settings.bo_steps, **bo_lengths(job.settings)}
    return pd.concat([judged(job, task, best, method, steps) for method, steps in lengths.items()])


def judged(job: Job, task: Task, best: pd.DataFrame, method: str, steps: int) -> pd.DataFrame:
    """The runs of the found rates trained for ``steps`` on fresh seeds; the charge is always the search's."""
    settings = job.settings.baselines
    fresh = reevaluate(job, task, best["rate"].tolist(), best["seed"].tolist(), steps)
    count = settings.bo_initial + settings.bo_iterations
    return pd.DataFrame(
        {
            "method": method,
            "grid": "none",
            "run": 0,
            "start": np.nan,
            "seed": best["seed"].to_numpy(),
            "rate": best["rate"].to_numpy(),
            "quoted_accuracy": best["val_accuracy"].to_numpy(),
            "val_accuracy": fresh.validation,
            "test_accuracy": fresh.test,
            "status": ["ok" if alive else "diverged" for alive in fresh.alive],
            "inner_steps": count * settings.bo_steps,
            "evaluations": count,
            "surrogate_updates": 0,
        }
    )
