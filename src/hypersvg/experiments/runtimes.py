"""Wall time of every method alone, unbatched (Fig. 4.11, table_budgets); the only stage whose tables hold timings.

What Fig. 4.11 shows is timed whole and ``runtimes.repeats`` times. The rest is timed :data:`OTHERS` times; of the long
searches (Bayesian optimization, offline SVG, HyperPPO) it is one piece, whose column ``factor`` says how often a whole
search has it.
"""

import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from hypersvg.controllers.constant import Constant
from hypersvg.controllers.hypersvg import Derivative, HyperSvg
from hypersvg.environments import Arm, ppo_task
from hypersvg.environments.agent import make_agent, own_global_randomness
from hypersvg.experiments import bayesian
from hypersvg.experiments.arms import unroll_arm
from hypersvg.experiments.common import inner_task, resolved_device, stage_images
from hypersvg.experiments.job import Job, Tables
from hypersvg.experiments.learner import Learner, Recorded
from hypersvg.progress import Tick, bar
from hypersvg.tasks.base import Task
from hypersvg.training import InnerTraining, train

OTHERS = 2
"""Timed repeats, at most, of what Fig. 4.11 does not show."""
SEED = 0
CONTROLS: dict[str, Derivative] = {
    "adaptive_untrained": "none",
    "adaptive_frozen": "frozen",
    "hypergradient": "true",
}


@dataclass(frozen=True)
class Piece:
    """What is put on the clock: ``work`` returns its inner steps; a whole run or search has it ``factor`` times."""

    method: str
    part: str
    factor: float
    repeats: int
    work: Callable[[], int]

    def timed(self, repeat: int, device: str) -> dict[str, object]:
        """The row of one repeat."""
        started = time.perf_counter()
        steps = self.work()
        synchronize(device)
        seconds = time.perf_counter() - started
        labels = {"method": self.method, "part": self.part, "repeat": repeat}
        return {**labels, "seconds": seconds, "inner_steps": steps, "factor": self.factor}


def run(job: Job) -> Tables:
    """Every piece in turn, first warm and off the clock; no accuracy is recorded while it runs.

    The iterations of offline SVG come last, one unroll after another: each has a surrogate of its own, and at the width
    of the thesis three of them are 12 GiB.
    """
    task, unrolls = inner_task(job), job.settings.offline.unrolls
    with own_global_randomness():
        pieces, rows = [*online_pieces(job, task), *other_pieces(job, task)], []
        total = sum(piece.repeats + 1 for piece in pieces) + len(unrolls) * (others(job) + 1)
        with bar(total, "runtimes", "run") as tick:
            rows += in_turns(pieces, task.device, tick)
            data = recorded(job, task)
            for unroll in unrolls:
                rows += in_turns([offline_piece(job, task, data, unroll)], task.device, tick)
    frame = pd.DataFrame(rows)
    return {"runtimes": frame[frame["repeat"] > 0]}


def in_turns(pieces: list[Piece], device: str, tick: Tick) -> list[dict[str, object]]:
    """The rows of all repeats of ``pieces``, the warm one included; the machine's moods fall on all of them alike."""
    rows = []
    for repeat in range(max(piece.repeats for piece in pieces) + 1):
        for piece in pieces:
            if repeat <= piece.repeats:
                rows.append(piece.timed(repeat, device))
                tick()
    return rows


def others(job: Job) -> int:
    """Timed repeats of what Fig. 4.11 does not show."""
    return min(OTHERS, job.settings.runtimes.repeats)


def synchronize(device: str) -> None:
    """Wait for a GPU's queue, or its work would be missed by the clock."""
    if device == "cuda":
        torch.cuda.synchronize()


def online_pieces(job: Job, task: Task) -> Iterator[Piece]:
    """The methods of Fig. 4.11, whole."""
    settings, steps = job.settings, job.settings.runtimes.steps
    works: dict[str, Callable[[], int]] = {
        "grid": lambda: constant(job, task, steps),
        "random": lambda: constant(job, task, steps),
        "adaptive": lambda: steered(job, task, steps)[1],
        **{f"bandit{length}": bandit_run(job, task, length) for length in settings.online.warm_ups},
    }
    for method, work in works.items():
        yield Piece(method, "whole", 1, settings.runtimes.repeats, work)


