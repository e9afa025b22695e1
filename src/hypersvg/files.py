"""Files that appear whole or not at all."""

import os
from collections.abc import Callable
from pathlib import Path


def written(path: Path, write: Callable[[Path], object]) -> Path:
    """Make ``path`` in one step: ``write`` fills a hidden file beside it, which then takes its name.

    After a kill, a full disk or a power cut there is the old file or none: the content is on the disk before the name.
    The hidden file always has the same name, so that the next attempt replaces what a kill has left; only one process
    at a time may make a path. Raises what ``write`` raises, and leaves no hidden file then.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    try:
        write(partial)
        synced(partial)
        partial.replace(path)
    except OSError as error:
        error.filename = error.filename or str(path)
        raise
    finally:
        partial.unlink(missing_ok=True)
    return path


def write_text(path: Path, text: str) -> Path:
    """Write a text in one step, in UTF-8 and with the same line ends everywhere; see :func:`written`."""
    return written(path, lambda partial: partial.write_text(text, encoding="utf-8", newline="\n"))


def synced(path: Path) -> None:
    """Wait until the content of a file is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def reserve(path: Path) -> None:
    """Give a file all its room on the disk, so that no memory map of it can meet a full disk.

    There that is no error but a bus error, which ends the process without a word. Raises ``OSError``.
    """
    if not hasattr(os, "posix_fallocate"):
        return
    with path.open("r+b") as file:
        try:
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(path)) from None
