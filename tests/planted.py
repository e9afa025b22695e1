"""A thesis whose protocol is known: accuracies drawn around its rows instead of trainings."""

import zlib
from collections.abc import Sequence
from dataclasses import asdict
from functools import cache
from typing import Any

import numpy as np

from hypersvg.experiments.identification import bandits, twenty_steps
from hypersvg.experiments.identification.candidates import Candidate
from hypersvg.experiments.identification.halving import Fates, halve
from hypersvg.experiments.identification.store import Store
from hypersvg.experiments.identification.workers import Workers
from hypersvg.thesis import BANDIT_ROWS, PROTOCOL_ROWS

TRUTH = Candidate("adam", 256, "glorot", "tanh", "unit", "200")
THESIS = {row.rate: row.accuracy for row in PROTOCOL_ROWS}


class Planted(Store):
    """Accuracies drawn around the thesis's for the truth, and away from them the more parts are wrong."""

    def __init__(self) -> None:
        self.diverged = set()

    def train(self, candidates: Sequence[Candidate], seeds: Any, rates: Sequence[float], label: str) -> None:
        pass

    def sample(self, candidate: Candidate, seeds: Any, rates: Sequence[float]) -> np.ndarray:
        wrong = sum(asdict(candidate)[key] != value for key, value in asdict(TRUTH).items())
        rows = []
        for seed in seeds:
            generator = np.random.default_rng([seed, zlib.crc32(candidate.name.encode())])
            noise = generator.normal(0, 0.01, len(rates))
            rows.append([THESIS[rate] - 0.03 * wrong for rate in rates] + noise)
        return np.array(rows)


class MadeUp(Workers):
    """Workers that draw instead of training."""

    def map(self, work: Any, tasks: Sequence[Any], label: str) -> list[Any]:
        return [self.drawn(work, task, np.random.default_rng(place)) for place, task in enumerate(tasks)]

    def drawn(self, work: Any, task: Any, generator: np.random.Generator) -> Any:
        if work is bandits.work:
            return [row.accuracy for row in BANDIT_ROWS] + generator.normal(0, 0.02, (len(task.resets), 18))
        if work is twenty_steps.evaluations:
            return generator.normal(0.85, 0.02, twenty_steps.EVALUATIONS)
        shape = (task.seeds, len(twenty_steps.RATES))
        names = [name for name in twenty_steps.QUANTITIES if name != "best of 200"]
        return {name: generator.uniform(0.4, 0.9) + generator.normal(0, 0.03, shape) for name in names}


@cache
def halved() -> Fates:
    """The search for the planted truth, done once a session; copy it before adding to it."""
    return halve(Planted())
