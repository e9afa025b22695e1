"""What several stages share: the inner task, labels of runs, tidy frames, and re-evaluation on fresh seeds."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from hypersvg.controllers.constant import Constant
from hypersvg.experiments.job import Job
from hypersvg.images import Images, load_images
from hypersvg.settings import Settings
from hypersvg.tasks.base import SplitName, Task
from hypersvg.tasks.classification import classification_task
from hypersvg.tasks.extension import own_task
from hypersvg.training import Curves, InnerTraining, train


def resolved_device(settings: Settings) -> str:
    """``cpu`` or ``cuda``; raises ``ValueError`` when a GPU is asked for and there is none."""
    wanted = settings.run.device
    if wanted == "cuda" and not torch.cuda.is_available():
        raise ValueError("run.device = cuda: PyTorch sees no GPU here; use run.device = cpu or auto")
    if wanted == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    return wanted


def inner_task(job: Job) -> Task:
    """The job's inner problem (Table 4.3's column "MNIST (SVG)": He uniform and ELU), or the user's own."""
    settings, device = job.settings, resolved_device(job.settings)
    inner, own = settings.inner, own_task(settings, device)
    if own is not None:
        return own
    return classification_task(settings, stage_images(job), inner.activation, inner.initialisation, device)


def stage_images(job: Job) -> Images:
    """The job's images as its settings scale and split them."""
    settings = job.settings
    device = resolved_device(settings)
    return load_images(job.images_file, settings.inner.scaling, device, settings.data.validation)


def starting_rates(settings: Settings) -> pd.DataFrame:
    """Starting rates of the bad and the good grid, with columns grid, run, start (Table 4.4 gives the bad one)."""
    frames = []
    for grid, (first, last, count) in (("bad", settings.online.bad_grid), ("good", settings.online.good_grid)):
        starts = np.logspace(first, last, count)
        frames.append(pd.DataFrame({"grid": grid, "run": range(count), "start": starts}))
    return pd.concat(frames, ignore_index=True)


def labels_of(seeds: Sequence[int], group: pd.DataFrame) -> pd.DataFrame:
    """One row a run, seed by seed, in the order of :class:`InnerTraining`: the group's columns and ``seed``."""
    return pd.concat([group.assign(seed=seed) for seed in seeds], ignore_index=True)


def status_of(alive: Tensor) -> list[str]:
    """The ``status`` column of ``alive`` flags."""
    return ["ok" if flag else "diverged" for flag in alive.flatten().tolist()]


def curves_frame(labels: pd.DataFrame, curves: Curves, *, phase: str = "main", first_step: int = 1) -> pd.DataFrame:
    """Curves ``[steps, runs]`` as tidy rows; ``labels`` has one row a run."""
    steps = len(curves.rate)
    frame = pd.concat([labels] * steps, ignore_index=True)
    return frame.assign(
        step=np.repeat(np.arange(first_step, first_step + steps), len(labels)),
        phase=phase,
        rate=flat(curves.rate),
        train_loss=flat(curves.train_loss),
        val_accuracy=flat(curves.val_accuracy),
        status=status_of(curves.alive),
    )


def flat(values: Tensor) -> np.ndarray:
    """A tensor's values in memory order as float64."""
    return values.detach().cpu().double().flatten().numpy()


def runs_frame(labels: pd.DataFrame, task: Task, curves: Curves, **charged: int | Sequence[int]) -> pd.DataFrame:
    """One row a finished run with its accuracies on all validation and all test images; ``charged`` are the budgets."""
    validation = flat(task.accuracy(curves.parameters, "validation"))
    return labels.assign(
        rate=flat(curves.rate[-1]),
        quoted_accuracy=validation,
        val_accuracy=validation,
        test_accuracy=flat(task.accuracy(curves.parameters, "test")),
        status=status_of(curves.alive[-1]),
        **charged,
    )


@dataclass(frozen=True)
class Fresh:
    """Mean accuracies of constant rates over fresh seeds, and whether no fresh run diverged; ``[rates]`` each."""

    validation: np.ndarray
    test: np.ndarray
    alive: np.ndarray


