"""Rows of a table by number, or by the values of its columns: ``method=adaptive seed=3``."""

import shlex
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from hypersvg.pipeline.failures import HypersvgError

LISTED = 12
"""Values of a column that a sentence lists."""
SAME = 1e-5
"""Relative difference within which a number that was typed is one that was printed (six digits)."""


def chosen(frame: pd.DataFrame, row: int | None, where: str, name: str) -> tuple[pd.DataFrame, str]:
    """The rows asked for and that question in words, empty where all rows are meant.

    Raises a sentence for a row, column or value that the table ``name`` does not have.
    """
    if row is not None and where:
        raise HypersvgError("give ROW or WHERE, not both")
    if row is not None:
        if not 0 <= row < len(frame):
            raise HypersvgError(f"{name} has the rows 0 to {len(frame) - 1}, so no row {row}")
        return frame.iloc[[row]], f"row {row}"
    pairs = [pair(text, frame, name) for text in words_of(where)]
    for column, value in pairs:
        if not matches(frame[column], value).any():
            raise HypersvgError(f"{name} has no row with {column} = {value}; {column} is {listed(frame[column])}")
    question = ", ".join(f"{column} = {value}" for column, value in pairs)
    for column, value in pairs:
        frame = frame[matches(frame[column], value)]
    if frame.empty:
        raise HypersvgError(f"{name} has no row with all of {question}")
    return frame, question


def words_of(where: str) -> list[str]:
    """The conditions, split at blanks outside quotes."""
    try:
        return shlex.split(where)
    except ValueError as error:
        raise HypersvgError(f"WHERE={where} cannot be read: {error}") from None


def pair(text: str, frame: pd.DataFrame, name: str) -> tuple[str, Any]:
    """``seed=3`` as the column and the value in its type."""
    column, equals, value = text.partition("=")
    if not equals:
        raise HypersvgError(f"'{text}' is no condition; write column=value, for example seed=3")
    if column not in frame.columns:
        raise HypersvgError(f"{name} has no column '{column}'; it has {', '.join(map(str, frame.columns))}")
    if not pd.api.types.is_numeric_dtype(frame[column]):
        return column, value
    try:
        return column, float(value) if "." in value or "e" in value.lower() else int(value)
    except ValueError:
        raise HypersvgError(f"column {column} of {name} holds numbers, and '{value}' is none") from None


def matches(column: pd.Series, value: Any) -> npt.NDArray[np.bool_]:
    """Where a column has ``value``, numbers to the digits that are printed."""
    if pd.api.types.is_numeric_dtype(column):
        return np.asarray(np.isclose(column.to_numpy(dtype=float), value, rtol=SAME, atol=0.0))
    return np.asarray(column.astype(str) == value)


def listed(column: pd.Series) -> str:
    """The values of a column in words, the first few where there are many."""
    values = [f"{value:.6g}" if isinstance(value, float) else str(value) for value in column.drop_duplicates()]
    return ", ".join(values[:LISTED]) + (f" and {len(values) - LISTED} more" if len(values) > LISTED else "")
