"""How a long job goes on where it was interrupted: its finished parts, and the state of the part in work."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import pandas as pd

from hypersvg.maths.resume import Resumable, State
from hypersvg.progress import Tick

Part = dict[str, pd.DataFrame]
Item = TypeVar("Item")
Work = Mapping[str, Resumable]
"""What makes up a part in work, by name."""


class Checkpoint:
    """The checkpoint of a job that keeps none: every part is made from its beginning.

    :class:`hypersvg.pipeline.checkpoints.FileCheckpoint` overrides :meth:`opened`, :meth:`due` and :meth:`save`. No
    result depends on any of it.
    """

    def __init__(self) -> None:
        self.parts: list[Part] = []
        self.kept: State = {}

    def over(self, items: Sequence[Item], make: Callable[[Item], Part], tick: Tick, units: float) -> Part:
        """The tables of all items, made one after another; finished ones are not made again.

        Each is worth ``units`` of the progress bar.
        """
        self.parts, self.kept = self.opened()
        tick(units * len(self.parts))
        for item in items[len(self.parts) :]:
            self.parts.append(make(item))
            self.offer({})
        return {name: pd.concat([part[name] for part in self.parts], ignore_index=True) for name in self.parts[0]}

    def resume(self, work: Work) -> None:
        """Bring the new part in work to where it was interrupted, if it was."""
        kept, self.kept = self.kept, {}
        for name, state in kept.items():
            work[name].load(state)

    def offer(self, work: Work) -> None:
        """Save the finished parts and the one in work, if it is time to."""
        if self.due():
            self.save({"parts": self.parts, "work": {name: part.state() for name, part in work.items()}})

    def opened(self) -> tuple[list[Part], State]:
        """The finished parts of an interrupted job, and the states of the one in work by name."""
        return [], {}

    def due(self) -> bool:
        """Whether it is time to save."""
        return False

    def save(self, state: State) -> None:
        """Keep ``state`` in place of what was kept before."""
        raise NotImplementedError("a checkpoint that is due says how it is saved")


class Rows(list[dict[str, Any]]):
    """Rows of a table in work."""

    def state(self) -> State:
        """See :class:`hypersvg.maths.resume.Resumable`."""
        return {"rows": list(self)}

    def load(self, state: State) -> None:
        """See :class:`hypersvg.maths.resume.Resumable`."""
        self[:] = state["rows"]
