"""The 18 bandit rows of Table 4.4, never used in the fit: which reading of the reset do they speak for?

After its warm-up a bandit trains at its learned rate, from a reset optimizer. The thesis gives the learned rates but
not those of the warm-up: here the learned rate is used throughout the warm-up of 10, 20 or 50 steps. The optimizer
state is fresh after the reset; the parameters are read in four ways.

- ``fresh``: a new draw of the initial parameters;
- ``initial``: the run's own initial parameters (as distributed as a fresh draw, paired with the others);
- ``kept``: the true optimizer's parameters after the warm-up;
- ``predicted``: one step on from there by the surrogate of the default settings, trained on the warm-up's transitions
  ("resets it completely using the learned optimizer to initialize it", section 4.3.2).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from hypersvg.controllers.constant import Constant
from hypersvg.experiments.identification.candidates import Candidate, described
from hypersvg.experiments.identification.trials import Array, as_array, scored, task_of
from hypersvg.experiments.identification.workers import Workers, images_of
from hypersvg.likelihood import log_likelihoods, misses
from hypersvg.maths.adam import FusedAdam
from hypersvg.maths.random import torch_generator
from hypersvg.maths.surrogate import Surrogate
from hypersvg.maths.svg import one_step, squared_error
from hypersvg.settings import Settings
from hypersvg.tasks.classification import Classification
from hypersvg.thesis import BANDIT_ROWS, Row
from hypersvg.training import InnerTraining, Transition, train

RESETS = ("fresh", "initial", "kept", "predicted")
FRESH = RESETS[:1]
SEEDS = 5
HIGH = 0.15
"""Learned rates above this do better in the thesis than a fresh start: they are summed apart."""
BANDITS = tuple(dict.fromkeys(row.source for row in BANDIT_ROWS))


def warm_up(source: str) -> int:
    """Steps of ``bandit10``'s warm-up."""
    return int(source.removeprefix("bandit"))


@dataclass(frozen=True)
class BanditTrial:
    """All bandit rows of one candidate on one seed."""

    candidate: Candidate
    seed: int
    resets: tuple[str, ...] = RESETS

    @property
    def cost(self) -> float:
        """In units of a run-step."""
        return self.candidate.cost * len(self.resets)


@dataclass
class Watched:
    """The controller of a warm-up: constant rates, and a surrogate that learns the optimizer (eq. 4.1.1) meanwhile."""

    rate: Tensor
    seed: int
    parameters: int
    surrogate: Surrogate = field(init=False)

    def __post_init__(self) -> None:
        svg = Settings().svg
        generators = [torch_generator(self.seed, "hypersvg", run) for run in range(len(self.rate))]
        self.surrogate = Surrogate.create(
            svg.surrogate, svg.rate_input, svg.surrogate_output, self.parameters, svg.width, generators
        )
        self.optimizer = FusedAdam(self.surrogate.weights, svg.surrogate_learning_rate, svg.adam_epsilon)

    def rates(self, step: int, parameters: Tensor) -> Tensor:
        """See :class:`hypersvg.training.Controller`."""
        return self.rate

    def observe(self, transition: Transition) -> None:
        """One update of the surrogate, as :class:`hypersvg.controllers.hypersvg.HyperSvg` makes it."""
        states = torch.stack([transition.before, transition.after], dim=1).unsqueeze(1)
        loss = squared_error(one_step(self.surrogate, states, transition.rate.view(-1, 1, 1)), states)
        self.optimizer.zero_grad()
        loss.sum().backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()

    @torch.no_grad()
    def predicted(self, parameters: Tensor) -> Tensor:
        """The surrogate's next parameters ``[runs, P]``."""
        return self.surrogate(parameters.unsqueeze(1), self.rate.unsqueeze(1)).squeeze(1)


