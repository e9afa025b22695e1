"""Where MNIST is looked for: the folder named by HYPERSVG_DATA, the user's cache, a download, in this order.

A folder that the user names is taken at its word: when files are missing there or damaged, the run is refused
instead of going on to the next place.
"""

import errno
import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from typing import Any

import platformdirs

from hypersvg.data import files
from hypersvg.data.files import DataError, IdxFile, UnavailableError
from hypersvg.data.torchvision_mnist import mnist_class

VARIABLE = "HYPERSVG_DATA"
RAW = Path("MNIST", "raw")
NETWORK_TIMEOUT = 8.0
"""Seconds without an answer after which a mirror counts as out of reach."""


@contextmanager
def verified_mnist() -> Iterator[Path]:
    """A folder from which ``torchvision.datasets.MNIST`` can load: its four unpacked files are there and verified.

    Raises :class:`~hypersvg.data.files.UnavailableError` when MNIST is neither named, cached nor downloadable, and
    :class:`~hypersvg.data.files.DataError` for a damaged file anywhere.
    """
    named = os.environ.get(VARIABLE, "").strip()
    sources = named_files(Path(named).expanduser()) if named else None
    with cache_folder() as root:
        raw = root / RAW
        if sources is not None:
            fill(raw, sources)
        elif not complete(raw):
            download(root)
        for file in files.FILES:
            files.require_unpacked(raw / file.name, file, "delete it and run again")
        yield root


def named_files(folder: Path) -> dict[IdxFile, Path]:
    """The verified files of ``folder`` (``<folder>/MNIST/raw`` as torchvision lays it out, or the files themselves).

    Raises :class:`DataError` when the folder or a file is missing, or a file (packed or unpacked) is damaged.
    """
    places = (folder / RAW, folder / "raw", folder)
    raw = next((place for place in places if any(found(place, file) for file in files.FILES)), None)
    if raw is None:
        raise DataError(
            f"{VARIABLE} = {folder} does not hold the MNIST files ({RAW / files.FILES[0].packed_name} and so on); "
            "correct it, or unset it to use the cache or a download"
        )
    mend = f"replace it with a fresh copy, or unset {VARIABLE}"
    sources = {}
    for file in files.FILES:
        candidates = found(raw, file)
        if not candidates:
            raise DataError(f"{raw / file.packed_name} is missing; put it there, or unset {VARIABLE}")
        for path in candidates:
            (files.require_packed if path.suffix == ".gz" else files.require_unpacked)(path, file, mend)
        sources[file] = candidates[0]
    return sources


def found(raw: Path, file: IdxFile) -> list[Path]:
    """The packed and the unpacked form of ``file`` in ``raw``, where they exist."""
    return [path for path in (raw / file.packed_name, raw / file.name) if path.is_file()]


def complete(raw: Path) -> bool:
    """Whether all four unpacked files are in ``raw``."""
    return all((raw / file.name).is_file() for file in files.FILES)


def fill(raw: Path, sources: dict[IdxFile, Path]) -> None:
    """Unpack into ``raw`` what is not there yet."""
    for file, source in sources.items():
        if not (raw / file.name).is_file():
            files.unpack(source, file, raw)


@contextmanager
def cache_folder() -> Iterator[Path]:
    """The user's cache; a temporary folder where there is no home or the cache cannot be written."""
    cache = Path(platformdirs.user_cache_dir("hypersvg", appauthor=False))
    if cache.is_absolute() and (complete(cache / RAW) or writable(cache / RAW)):
        yield cache
        return
    with tempfile.TemporaryDirectory(prefix="hypersvg-") as scratch:
        writable(Path(scratch) / RAW)
        yield Path(scratch)


def writable(folder: Path) -> bool:
    """Make ``folder``; tell whether a file can be made in it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def download(root: Path) -> None:
    """Download, and unpack the verified files into ``root``; raises as :func:`downloaded`."""
    with downloaded(mnist_class(), "66 MB", root) as raw:
        for file in files.FILES:
            if not (root / RAW / file.name).is_file():
                files.unpack(raw / file.packed_name, file, root / RAW)


@contextmanager
def downloaded(kind: Any, size: str, root: Path) -> Iterator[Path]:
    """The packed files of a data set of torchvision, which downloads them, in a scratch folder below ``root``.

    Raises :class:`UnavailableError` without a network, :class:`DataError` when a file is damaged or the disk is full.
    """
    name = kind.__name__
    with tempfile.TemporaryDirectory(prefix=".download-", dir=root) as scratch:
        raw = Path(scratch, name, "raw")
        try:
            with short_timeouts():
                kind(scratch, train=True, download=True)
        except (RuntimeError, OSError, HTTPException) as error:
            if getattr(error, "errno", None) == errno.ENOSPC:
                raise DataError(f"no room for {name} ({size}) in {root}; make room there") from None
            if isinstance(error, RuntimeError):
                refuse_damaged(kind, raw)
            raise UnavailableError(f"{name} cannot be downloaded ({' '.join(str(error).split())})") from None
        yield raw


def refuse_damaged(kind: Any, raw: Path) -> None:
    """Raise :class:`DataError` when a downloaded file has arrived with the wrong contents."""
    name = kind.__name__
    mend = f"the download is not {name}: try again, or put the files in {VARIABLE}/{Path(name, 'raw')}"
    for file, md5 in kind.resources:
        if (raw / file).is_file():
            files.require("MD5", md5, files.digest(raw / file, "md5"), raw / file, mend)


@contextmanager
def short_timeouts() -> Iterator[None]:
    """Let network connections fail within seconds: torchvision itself would wait for minutes."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(NETWORK_TIMEOUT)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
