"""Worker processes of one thread each. Tasks are pure functions of their arguments, so their number changes nothing."""

import multiprocessing
import signal
from collections.abc import Callable, Sequence
from functools import cache, partial
from multiprocessing.pool import Pool
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self, TypeVar

import torch

from hypersvg.images import Images, load_images
from hypersvg.progress import bar


class Costed(Protocol):
    """Work that says how long it takes, in any unit."""

    @property
    def cost(self) -> float:
        """Dear tasks start first, so that the workers finish together."""
        ...


T = TypeVar("T", bound=Costed)
R = TypeVar("R")


@cache
def images_of(path: Path, scaling: str) -> Images:
    """The images, read once a process and scaling."""
    return load_images(path, scaling)


def begin() -> None:
    """One thread; an interrupt is the parent's to handle."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(1)


class Workers:
    """``processes`` workers on one file of images; a single one works in this process. Use as a context."""

    def __init__(self, images: Path, processes: int) -> None:
        self.images, self.processes = images, processes
        self.pool: Pool | None = None

    def __enter__(self) -> Self:
        torch.set_num_threads(1)
        if self.processes > 1:
            self.pool = multiprocessing.get_context("spawn").Pool(self.processes, begin)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self.pool is not None:
            self.pool.terminate()
            self.pool.join()

    def map(self, work: Callable[[Path, T], R], tasks: Sequence[T], label: str) -> list[R]:
        """``work(images, task)`` of every task, in the order of ``tasks``."""
        order = sorted(range(len(tasks)), key=lambda index: -tasks[index].cost)
        sent = [tasks[index] for index in order]
        call = partial(work, self.images)
        done: dict[int, R] = {}
        with bar(len(tasks), label, "training") as tick:
            for index, result in zip(order, self.pool.imap(call, sent) if self.pool else map(call, sent), strict=True):
                done[index] = result
                tick()
        return [done[index] for index in range(len(tasks))]
