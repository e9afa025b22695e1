"""Where a job's time went, and how much memory it took, from the clocks of its process."""

import os
import resource
import sys
import time
from pathlib import Path

import psutil

STAT = Path("/proc/self/stat")
STARTTIME = 19
"""Index of ``starttime`` behind the command's name in ``/proc/<pid>/stat`` (proc_pid_stat(5), field 22)."""


class Clock:
    """The parts of a job's wall time: start-up, compute, writing, one after the other.

    Start-up begins when the process is created (interpreter, imports, settings), so a job has a process of its own.
    """

    def __init__(self) -> None:
        self.created = time.monotonic() - age()
        self.called: float | None = None
        self.returned: float | None = None

    def computing(self) -> None:
        """The stage is called now."""
        self.called = time.monotonic()

    def writing(self) -> None:
        """The stage has returned."""
        self.returned = time.monotonic()

    def spent(self) -> dict[str, float]:
        """Seconds of every part, whose sum is ``wall_seconds``; processor seconds; peak memory [GiB].

        Processor seconds are user and system time of the process and of the children it waited for. Peak memory is the
        largest resident set of one of them, not their sum. Raises ``RuntimeError`` before :meth:`writing`.
        """
        if self.called is None or self.returned is None:
            raise RuntimeError("the clock is read before the stage was called and has returned")
        now, times = time.monotonic(), os.times()
        found = {
            "wall_seconds": now - self.created,
            "startup_seconds": self.called - self.created,
            "compute_seconds": self.returned - self.called,
            "write_seconds": now - self.returned,
            "cpu_seconds": times.user + times.system + times.children_user + times.children_system,
            "peak_memory_gib": peak_memory_gib(),
        }
        return {name: round(value, 3) for name, value in found.items()}


def age() -> float:
    """Seconds since this process was created, to a hundredth where Linux tells it.

    psutil's ``create_time`` rests on the time of the boot in whole seconds there; it serves elsewhere.
    """
    if sys.platform == "linux" and STAT.is_file():
        ticks = int(STAT.read_text().rpartition(")")[2].split()[STARTTIME])
        return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
    return time.time() - psutil.Process().create_time()


def peak_memory_gib() -> float:
    """Largest resident set [GiB] of this process or of a child it waited for; the kernel counts kB, macOS bytes."""
    largest = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return largest * (1 if sys.platform == "darwin" else 1024) / 2**30
