"""Successive halving: all candidates briefly, fewer with more rows and seeds, the last ones with 20 seeds.

| rung | rows | seeds | score | goes on |
|---|---|---|---|---|
| 0 | the six grid rates | 1 | log-likelihood with a fixed scale | 52 |
| 1 | all 14 | 2 | log-likelihood with a fixed scale | 22 |
| 2 | all 14 | 5 | predictive log-likelihood | 12 |
| 3 | all 14, and five more draws for the best-of-six rows | 20 | predictive log-likelihood, p | |

A fixed scale (:func:`hypersvg.likelihood.fixed_scale`) serves where one or two seeds do not tell their own. So that the
questions about them can be answered, some always go on: the best with Table 4.3's network and 100 steps, the best SGD,
the best SGD with momentum (heavy ball or Nesterov), and the text's literal SGD reading. Of two lengths of one protocol
within a twentieth of each other (one epoch of 256 is 195 steps) only the better goes on.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from hypersvg.experiments.identification.candidates import FULL, MINIBATCH, Candidate
from hypersvg.experiments.identification.store import Store
from hypersvg.likelihood import Array, fixed_scale, log_likelihoods, rmse
from hypersvg.thesis import PROTOCOL_ROWS, Row

GRID_ROWS = tuple(row for row in PROTOCOL_ROWS if row.source == "grid")
FIXED, PREDICTIVE = "fixed-scale log-likelihood", "log-likelihood"
ALIKE = 0.05
"""Share by which two lengths of one protocol may differ and still count as one."""


@dataclass(frozen=True)
class Rung:
    """What a rung trains, how it scores, and how many go on; ``guaranteed`` of each class always do."""

    rows: tuple[Row, ...]
    seeds: int
    score: str
    keep: int
    guaranteed: dict[str, int] = field(default_factory=dict)


CLASSES: dict[str, Callable[[Candidate], bool]] = {
    "Table 4.3": lambda one: one.thesis_network,
    "SGD": lambda one: one.optimizer == "sgd",
    "momentum": lambda one: one.optimizer in ("momentum", "nesterov"),
    "literal SGD": lambda one: one.literal,
}
RUNGS = (
    Rung(GRID_ROWS, 1, FIXED, 52, {"Table 4.3": 8, "SGD": 3, "momentum": 3, "literal SGD": 2}),
    Rung(PROTOCOL_ROWS, 2, FIXED, 22, {"Table 4.3": 4, "SGD": 2, "momentum": 2, "literal SGD": 2}),
    Rung(PROTOCOL_ROWS, 5, PREDICTIVE, 12, {"Table 4.3": 3, "SGD": 1, "momentum": 1, "literal SGD": 1}),
    Rung(PROTOCOL_ROWS, 20, PREDICTIVE, 12),
)
LAST = len(RUNGS) - 1


@dataclass
class Fate:
    """How far a candidate came: RMSE and score by rung, the last rung it was in, and why it went no further."""

    rung: int | None
    reason: str
    rmse: dict[int, float] = field(default_factory=dict)
    score: dict[int, float] = field(default_factory=dict)


Fates = dict[Candidate, Fate]


def halve(store: Store, candidates: Sequence[Candidate] = MINIBATCH, rungs: Sequence[Rung] = RUNGS) -> Fates:
    """Train and score the candidates rung by rung; the fate of each. A full batch for one epoch is a single step."""
    entrants = [*candidates, *(one for one in FULL if one.length == "epoch" and candidates is MINIBATCH)]
    fates: Fates = {one: Fate(0, "") for one in entrants}
    inside = list(fates)
    for number, rung in enumerate(rungs):
        rates = [row.rate for row in rung.rows]
        store.train(inside, range(rung.seeds), rates, f"rung {number}: {len(inside)} candidates")
        for one in inside:
            enter(fates[one], number, rung, store.sample(one, range(rung.seeds), rates))
        if number + 1 < len(rungs):
            inside = chosen(inside, fates, number, rung)
    return fates


def enter(fate: Fate, number: int, rung: Rung, sample: Array) -> None:
    """Write a rung's scores of ``sample [seeds, rows]`` into a fate."""
    fate.rung = number
    fate.rmse[number] = rmse(sample, rung.rows)
    fixed = rung.score == FIXED
    fate.score[number] = fixed_scale(sample, rung.rows) if fixed else float(log_likelihoods(sample, rung.rows).sum())


def chosen(inside: Sequence[Candidate], fates: Fates, number: int, rung: Rung) -> list[Candidate]:
    """The candidates that go on, best first; the reasons of the others are written into their fates."""
    ranked = sorted(inside, key=lambda one: (-fates[one].score[number], one))
    twins = {one: twin for index, one in enumerate(ranked) if (twin := twin_of(one, ranked[:index]))}
    single = [one for one in ranked if one not in twins]
    safe = guaranteed(single, rung.guaranteed)
    others = [one for one in single if one not in safe]
    free = others[: max(0, rung.keep - len(safe))]
    last = fates[(free or [one for one in single if one in safe])[-1]].score[number]
    for one in others[len(free) :]:
        fates[one].reason = f"{found(fates[one], number, rung)}; the last that went on had {last:.1f}"
    for one, twin in twins.items():
        better = f"nearly the same as {twin.name} with {fates[twin].score[number]:.1f}"
        fates[one].reason = f"{found(fates[one], number, rung)}; {better}"
    return [one for one in single if one in safe or one in free]


def twin_of(one: Candidate, better: Sequence[Candidate]) -> Candidate | None:
    """A candidate of ``better`` that is the same protocol and nearly as long."""
    same = [other for other in better if other.protocol == one.protocol]
    return next((other for other in same if abs(other.steps() - one.steps()) <= ALIKE * one.steps()), None)


def guaranteed(ranked: Sequence[Candidate], counts: dict[str, int]) -> set[Candidate]:
    """The best few of every class."""
    best = {name: [one for one in ranked if CLASSES[name](one)][:count] for name, count in counts.items()}
    return {one for some in best.values() for one in some}


def found(fate: Fate, number: int, rung: Rung) -> str:
    """What a rung found, in words."""
    seeds = "1 seed" if rung.seeds == 1 else f"{rung.seeds} seeds"
    return f"{rung.score} {fate.score[number]:.1f} on {len(rung.rows)} rows with {seeds}"
