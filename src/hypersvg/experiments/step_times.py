"""How long a seed takes at a scale too long to run on the spot: a few steps of the long stages, multiplied out."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import torch

from hypersvg.controllers.hypersvg import Derivative, HyperSvg
from hypersvg.experiments.common import inner_task, memory_chunks, starting_rates, svg_bytes
from hypersvg.experiments.job import Job
from hypersvg.experiments.learner import Learner, Recorded
from hypersvg.experiments.runtimes import synchronize
from hypersvg.experiments.trajectories import open_states
from hypersvg.schema.offline import TRAJECTORIES
from hypersvg.tables import read_table
from hypersvg.training import InnerTraining

MEASURED = 5
"""Steps on the clock, after a first one off it: as many as lie between two evaluations of the offline stage."""
ONLINE: dict[str, Derivative] = {
    "adaptive": "surrogate",
    "bandit": "surrogate",
    "frozen": "frozen",
    "hypergradient": "true",
}


def step_times(job: Job) -> pd.DataFrame:
    """Seconds a step, steps a seed and their product, for the arms of the offline and online stages."""
    if job.trajectories is None:
        raise ValueError("step times need the trajectories job of the seed")
    torch.set_num_threads(job.settings.run.threads)
    rows = [offline_row(job, unroll) for unroll in job.settings.offline.unrolls]
    rows += [online_row(job, arm) for arm in ONLINE]
    return pd.DataFrame(rows).assign(minutes_a_seed=lambda table: table.seconds_a_step * table.steps_a_seed / 60)


def seconds_of(step: Callable[[int], object], device: str) -> float:
    """Mean wall time [s] of :data:`MEASURED` steps after a warm one."""
    step(0)
    synchronize(device)
    started = time.perf_counter()
    for number in range(1, MEASURED + 1):
        step(number)
    synchronize(device)
    return (time.perf_counter() - started) / MEASURED


def offline_row(job: Job, unroll: int) -> dict[str, object]:
    """One unroll length of the offline stage."""
    folder, seed = Path(job.trajectories or ""), job.seeds[0]
    table = read_table(folder / "trajectories.parquet", TRAJECTORIES)
    task = inner_task(job)
    data = Recorded(open_states(folder)[0], table[table["seed"] == seed].reset_index(drop=True), task.device)
    learner = Learner(replace(job, arm=f"T{unroll:02d}"), task, data, seed, unroll)
    seconds = seconds_of(learner.iterate, task.device)
    return {
        "stage": "offline",
        "arm": f"T{unroll:02d}",
        "seconds_a_step": seconds,
        "steps_a_seed": job.settings.offline.iterations,
    }


def online_row(job: Job, arm: str) -> dict[str, object]:
    """One arm of the online stage, its steps counted for all starts, which are trained a memory's worth at a time."""
    task, online = inner_task(job), job.settings.online
    size = svg_bytes(task.parameters, job.settings.svg.width)
    seeds = list(job.seeds[:1])
    chunks = list(memory_chunks(seeds, starting_rates(job.settings), size, job.settings.run.memory_gib))
    rows = chunks[0][1]
    starts = torch.tensor(rows["start"].to_numpy(), dtype=torch.float32)
    controller = HyperSvg(task, job.settings.svg, seeds, starts, ONLINE[arm])
    training = InnerTraining(task, job.settings.inner.optimizer, seeds, len(rows))

    def step(number: int) -> None:
        controller.observe(training.step(controller.rates(number, training.parameters)))
        task.accuracy(training.parameters, "curve")

    steps = max(online.warm_ups) if arm == "bandit" else online.steps
    return {
        "stage": "online",
        "arm": arm,
        "seconds_a_step": seconds_of(step, task.device),
        "steps_a_seed": steps * len(chunks),
    }
