"""Locks with one holder at a time, kept by the kernel: they end with their holder, however it ends.

A file that merely says "locked" outlives a `kill -9`, and the process number in it proves nothing: numbers are given
out again, and on a shared disk they are another machine's. So the lock is flock(2), which a shared disk passes on to
the other machines, and what the file says only names the holder.
"""

import errno
import fcntl
import json
import os
import platform
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

UNSUPPORTED = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)


@dataclass(frozen=True)
class Holder:
    """Who holds a lock: process, machine, since when (local time), and what it does."""

    pid: int
    host: str
    since: str
    doing: str

    def __str__(self) -> str:
        where = "" if self.host == platform.node() else f" on {self.host}"
        return f"process {self.pid}{where}, since {self.since}: {self.doing}"


def acquire(path: Path, doing: str, busy: Callable[[Holder | None], object]) -> int:
    """Take the lock at ``path`` and name this process in it; its file descriptor, which holds the lock while open.

    Where another process has it, ``busy`` is called with that one (``None`` where it is not known), and then waited
    for; an exception of ``busy`` gives up. Says so and goes on where the disk knows no locks.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            if not locked_at_once(descriptor):
                busy(read_holder(path))
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            if is_at(descriptor, path):
                name_holder(descriptor, doing)
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def release(descriptor: int, path: Path) -> None:
    """Remove the lock's file and let go. Whoever waited for that file takes a new one, see :func:`is_at`."""
    path.unlink(missing_ok=True)
    os.close(descriptor)


def locked_at_once(descriptor: int) -> bool:
    """Take the lock if it is free; whether it was (or the disk has none)."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in UNSUPPORTED:
            raise
        print("hypersvg: this disk has no locks; do not start two runs here at once", file=sys.stderr, flush=True)
    return True


def is_at(descriptor: int, path: Path) -> bool:
    """Whether the open file is still the one at ``path``, and not one that its last holder has removed."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def name_holder(descriptor: int, doing: str) -> None:
    """Write this process into the file of its lock."""
    now = datetime.now().isoformat(sep=" ", timespec="seconds")
    text = json.dumps(asdict(Holder(os.getpid(), platform.node(), now, doing)))
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, text.encode(), 0)


def read_holder(path: Path) -> Holder | None:
    """Who is named in a lock's file; ``None`` where nobody is yet."""
    try:
        return Holder(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
