"""What is computed from the last rung: rows beside the thesis's, p-values, and which rows carry a misfit."""

from collections.abc import Sequence
from dataclasses import asdict

import numpy as np
import pandas as pd

from hypersvg.experiments.identification.bandits import row_frame
from hypersvg.experiments.identification.candidates import Candidate, described
from hypersvg.experiments.identification.halving import BEST_ROWS, FURTHER, RUNGS, Fates
from hypersvg.experiments.identification.naming import Judged, ranked
from hypersvg.experiments.identification.scoring import p_value, rejected, unpaired
from hypersvg.experiments.identification.store import Store
from hypersvg.likelihood import Array, log_density, log_density_apart, log_likelihoods, rmse
from hypersvg.thesis import PROTOCOL_ROWS, Row

THESIS = np.array([row.accuracy for row in PROTOCOL_ROWS])
RATES = [row.rate for row in PROTOCOL_ROWS]
ACCURACIES = np.linspace(0, 1, 401)


def finalists(fates: Fates) -> list[Candidate]:
    """The candidates of the last rung."""
    return [one for one, fate in fates.items() if fate.rung == len(RUNGS) - 1]


def judged(store: Store, candidates: Sequence[Candidate], seeds: int) -> list[Judged]:
    """Train the further draws of the best-of-six rows and judge every candidate."""
    further = [seed + draw * FURTHER for draw in range(1, BEST_ROWS[0].best_of) for seed in range(seeds)]
    store.train(candidates, further, [row.rate for row in BEST_ROWS], f"best of six: {len(candidates)} candidates")
    found = []
    for one in candidates:
        sample = store.sample(one, range(seeds), RATES)
        likely, apart = (
            float(log_likelihoods(sample, PROTOCOL_ROWS, density).sum()) for density in (log_density, log_density_apart)
        )
        alike = as_one_more(store, one, seeds)
        ps = p_value(alike, THESIS), p_value(unpaired(alike), THESIS)
        found.append(Judged(one, likely, apart, rmse(sample, PROTOCOL_ROWS), *ps))
    return ranked(found)


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
    return np.asarray(np.array(peaks) - log_likelihoods(sample, rows))


def candidates_frame(fates: Fates, final: pd.DataFrame) -> pd.DataFrame:
    """``candidates.csv``: every candidate, how far it came, its scores and why it went no further; best first."""
    ps = dict(final[["candidate", "p"]].itertuples(index=False, name=None))
    rows = []
    for one, fate in fates.items():
        row: dict[str, object] = {**described(one), "rung": "" if fate.rung is None else str(fate.rung)}
        row |= {f"rmse_{number}": fate.rmse.get(number) for number in range(len(RUNGS))}
        row |= {f"log_likelihood_{number}": fate.log_likelihood.get(number) for number in range(2, len(RUNGS))}
        p = ps.get(one.name)
        rows.append({**row, "p": p, "reason": fate.reason if p is None else last_word(p)})
    frame = pd.DataFrame(rows)
    order = [f"log_likelihood_{number}" for number in reversed(range(2, len(RUNGS)))]
    frame = frame.sort_values([*order, "rmse_1", "rmse_0", "candidate"], ascending=[False] * len(order) + [True] * 3)
    return frame.reset_index(drop=True)


def last_word(p: float) -> str:
    """The verdict on a candidate of the last rung."""
    words = "rejected by the exact test" if rejected(p) else "not rejected"
    return f"{words}: p = {p:.3f} with {RUNGS[-1].seeds} seeds"
