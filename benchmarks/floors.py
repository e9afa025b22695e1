"""A line of the table. What it must move or multiply is counted in :mod:`hypersvg.maths.costs`, from the shapes;
seconds come from the rates of the same run.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Item:
    """One line of the table: what is timed, what it must move (``bytes``) or multiply (``flop``), and its goals.

    ``vs_plain`` is how often faster than the plain peer it should be at least, ``vs_floor`` how many times the floor
    it may take at most. ``series`` names the growth curves that the item is a point of: (what, along which size, size).
    """

    name: str
    work: str
    bytes: int | None = None
    flop: int | None = None
    vs_plain: float | None = None
    vs_floor: float | None = None
    series: Sequence[tuple[str, str, int]] = field(default=())

    def facts(self) -> dict[str, Any]:
        """What ``hypersvg bench`` reads back from the JSON."""
        return {
            "item": self.name,
            "work": {"what": self.work, "bytes": self.bytes, "flop": self.flop},
            "goal": {"vs_plain": self.vs_plain, "vs_floor": self.vs_floor},
            "series": [list(point) for point in self.series],
        }
