"""FashionMNIST, for the stages whose slides train on it (Vicol 2023); where it cannot be had, the run's own images.

It is looked for like MNIST: ``FashionMNIST/raw`` of the folder named by HYPERSVG_DATA, of the user's cache, a download.
A named folder without it means that the run's own images stand in: nothing is downloaded past it.
"""

import gzip
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from safetensors import safe_open

from hypersvg.data import files
from hypersvg.data.files import DataError, UnavailableError
from hypersvg.data.images_file import Manifest, manifest_of, split, write_atomically, write_images, write_manifest
from hypersvg.data.places import VARIABLE, cache_folder, downloaded
from hypersvg.data.sources import Pool, pool_of
from hypersvg.data.torchvision_mnist import fashion_class
from hypersvg.settings.estimators_meta import Fashion
from hypersvg.sidecars import FASHION

RAW = Path("FashionMNIST", "raw")
SOURCE = "fashion_mnist"
STAND_IN = "The run's own images stand in for FashionMNIST"


def prepare_fashion(settings: Fashion, limit: int | None, own: Path, folder: Path) -> Manifest:
    """Write ``fashion.safetensors``, split like ``own``, and ``manifest.json`` into ``folder``; return the manifest.

    ``own`` is the run's own images file. It is copied where they are the digits or FashionMNIST cannot be had (with
    ``fashion.source = auto``), or where ``fashion.source = run`` asks for it. Raises
    :class:`~hypersvg.data.files.DataError` for a damaged file, and where FashionMNIST is demanded and cannot be had.
    """
    found, target = pools(settings, own), folder / FASHION
    if found is None:
        write_atomically(target, lambda path: shutil.copyfile(own, path))
        return write_manifest(folder, {"source": source_of(own), "stand_in": True})
    splits = split(*found, limit)
    write_images(splits, SOURCE, target)
    checksums = {FASHION: files.digest(target, "sha256")} | dict(fashion_class().resources)
    return write_manifest(folder, manifest_of(SOURCE, "", splits, checksums))


def pools(settings: Fashion, own: Path) -> tuple[Pool, Pool] | None:
    """Training and test pool of FashionMNIST, shuffled; ``None`` where the run's own images take its place."""
    if settings.source == "run" or (settings.source == "auto" and source_of(own) != "mnist"):
        return None
    try:
        return fashion_mnist()
    except UnavailableError as error:
        if settings.source == SOURCE:
            mend = f"put its four files into {RAW} of the folder named by {VARIABLE}, or leave fashion.source = auto"
            raise DataError(f"{error}, and fashion.source = {SOURCE} allows nothing else; {mend}") from None
        print(f"hypersvg: {STAND_IN}: {error}", file=sys.stderr)
        return None


def source_of(images: Path) -> str:
    """Where an images file is from: ``mnist`` or the stand-in's stamp."""
    with safe_open(images, framework="pt") as file:
        return str(file.metadata()["source"])


def fashion_mnist() -> tuple[Pool, Pool]:
    """FashionMNIST's training pool (60,000) and test pool (10,000), shuffled by MNIST's permutations."""
    with packed_files() as raw, tempfile.TemporaryDirectory(prefix="hypersvg-") as scratch:
        unpacked = Path(scratch) / RAW
        unpacked.mkdir(parents=True)
        for name in names():
            unpack(raw / name, unpacked / name.removesuffix(".gz"))
        train, test = (pool_of(fashion_class()(scratch, train=part)) for part in (True, False))
    return train.shuffled("train"), test.shuffled("test")


def unpack(packed: Path, target: Path) -> None:
    """Unpack a verified file; raises :class:`DataError` on a full disk."""
    try:
        with gzip.open(packed) as source, target.open("wb") as file:
            shutil.copyfileobj(source, file, 1 << 20)
    except OSError as error:
        raise DataError(f"{packed} cannot be unpacked into {target.parent}: {error}; make room there") from None


def names() -> list[str]:
    """The four packed files."""
    return [name for name, _ in fashion_class().resources]


@contextmanager
def packed_files() -> Iterator[Path]:
    """The folder of the four packed files, verified by torchvision's MD5.

    Raises :class:`~hypersvg.data.files.UnavailableError` when they are neither named, cached nor downloadable, and
    :class:`~hypersvg.data.files.DataError` for a damaged file, and for a named folder that holds only some of them.
    """
    if named := os.environ.get(VARIABLE, "").strip():
        raw = Path(named).expanduser() / RAW
        if not raw.is_dir():
            raise UnavailableError(f"{VARIABLE} = {named} holds no {RAW}")
        verify(raw, f"replace it with a fresh copy, or remove {raw}")
        yield raw
        return
    with cache_folder() as root:
        raw = root / RAW
        if not all((raw / name).is_file() for name in names()):
            raw.mkdir(parents=True, exist_ok=True)
            with downloaded(fashion_class(), "31 MB", root) as fresh:
                for name in names():
                    (fresh / name).replace(raw / name)
        verify(raw, "delete it and run again")
        yield raw


def verify(raw: Path, mend: str) -> None:
    """Raise :class:`DataError` unless all four packed files are in ``raw`` as published."""
    for name, expected in fashion_class().resources:
        if not (raw / name).is_file():
            raise DataError(f"{raw / name} is missing; put it there, or remove {raw}")
        files.require("MD5", expected, files.digest(raw / name, "md5"), raw / name, mend)
