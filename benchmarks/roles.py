"""What a benchmark and a check are handed: the words of ``conftest.py``'s fixtures."""

from collections.abc import Callable
from typing import Any, Literal

from floors import Item
from torch import Tensor

Role = Literal["ours", "plain"]
Clock = Callable[..., None]
"""``clock(item, role, work, rounds, iterations=1)``."""
Compared = dict[str, tuple[Tensor, Tensor, Tensor]]
"""A network's flat weights before the updates, after ours, and after the plain peer's."""
Beside = Callable[[list[dict[str, Any]]], None]
"""``beside(lines)``: the times of another library, ``{"peer", "item", "plain_s", "work"}`` each."""
Agreed = Callable[[Item, Compared], None]
"""``agreed(item, compared)``."""
