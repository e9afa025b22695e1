"""A job at work: the only one on its output, and only as long as the run that started it."""

import os
import platform
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from hypersvg.pipeline.failures import INTERRUPTED
from hypersvg.pipeline.locks import Holder, acquire, release

RUN = "HYPERSVG_RUN"
"""Environment variable of a run's jobs: the run's process, its machine and its folder, separated by spaces."""
GLANCE = 1.0
"""Seconds between two looks at whether the run still lives."""
PATIENCE = 10.0
"""Seconds that a job, asked to end, may take to clean up."""


def own_the_jobs(root: Path) -> None:
    """Let every job that this process starts know that it is this process's, which works in ``root``."""
    os.environ[RUN] = f"{os.getpid()} {platform.node()} {root.resolve()}"


@contextmanager
def at_work(output: Path) -> Iterator[None]:
    """Make ``output`` as the only process that does so, and end with the run that asked for it.

    Waits for another process at the same output, for example one that was started by hand, and says so.
    """
    lock = output.with_name(f".{output.name}.lock")
    descriptor = acquire(lock, " ".join(["hypersvg", *sys.argv[1:]]), lambda holder: say_waiting(holder, output))
    try:
        follow_the_run()
        yield
    finally:
        release(descriptor, lock)


def say_waiting(holder: Holder | None, output: Path) -> None:
    """Which job is waited for."""
    print(f"hypersvg: waiting for another job at {output} ({holder or 'unknown'})", file=sys.stderr, flush=True)


def follow_the_run() -> None:
    """End this job soon after its run has ended, whatever ended it; without effect on a job started by hand.

    Raises ``KeyboardInterrupt`` where the run is gone already.
    """
    pid, host, _ = [*os.environ.get(RUN, "").split(" ", 2), "", ""][:3]
    if not pid or host != platform.node():
        return
    if not descends_from(int(pid)):
        say_orphaned(int(pid))
        raise KeyboardInterrupt
    threading.Thread(target=watch, args=(int(pid),), daemon=True).start()


def watch(run: int) -> None:
    """Ask this process to end when ``run`` is no longer above it, and see to it that it does."""
    while descends_from(run):
        time.sleep(GLANCE)
    say_orphaned(run)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(PATIENCE)
    os._exit(INTERRUPTED)


def say_orphaned(run: int) -> None:
    """The reason, for the job's log, where that has room for it."""
    with suppress(OSError):
        print(f"hypersvg: the run that started this job (process {run}) has ended", file=sys.stderr, flush=True)


def descends_from(ancestor: int) -> bool:
    """Whether ``ancestor`` is above this process.

    The children of a process that dies get another parent, so that a number that was given out again cannot deceive.
    """
    pid = os.getppid()
    try:
        while pid > 1 and pid != ancestor:
            pid = psutil.Process(pid).ppid()
    except psutil.NoSuchProcess:
        return False
    return pid == ancestor
