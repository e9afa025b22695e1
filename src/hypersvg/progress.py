"""Progress bars with rate and time left, on standard error, so that they land in a job's log."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from tqdm import tqdm


class Tick(Protocol):
    """Count work that is done."""

    def __call__(self, count: float = 1, /) -> object:
        """Move the bar on by ``count`` units."""
        ...


@contextmanager
def bar(total: int, label: str, unit: str) -> Iterator[Tick]:
    """A bar of ``total`` units; call what it yields as they are done. Lines come seldom where the output is a log."""
    interval = 0.2 if sys.stderr.isatty() else 5.0
    with tqdm(total=total, desc=label, unit=f" {unit}", mininterval=interval, file=sys.stderr) as counter:
        yield counter.update


def say(sentence: str) -> None:
    """A line on standard error, between the lines of a bar."""
    tqdm.write(sentence, file=sys.stderr)
