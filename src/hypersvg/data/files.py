"""The four MNIST files, packed and unpacked, and their checksums."""

import gzip
import hashlib
import shutil
import uuid
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast


class DataError(ValueError):
    """Images that cannot be used; the message is one sentence that names the culprit and the mend."""


class UnavailableError(DataError):
    """MNIST cannot be had from any place; with ``data.source = auto`` the stand-in takes over."""


@dataclass(frozen=True)
class IdxFile:
    """One MNIST file: its unpacked name, the MD5 of its ``.gz`` (torchvision's) and the SHA-256 once unpacked."""

    name: str
    packed_md5: str
    sha256: str

    @property
    def packed_name(self) -> str:
        """Name of the packed file."""
        return f"{self.name}.gz"


FILES = (
    IdxFile(
        "train-images-idx3-ubyte",
        "f68b3c2dcbeaaa9fbdd348bbdeb94873",
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    ),
    IdxFile(
        "train-labels-idx1-ubyte",
        "d53e105ee54ea40749a09fcbcd1e9432",
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    ),
    IdxFile(
        "t10k-images-idx3-ubyte",
        "9fb629c4189551a2d022fa330f9573f3",
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    ),
    IdxFile(
        "t10k-labels-idx1-ubyte",
        "ec29112dd5afa0611ce80d1b7f02629c",
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
)


def digest(path: Path, algorithm: str) -> str:
    """Hexadecimal checksum of a file, ``md5`` or ``sha256``; raises :class:`DataError` when it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, lambda: hashlib.new(algorithm, usedforsecurity=False)).hexdigest()
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}); mend its permissions or replace it") from None


def require_packed(path: Path, file: IdxFile, mend: str) -> None:
    """Raise :class:`DataError` with both checksums unless ``path`` is the packed file as published."""
    require("MD5", file.packed_md5, digest(path, "md5"), path, mend)


def require_unpacked(path: Path, file: IdxFile, mend: str) -> None:
    """Raise :class:`DataError` with both checksums unless ``path`` is the unpacked file as published."""
    require("SHA-256", file.sha256, digest(path, "sha256"), path, mend)


def require(algorithm: str, expected: str, actual: str, path: Path, mend: str) -> None:
    """Raise :class:`DataError` when two checksums differ."""
    if actual != expected:
        raise DataError(f"{path} is damaged: its {algorithm} is {actual}, expected {expected}; {mend}")


def opened(path: Path) -> BinaryIO:
    """``path`` for reading, unpacked on the fly where it is packed."""
    return cast(BinaryIO, gzip.open(path)) if path.suffix == ".gz" else path.open("rb")


def unpack(source: Path, file: IdxFile, folder: Path) -> None:
    """Put ``source`` (packed or not) into ``folder`` as ``file.name``, verified, in one step.

    Several processes may do this at once: each writes a file of its own and renames it. Raises :class:`DataError`
    for a full disk, a stream that cannot be unpacked, or wrong contents.
    """
    partial = folder / f".{file.name}.{uuid.uuid4().hex}.partial"
    try:
        with opened(source) as packed, partial.open("wb") as unpacked:
            shutil.copyfileobj(packed, unpacked, 1 << 20)
        require_unpacked(partial, file, f"unpacked from {source}, which must be replaced")
        partial.replace(folder / file.name)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{source} cannot be unpacked into {folder}: {error}; make room there or replace it") from None
    finally:
        partial.unlink(missing_ok=True)
