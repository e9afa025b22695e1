"""The images file: the stand-in's shape, the splits' proportions, a full disk, and MNIST itself where it is at hand."""

import errno
import os
from pathlib import Path

import numpy as np
import pytest
import torch

from hypersvg.data import DataError, prepare
from hypersvg.data.files import FILES
from hypersvg.data.images_file import split
from hypersvg.data.sources import Pool
from hypersvg.data.torchvision_mnist import mnist_class
from hypersvg.images import load_images
from hypersvg.settings.blocks import Data

REAL = os.environ.get("HYPERSVG_DATA", "")


def test_the_stand_in_keeps_the_shape_and_the_proportions_of_mnist(tmp_path):
    manifest = prepare(Data(source="digits"), tmp_path / "a")
    assert manifest["counts"] == {"train": 1285, "validation": 256, "test": 256}
    images = load_images(tmp_path / "a" / "images.safetensors")
    assert images.train.images.shape == (1285, 784)
    assert (images.train.images.min(), images.train.images.max()) == (0, 1)
    assert images.train.labels.unique().tolist() == list(range(10))
    prepare(Data(source="digits"), tmp_path / "b")
    first, second = (tmp_path / name / "images.safetensors" for name in ("a", "b"))
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize("limit", [700, 6000, 69_999, None])
def test_a_limit_keeps_the_proportions_and_takes_the_beginnings_of_the_full_splits(limit):
    numbers = np.arange(70_000, dtype=np.int64)
    train, test = (Pool(part[:, None], part) for part in (numbers[:60_000], numbers[60_000:]))
    limited, full = split(train, test, limit), split(train, test, None)
    total = sum(len(pool) for pool in limited.values())
    assert (limit or 70_000) - 1 <= total <= (limit or 70_000)
    assert len(limited["validation"]) == len(limited["test"]) == (limit or 70_000) // 7
    for name, pool in limited.items():
        assert (pool.labels == full[name].labels[: len(pool)]).all()
    assert len(set().union(*(pool.labels.tolist() for pool in limited.values()))) == total


def test_a_full_disk_leaves_no_half_file_and_says_so(tmp_path, monkeypatch):
    def full(tensors: object, path: Path, metadata: object) -> None:
        path.write_bytes(b"half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("hypersvg.data.images_file.save_file", full)
    with pytest.raises(DataError, match=r"cannot write .*images\.safetensors: No space left"):
        prepare(Data(source="digits"), tmp_path / "data")
    assert not list((tmp_path / "data").iterdir())


def test_the_packed_checksums_are_torchvisions():
    assert [(file.packed_name, file.packed_md5) for file in FILES] == mnist_class().resources


@pytest.mark.skipif(not REAL, reason="HYPERSVG_DATA is not set: no real MNIST at hand")
def test_real_mnist_is_split_50000_10000_10000_without_leakage(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    manifest = prepare(Data(source="mnist"), tmp_path / "data")
    assert manifest["counts"] == {"train": 50_000, "validation": 10_000, "test": 10_000}
    images = load_images(tmp_path / "data" / "images.safetensors")
    assert images.test.labels.bincount().tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    labels = torch.cat([images.train.labels, images.validation.labels])
    assert labels.bincount().tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    pixels = torch.cat([images.train.images, images.validation.images])
    torch.testing.assert_close(
        (pixels.mean(), pixels.std()), (torch.tensor(0.1307), torch.tensor(0.3081)), atol=1e-4, rtol=0
    )
    assert len({row.tobytes() for row in (pixels * 255).round().to(torch.uint8).numpy()}) == 60_000, (
        "an image is in two splits"
    )