def work(images: Path, trial: BanditTrial) -> Array:
    """Accuracies ``[trial.resets, rows]`` on one seed; all runs of the seed see the same minibatches."""
    candidate, data = trial.candidate, images_of(images, trial.candidate.scaling)
    task = task_of(candidate, data)
    if trial.resets == FRESH:
        starts = fresh(task, trial.seed).expand(1, len(BANDIT_ROWS), -1)
    else:
        starts = torch.cat([restarts(task, candidate, trial.seed, source) for source in BANDITS], dim=1)
    training = InnerTraining(task, candidate.optimizer, (trial.seed,), starts.shape[0] * starts.shape[1])
    training.restart(starts.flatten(0, 1))
    rate = torch.tensor([row.rate for row in BANDIT_ROWS], dtype=torch.float32).repeat(len(starts))
    curves = train(training, Constant(rate), candidate.steps(len(data.train.labels)), record_accuracy=False)
    accuracy = scored(task.accuracy(curves.parameters, "validation"), curves.alive[-1])
    return as_array(accuracy, (len(starts), len(BANDIT_ROWS)))


def restarts(task: Classification, candidate: Candidate, seed: int, source: str) -> Tensor:
    """What the rows of one bandit restart from, ``[resets, rows, P]``."""
    rates = [row.rate for row in BANDIT_ROWS if row.source == source]
    controller = Watched(torch.tensor(rates, dtype=torch.float32), seed, task.parameters)
    training = InnerTraining(task, candidate.optimizer, (seed,), len(rates))
    initial = training.parameters
    kept = train(training, controller, warm_up(source), record_accuracy=False).parameters
    return torch.stack([fresh(task, seed).expand_as(initial), initial, kept, controller.predicted(kept)])


def fresh(task: Classification, seed: int) -> Tensor:
    """A new draw of the initial parameters, ``[1, P]``, as :mod:`hypersvg.experiments.online` makes it."""
    return task.init((seed,), "reset")


def scored_rows(workers: Workers, resets: Mapping[Candidate, tuple[str, ...]], seeds: int = SEEDS) -> pd.DataFrame:
    """One row a candidate, reset and bandit row: mean and sd over seeds, the thesis's, miss and log-likelihood.

    ``resets`` are all of :data:`RESETS`, or :data:`FRESH`, which needs no warm-up.
    """
    trials = [BanditTrial(candidate, seed, some) for candidate, some in resets.items() for seed in range(seeds)]
    results = workers.map(work, trials, f"bandits: {len(resets)} candidates")
    frames = []
    for index, (candidate, some) in enumerate(resets.items()):
        samples = np.stack(results[index * seeds : (index + 1) * seeds], axis=1)
        for reset, sample in zip(some, samples, strict=True):
            labels = pd.DataFrame([{**described(candidate), "reset": reset}] * len(BANDIT_ROWS))
            frames.append(pd.concat([labels, row_frame(sample, BANDIT_ROWS)], axis=1))
    return pd.concat(frames, ignore_index=True)


def row_frame(sample: Array, rows: Sequence[Row]) -> pd.DataFrame:
    """Rows of the thesis beside a sample ``[seeds, rows]``."""
    spread = sample.std(axis=0, ddof=1) if len(sample) > 1 else np.full(len(rows), np.nan)
    return pd.DataFrame(
        {
            "source": [row.source for row in rows],
            "rate": [row.rate for row in rows],
            "thesis": [row.accuracy for row in rows],
            "mean": sample.mean(axis=0),
            "sd": spread,
            "lowest": sample.min(axis=0),
            "highest": sample.max(axis=0),
            "miss": misses(sample, rows),
            "row_log_likelihood": log_likelihoods(sample, rows),
        }
    )


def totals(frame: pd.DataFrame) -> pd.DataFrame:
    """One row a candidate and reset: RMSE and log-likelihood over all rows, up to :data:`HIGH`, and above it."""
    rows = []
    for (name, reset), part in frame.groupby(["candidate", "reset"], sort=False):
        low, high = part[part["rate"] <= HIGH], part[part["rate"] > HIGH]
        row: dict[str, object] = {"candidate": name, "reset": reset}
        for label, some in (("", part), ("_low", low), ("_high", high)):
            row[f"rmse{label}"] = float(np.sqrt((some["miss"] ** 2).mean()))
            row[f"log_likelihood{label}"] = float(some["row_log_likelihood"].sum())
            row[f"mean_miss{label}"] = float(some["miss"].mean())
        rows.append(row)
    return pd.DataFrame(rows)
