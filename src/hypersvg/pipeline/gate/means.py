"""Means over seeds of a run beside those of its reference, and how far apart they may lie.

Trainings are chaotic: kernels that add in another order part the trajectories of one seed, so that on another machine
class no single number can agree. Its mean over seeds can. At worst a changed last bit makes a training as different as
another seed would; then old and new mean of n seeds are two independent draws, their difference has the standard
deviation s √(2/n), and stays within ± t √2 s/√n: √2 times the half-width of the reference's t-interval. Both sides
share initial parameters and minibatches, so real differences are far smaller (docs/regression_gate.md has measured).

The level is 95 % for the family of all means of a check (Bonferroni), so that a sound run fails on another class less
than once in twenty times even at that worst. From six seeds on, s is the mean's own; below, where no s can be trusted,
it is the larger of its own and the root mean square over all groups of the column, with the degrees of freedom of all;
and since few seeds excuse anything, no tolerance is then wider than its kind's ceiling.
With one seed there is no s, and means are compared by nothing.
"""

from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from hypersvg.pipeline.gate.rows import Pair, kind_or_settled
from hypersvg.schema.tolerances import PROGRESS, REPLICATES, Kind, Measure
from hypersvg.statistics import LEVEL, MINIMUM_SEEDS

Frame = pd.DataFrame
TINY, HUGE = 1e-20, 1e20
"""What log10 takes zeros and overflows for."""


def means(pairs: list[Pair]) -> Frame:
    """Every mean of both sides with its tolerance; columns as of :func:`compared`, and ``tolerance``, ``size``.

    ``size`` is the move over the tolerance: above 1 it is drift on any class. NaN with one seed.
    """
    parts = [part for pair in pairs for part in of_table(pair)]
    if not parts:
        return pd.DataFrame(columns=["table", "number", "measure", "group", "old", "new", "tolerance", "size"])
    found = pd.concat(parts, ignore_index=True)
    found["tolerance"] = tolerances(found, len(found))
    with np.errstate(divide="ignore", invalid="ignore"):
        found["size"] = (found["new"] - found["old"]).abs() / found["tolerance"]
    return found


def tolerances(found: Frame, family: int) -> "pd.Series[Any]":
    """How far each mean may move; see the module's docstring."""
    few, count = found["seeds"] < MINIMUM_SEEDS, found["seeds"]
    spread = found["own"].where(~few, np.maximum(found["own"], found["pooled"]))
    freedom = (count - 1).where(~few, found["pooled_freedom"])
    tail = stats.t.isf((1 - LEVEL) / (2 * family), freedom.where(freedom > 0))
    allowed = pd.Series(tail * spread * np.sqrt(2 / count), index=found.index)
    ceiling = found["ceiling"].where(few, np.inf)
    return allowed.clip(lower=found["floor"], upper=ceiling).where(count > 1)


def of_table(pair: Pair) -> list[Frame]:
    """The means of every measured column, over all rows of a group and, in tables of steps, over the last ones."""
    if "seed" not in pair.schema.keys or pair.old.empty:
        return []
    names = [column for column in pair.columns if column not in pair.schema.keys]
    kinds = {column: kind_or_settled(pair.schema.name, column) for column in names}
    wanted = [(column, measure) for column, kind in kinds.items() for measure in kind.measures]
    parts = []
    for at, rows in places(pair) if wanted else []:
        sides = [by_seed(frame[rows], wanted, groups_of(pair)) for frame in (pair.old, pair.new)]
        for (column, measure), old, new in zip(wanted, *sides, strict=True):
            parts.append(compared(pair, column, f"{measure}{at}", kinds[column], old, new))
    return parts


def groups_of(pair: Pair) -> list[str]:
    """The keys that name a mean."""
    return [key for key in pair.schema.keys if key not in (*REPLICATES, *PROGRESS)]


def places(pair: Pair) -> list[tuple[str, np.ndarray]]:
    """All rows, and where the table counts steps those of each seed's last."""
    found = [("", np.ones(len(pair.old), dtype=bool))]
    for key in (key for key in pair.schema.keys if key in PROGRESS):
        last = pair.old.groupby([*groups_of(pair), "seed"])[key].transform("max")
        found.append((f", last {key}", (pair.old[key] == last).to_numpy()))
    return found


def compared(pair: Pair, column: str, measure: str, kind: Kind, old: Frame, new: Frame) -> Frame:
    """Both means of a measure by group, one row each, from ``old`` and ``new [groups, seeds]``.

    ``group`` is a dictionary of the keys that name it; ``own`` is the standard deviation over the reference's seeds,
    ``pooled`` its root mean square over all groups.
    """
    spread, seeds = old.std(axis=1, ddof=1), old.notna().sum(axis=1)
    return pd.DataFrame(
        {
            "table": pair.name,
            "number": column,
            "measure": measure,
            "group": [dict(zip(groups_of(pair), as_tuple(name), strict=False)) for name in old.index],
            "old": old.mean(axis=1).to_numpy(),
            "new": new.mean(axis=1).to_numpy(),
            "own": spread.to_numpy(),
            "pooled": float(np.sqrt((spread**2).mean())),
            "seeds": seeds.to_numpy(),
            "pooled_freedom": int((seeds - 1).clip(lower=0).sum()),
            "floor": kind.floor,
            "ceiling": kind.ceiling,
        }
    )


def by_seed(frame: Frame, wanted: list[tuple[str, Measure]], groups: list[str]) -> list[Frame]:
    """The mean of every wanted measure ``[groups, seeds]``; without groups, one row."""
    values = pd.DataFrame({place: measured(frame[column], measure) for place, (column, measure) in enumerate(wanted)})
    keys = [frame[key].to_numpy() for key in groups] or [np.zeros(len(frame))]
    names = [*(groups or ["everything"]), "seed"]
    rows = pd.MultiIndex.from_arrays([*keys, frame["seed"].to_numpy()], names=names)
    found = values.set_index(rows).groupby(level=names).mean()
    return [pd.DataFrame(found[place].unstack("seed")) for place in range(len(wanted))]


def measured(values: "pd.Series[Any]", measure: Measure) -> np.ndarray:
    """What of every value is averaged; NaN where there is none."""
    if measure == "share diverged":
        return (values == "diverged").to_numpy(dtype=np.float64)
    numbers = values.to_numpy(dtype=np.float64)
    if measure == "value":
        return np.asarray(np.clip(numbers, -HUGE, HUGE))
    if measure == "share positive":
        return np.where(np.isnan(numbers), np.nan, numbers > 0)
    return np.asarray(np.log10(np.clip(np.abs(numbers), TINY, HUGE)))


def as_tuple(name: Any) -> tuple[Any, ...]:
    """A label of an index as a tuple."""
    return name if isinstance(name, tuple) else (name,)
