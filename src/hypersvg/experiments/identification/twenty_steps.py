"""The numbers of 20 inner steps: which protocol and which reported quantity can each of them be?

Bayesian optimization 90.37 % at 0.01581, offline SVG 61 % at 0.01589, PPO 48 % at 0.021 (Table 4.1), "somewhere around
60 percent" at the fixed 0.01 and "around 50 percent" for PPO (section 4.2.1). Every protocol (those of the last rung,
and every optimizer, minibatch from 8 up and pixel scaling with both networks of Table 4.3) trains 20 steps at these
rates.

A (protocol, quantity) is not rejected by a number where the two-sided predictive p-value of the nearest accuracy that
would be printed so is at least :data:`~hypersvg.experiments.identification.scoring.LEVEL`. An accuracy on minibatches
of B images is a multiple of 1/B (its mean over 20 steps of 1/20B), which excludes many. Each number is a single draw,
and a quantity that scatters widely is never rejected; the log probability of the printed number tells those from sharp
ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pandas as pd
import torch

from hypersvg import thesis
from hypersvg.controllers.constant import Constant
from hypersvg.experiments.identification.candidates import Protocol, Scaling, described
from hypersvg.experiments.identification.scoring import LEVEL
from hypersvg.experiments.identification.trials import Array, as_array, scored, task_of
from hypersvg.experiments.identification.workers import Workers, images_of
from hypersvg.likelihood import FLOOR
from hypersvg.maths.network import Activation, Initialisation
from hypersvg.maths.optimizers import OptimizerName
from hypersvg.maths.random import numpy_generator
from hypersvg.statistics import student_predictive
from hypersvg.training import InnerTraining, Transition, train

STEPS = 20
SEEDS = 10
EVALUATIONS, TOGETHER = 200, 10
"""Evaluations behind a best of 200, and how many of them share minibatches."""
BATCHES = (8, 16, 32, 64, 128, 256, 512, 1024)
NETWORKS: dict[str, tuple[Initialisation, Activation]] = {
    "Table 4.3, SVG": ("he_uniform", "elu"),
    "Table 4.3, PPO": ("glorot", "tanh"),
}
TINY, IMPOSSIBLE = 1e-30, -100.0
"""Smallest probability that is told from zero, and the log probability of a number that cannot be printed."""
AROUND, POINT, PRINTED = 0.05, 0.005, 0.00005
"""Half a width of "around 60 percent" (allowed generously), of a number rounded to one per cent, and of 90.37."""


@dataclass(frozen=True)
class Number:
    """A number of the thesis after 20 steps; ``network`` is the column of Table 4.3 that its experiment belongs to."""

    name: str
    accuracy: float
    rate: float
    tolerance: float
    network: str
    where: str


def quoted(name: str, key: str, tolerance: float, network: str, accuracy: float | None = None) -> Number:
    """A number of ``thesis.EPISODIC``."""
    one = thesis.EPISODIC[key]
    return Number(name, one.accuracy if accuracy is None else accuracy, one.rate, tolerance, network, one.where)


NUMBERS = (
    quoted("BO", "bo", PRINTED, "Table 4.3, SVG"),
    quoted("fixed rate", "ppo_fixed", AROUND, "Table 4.3, PPO"),
    quoted("offline SVG", "offline", POINT, "Table 4.3, SVG"),
    quoted("PPO", "ppo", POINT, "Table 4.3, PPO"),
    quoted("PPO, text", "ppo", AROUND, "Table 4.3, PPO", thesis.PPO_ACCURACY),
)
RATES = tuple(sorted({number.rate for number in NUMBERS}))

QUANTITIES = {
    "last validation": "validation accuracy after the last step",
    "mean validation": "mean over the 20 steps of the validation accuracy (1,000 images)",
    "last minibatch": "accuracy on the last step's minibatch, before the step",
    "mean minibatch": "mean over the 20 steps of the minibatch accuracy",
    "best of 200": "largest last validation accuracy of 200 evaluations at that rate",
}


@dataclass(frozen=True)
class ShortTrial:
    """One protocol for 20 steps on all seeds at all rates."""

    protocol: Protocol
    seeds: int = SEEDS

    @property
    def cost(self) -> float:
        """In units of a minibatch's images."""
        return 500 + self.protocol.batch_size


def protocols(survivors: Sequence[Protocol]) -> list[Protocol]:
    """The survivors, and the whole grid of small and large minibatches; sorted, each once."""
    grid = product(get_args(OptimizerName), BATCHES, NETWORKS.values(), get_args(Scaling))
    listed = {Protocol(optimizer, batch, *network, scaling) for optimizer, batch, network, scaling in grid}
    return sorted(listed | {one for one in survivors if not one.full})


