"""The offline data set of section 4.3.1: flattened parameters along short trainings with the true optimizer."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from hypersvg.controllers.constant import Constant
from hypersvg.experiments.common import flat, inner_task, status_of
from hypersvg.experiments.job import Job, Tables
from hypersvg.files import reserve
from hypersvg.maths.random import numpy_generator, seed_of
from hypersvg.progress import bar
from hypersvg.settings.blocks import Trajectories
from hypersvg.tasks.base import Task
from hypersvg.training import InnerTraining, train

STATES = "states.npy"
SIDE_BY_SIDE = 32


def run(job: Job) -> Tables:
    """Train every seed's trajectories; the states go to ``states.npy`` ``[seeds, count, steps + 1, parameters]``."""
    settings, task = job.settings.trajectories, inner_task(job)
    job.folder.mkdir(parents=True, exist_ok=True)
    partial = job.folder / f".{STATES}.partial"
    shape = (len(job.seeds), settings.count, settings.steps + 1, task.parameters)
    states = np.lib.format.open_memmap(partial, mode="w+", dtype=np.float32, shape=shape)
    reserve(partial)
    frames = [seed_trajectories(job, task, seed, states[row]) for row, seed in enumerate(job.seeds)]
    states.flush()
    partial.replace(job.folder / STATES)
    return {"trajectories": pd.concat(frames, ignore_index=True)}


def draw_rates(settings: Trajectories, seed: int) -> np.ndarray:
    """Learning rates of one seed's trajectories, ``[count]``."""
    generator = numpy_generator(seed, "trajectory rates")
    if settings.rates == "uniform":
        return generator.uniform(settings.lowest, settings.highest, settings.count)
    low, high = np.log10(settings.lowest), np.log10(settings.highest)
    return np.asarray(10 ** generator.uniform(low, high, settings.count))


def seed_trajectories(job: Job, task: Task, seed: int, states: np.ndarray) -> pd.DataFrame:
    """Fill ``states [count, steps + 1, parameters]``; every trajectory has its own init and minibatches."""
    settings = job.settings.trajectories
    rates = draw_rates(settings, seed)
    parts = []
    with bar(settings.count, f"trajectories of seed {seed}", "trajectory") as tick:
        for first in range(0, settings.count, SIDE_BY_SIDE):
            rows = range(first, min(first + SIDE_BY_SIDE, settings.count))
            seeds = [seed_of(seed, "trajectory", row) for row in rows]
            parts.append(block(job, task, seeds, rates[rows.start : rows.stop], states[rows.start : rows.stop]))
            tick(len(rows))
    frame = pd.concat(parts, ignore_index=True)
    order = np.argsort(-frame["val_accuracy"].to_numpy(), kind="stable")
    best = order[: max(1, round(0.2 * settings.count))]
    held_out = round(settings.held_out * settings.count)
    return frame.assign(
        seed=seed,
        trajectory=range(settings.count),
        split=["train"] * (settings.count - held_out) + ["held_out"] * held_out,
        top20=frame["val_accuracy"].to_numpy()[best].mean(),
    )


def block(job: Job, task: Task, seeds: Sequence[int], rates: np.ndarray, states: np.ndarray) -> pd.DataFrame:
    """Some trajectories side by side; writes their states step by step."""
    training = InnerTraining(task, job.settings.inner.optimizer, seeds)
    states[:, 0] = training.parameters.cpu().numpy()

    def store(parameters: Tensor, step: int) -> None:
        states[:, step] = parameters.cpu().numpy()

    rate = torch.tensor(rates, dtype=torch.float32, device=task.device)
    curves = train(
        training,
        Constant(rate),
        job.settings.trajectories.steps,
        after_step=lambda transition: store(transition.after, transition.step + 1),
    )
    return pd.DataFrame(
        {
            "rate": rates,
            "train_loss": flat(curves.train_loss[-1]),
            "val_accuracy": flat(task.accuracy(curves.parameters, "validation")),
            "mean_accuracy": flat(curves.val_accuracy.mean(dim=0)),
            "status": status_of(curves.alive[-1]),
        }
    )


def open_states(folder: Path) -> np.ndarray:
    """The states of a trajectories job as a read-only memory map."""
    states: np.ndarray = np.load(folder / STATES, mmap_mode="r", allow_pickle=False)
    return states
