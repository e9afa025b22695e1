"""The accuracies trained so far: later rungs keep what earlier ones have trained and add rows and seeds to it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from hypersvg.experiments.identification.candidates import Candidate, Protocol
from hypersvg.experiments.identification.trials import Array, Readings, readings
from hypersvg.experiments.identification.workers import Workers, images_of

SEEDS_TOGETHER = 5
"""Seeds trained side by side in a task; more leave the cache."""


@dataclass(frozen=True)
class Trial:
    """One protocol at several rates and seeds, read at several lengths (steps, increasing)."""

    protocol: Protocol
    steps: tuple[int, ...]
    seeds: tuple[int, ...]
    rates: tuple[float, ...]

    @property
    def cost(self) -> float:
        """Roughly milliseconds: every step costs something for the parameters and something an image."""
        return (
            max(self.steps) * len(self.seeds) * len(self.rates) * (0.25 + 0.002 * min(self.protocol.batch_size, 50_000))
        )


def work(images: Path, trial: Trial) -> Readings:
    """Train a trial."""
    data = images_of(images, trial.protocol.scaling)
    return readings(trial.protocol, data, trial.steps, trial.seeds, trial.rates)


@dataclass
class Store:
    """Validation accuracies by candidate, seed and rate, and where runs diverged."""

    workers: Workers
    images: int
    accuracy: dict[tuple[Candidate, int, float], float] = field(default_factory=dict)
    diverged: set[tuple[Candidate, int, float]] = field(default_factory=set)

    def train(self, candidates: Sequence[Candidate], seeds: Iterable[int], rates: Sequence[float], label: str) -> None:
        """Train what is missing; candidates of one protocol are read from the same trainings."""
        families = defaultdict(list)
        for candidate in candidates:
            families[candidate.protocol].append(candidate)
        wanted = [(family, trial) for family in families.values() for trial in self.missing(family, seeds, rates)]
        results = self.workers.map(work, [trial for _, trial in wanted], label)
        for (family, trial), result in zip(wanted, results, strict=True):
            self.keep(family, trial, result)

    def missing(self, family: Sequence[Candidate], seeds: Iterable[int], rates: Sequence[float]) -> list[Trial]:
        """The trials that would complete a family: seeds that lack the same rates go together, a few at a time."""
        lacking = defaultdict(list)
        for seed in seeds:
            lacks = tuple(rate for rate in rates if any((one, seed, rate) not in self.accuracy for one in family))
            lacking[lacks].append(seed)
        steps = tuple(sorted({candidate.steps(self.images) for candidate in family}))
        return [
            Trial(family[0].protocol, steps, tuple(some[first : first + SEEDS_TOGETHER]), lacks)
            for lacks, some in lacking.items()
            if lacks
            for first in range(0, len(some), SEEDS_TOGETHER)
        ]

    def keep(self, family: Sequence[Candidate], trial: Trial, result: Readings) -> None:
        """Enter a trial's results."""
        for candidate in family:
            length = trial.steps.index(candidate.steps(self.images))
            for index in np.ndindex(len(trial.seeds), len(trial.rates)):
                key = (candidate, trial.seeds[index[0]], trial.rates[index[1]])
                self.accuracy[key] = float(result.accuracy[length][index])
                if not result.alive[length][index]:
                    self.diverged.add(key)

    def sample(self, candidate: Candidate, seeds: Iterable[int], rates: Sequence[float]) -> Array:
        """Accuracies ``[seeds, rates]``; raises ``KeyError`` for what was not trained."""
        return np.array([[self.accuracy[candidate, seed, rate] for rate in rates] for seed in seeds])