def other_pieces(job: Job, task: Task) -> Iterator[Piece]:
    """Control arms, one evaluation, and the pieces of the long searches."""
    settings, repeats = job.settings, others(job)
    for method, derivative in CONTROLS.items():
        yield Piece(method, "whole", 1, repeats, steered_run(job, task, derivative))
    yield Piece("evaluation", "whole", 1, repeats, evaluation(job, task))
    for part, factor, work in bo_works(job, task):
        yield Piece("bo", part, factor, repeats, work)
    trajectories = settings.trajectories
    yield Piece("offline", "trajectory", trajectories.count, repeats, lambda: constant(job, task, trajectories.steps))
    for arm in settings.ppo.arms:
        yield Piece(f"ppo_{arm}", "update", settings.ppo.iterations, repeats, ppo_work(job, arm))


def constant(job: Job, task: Task, steps: int, rate: float | None = None) -> int:
    """A training at one rate (which does not change its time); returns its number of steps."""
    rate = job.settings.svg.neutral_rate if rate is None else rate
    training = InnerTraining(task, job.settings.inner.optimizer, [SEED])
    train(training, Constant(torch.full((1,), rate, device=task.device)), steps, record_accuracy=False)
    return steps


def steered(job: Job, task: Task, steps: int, derivative: Derivative = "surrogate") -> tuple[float, int]:
    """A run of adaptive HyperSVG, surrogate and policy included; returns its last action and number of steps."""
    start = torch.tensor([job.settings.svg.neutral_rate])
    controller = HyperSvg(task, job.settings.svg, [SEED], start, derivative)
    training = InnerTraining(task, job.settings.inner.optimizer, [SEED])
    train(training, controller, steps, record_accuracy=False)
    return float(controller.last_action(training.parameters)), steps


def steered_run(job: Job, task: Task, derivative: Derivative) -> Callable[[], int]:
    """A control arm that steers all the way."""
    return lambda: steered(job, task, job.settings.runtimes.steps, derivative)[1]


def bandit_run(job: Job, task: Task, length: int) -> Callable[[], int]:
    """A bandit's whole procedure: a warm-up of ``length`` steps, then a training at the last action."""

    def whole() -> int:
        rate, warm_up = steered(job, task, length)
        return warm_up + constant(job, task, job.settings.runtimes.steps, rate)

    return whole


def evaluation(job: Job, task: Task) -> Callable[[], int]:
    """The accuracy of one network on all validation images: what choosing among starts takes a start."""
    parameters = task.init([SEED], "init")

    def whole() -> int:
        task.accuracy(parameters, "validation")
        return 0

    return whole


def bo_works(job: Job, task: Task) -> Iterator[tuple[str, int, Callable[[], int]]]:
    """An evaluation at a drawn point, and one at a suggested point, half-way through the guided ones.

    What the search knows by then is made up: a suggestion's time depends on how many scores there are.
    """
    settings = job.settings.baselines
    search = bayesian.search(settings, SEED)

    def told(point: float) -> int:
        bayesian.tell(job, task, {SEED: search}, [(SEED, 0, point)], "timed")
        return settings.bo_steps

    drawn = itertools.count(-2.0, -0.01)
    yield "drawn evaluation", settings.bo_initial, lambda: told(next(drawn))
    if settings.bo_iterations:
        known = settings.model_copy(update={"bo_initial": settings.bo_initial + settings.bo_iterations // 2})
        for point in bayesian.initial_points(known, SEED):
            search.register({"log_rate": point}, 0.9 - 0.1 * (point + 2) ** 2)
        yield "guided evaluation", settings.bo_iterations, lambda: told(bayesian.suggestion(search))


def recorded(job: Job, task: Task) -> Recorded:
    """A data set of the usual size; its states are noise, on which no time depends."""
    settings = job.settings.trajectories
    shape = (settings.count, settings.steps + 1, task.parameters)
    states = 0.1 * np.random.default_rng(SEED).standard_normal(shape, np.float32)
    held_out = round(settings.held_out * settings.count)
    split = ["train"] * (settings.count - held_out) + ["held_out"] * held_out
    return Recorded(states, pd.DataFrame({"split": split, "rate": job.settings.svg.neutral_rate}), task.device)


def offline_piece(job: Job, task: Task, data: Recorded, unroll: int) -> Piece:
    """One iteration of Algorithm 6 with its value (i), between two evaluations."""
    learner = Learner(job, task, data, SEED, unroll)

    def iteration() -> int:
        learner.iterate(1)
        return 0

    return Piece(f"offline_{unroll_arm(unroll)}", "iteration", job.settings.offline.iterations, others(job), iteration)


def ppo_work(job: Job, arm: Arm) -> Callable[[], int]:
    """One update of HyperPPO: an episode of every environment with its rewards, and the gradient steps."""
    settings = job.settings
    task = ppo_task(settings, stage_images(job), resolved_device(settings))
    agent = make_agent(settings, task, arm, SEED)

    def update() -> int:
        agent.update()
        return settings.ppo.environments * settings.ppo.steps

    return update
