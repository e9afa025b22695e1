"""``make identify`` from its first training to the tables that are committed; writes nothing itself."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from hypersvg.experiments.identification import bandits, twenty_steps
from hypersvg.experiments.identification.candidates import Candidate
from hypersvg.experiments.identification.halving import RUNGS, Fates, full_batches, halve
from hypersvg.experiments.identification.last_rung import candidates_frame, finalists, judged, rows_frame
from hypersvg.experiments.identification.naming import Judged, best_with, named
from hypersvg.experiments.identification.shortlist_file import affordable
from hypersvg.experiments.identification.store import Store
from hypersvg.experiments.identification.workers import Workers, images_of

MOST_BANDITS = 4
"""Candidates whose bandit rows are trained: the best of the last rung, and the named one."""


@dataclass
class Outcome:
    """Everything found: the tables of ``results/reference/identification`` and what the summary is made from."""

    order: list[Judged]
    fates: Fates
    candidates: pd.DataFrame
    final: pd.DataFrame
    bandits: pd.DataFrame
    twenty_steps: pd.DataFrame
    shortlist: list[Candidate]
    seconds: dict[str, float] = field(default_factory=dict)


class Clock:
    """Wall time by part."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Time the body."""
        started = time.monotonic()
        yield
        self.seconds[name] = round(time.monotonic() - started, 1)


def outcome(images: Path, processes: int) -> Outcome:
    """Train and score everything; raises ``ValueError`` for stand-in images, which say nothing about the thesis."""
    data = images_of(images, "unit")
    if data.source != "mnist":
        raise ValueError(f"identifying the protocol needs MNIST, and {images} holds {data.source}")
    clock = Clock()
    with Workers(images, processes) as workers, clock.part("in all"):
        store = Store(workers, len(data.train.labels))
        with clock.part("halving"):
            fates = halve(store)
        with clock.part("full batches"):
            fates |= full_batches(store, fates)
        with clock.part("best of six"):
            order = judged(store, finalists(fates), RUNGS[-1].seeds)
        with clock.part("bandit rows"):
            held_out = bandits.scored_rows(workers, bandit_candidates(order))
        with clock.part("20 steps"):
            short = twenty_steps.table(workers, [one.candidate.protocol for one in order])
    final = rows_frame(store, order, RUNGS[-1].seeds)
    listed = candidates_frame(fates, final)
    return Outcome(order, fates, listed, final, held_out, short, shortlist(order), clock.seconds)


def bandit_candidates(order: Sequence[Judged]) -> list[Candidate]:
    """The best of the last rung and the named one."""
    return list(dict.fromkeys([*(one.candidate for one in order[:MOST_BANDITS]), named(order).candidate]))


def references(order: Sequence[Judged]) -> dict[str, Judged]:
    """The candidates that are spoken of by name: named, best SGD, best momentum, the text's literal SGD reading."""
    momentum = [one for one in order if one.candidate.optimizer in ("momentum", "nesterov")]
    literal = [one for one in order if one.candidate.literal]
    found = {"default": named(order), "sgd": best_with(order, "sgd")}
    found |= {"momentum": next(iter(momentum), None), "literal_sgd": next(iter(literal), None)}
    return {name: one for name, one in found.items() if one is not None}


def shortlist(order: Sequence[Judged]) -> list[Candidate]:
    """What every run scores again: the named references, then the best that a minute of one core can afford."""
    first = [one.candidate for one in references(order).values()]
    return affordable(first, [one.candidate for one in order])
