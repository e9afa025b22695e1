"""The checkpoint of a job in a file beside the run's results, used only by the same job of the same code."""

import errno
import shutil
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import psutil
import torch

from hypersvg.experiments.checkpoint import Checkpoint, Part
from hypersvg.maths.resume import State
from hypersvg.pipeline.provenance import LOCK, machine, versions
from hypersvg.pipeline.state_file import DamagedError, read_state, write_state
from hypersvg.progress import say
from hypersvg.sidecars import settings_hash, sha256

SHARE = 20
"""A save that took s seconds is followed by another one after 20 s at the earliest: at most a twentieth of the time."""
Identity = dict[str, Any]
"""What a checkpoint must have in common with the job that uses it, by the words for it."""


class FileCheckpoint(Checkpoint):
    """See :class:`hypersvg.experiments.checkpoint.Checkpoint`.

    Saves every ``minutes``, at every opportunity for 0. ``identity`` is asked for when it is needed first. What goes
    wrong with a checkpoint costs a sentence in the log and never the job.
    """

    def __init__(self, path: Path, minutes: float, identity: Callable[[], Identity]) -> None:
        super().__init__()
        self.path, self.seconds, self.identify = path, 60 * minutes, identity
        self.next = time.monotonic() + self.seconds

    @cached_property
    def identity(self) -> Identity:
        """See :func:`identity_of`."""
        return self.identify()

    def opened(self) -> tuple[list[Part], State]:
        """What an interrupted run of the same job kept; anything else is removed."""
        self.sweep()
        if not self.path.is_file():
            return [], {}
        try:
            state = read_state(self.path)
        except DamagedError as error:
            return self.refused(f"is damaged ({error})")
        differing = [words for words, value in self.identity.items() if state["identity"].get(words) != value]
        if differing:
            return self.refused(f"was made by other {' and '.join(differing)}")
        begun = " and a part of the next" if state["work"] else ""
        say(f"checkpoint: goes on from {self.path}, {len(state['parts'])} of the job's parts{begun} are done")
        return state["parts"], state["work"]

    def refused(self, why: str) -> tuple[list[Part], State]:
        """Remove the file, say why, begin anew."""
        self.path.unlink(missing_ok=True)
        say(f"checkpoint: {self.path} {why}; it was removed, and the job begins anew")
        return [], {}

    def sweep(self) -> None:
        """Remove what processes that have died had half-written."""
        for partial in self.path.parent.glob(f".{self.path.name}.*.partial"):
            if not psutil.pid_exists(int(partial.name.split(".")[-2])):
                partial.unlink(missing_ok=True)

    def due(self) -> bool:
        """Whether the interval is over."""
        return time.monotonic() >= self.next

    def save(self, state: State) -> None:
        """Write the file; where that fails, say so and let the job go on without."""
        begun = time.monotonic()
        try:
            self.refuse_to_fill_the_disk(state)
            write_state(self.path, {"identity": self.identity, **state})
        except (OSError, TypeError) as error:  # TypeError: the state of a user's own controller
            why = getattr(error, "strerror", None) or error
            say(f"checkpoint: {self.path} was not saved ({why}); the job goes on without")
        ended = time.monotonic()
        self.next = ended + max(self.seconds, SHARE * (ended - begun)) if self.seconds else ended

    def refuse_to_fill_the_disk(self, state: State) -> None:
        """Raise ``OSError`` where less than as much again would be left for results."""
        folder = next(folder for folder in self.path.parents if folder.is_dir())
        needed = 2 * size(state)
        if shutil.disk_usage(folder).free < needed:
            raise OSError(errno.ENOSPC, f"the disk has less than {needed / 2**30:.1f} GiB free")

    def remove(self) -> None:
        """The job has finished: leave nothing, no empty folder either."""
        self.path.unlink(missing_ok=True)
        with suppress(OSError):  # the folder holds another job's, or is gone
            for folder in self.path.parents[:3]:
                folder.rmdir()


def size(value: Any) -> int:
    """Bytes of the tensors and tables in a state."""
    if isinstance(value, torch.Tensor):
        return value.nbytes
    if isinstance(value, pd.DataFrame):
        return int(value.memory_usage().sum())
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return sum(size(part) for part in parts)


def identity_of(code: Mapping[str, str], blocks: dict[str, Any], inputs: Mapping[str, str], job: str) -> Identity:
    """Who may use a checkpoint: job, settings, packages, machine, and code and inputs by SHA-256 must be the same."""
    found = machine()
    return {
        "arm or seeds": job,
        "settings": settings_hash(blocks),
        "code": dict(code),
        "lock file": sha256(LOCK) if LOCK.is_file() else None,
        "packages": versions(),
        "inputs": list(inputs.values()),
        "processor": [found["cpu_capability"], found["gpu"]],
    }