def reevaluate(job: Job, task: Task, rates: Sequence[float], seeds: Sequence[int], steps: int) -> Fresh:
    """Train with each constant rate on the fresh seeds of the seed that chose it, which selected nothing.

    ``seeds[i]`` chose ``rates[i]``; equal seeds follow each other and each has equally many rates. The fresh seeds of a
    seed are the same for every method, and others for every seed, so that intervals over seeds hold their spread.
    """
    owners = list(dict.fromkeys(seeds))
    chosen = np.asarray(rates, dtype=np.float64).reshape(len(owners), -1)
    parts = []
    for some in np.array_split(np.arange(len(owners)), max(1, round(chosen.size / 32))):
        if some.size:
            parts.append(on_fresh_seeds(job, task, chosen[some], [owners[index] for index in some], steps))
    return Fresh(*(np.concatenate(column).flatten() for column in zip(*parts, strict=True)))


def on_fresh_seeds(job: Job, task: Task, rates: np.ndarray, owners: Sequence[int], steps: int) -> list[np.ndarray]:
    """Validation and test accuracies and alive flags ``[owners, rates]`` of ``rates [owners, rates]``."""
    fresh = [job.fresh_seeds(seed) for seed in owners]
    training = InnerTraining(
        task, job.settings.inner.optimizer, [one for some in fresh for one in some], rates.shape[1]
    )
    rate = torch.tensor(rates, dtype=torch.float32, device=task.device)
    curves = train(
        training, Constant(rate.repeat_interleave(len(fresh[0]), dim=0).flatten()), steps, record_accuracy=False
    )
    shape = (len(owners), len(fresh[0]), rates.shape[1])
    scores = [task.accuracy(curves.parameters, split).view(shape).mean(dim=1) for split in ("validation", "test")]
    return [score.double().cpu().numpy() for score in scores] + [curves.alive[-1].view(shape).all(dim=1).cpu().numpy()]


def evaluate_rates(
    job: Job, task: Task, rates: Sequence[float], steps: int, seeds: Sequence[int], split: SplitName
) -> np.ndarray:
    """Mean accuracy over ``seeds`` of a training with each constant rate, ``[rates]``."""
    parts = []
    for some in blocks_of(rates):
        curves = constant_training(job, task, some, steps, seeds)
        parts.append(flat(task.accuracy(curves.parameters, split).view(len(seeds), len(some)).mean(dim=0)))
    return np.concatenate(parts)


def constant_training(job: Job, task: Task, rates: np.ndarray, steps: int, seeds: Sequence[int]) -> Curves:
    """``len(seeds) × len(rates)`` trainings at constant rates, accuracies not recorded."""
    training = InnerTraining(task, job.settings.inner.optimizer, seeds, len(rates))
    rate = torch.tensor(rates, dtype=torch.float32, device=task.device).repeat(len(seeds))
    return train(training, Constant(rate), steps, record_accuracy=False)


def blocks_of(rates: Sequence[float]) -> list[np.ndarray]:
    """``rates`` in blocks of about 32, which bounds the memory of their trainings."""
    values = np.asarray(rates, dtype=np.float64)
    return np.array_split(values, max(1, round(len(values) / 32)))


def memory_chunks(
    seeds: Sequence[int], group: pd.DataFrame, bytes_per_run: int, memory_gib: float
) -> Iterator[tuple[list[int], pd.DataFrame]]:
    """Seeds and rows of the group that are trained side by side within the memory setting, at least one run.

    Whole groups of as many seeds as fit; where not even one group fits, one seed and as many of its runs as fit.
    """
    fit = max(1, int(memory_gib * 2**30 // bytes_per_run))
    if fit >= len(group):
        size = fit // len(group)
        for first in range(0, len(seeds), size):
            yield list(seeds[first : first + size]), group
        return
    for seed in seeds:
        for first in range(0, len(group), fit):
            yield [seed], group.iloc[first : first + fit].reset_index(drop=True)


def svg_bytes(parameters: int, width: int) -> int:
    """Memory of one run's surrogate and policy: weights, gradients, both Adam moments and one temporary, float32."""
    return 3 * parameters * width * 4 * 5
