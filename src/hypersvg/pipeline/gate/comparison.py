"""All that drifted between two sides."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from hypersvg.pipeline.gate import machine
from hypersvg.pipeline.gate.claims import claims_drift
from hypersvg.pipeline.gate.drift import FINISHED, OTHER, STRUCTURE, Drift, both, words_of
from hypersvg.pipeline.gate.means import groups_of, means
from hypersvg.pipeline.gate.rows import Pair, largest, moves, paired
from hypersvg.pipeline.gate.sides import Side, changed_settings
from hypersvg.pipeline.gate.times import times_drift
from hypersvg.reading.results import FILES
from hypersvg.schema import TABLES

Frame = pd.DataFrame


@dataclass(frozen=True)
class Comparison:
    """A run beside its reference.

    ``classes`` says in words why the two are of different machine classes, and is empty where they are of one.
    ``moved`` are all single numbers that are not equal to the last bit (seconds excepted), on whichever class;
    ``means`` all means over seeds; ``numbers`` counts the single ones that were compared.
    """

    new: Side
    old: Side
    classes: list[str]
    drifts: list[Drift]
    moved: dict[str, Frame]
    means: Frame
    numbers: int

    @property
    def exact(self) -> bool:
        """Whether single numbers had to be equal."""
        return not self.classes


def compare_sides(new: Side, old: Side) -> Comparison:
    """Everything that the reference ``old`` says otherwise; the exhibits and claims behind it are not yet known."""
    classes = machine.differences(new.facts, old.facts)
    drifts = [*settings_drift(new, old), *tables_of_one_side(new, old)]
    pairs: list[Pair] = []
    for name in (name for name in old.tables if name in new.tables):
        found, pair = paired(name, FILES[name], old.tables[name], new.tables[name])
        drifts += found
        pairs += [pair] if pair else []
    table_means = means(pairs)
    moved = {pair.name: moves(pair, exact=True) for pair in pairs}
    for pair in pairs:
        held = moves(pair, exact=False) if classes else moved[pair.name]
        drifts += row_drifts(pair, held, table_means, "0" if not classes else "1e-6, no gaps")
    drifts += [] if not classes else mean_drifts(table_means)
    if {"runtimes"} <= set(old.tables) & set(new.tables):
        drifts += times_drift(old.tables["runtimes"], new.tables["runtimes"])
    drifts += claims_drift(old.claims, new.claims, exact=not classes)
    numbers = sum(len(pair.old) * len(pair.columns) for pair in pairs)
    return Comparison(new, old, classes, drifts, moved, table_means, numbers)


def settings_drift(new: Side, old: Side) -> list[Drift]:
    """Settings of another value."""
    return [
        Drift(STRUCTURE, "settings", "", key, str(was), str(now), "must be equal")
        for key, was, now in changed_settings(new, old)
    ]


def tables_of_one_side(new: Side, old: Side) -> list[Drift]:
    """Tables that only one side has."""
    lost = [name for name in old.tables if name not in new.tables]
    found = [name for name in new.tables if name not in old.tables]
    return [Drift(STRUCTURE, name, "", "table", "there", "missing", "must be equal") for name in lost] + [
        Drift(STRUCTURE, name, "", "table", "missing", "there", "must be equal") for name in found
    ]


def rank_of(table: str) -> int:
    """Finished runs before curves: what is printed in a table or quoted before what is drawn."""
    return FINISHED if FILES[table] is TABLES["runs"] else OTHER


def row_drifts(pair: Pair, moved: Frame, table_means: Frame, tolerance: str) -> Iterator[Drift]:
    """A line for every column and group with numbers that moved, showing the largest."""
    groups, keys = groups_of(pair), list(pair.schema.keys)
    rows = pair.old.groupby(groups, sort=False).size().to_dict() if groups else {}
    names = ["number", *(f"key {key}" for key in groups)]
    for label, part in moved.groupby(names, sort=False):
        number, *values = label
        worst = largest(part, "change")
        group = dict(zip(groups, values, strict=True))
        where = words_of({key: worst[f"key {key}"] for key in keys})
        yield Drift(
            rank_of(pair.name),
            pair.name,
            where,
            str(number),
            *both(worst["old"], worst["new"]),
            tolerance,
            size=size_of(table_means, pair.name, str(number), group),
            moved=len(part),
            compared=rows.get(tuple(values) if len(values) > 1 else values[0], len(pair.old))
            if groups
            else len(pair.old),
            group=group,
            rows=part,
        )


def size_of(table_means: Frame, table: str, number: str, group: dict[str, Any]) -> float:
    """The largest move of the means of a group, in units of their tolerance; NaN where there is none."""
    rows = table_means[(table_means["table"] == table) & (table_means["number"] == number)]
    return float(rows.loc[[one == group for one in rows["group"]], "size"].max()) if len(rows) else float("nan")


def mean_drifts(table_means: Frame) -> list[Drift]:
    """A line for every mean that left its tolerance."""
    return [
        Drift(
            rank_of(row["table"]),
            row["table"],
            words_of(row["group"]) or "all rows",
            f"{row['number']} ({row['measure']})",
            *shown(row),
            size=row["size"],
            group=row["group"],
        )
        for row in table_means[table_means["size"] > 1].to_dict("records")
    ]


def shown(row: Mapping[Any, Any]) -> tuple[str, str, str]:
    """Both means and the tolerance; means of logarithms as geometric means, with a factor for a tolerance."""
    old, new, tolerance = row["old"], row["new"], row["tolerance"]
    if row["measure"].startswith("log10"):
        return (*both(10**old, 10**new), f"×{10**tolerance:.3g}")
    return (*both(old, new), f"±{tolerance:.2g}")
