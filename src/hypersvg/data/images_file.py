"""Make the images file of a run: choose the source, split, write."""

import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from hypersvg.data import files
from hypersvg.data.files import DataError, UnavailableError
from hypersvg.data.sources import Pool, digits, mnist
from hypersvg.files import written
from hypersvg.images import STAND_IN
from hypersvg.settings.blocks import Data

Manifest = dict[str, Any]
IMAGES, MANIFEST = "images.safetensors", "manifest.json"
HELP = f"set HYPERSVG_DATA to a folder that holds MNIST{os.sep}raw{os.sep}*.gz"


def prepare(settings: Data, folder: Path) -> Manifest:
    """Write ``images.safetensors`` and ``manifest.json`` into ``folder`` and return the manifest.

    The tensors are ``train_images [n, 784]``, ``train_labels [n]`` and the same for validation and test, uint8. The
    validation images come from MNIST's training set by a fixed permutation, independent of every seed; with
    ``data.limit`` the three splits are the beginnings of the full ones. Same settings, same bytes. Raises
    :class:`~hypersvg.data.files.DataError` for a damaged file, and where MNIST is demanded and cannot be had.
    """
    (train, test), stand_in = pools(settings)
    splits = split(train, test, settings.limit)
    stamp = STAND_IN if stand_in else ""
    write_images(splits, stamp or "mnist", folder / IMAGES)
    checksums = {IMAGES: files.digest(folder / IMAGES, "sha256")}
    if not stand_in:
        checksums |= {file.name: file.sha256 for file in files.FILES}
    return write_manifest(folder, manifest_of("digits" if stand_in else "mnist", stamp, splits, checksums))


def write_images(splits: Mapping[str, Pool], source: str, target: Path) -> None:
    """Write the pools as ``<name>_images`` and ``<name>_labels``, with ``source`` as metadata."""
    tensors = {}
    for name, pool in splits.items():
        tensors[f"{name}_images"] = torch.from_numpy(pool.images.copy())
        tensors[f"{name}_labels"] = torch.from_numpy(pool.labels.copy())
    write_atomically(target, lambda path: save_file(tensors, path, metadata={"source": source}))


def manifest_of(source: str, stamp: str, splits: Mapping[str, Pool], checksums: Mapping[str, str]) -> Manifest:
    """What ``manifest.json`` says of an images file; ``stamp`` marks stand-in data."""
    counts = {name: len(pool) for name, pool in splits.items()}
    return {
        "source": source,
        "stand_in": bool(stamp),
        "stamp": stamp,
        "counts": counts,
        "checksums": dict(checksums),
    }


def write_manifest(folder: Path, manifest: Manifest) -> Manifest:
    """Write ``manifest.json`` and return it."""
    text = json.dumps(manifest, indent=2) + "\n"
    write_atomically(folder / MANIFEST, lambda path: path.write_text(text, encoding="utf-8"))
    return manifest


def pools(settings: Data) -> tuple[tuple[Pool, Pool], bool]:
    """Training and test pool of the settings' source, and whether they are the stand-in."""
    if settings.source == "digits":
        print(f"hypersvg: {STAND_IN} (data.source = digits)", file=sys.stderr)
        return digits(), True
    try:
        return mnist(), False
    except UnavailableError as error:
        if settings.source == "mnist":
            raise DataError(f"{error}, and data.source = mnist allows nothing else; {HELP}") from None
        warn(str(error))
        return digits(), True


def warn(reason: str) -> None:
    """Say on stderr, loudly, that this run uses the stand-in."""
    line = "!" * 80
    mend = f"{HELP} and start again with a new results folder."
    print(f"{line}\nWARNING: {STAND_IN}\n{reason}.\nFor MNIST, {mend}\n{line}", file=sys.stderr)


def split(train: Pool, test: Pool, limit: int | None) -> dict[str, Pool]:
    """Training, validation and test images in the proportions 5:1:1, ``limit`` images in all."""
    total = len(train) + len(test)
    seventh = min(limit or total, total) // 7
    held_out = total // 7
    count = min(limit or total, total) - 2 * seventh
    return {
        "train": train.part(0, len(train) - held_out).part(0, count),
        "validation": train.part(len(train) - held_out, seventh),
        "test": test.part(0, seventh),
    }


def write_atomically(path: Path, write: Callable[[Path], Any]) -> None:
    """Call ``write`` on a temporary file beside ``path`` and rename it; raises :class:`DataError` on a full disk."""
    try:
        written(path, write)
    except OSError as error:
        raise DataError(f"cannot write {path}: {error.strerror or error}; make room or choose another folder") from None
