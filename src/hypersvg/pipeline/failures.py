"""Failures as one clear sentence: what happened, and what to do."""

import _thread
import errno
import signal
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from typer.exceptions import TyperException

INTERRUPTED = 130
FULL = f"os error {errno.ENOSPC}"
"""What libraries written in Rust say of a full disk, in exceptions of their own."""


class HypersvgError(RuntimeError):
    """A failure that its message explains completely, in one sentence."""


@contextmanager
def explained() -> Iterator[None]:
    """End the program with one sentence on standard error and a non-zero status when the body fails.

    Settings, tables and data raise ``ValueError`` with such sentences. Anything unexpected keeps its traceback, in
    front of the sentence.
    """
    signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    except TyperException as error:
        leave(error.format_message(), error.exit_code)
    except KeyboardInterrupt:
        leave("interrupted; nothing half-written was kept, the same command goes on from here", INTERRUPTED)
    except MemoryError:
        leave("out of memory; lower run.memory_gib or svg.width, or run fewer jobs at once (CORES=1)")
    except OSError as error:
        leave(disk_sentence(error))
    except (HypersvgError, ValueError) as error:
        leave(str(error))
    except Exception as error:
        if FULL in str(error):
            leave(disk_sentence(OSError(errno.ENOSPC, "")))
        traceback.print_exc()
        leave(f"unexpected {type(error).__name__}: {error} (the traceback above says where)")


def disk_sentence(error: OSError) -> str:
    """One sentence for a failed reading or writing."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        where = f" while writing {error.filename}" if error.filename else ""
        return f"the disk is full{where}; free some space and run the same command again"
    return f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}"


def interrupt(signum: int, frame: FrameType | None) -> None:
    """Treat a polite end (SIGTERM) like Ctrl-C."""
    raise KeyboardInterrupt


def end_without_deadlock() -> None:
    """Run this process's handler of SIGTERM in a thread of its own.

    Snakemake's takes a lock that the interrupted main thread may hold, for example while it looks at what a job has
    made: it would wait for ever.
    """
    handler = signal.getsignal(signal.SIGTERM)
    if callable(handler):
        signal.signal(signal.SIGTERM, lambda *received: _thread.start_new_thread(handler, received) and None)


def leave(message: str, status: int = 1) -> None:
    """Print the sentence and end the program."""
    sys.stdout.flush()
    print(f"hypersvg: {' '.join(message.split())}", file=sys.stderr)
    sys.stderr.flush()
    sys.exit(status)
