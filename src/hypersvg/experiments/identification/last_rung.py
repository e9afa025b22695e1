"""What is computed from the last rung: rows beside the thesis's, p-values, and which rows carry a misfit.

For the p-values every own seed needs its own best of six, so the two best-of-six rows are trained with further draws:
for candidates within :data:`HOPELESS` of the best. The others are tested without these two rows, which is exact too.
"""

from collections.abc import Sequence
from dataclasses import asdict
from functools import partial

import numpy as np
import pandas as pd

from hypersvg.experiments.identification.bandits import row_frame
from hypersvg.experiments.identification.candidates import Candidate, described
from hypersvg.experiments.identification.halving import LAST, RUNGS, Fates
from hypersvg.experiments.identification.naming import Judged, ranked
from hypersvg.experiments.identification.scoring import p_value, rejected, unpaired
from hypersvg.experiments.identification.store import Store
from hypersvg.likelihood import FLOOR, Array, log_density, log_density_apart, log_likelihoods, rmse
from hypersvg.thesis import PROTOCOL_ROWS, Row

THESIS = np.array([row.accuracy for row in PROTOCOL_ROWS])
RATES = [row.rate for row in PROTOCOL_ROWS]
ACCURACIES = np.linspace(0, 1, 401)
BEST_ROWS = tuple(row for row in PROTOCOL_ROWS if row.best_of > 1)
SINGLE = [row.best_of == 1 for row in PROTOCOL_ROWS]
FURTHER = 100
"""Seed of the k-th further draw of seed s in a best-of-six row: s + k · FURTHER."""
HOPELESS = 20.0
"""Nats behind the best."""


def finalists(fates: Fates) -> list[Candidate]:
    """The candidates of the last rung."""
    return [one for one, fate in fates.items() if fate.rung == LAST and not one.full]


def judged(store: Store, fates: Fates, seeds: int) -> list[Judged]:
    """Train the further draws of the best-of-six rows and judge every candidate of the last rung, best first."""
    candidates = finalists(fates)
    best = max(fates[one].score[LAST] for one in candidates)
    near = [one for one in candidates if best - fates[one].score[LAST] <= HOPELESS]
    further = [seed + draw * FURTHER for draw in range(1, BEST_ROWS[0].best_of) for seed in range(seeds)]
    store.train(near, further, [row.rate for row in BEST_ROWS], f"best of six: {len(near)} candidates")
    return ranked([judgement(store, one, seeds, one in near) for one in candidates])


def judgement(store: Store, one: Candidate, seeds: int, whole: bool) -> Judged:
    """One candidate's scores; where not ``whole``, p-values without the best-of-six rows."""
    sample = store.sample(one, range(seeds), RATES)
    densities = (
        log_density,
        log_density_apart,
        partial(log_density, floor=FLOOR / 2),
        partial(log_density, floor=FLOOR * 2),
    )
    total, apart, half, double = (float(log_likelihoods(sample, PROTOCOL_ROWS, density).sum()) for density in densities)
    miss = rmse(sample, PROTOCOL_ROWS)
    alike = as_one_more(store, one, seeds) if whole else sample[:, SINGLE]
    thesis = THESIS if whole else THESIS[SINGLE]
    return Judged(one, total, apart, half, double, miss, p_value(alike, thesis), p_value(unpaired(alike), thesis))


def as_one_more(store: Store, candidate: Candidate, seeds: int) -> Array:
    """Own seeds ``[seeds, rows]`` as the thesis would report them: best-of-six rows are largest of six draws each."""
    columns = []
    for row in PROTOCOL_ROWS:
        draws = [
            store.sample(candidate, [s + k * FURTHER for s in range(seeds)], [row.rate]) for k in range(row.best_of)
        ]
        columns.append(np.max(draws, axis=0)[:, 0])
    return np.stack(columns, axis=1)


def rows_frame(store: Store, order: Sequence[Judged], seeds: int) -> pd.DataFrame:
    """``final.csv``: every row of every candidate, best candidate first, with the candidate's own scores beside it."""
    frames = []
    for one in order:
        sample = store.sample(one.candidate, range(seeds), RATES)
        scores = {key: value for key, value in asdict(one).items() if key != "candidate"}
        frame = row_frame(sample, PROTOCOL_ROWS).assign(deficit=deficits(sample, PROTOCOL_ROWS))
        diverged = [sum((one.candidate, s, rate) in store.diverged for s in range(seeds)) for rate in RATES]
        labels = {**described(one.candidate), **scores}
        first = pd.DataFrame([labels] * len(frame))
        frames.append(pd.concat([first, frame.assign(diverged=diverged)], axis=1))
    return pd.concat(frames, ignore_index=True)


def deficits(sample: Array, rows: Sequence[Row]) -> Array:
    """Log density that each row loses against the accuracy where its predictive density is largest."""
    peaks = [log_density(ACCURACIES, draws, row.best_of).max() for draws, row in zip(sample.T, rows, strict=True)]
    return np.maximum(np.array(peaks) - log_likelihoods(sample, rows), 0)


def candidates_frame(fates: Fates, order: Sequence[Judged]) -> pd.DataFrame:
    """``candidates.csv``: every candidate, how far it came, its scores and why it went no further; best first."""
    ps = {one.candidate: one.p for one in order}
    rows = []
    for one, fate in fates.items():
        row: dict[str, object] = {**described(one), "rung": "" if fate.rung is None else str(fate.rung)}
        for number in range(len(RUNGS)):
            row |= {f"score_{number}": fate.score.get(number), f"rmse_{number}": fate.rmse.get(number)}
        rows.append({**row, "p": ps.get(one), "reason": last_word(ps[one]) if one in ps else fate.reason})
    scores = [f"score_{number}" for number in reversed(range(len(RUNGS)))]
    frame = pd.DataFrame(rows).sort_values([*scores, "candidate"], ascending=[False] * len(scores) + [True])
    return frame.reset_index(drop=True)


def last_word(p: float) -> str:
    """The verdict on a candidate of the last rung."""
    words = "rejected by the exact test" if rejected(p) else "not rejected"
    return f"{words}: p = {p:.3f} with {RUNGS[-1].seeds} seeds"
