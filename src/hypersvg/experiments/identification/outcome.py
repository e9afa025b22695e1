"""``make identify`` from its first training to the tables that are committed; writes nothing itself."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pandas as pd

from hypersvg.experiments.identification import bandits, twenty_steps
from hypersvg.experiments.identification.candidates import STEPS, Candidate, Length
from hypersvg.experiments.identification.full_batch import full_batches
from hypersvg.experiments.identification.halving import LAST, RUNGS, Fates, halve
from hypersvg.experiments.identification.last_rung import candidates_frame, judged, rows_frame
from hypersvg.experiments.identification.naming import Judged, best_with, named
from hypersvg.experiments.identification.shortlist_file import affordable, seconds
from hypersvg.experiments.identification.store import Store
from hypersvg.experiments.identification.workers import Workers, images_of
from hypersvg.settings import Settings

MOST_BANDITS = 3
"""Candidates whose bandit rows are trained under every reset: the best of the last rung, and the named one."""
DEAREST = 15.0
"""Seconds that the best SGD and the best momentum candidate of the short list may take."""


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
            order = judged(store, fates, RUNGS[LAST].seeds)
        with clock.part("bandit rows"):
            held_out = bandits.scored_rows(workers, bandit_resets(order))
        with clock.part("20 steps"):
            short = twenty_steps.table(workers, [one.candidate.protocol for one in order])
    final = rows_frame(store, order, RUNGS[LAST].seeds)
    listed = candidates_frame(fates, order)
    return Outcome(order, fates, listed, final, held_out, short, shortlist(order, fates), clock.seconds)


def bandit_resets(order: Sequence[Judged]) -> dict[Candidate, tuple[str, ...]]:
    """Every reset for the best of the last rung and the named one, a fresh start for all of it."""
    whole = {*(one.candidate for one in order[:MOST_BANDITS]), named(order).candidate}
    return {one.candidate: bandits.RESETS if one.candidate in whole else bandits.FRESH for one in order}


def references(order: Sequence[Judged]) -> dict[str, Judged]:
    """The candidates that are spoken of by name: named, best SGD, best momentum, the text's literal SGD reading."""
    momentum = [one for one in order if one.candidate.optimizer in ("momentum", "nesterov")]
    literal = [one for one in order if one.candidate.literal]
    found = {"default": named(order), "sgd": best_with(order, "sgd")}
    found |= {"momentum": next(iter(momentum), None), "literal_sgd": next(iter(literal), None)}
    return {name: one for name, one in found.items() if one is not None}


def shortlist(order: Sequence[Judged], fates: Fates) -> list[Candidate]:
    """What every run scores again: the named and the settings' own protocol, the best literal SGD reading, the best SGD
    and momentum that are cheap enough, then the best of the last rung that a minute of one core can afford.
    """
    first = [named(order).candidate, of_settings(Settings()), references(order)["literal_sgd"].candidate]
    first += [cheap(fates, ("sgd",)), cheap(fates, ("momentum", "nesterov"))]
    return affordable(first, [one.candidate for one in order])


def of_settings(settings: Settings) -> Candidate:
    """The protocol of the settings."""
    inner = settings.inner
    length = "200" if settings.online.steps == STEPS["200"] else "100"
    return Candidate(
        inner.optimizer, inner.batch_size, inner.initialisation, inner.activation, inner.scaling, cast(Length, length)
    )


def cheap(fates: Fates, optimizers: tuple[str, ...]) -> Candidate:
    """The candidate with one of the optimizers that came furthest of those within :data:`DEAREST`."""
    fit = [one for one in fates if one.optimizer in optimizers and not one.full and seconds(one) <= DEAREST]
    return max(fit, key=lambda one: (fates[one].rung or 0, fates[one].score[fates[one].rung or 0]))
