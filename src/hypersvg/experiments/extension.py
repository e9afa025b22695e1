"""A user's own controller in the online stage: it steers all the way, from every starting rate of both grids."""

from collections.abc import Sequence

import torch

from hypersvg.controllers.extension import Guarded, Setup, controller_class
from hypersvg.experiments.checkpoint import Work
from hypersvg.experiments.common import curves_frame, inner_task, labels_of, runs_frame, starting_rates
from hypersvg.experiments.job import Job, Tables
from hypersvg.progress import Tick, bar
from hypersvg.training import InnerTraining, Recording, Transition, train


def run(job: Job) -> Tables:
    """The arm's curves and finished runs, with the minibatches and initial parameters that every method sees."""
    steps = job.settings.online.steps
    with bar(steps, f"online {job.arm}", "step") as tick:
        return job.checkpoint.over([job.seeds], lambda seeds: steered(job, seeds, tick), tick, steps)


def steered(job: Job, seeds: Sequence[int], tick: Tick) -> Tables:
    """The tables of ``seeds``; goes on where it was interrupted if the controller has ``state`` and ``load``."""
    settings, reference = job.settings, job.settings.extensions.controllers[job.arm]
    task, rows, steps = inner_task(job), starting_rates(settings), settings.online.steps
    starts = torch.tensor(rows["start"].to_numpy(), dtype=torch.float32, device=task.device)
    setup = Setup(task, seeds, starts.repeat(len(seeds)), steps, (settings.svg.lowest, settings.svg.highest))
    controller = Guarded(reference, controller_class(reference), setup)
    training, recording = InnerTraining(task, settings.inner.optimizer, seeds, len(rows)), Recording()
    work: Work = {"training": training, "controller": controller, "recording": recording}
    job.checkpoint.resume(work)
    tick(training.steps)

    def after_step(_: Transition) -> None:
        tick()
        if controller.resumable:
            job.checkpoint.offer(work)

    curves = train(training, controller, steps, after_step=after_step, recording=recording)
    labels = labels_of(seeds, rows).assign(method=job.arm)
    return {
        "curves": curves_frame(labels, curves),
        "runs": runs_frame(labels, task, curves, **controller.charged()),
    }
