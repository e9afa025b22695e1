"""Which exhibits and claims a number is behind: found by watching what each of them reads of the run."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import pandas as pd

from hypersvg.claims.claim import load_claims
from hypersvg.claims.judge import sample_of
from hypersvg.exhibits.registry import EXHIBITS
from hypersvg.pipeline.exhibits_index import NOTEBOOKS
from hypersvg.pipeline.gate.drift import Drift
from hypersvg.reading.results import Levels, Results

Asked = list[tuple[str, Levels]]
"""Tables, each with the values of its columns that were asked for."""


class Watched(Results):
    """A run that notes which rows of which tables are asked for."""

    def __init__(self, folder: Path) -> None:
        """Nothing was asked for yet."""
        super().__init__(folder)
        self.asked: Asked = []

    def table(self, name: str) -> pd.DataFrame:
        """The whole table."""
        self.asked.append((name, {}))
        return super().table(name)

    def complete(self, name: str, levels: Levels) -> pd.DataFrame:
        """Some rows of a table."""
        before = len(self.asked)
        try:
            return super().complete(name, levels)
        finally:
            self.asked[before:] = [(name, levels)]


def touched(drifts: Iterable[Drift], folder: Path, claims: Path) -> list[Drift]:
    """The lines with the exhibits that show their numbers and the claims judged by them, by the run in ``folder``."""
    lines = list(drifts)
    tables = {drift.table for drift in lines}
    if not tables - {"claims", "settings"}:
        return lines
    exhibits = {name: asked_by(EXHIBITS[name], folder) for name in exhibits_reading(tables)}
    judged = {claim.id: asked_by(partial(sample_of, claim), folder) for claim in load_claims(claims)}
    return [
        replace(one, exhibits=who_asks(one, exhibits), claims=who_asks(one, judged))
        if one.table not in ("claims", "settings")
        else one
        for one in lines
    ]


def exhibits_reading(tables: set[str]) -> list[str]:
    """The exhibits of the notebooks that read one of the tables."""
    return [name for notebook in NOTEBOOKS.values() if tables & set(notebook.tables) for name in notebook.exhibits]


def asked_by(make: Callable[[Results], object], folder: Path) -> Asked:
    """What ``make`` reads of a run."""
    run = Watched(folder)
    with suppress(Exception):  # a run that drifted may be one that is refused: what was asked for until then counts
        make(run)
    return run.asked


def who_asks(drift: Drift, readers: Mapping[str, Asked]) -> tuple[str, ...]:
    """The readers that ask for rows of the line's group."""
    return tuple(name for name, asked in readers.items() if any(meets(drift, *one) for one in asked))


def meets(drift: Drift, table: str, levels: Levels) -> bool:
    """Whether rows with these levels can be among the line's group."""
    both = [key for key in drift.group if key in levels]
    return table == drift.table and all(drift.group[key] in list(levels[key]) for key in both)
