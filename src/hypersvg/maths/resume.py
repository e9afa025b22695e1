"""What a long computation must keep so that it can go on after an interruption, to the same bits."""

from collections.abc import Iterable
from typing import Any, Protocol

import torch
from torch import Tensor

State = dict[str, Any]
"""Nested dictionaries (keys are text) and lists of tensors, tidy tables, numbers, text and ``None``.

The tensors belong to whoever gave them: a state holds no copies, so that a large one needs no second memory.
"""


class Resumable(Protocol):
    """Something that goes on where another one of its kind, made with the same arguments, was."""

    def state(self) -> State:
        """All that has changed since it was made, valid until the next change."""
        ...

    def load(self, state: State) -> None:
        """Go on from ``state``, into a new object; tensors are copied, because a file's may lie anywhere in memory.

        Where a tensor lies (its alignment) decides which instructions are used on it, and so its last bits.
        """
        ...


def copied(value: Any) -> Any:
    """A copy of a tensor, or ``None``."""
    return None if value is None else value.clone()


@torch.no_grad()
def fill(tensors: Iterable[Tensor], values: Iterable[Tensor]) -> None:
    """Write ``values`` into ``tensors`` where they are, so that whoever shares their memory sees them."""
    for tensor, value in zip(tensors, values, strict=True):
        tensor.copy_(value)
