"""Tidy tables on disk: one declared schema each, checked when written and when read, written atomically."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from hypersvg.files import written


class TableError(ValueError):
    """A table that does not keep its schema; the message names the file, the column and the mend."""


@dataclass(frozen=True)
class Column:
    """Name, pandas dtype (``str``, ``int64``, ``float64``) and meaning with unit."""

    name: str
    dtype: str
    meaning: str


@dataclass(frozen=True)
class Table:
    """A tidy table: its columns and the columns whose values name a row."""

    name: str
    about: str
    keys: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def names(self) -> list[str]:
        """Column names in order."""
        return [column.name for column in self.columns]

    def checked(self, frame: pd.DataFrame, where: str) -> pd.DataFrame:
        """``frame`` with this table's columns, dtypes and row order; raises :class:`TableError`."""
        missing = [name for name in self.names if name not in frame.columns]
        extra = [str(name) for name in frame.columns if name not in self.names]
        if missing or extra:
            raise TableError(f"{where}: table '{self.name}' has missing columns {missing} and unknown columns {extra}")
        try:
            typed = frame.astype({column.name: column.dtype for column in self.columns})[self.names]
        except (ValueError, TypeError) as error:
            raise TableError(f"{where}: table '{self.name}' holds a value of the wrong type: {error}") from None
        keys = list(self.keys)
        for name in keys:
            if typed[name].isna().any():
                raise TableError(f"{where}: table '{self.name}' has an empty key in column {name}")
        repeated = typed.duplicated(keys)
        if repeated.any():
            row = typed.loc[repeated, keys].iloc[0].to_dict()
            raise TableError(f"{where}: table '{self.name}' has the row {row} more than once")
        return typed.sort_values(keys, kind="stable", ignore_index=True)


def write_table(frame: pd.DataFrame, table: Table, path: Path) -> None:
    """Check ``frame`` and write it as Parquet in one step, so that an interrupted run leaves no half table."""
    checked = table.checked(frame, str(path))
    written(path, lambda partial: checked.to_parquet(partial, index=False))


def read_table(path: Path, table: Table) -> pd.DataFrame:
    """Read and check one table; raises :class:`TableError` naming the file when it is damaged or of another schema."""
    try:
        frame = pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise TableError(f"{path} cannot be read ({error}); delete it and run again") from None
    return table.checked(frame, str(path))


def concatenate(paths: Iterable[Path], table: Table) -> pd.DataFrame:
    """The rows of several files of one table."""
    frames = [read_table(path, table) for path in paths]
    return table.checked(pd.concat(frames, ignore_index=True), table.name)


def require_rows(frame: pd.DataFrame, expected: pd.DataFrame, keys: Sequence[str], where: str) -> None:
    """Raise :class:`TableError` naming the first key of ``expected`` that ``frame`` lacks."""
    columns = list(keys)
    seen = set(frame[columns].itertuples(index=False, name=None))
    for row in expected[columns].itertuples(index=False, name=None):
        if row not in seen:
            raise TableError(f"{where}: the row {dict(zip(columns, row, strict=True))} is missing; run its stage again")
