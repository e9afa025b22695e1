"""One run at a time in a checkout, and nothing of a killed run beside it."""

import os
import shutil
import sys
import time
from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

import psutil

from hypersvg.pipeline.failures import HypersvgError
from hypersvg.pipeline.locks import Holder, acquire
from hypersvg.pipeline.orphans import end_orphans

LOCK = Path("results", ".run.lock")
"""Held by the process of the run itself, so that it ends with it."""


class OwnLockError(Exception):
    """The lock is this process's own."""


def run_alone(root: Path, command: Sequence[str]) -> NoReturn:
    """Become ``command``, a run in ``root``, as soon as no other run is alive there; waits for one, and says so.

    What a killed run has left is cleared first: processes, and Snakemake's locks. The program of ``command`` replaces
    this one and keeps the lock, which its own children do not inherit.
    """
    doing = " ".join([Path(command[0]).name, *command[1:]])
    descriptor = acquire(root / LOCK, doing, say_waiting)
    end_orphans(root)
    clear_snakemake_locks(root)
    os.set_inheritable(descriptor, True)
    sys.stdout.flush()
    os.execvp(command[0], list(command))


def join_or_refuse(root: Path) -> None:
    """For a Snakemake that may have been started without :func:`run_alone`: take the lock now, or refuse.

    Raises a sentence where another run has it: what this one has planned may be out of date when that one ends.
    """
    with suppress(OwnLockError):
        acquire(root / LOCK, " ".join(["snakemake", *sys.argv[1:]]), refuse)
        end_orphans(root)


def say_waiting(holder: Holder | None) -> None:
    """Which run is waited for."""
    say(f"another run is at work here ({holder or 'just started'}); this one waits until it has ended, Ctrl-C gives up")


def refuse(holder: Holder | None) -> None:
    """Raise a sentence naming the other run, or :class:`OwnLockError` where it is this process."""
    if holder is not None and holder.pid == os.getpid():
        raise OwnLockError
    raise HypersvgError(f"another run is at work here ({holder or 'just started'}); start again when it has ended")


def clear_snakemake_locks(root: Path) -> None:
    """Remove the locks that a killed Snakemake has left; waits for a living one that was started without ``make``."""
    locks, waited = root / ".snakemake" / "locks", False
    while owners := {path.stat().st_uid for path in locks.glob("*") if path.exists()}:
        living = snakemakes_in(root, owners)
        if not living:
            with suppress(FileNotFoundError):
                shutil.rmtree(locks)
            say("cleared the locks of a run that was killed; it goes on where it stopped")
        elif not waited:
            say(f"Snakemake is at work here (process {living[0]}); this run waits until it has ended, Ctrl-C gives up")
            waited = True
        else:
            time.sleep(1)


def snakemakes_in(root: Path, users: Collection[int]) -> list[int]:
    """Processes of living Snakemakes of some users that work in ``root``, or in a folder that cannot be seen."""
    found = []
    for process in psutil.process_iter(["cmdline", "uids"]):
        uids = process.info["uids"]
        theirs = uids is not None and uids.real in users
        if theirs and is_snakemake(process.info["cmdline"] or []) and works_in(process, root):
            found.append(process.pid)
    return found


def is_snakemake(command: Sequence[str]) -> bool:
    """Whether a command is Snakemake: as a program, a script of an interpreter, or ``-m snakemake``."""
    return "snakemake" in [Path(word).name for word in command[:2]] or list(command[1:3]) == ["-m", "snakemake"]


def works_in(process: psutil.Process, root: Path) -> bool:
    """Whether the current folder of a process is ``root``; true where it cannot be seen."""
    try:
        return Path(process.cwd()).resolve() == root.resolve()
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True


def say(sentence: str) -> None:
    """One line to whoever started the run."""
    print(f"hypersvg: {sentence}.", file=sys.stderr, flush=True)
