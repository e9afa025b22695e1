"""Processes that outlived their run: found by what it wrote into their environment, named, and ended.

A job that is still at work when its run is gone can be of no use: Snakemake has not seen it start or end, and makes it
again. The job notices that by itself (:mod:`hypersvg.pipeline.at_work`), but not while it is stopped or deep in a
library.
"""

import platform
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from hypersvg.pipeline.at_work import PATIENCE, RUN
from hypersvg.pipeline.failures import HypersvgError


def end_orphans(root: Path) -> None:
    """End what runs of the checkout ``root`` have left at work on this machine; only while no run is alive there.

    Raises a sentence for a process that does not end.
    """
    left = orphans(root)
    for process in left:
        if title(process):
            message = f"a run that was killed has left '{title(process)}' at work (process {process.pid}); it is ended"
            print(f"hypersvg: {message} and made again.", file=sys.stderr, flush=True)
    signal_all(left, signal.SIGTERM)
    signal_all(left, signal.SIGCONT)  # a stopped process meets the first one only now
    stubborn = wait(left)
    signal_all(stubborn, signal.SIGKILL)
    for process in wait(stubborn):
        raise HypersvgError(f"process {process.pid} of a run that was killed cannot be ended; end it and start again")


def signal_all(processes: Sequence[psutil.Process], number: signal.Signals) -> None:
    """Send a signal to those that are still there."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(number)


def orphans(root: Path) -> list[psutil.Process]:
    """Processes on this machine that a run in ``root`` has started, without this one and those above it."""
    here = {process.pid for process in [psutil.Process(), *psutil.Process().parents()]}
    ending = f" {platform.node()} {root.resolve()}"
    return [one for one in psutil.process_iter() if one.pid not in here and run_of(one).endswith(ending)]


def run_of(process: psutil.Process) -> str:
    """What :data:`RUN` says in a process's environment; empty for processes that cannot be seen."""
    try:
        return process.environ().get(RUN, "")
    except (psutil.Error, OSError):
        return ""


def title(process: psutil.Process) -> str:
    """A job by its command up to its files, for example ``job toy --arm all --seeds 000-001``; empty for no job."""
    try:
        words = " ".join(process.cmdline()).split()  # a shell that has not become the job yet has it in one word
    except psutil.Error:
        return ""
    if "hypersvg" not in words:
        return ""
    words = words[words.index("hypersvg") + 1 :]
    stop = next((place for place, word in enumerate(words) if place and "results" in word), len(words))
    return " ".join(words[:stop]).removesuffix(" --settings").removesuffix(" --results")


def wait(processes: Sequence[psutil.Process]) -> list[psutil.Process]:
    """Those that are still alive after :data:`PATIENCE` seconds."""
    until = time.monotonic() + PATIENCE
    living = [process for process in processes if is_alive(process)]
    while living and time.monotonic() < until:
        time.sleep(0.05)
        living = [process for process in living if is_alive(process)]
    return living


def is_alive(process: psutil.Process) -> bool:
    """Whether a process still runs; one that has ended and that nobody has asked after does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
