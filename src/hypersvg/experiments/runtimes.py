"""Wall time of each online method alone, one unbatched run (Fig. 4.11); the only stage whose tables hold timings."""

import time
from collections.abc import Callable

import pandas as pd
import torch

from hypersvg.controllers.constant import Constant
from hypersvg.controllers.hypersvg import HyperSvg
from hypersvg.experiments.common import inner_task
from hypersvg.experiments.job import Job, Tables
from hypersvg.progress import bar
from hypersvg.tasks.classification import Classification
from hypersvg.training import InnerTraining, train


def run(job: Job) -> Tables:
    """Each method timed ``repeats`` times in turn after a warm one; no accuracy is recorded while the clock runs."""
    task, settings = inner_task(job), job.settings
    methods: dict[str, Callable[[], int]] = {
        "grid": lambda: constant(job, task, settings.runtimes.steps),
        "random": lambda: constant(job, task, settings.runtimes.steps),
        "adaptive": lambda: adaptive(job, task, settings.runtimes.steps)[1],
        **{f"bandit{length}": bandit_run(job, task, length) for length in settings.online.warm_ups},
    }
    rows = []
    with bar(len(methods) * (settings.runtimes.repeats + 1), "runtimes", "run") as tick:
        for repeat in range(settings.runtimes.repeats + 1):
            for method, whole in methods.items():
                started = time.perf_counter()
                steps = whole()
                synchronize(task)
                seconds = time.perf_counter() - started
                tick()
                if repeat > 0:
                    rows.append({"method": method, "repeat": repeat, "seconds": seconds, "inner_steps": steps})
    return {"runtimes": pd.DataFrame(rows)}


def synchronize(task: Classification) -> None:
    """Wait for a GPU's queue, or its work would be missed by the clock."""
    if task.device == "cuda":
        torch.cuda.synchronize()


def constant(job: Job, task: Classification, steps: int, rate: float | None = None) -> int:
    """A training at one rate (which does not change its time); returns its number of steps."""
    rate = job.settings.svg.neutral_rate if rate is None else rate
    training = InnerTraining(task, job.settings.inner.optimizer, [0])
    train(training, Constant(torch.full((1,), rate, device=task.device)), steps, record_accuracy=False)
    return steps


def adaptive(job: Job, task: Classification, steps: int) -> tuple[float, int]:
    """A run of adaptive HyperSVG, surrogate and policy included; returns its last action and number of steps."""
    controller = HyperSvg(task, job.settings.svg, [0], torch.tensor([job.settings.svg.neutral_rate]))
    training = InnerTraining(task, job.settings.inner.optimizer, [0])
    train(training, controller, steps, record_accuracy=False)
    return float(controller.last_action(training.parameters)), steps


def bandit_run(job: Job, task: Classification, length: int) -> Callable[[], int]:
    """A bandit's whole procedure: a warm-up of ``length`` steps, then a training at the last action."""

    def whole() -> int:
        rate, warm_up = adaptive(job, task, length)
        return warm_up + constant(job, task, job.settings.runtimes.steps, rate)

    return whole
