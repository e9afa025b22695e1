"""Full batches, taken as the limit of large minibatches.

A step of a full batch costs 80 times one of a batch of 512. So full batches of 100 and 200 steps are trained only where
the sibling of batch 1024 came far: on the six grid rates with one seed where it reached rung 2, on all rows with two
seeds where it reached the last rung; and they are compared with it there, seed by seed, by the score of these rungs.
"""

from hypersvg.experiments.identification.candidates import FULL, Candidate
from hypersvg.experiments.identification.halving import LAST, RUNGS, Fate, Fates, enter
from hypersvg.experiments.identification.store import Store

SIBLINGS = {one: one.limit for one in FULL if one.length != "epoch"}


def full_batches(store: Store, fates: Fates) -> Fates:
    """The fates of full batches of 100 and 200 steps, given those of all minibatches."""
    reached = {one: fates[sibling].rung or 0 for one, sibling in SIBLINGS.items()}
    found = {one: Fate(None, untrained(sibling, fates[sibling])) for one, sibling in SIBLINGS.items()}
    for number, needed in ((0, LAST - 1), (1, LAST)):
        inside, rung = [one for one in SIBLINGS if reached[one] >= needed], RUNGS[number]
        rates = [row.rate for row in rung.rows]
        store.train(inside, range(rung.seeds), rates, f"full batches, rung {number}: {len(inside)} candidates")
        for one in inside:
            enter(found[one], number, rung, store.sample(one, range(rung.seeds), rates))
            found[one].reason = compared(found[one], SIBLINGS[one], fates[SIBLINGS[one]], number)
    return found


def compared(fate: Fate, sibling: Candidate, other: Fate, number: int) -> str:
    """Why a trained full batch goes no further: what the limit does to the score."""
    rung = RUNGS[number]
    return (
        f"compared with its sibling {sibling.name} only: {rung.score} {fate.score[number]:.1f} on "
        f"{len(rung.rows)} rows with {rung.seeds} seed(s), the sibling's {other.score[number]:.1f}"
    )


def untrained(sibling: Candidate, fate: Fate) -> str:
    """Why a full batch was not trained."""
    return f"not trained: its sibling {sibling.name} ended at rung {fate.rung} ({fate.reason or 'last rung'})"
