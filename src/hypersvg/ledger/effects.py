"""Measured effects of variants, from ``results/reference/sensitivity``: what moved, and which claims change side.

``headlines.csv`` has the columns choice_variant, headline, unit, default, alternative, difference, low, high, seeds
(low and high: 95 % interval of the paired difference, empty where there is none; of unit percent all are fractions);
``claims.csv`` has variant, claim, side_default, side_alternative. A file that is not there has no rows.
"""

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Self

SENSITIVITY = Path("results", "reference", "sensitivity")
UNMEASURED = "not measured yet"
NUMBERS = ("default", "alternative", "difference", "low", "high")
SIDES = {"True": "holds", "False": "fails", "": "no number"}
"""Which side of its claim a mean over the seeds lies on."""
Row = dict[str, str]


@dataclass(frozen=True)
class Effects:
    """The rows of both files by variant."""

    headlines: dict[str, list[Row]]
    claims: dict[str, list[Row]]

    @classmethod
    def read(cls, root: Path) -> Self:
        """Both files under the repository ``root``."""
        folder = root / SENSITIVITY
        return cls(
            by_variant(folder / "headlines.csv", "choice_variant"),
            by_variant(folder / "claims.csv", "variant"),
        )

    def cell(self, variant: str) -> str:
        """The measured effect of ``variant`` as a cell of a Markdown table."""
        if variant not in self.headlines and variant not in self.claims:
            return UNMEASURED
        lines = [headline(row) for row in self.headlines.get(variant, [])]
        if variant in self.claims:
            changed = [row for row in self.claims[variant] if row["side_default"] != row["side_alternative"]]
            lines += [claim(row) for row in changed] or ["no claim changes side"]
        return "<br>".join(lines)


def by_variant(path: Path, column: str) -> dict[str, list[Row]]:
    """The rows of a CSV file, in its order, by the variant in ``column``; none where there is no file."""
    grouped: dict[str, list[Row]] = {}
    if path.is_file():
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                grouped.setdefault(row[column], []).append(row)
    return grouped


def headline(row: Row) -> str:
    """``name: default → alternative unit (difference [low, high], n seeds)``; bold where zero is outside."""
    row = row | {name: str(100 * float(row[name])) for name in NUMBERS if row[name] and row["unit"] == "percent"}
    name = f"**{row['headline']}**" if leaves_out_zero(row) else row["headline"]
    values = f"{short(row['default'])} → {short(row['alternative'])} {row['unit']}".rstrip()
    interval = f" [{signed(row['low'])}, {signed(row['high'])}]" if row["low"] and row["high"] else ""
    return f"{name}: {values} ({signed(row['difference'])}{interval}, {row['seeds']} seeds)"


def leaves_out_zero(row: Row) -> bool:
    """Whether the row has an interval, and zero is not in it."""
    return bool(row["low"] and row["high"]) and (float(row["low"]) > 0 or float(row["high"]) < 0)


def claim(row: Row) -> str:
    """A claim whose side changes."""
    return f"**claim {row['claim']}**: {SIDES[row['side_default']]} → {SIDES[row['side_alternative']]}"


def short(number: str) -> str:
    """A number of a CSV file with four significant digits; nothing for an empty cell."""
    return f"{float(number):.4g}" if number else "none"


def signed(number: str) -> str:
    """A difference with its sign and three significant digits."""
    return f"{float(number):+.3g}" if number else "none"
