"""One line of what drifted, how important it is, and how all of it is printed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

MOST = 40
"""Lines that are printed; the CSV has all."""
STRUCTURE, VERDICT, CLAIM, FINISHED, OTHER = range(5)
"""Ranks, the most important first: what cannot be compared, verdicts, claims' numbers, finished runs, others."""
HEADINGS = ("table", "where", "number", "reference → run", "tolerance", "of noise", "moved", "exhibits", "claims")
COLUMNS = ("table", "where", "number", "old", "new", "tolerance", "size", "exhibits", "claims")
EXPLAINED = (
    "tolerance 0: must be equal to the last bit. of noise: the move of the group's mean over what the spread of the "
    "seeds allows it; above 1 it is more than chance. moved: numbers that drifted, of how many. The largest is shown."
)


@dataclass(frozen=True)
class Drift:
    """A number, or a group of numbers of one column, that is not what its reference says.

    ``where`` names the row, the group or the claim; ``group`` are the keys by which exhibits and claims are found;
    ``size`` is the move of the mean in units of its tolerance, NaN where there is none; ``rows`` are the single numbers
    that the line stands for, as :func:`hypersvg.pipeline.gate.rows.moves` has them.
    """

    rank: int
    table: str
    where: str
    number: str
    old: str
    new: str
    tolerance: str
    size: float = float("nan")
    moved: int = 1
    compared: int = 1
    group: Mapping[str, Any] = field(default_factory=dict)
    exhibits: tuple[str, ...] = ()
    claims: tuple[str, ...] = ()
    rows: pd.DataFrame | None = None

    @property
    def importance(self) -> tuple[Any, ...]:
        """What sorts the table: rank, then whether a claim hangs on it, then size."""
        size = 0.0 if pd.isna(self.size) else self.size
        return (self.rank, not self.claims if self.rank >= FINISHED else False, -size, self.table, self.number)


def printed(drifts: Iterable[Drift]) -> str:
    """The most important lines as a table, and how many more there are."""
    ordered = sorted(drifts, key=lambda drift: drift.importance)
    lines = pd.DataFrame([cells(drift) for drift in ordered[:MOST]], columns=list(HEADINGS))
    table = lines.to_markdown(index=False, tablefmt="simple", disable_numparse=True)
    more = f"\nand {len(ordered) - MOST:,} more lines" if len(ordered) > MOST else ""
    return f"{table}{more}\n{EXPLAINED}"


def cells(drift: Drift) -> list[str]:
    """One line of the table."""
    of_noise = "" if pd.isna(drift.size) else f"{drift.size:.2g}"
    moved = f"{drift.moved:,} of {drift.compared:,}" if drift.compared > 1 else ""
    ends = [few(drift.exhibits), few(drift.claims)]
    return [
        drift.table,
        drift.where,
        drift.number,
        f"{drift.old} → {drift.new}",
        drift.tolerance,
        of_noise,
        moved,
        *ends,
    ]


def few(names: Sequence[str], most: int = 2) -> str:
    """The first two names, and how many more there are."""
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" +{rest}" if rest > 0 else "")


def words_of(keys: Mapping[Any, Any]) -> str:
    """A row's key in words: ``adaptive, grid bad, run 3, seed 1``; the method needs no name."""
    return ", ".join(
        text(value) if key in ("method", "arm", "candidate") else f"{key} {text(value)}" for key, value in keys.items()
    )


def text(value: Any) -> str:
    """A value as it is printed; numbers with six digits, a gap as such."""
    if isinstance(value, float):
        return "empty" if pd.isna(value) else f"{value:.6g}"
    return str(value)


def both(old: Any, new: Any) -> tuple[str, str]:
    """Two values, with as many digits as it takes to tell them apart."""
    said = text(old), text(new)
    return (repr(old), repr(new)) if said[0] == said[1] and old != new else said


def as_frame(drifts: Iterable[Drift]) -> pd.DataFrame:
    """All lines, those that stand for several numbers with a row for each."""
    parts = [expanded(drift) for drift in sorted(drifts, key=lambda drift: drift.importance)]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(COLUMNS))


def expanded(drift: Drift) -> pd.DataFrame:
    """One line as rows of the CSV."""
    ends = (drift.tolerance, drift.size, " ".join(drift.exhibits), " ".join(drift.claims))
    if drift.rows is None:
        return pd.DataFrame(
            [(drift.table, drift.where, drift.number, drift.old, drift.new, *ends)], columns=list(COLUMNS)
        )
    keys = [name for name in drift.rows.columns if name.startswith("key ")]
    words = [
        words_of({name[4:]: value for name, value in zip(keys, row, strict=True)})
        for row in drift.rows[keys].to_numpy(object)
    ]
    columns = (drift.table, words, drift.number, drift.rows["old"].to_numpy(), drift.rows["new"].to_numpy(), *ends)
    return pd.DataFrame(dict(zip(COLUMNS, columns, strict=True)))


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """The whole list, in one step."""
    partial = path.with_name(f".{path.name}.partial")
    frame.to_csv(partial, index=False, lineterminator="\n")
    partial.replace(path)
