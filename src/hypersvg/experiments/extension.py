"""A user's own controller in the online stage: it steers all the way, from every starting rate of both grids."""

import torch

from hypersvg.controllers.extension import Guarded, Setup, controller_class
from hypersvg.experiments.common import curves_frame, inner_task, labels_of, runs_frame, starting_rates
from hypersvg.experiments.job import Job, Tables
from hypersvg.progress import bar
from hypersvg.training import InnerTraining, train


def run(job: Job) -> Tables:
    """The arm's curves and finished runs, with the minibatches and initial parameters that every method sees."""
    settings, reference = job.settings, job.settings.extensions.controllers[job.arm]
    task, rows, steps = inner_task(job), starting_rates(settings), settings.online.steps
    starts = torch.tensor(rows["start"].to_numpy(), dtype=torch.float32, device=task.device)
    bounds = (settings.svg.lowest, settings.svg.highest)
    setup = Setup(task, job.seeds, starts.repeat(len(job.seeds)), steps, bounds)
    controller = Guarded(reference, controller_class(reference), setup)
    training = InnerTraining(task, settings.inner.optimizer, job.seeds, len(rows))
    with bar(steps, f"online {job.arm}", "step") as tick:
        curves = train(training, controller, steps, after_step=lambda _: tick())
    labels = labels_of(job.seeds, rows).assign(method=job.arm)
    return {
        "curves": curves_frame(labels, curves),
        "runs": runs_frame(labels, task, curves, **controller.charged()),
    }
