"""Keys, columns, types and single numbers of a table and its reference."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from hypersvg.pipeline.gate.drift import Drift, words_of
from hypersvg.schema.tolerances import SETTLED, Kind, kind_of
from hypersvg.tables import Table

Frame = pd.DataFrame
DIGITS = 6
"""Significant digits by which rows with a rate among their keys are matched, and by which settled numbers agree."""
SHOWN = 5
"""Missing or unknown values of a key that are named one by one."""


@dataclass(frozen=True)
class Pair:
    """The rows that both sides of a table have, in the same order, and the columns that can be compared."""

    name: str
    schema: Table
    old: Frame
    new: Frame
    columns: tuple[str, ...]


def paired(name: str, schema: Table, old: Frame, new: Frame) -> tuple[list[Drift], Pair | None]:
    """What the two sides do not have in common, and what they have; ``None`` where a key column is missing."""
    found = columns_and_types(name, old, new)
    if any(key not in frame.columns for key in schema.keys for frame in (old, new)):
        return found, None
    indexed = [frame.set_index(pd.MultiIndex.from_frame(keys_of(frame, schema))) for frame in (old, new)]
    for side, frame in zip(("reference", "run"), indexed, strict=True):
        if frame.index.has_duplicates:
            found.append(structural(name, "rows", f"a row stands twice in the {side}", "once", "twice"))
            return found, None
    found += rows_of_one_side(name, schema, indexed[0].index, indexed[1].index)
    common = indexed[0].index.intersection(indexed[1].index, sort=False)
    a, b = (frame.loc[common].reset_index(drop=True) for frame in indexed)
    columns = [column for column in old.columns if column in new.columns and old[column].dtype == new[column].dtype]
    return found, Pair(name, schema, a, b, tuple(columns))


def structural(name: str, number: str, where: str, old: str, new: str) -> Drift:
    """Something that one side lacks."""
    return Drift(0, name, where, number, old, new, "must be equal")


def columns_and_types(name: str, old: Frame, new: Frame) -> list[Drift]:
    """Columns that only one side has, and columns of another type."""
    found = [structural(name, c, "column", "there", "missing") for c in old.columns if c not in new.columns]
    found += [structural(name, c, "column", "missing", "there") for c in new.columns if c not in old.columns]
    both = [column for column in old.columns if column in new.columns and old[column].dtype != new[column].dtype]
    return found + [structural(name, c, "type", str(old[c].dtype), str(new[c].dtype)) for c in both]


def keys_of(frame: Frame, schema: Table) -> Frame:
    """The key columns, numbers rounded to :data:`DIGITS` significant digits so that classes agree on them."""
    keys = frame[list(schema.keys)].copy()
    for key in keys.columns[keys.dtypes == "float64"]:
        keys[key] = rounded(keys[key].to_numpy())
    return keys


def rounded(values: np.ndarray) -> np.ndarray:
    """``values`` to :data:`DIGITS` significant digits."""
    size = np.abs(values)
    places = 10.0 ** (DIGITS - 1 - np.floor(np.log10(np.where(size > 0, size, 1.0))))
    return np.asarray(np.round(values * places) / places)


def rows_of_one_side(name: str, schema: Table, old: pd.Index, new: pd.Index) -> list[Drift]:
    """Rows that only one side has: whole methods, seeds, starts by name, the others by number and first."""
    found = []
    for lacking, having, words in ((new, old, ("there", "missing")), (old, new, ("missing", "there"))):
        rest = having.difference(lacking, sort=False).to_frame(index=False)
        for key in schema.keys:
            gone = rest[key].drop_duplicates()[lambda values: ~values.isin(lacking.get_level_values(key))]  # noqa: B023
            for value in gone[:SHOWN]:
                count = int((rest[key] == value).sum())
                found.append(structural(name, "rows", f"{words_of({key: value})}, {count} rows", *words))
            if len(gone) > SHOWN:
                found.append(structural(name, "rows", f"{len(gone) - SHOWN} further values of {key}", *words))
            rest = rest[~rest[key].isin(gone)]
        if len(rest):
            first = words_of(rest.iloc[0].to_dict())
            found.append(structural(name, "rows", f"{len(rest)} rows, the first: {first}", *words))
    return found


def largest(frame: Frame, column: str) -> dict[Any, Any]:
    """The row with the largest value of a column, the first among equals."""
    return frame.sort_values(column, ascending=False, kind="stable").iloc[0].to_dict()


def moves(pair: Pair, exact: bool) -> Frame:
    """The numbers that are not what they must be: one row each, ``number``, ``old``, ``new``, ``change`` and the keys.

    ``exact``: all that are not equal to the last bit, seconds excepted. Otherwise settled ones that differ by more than
    a relative 1e-6, and gaps (NaN) that only one side has. ``change`` is relative, 1 for words and gaps.
    """
    changed = [column for column in pair.columns if not pair.old[column].equals(pair.new[column])]
    parts = [moved(pair, column, exact) for column in changed]
    return pd.concat([part for part in parts if len(part)] or [empty(pair)], ignore_index=True)


def moved(pair: Pair, column: str, exact: bool) -> Frame:
    """The part of :func:`moves` that is about one column."""
    a, b = pair.old[column], pair.new[column]
    gaps = (a.isna() != b.isna()).to_numpy()
    kind = SETTLED if column in pair.schema.keys else kind_or_settled(pair.schema.name, column)
    change = changes(a, b)
    if exact and kind.name != "seconds":
        differ = gaps | (change > 0)
    elif kind.settled:
        differ = gaps | (change > 10.0**-DIGITS)
    else:
        differ = gaps
    chosen = np.flatnonzero(differ)
    if not len(chosen):
        return empty(pair)
    said = {"number": column, "old": a.iloc[chosen].astype(object), "new": b.iloc[chosen].astype(object)}
    keys = pair.old[list(pair.schema.keys)].iloc[chosen]
    return pd.DataFrame({**{f"key {key}": keys[key] for key in keys}, **said, "change": change[chosen]})


def kind_or_settled(table: str, column: str) -> Kind:
    """The kind of a column; one that the schema does not have is held like a settled one."""
    try:
        return kind_of(table, column)
    except KeyError:
        return SETTLED


def changes(a: "pd.Series[Any]", b: "pd.Series[Any]") -> np.ndarray:
    """Relative change of every value, 0 where both are equal (or both empty), 1 where one is empty or a word."""
    differ = ((a != b) & ~(a.isna() & b.isna())).to_numpy(dtype=bool)
    if not pd.api.types.is_numeric_dtype(a):
        return differ.astype(np.float64)
    x, y = a.to_numpy(dtype=np.float64), b.to_numpy(dtype=np.float64)
    with np.errstate(invalid="ignore", over="ignore"):
        relative = np.abs(x - y) / np.maximum(np.abs(x), np.abs(y))
    relative = np.where(np.isfinite(relative), relative, 1.0)
    return np.where(differ, np.maximum(relative, np.finfo(np.float64).tiny), 0.0)


def empty(pair: Pair) -> Frame:
    """No moves."""
    names: Sequence[str] = [*(f"key {key}" for key in pair.schema.keys), "number", "old", "new", "change"]
    return pd.DataFrame({name: [] for name in names})
