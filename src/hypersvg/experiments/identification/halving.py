"""Successive halving: all candidates briefly, fewer with more rows and seeds, the last ones with 20 seeds.

| rung | rows | seeds | score | goes on |
|---|---|---|---|---|
| 0 | the six grid rates | 1 | RMSE | 52 |
| 1 | all 14 | 2 | RMSE | 22 |
| 2 | all 14 | 5 | predictive log-likelihood | 12 |
| 3 | all 14, and five more draws for the best-of-six rows | 20 | predictive log-likelihood, p | |

RMSE serves where Student's t has no or one degree of freedom. So that the questions about them can be answered, some
always go on: the best with Table 4.3's network and 100 steps, the best SGD, the best SGD with momentum (heavy ball or
Nesterov), and the text's literal SGD reading. Full batches cost 80 times a batch of 512, so they are taken as the limit
of large minibatches: they are trained (one seed, the six grid rates) where the sibling of batch 1024 is among the best
four protocols that reach rung 2, and only compared with it. A full batch for one epoch is a single step and is treated
like any minibatch.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from hypersvg.experiments.identification.candidates import FULL, MINIBATCH, Candidate
from hypersvg.experiments.identification.store import Store
from hypersvg.likelihood import Array, log_likelihoods, rmse
from hypersvg.thesis import PROTOCOL_ROWS, Row

GRID_ROWS = tuple(row for row in PROTOCOL_ROWS if row.source == "grid")
BEST_ROWS = tuple(row for row in PROTOCOL_ROWS if row.best_of > 1)
FULL_PROTOCOLS = 4
FURTHER = 100
"""Seed of the k-th further draw of seed s in a best-of-six row: s + k · FURTHER."""


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
    Rung(GRID_ROWS, 1, "rmse", 52, {"Table 4.3": 8, "SGD": 3, "momentum": 3, "literal SGD": 2}),
    Rung(PROTOCOL_ROWS, 2, "rmse", 22, {"Table 4.3": 4, "SGD": 2, "momentum": 2, "literal SGD": 2}),
    Rung(PROTOCOL_ROWS, 5, "log-likelihood", 12, {"Table 4.3": 3, "SGD": 1, "momentum": 1, "literal SGD": 1}),
    Rung(PROTOCOL_ROWS, 20, "log-likelihood", 12),
)


@dataclass
class Fate:
    """How far a candidate came: scores by rung, the last rung it was in, and why it went no further."""

    rung: int | None
    reason: str
    rmse: dict[int, float] = field(default_factory=dict)
    log_likelihood: dict[int, float] = field(default_factory=dict)

    def merit(self, rung: int, score: str) -> float:
        """Larger is better."""
        return -self.rmse[rung] if score == "rmse" else self.log_likelihood[rung]


Fates = dict[Candidate, Fate]


def halve(store: Store, candidates: Sequence[Candidate] = MINIBATCH, rungs: Sequence[Rung] = RUNGS) -> Fates:
    """Train and score the candidates rung by rung; the fate of each."""
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
    if rung.seeds > 1:
        fate.log_likelihood[number] = float(log_likelihoods(sample, rung.rows).sum())


def chosen(inside: Sequence[Candidate], fates: Fates, number: int, rung: Rung) -> list[Candidate]:
    """The candidates that go on, best first; the reasons of the others are written into their fates."""
    ranked = sorted(inside, key=lambda one: (-fates[one].merit(number, rung.score), one))
    safe = guaranteed(ranked, rung.guaranteed)
    others = [one for one in ranked if one not in safe]
    free = others[: max(0, rung.keep - len(safe))]
    last = free[-1] if free else next(one for one in reversed(ranked) if one in safe)
    for one in others[len(free) :]:
        fates[one].reason = why(fates[one], fates[last], number, rung)
    return [one for one in ranked if one in safe or one in free]


def guaranteed(ranked: Sequence[Candidate], counts: dict[str, int]) -> set[Candidate]:
    """The best few of every class."""
    best = {name: [one for one in ranked if CLASSES[name](one)][:count] for name, count in counts.items()}
    return {one for some in best.values() for one in some}


def why(fate: Fate, last: Fate, number: int, rung: Rung) -> str:
    """One sentence with the numbers."""
    name = "RMSE" if rung.score == "rmse" else "log-likelihood"
    seeds = "1 seed" if rung.seeds == 1 else f"{rung.seeds} seeds"
    own, theirs = (shown(one, number, rung.score) for one in (fate, last))
    return f"{name} {own} on {len(rung.rows)} rows with {seeds}; the last that went on had {theirs}"


def shown(fate: Fate, number: int, score: str) -> str:
    """A score as printed."""
    return f"{fate.rmse[number]:.4f}" if score == "rmse" else f"{fate.log_likelihood[number]:.1f}"


def full_batches(store: Store, fates: Fates) -> Fates:
    """The fates of full batches of 100 and 200 steps, by the limit argument of the module's docstring."""
    siblings = {one: one.limit for one in FULL if one.length != "epoch"}
    reached = [sibling for sibling in siblings.values() if (fates[sibling].rung or 0) >= 2]
    best = sorted(reached, key=lambda one: -fates[one].log_likelihood[2])
    protocols = list(dict.fromkeys(one.protocol for one in best))[:FULL_PROTOCOLS]
    trained = [one for one, sibling in siblings.items() if sibling in reached and sibling.protocol in protocols]
    rung = RUNGS[0]
    rates = [row.rate for row in rung.rows]
    store.train(trained, range(rung.seeds), rates, f"full batches: {len(trained)} candidates")
    for one in trained:
        fate = fates[one] = Fate(None, "")
        enter(fate, 0, rung, store.sample(one, range(rung.seeds), rates))
        fate.rung, fate.reason = 0, compared(fate, fates[siblings[one]])
    for one, sibling in siblings.items():
        if one not in trained:
            fates[one] = Fate(None, untrained(sibling, fates[sibling]))
    return fates


def compared(fate: Fate, sibling: Fate) -> str:
    """Why a trained full batch goes no further."""
    return (
        f"compared with its sibling of batch 1024 only: RMSE {fate.rmse[0]:.4f} on the six grid rows with 1 seed, the "
        f"sibling's {sibling.rmse[0]:.4f}"
    )


def untrained(sibling: Candidate, fate: Fate) -> str:
    """Why a full batch was not trained."""
    score = f"RMSE {fate.rmse[0]:.4f} on the six grid rows"
    if (fate.rung or 0) < 2:
        return f"not trained: its sibling of batch 1024 ended at rung {fate.rung} ({score})"
    return f"not trained: its sibling of batch 1024 ({score}) is not of the best {FULL_PROTOCOLS} protocols of rung 2"