def work(images: Path, trial: ShortTrial) -> dict[str, Array]:
    """Each quantity ``[seeds, rates]``, but the best of 200."""
    protocol = trial.protocol
    task = task_of(protocol, images_of(images, protocol.scaling))
    training = InnerTraining(task, protocol.optimizer, range(trial.seeds), len(RATES))
    minibatch: list[torch.Tensor] = []

    def watch(step: Transition) -> None:
        batch = step.batch
        scores = task.network.logits(step.before, batch.images)
        right = scores.argmax(dim=2) == batch.labels.repeat_interleave(len(RATES), dim=0)
        minibatch.append(scored(right.float().mean(dim=1), step.alive))

    rate = torch.tensor(RATES, dtype=torch.float32).repeat(trial.seeds)
    curves = train(training, Constant(rate), STEPS, after_step=watch)
    found = {
        "last validation": scored(task.accuracy(curves.parameters, "validation"), curves.alive[-1]),
        "mean validation": scored(curves.val_accuracy, curves.alive).mean(dim=0),
        "last minibatch": minibatch[-1],
        "mean minibatch": torch.stack(minibatch).mean(dim=0),
    }
    return {name: as_array(values, (trial.seeds, len(RATES))) for name, values in found.items()}


def evaluations(images: Path, trial: ShortTrial) -> Array:
    """Last validation accuracies ``[200]`` of :data:`EVALUATIONS` trainings at Bayesian optimization's rate.

    Each has its own initial parameters; minibatches are those of ``trial.seeds`` streams.
    """
    protocol = trial.protocol
    task = task_of(protocol, images_of(images, protocol.scaling))
    training = InnerTraining(task, protocol.optimizer, range(trial.seeds), EVALUATIONS // trial.seeds)
    training.restart(task.init(range(EVALUATIONS)))
    rate = torch.full((EVALUATIONS,), NUMBERS[0].rate)
    curves = train(training, Constant(rate), STEPS, record_accuracy=False)
    return as_array(scored(task.accuracy(curves.parameters, "validation"), curves.alive[-1]), (EVALUATIONS,))


def best_of(draws: Array, count: int) -> Array:
    """``count`` times the largest of as many ``draws``, drawn anew with replacement."""
    return np.asarray(numpy_generator(0, "best of").choice(draws, (count, len(draws))).max(axis=1))


def best_of_normal(sample: Array) -> Array:
    """The same for a normal distribution fitted to a few seeds: a first look."""
    draws = numpy_generator(0, "best of").normal(sample.mean(), sample.std(ddof=1), (len(sample), EVALUATIONS))
    return np.asarray(draws.max(axis=1))


def judged(number: Number, sample: Array, images: int | None) -> dict[str, object]:
    """Moments, p-value of the nearest accuracy that would be printed as the number, log probability of printing it.

    ``images`` is how many the accuracy is a share of, where that excludes the number at all.
    """
    ends = np.array([number.accuracy - number.tolerance, number.accuracy + number.tolerance])
    below = student_predictive(ends, sample, FLOOR)[1]
    possible = images is None or np.floor(ends[1] * images) >= np.ceil(ends[0] * images)
    p = float(min(1.0, 2 * below[1], 2 * (1 - below[0]))) if possible else 0.0
    chance = float(np.log(max(below[1] - below[0], TINY))) if possible else IMPOSSIBLE
    moments = {"mean": sample.mean(), "sd": sample.std(ddof=1)}
    return {**moments, "p": p, "log_probability": chance, "not_rejected": p >= LEVEL}


def table(workers: Workers, survivors: Sequence[Protocol], seeds: int = SEEDS) -> pd.DataFrame:
    """One row a number, protocol and quantity: mean, sd, p-value, log probability and whether it is rejected.

    The best of 200 is first looked at by a normal distribution; where that is not rejected, it is really evaluated.
    """
    listed = protocols(survivors)
    results = workers.map(work, [ShortTrial(one, seeds) for one in listed], f"20 steps: {len(listed)} protocols")
    rows: list[dict[str, Any]] = []
    for protocol, result in zip(listed, results, strict=True):
        for number in NUMBERS:
            labels = {"number": number.name, "network": number.network, **described(protocol)}
            rows += [{**labels, **verdict} for verdict in judgements(number, protocol, result)]
    evaluate(workers, [row for row in rows if row["quantity"] == "best of 200" and row["not_rejected"]], listed, seeds)
    return pd.DataFrame(rows).rename(columns={"candidate": "protocol"})


def evaluate(workers: Workers, rows: list[dict[str, Any]], listed: Sequence[Protocol], seeds: int) -> None:
    """Judge best-of-200 rows by real evaluations instead."""
    protocol = {one.name: one for one in listed}
    trials = [ShortTrial(protocol[row["candidate"]], EVALUATIONS // TOGETHER) for row in rows]
    found = workers.map(evaluations, trials, f"best of 200: {len(trials)} protocols")
    for row, draws in zip(rows, found, strict=True):
        row |= judged(NUMBERS[0], best_of(draws, seeds), None)


def judgements(number: Number, protocol: Protocol, result: dict[str, Array]) -> list[dict[str, object]]:
    """Every quantity of one protocol against one number; only Bayesian optimization is a best of 200."""
    at = RATES.index(number.rate)
    samples = {name: values[:, at] for name, values in result.items()}
    if number.name == "BO":
        samples["best of 200"] = best_of_normal(samples["last validation"])
    shares = {"last minibatch": protocol.batch_size, "mean minibatch": STEPS * protocol.batch_size}
    return [{"quantity": name, **judged(number, sample, shares.get(name))} for name, sample in samples.items()]
