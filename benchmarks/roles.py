"""What a benchmark and a check are handed: the words of ``conftest.py``'s fixtures."""

from collections.abc import Callable
from typing import Literal

from floors import Item
from torch import Tensor

Role = Literal["ours", "plain"]
Clock = Callable[..., None]
"""``clock(item, role, work, rounds, iterations=1)``."""
Compared = dict[str, tuple[Tensor, Tensor, Tensor]]
"""A network's flat weights before the updates, after ours, and after the plain peer's."""
Agreed = Callable[[Item, Compared], None]
"""``agreed(item, compared)``."""
