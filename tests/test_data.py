"""The data stage: places in order, damage refused, the stand-in stamped, splits disjoint and fixed."""

import functools
import gzip
import hashlib
import http.server
import json
import os
import socket
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch

from hypersvg.data import DataError, prepare
from hypersvg.data import files as data_files
from hypersvg.data.files import FILES, IdxFile
from hypersvg.data.torchvision_mnist import mnist_class
from hypersvg.images import STAND_IN, load_images
from hypersvg.settings.blocks import Data

MNIST_OR_ERROR = Data(source="mnist")


def idx_bytes(array: np.ndarray) -> bytes:
    head = (0x800 + array.ndim).to_bytes(4, "big") + b"".join(size.to_bytes(4, "big") for size in array.shape)
    return head + array.tobytes()


def publish(raw: Path, contents: dict[str, bytes]) -> tuple[IdxFile, ...]:
    raw.mkdir(parents=True)
    table = []
    for name, content in contents.items():
        packed = gzip.compress(content, mtime=0)
        (raw / f"{name}.gz").write_bytes(packed)
        table.append(IdxFile(name, hashlib.md5(packed).hexdigest(), hashlib.sha256(content).hexdigest()))
    return tuple(table)


@pytest.fixture
def contents() -> dict[str, bytes]:
    """Seventy random images under the names of MNIST's files."""
    draw = np.random.default_rng(1)
    images, labels = draw.integers(0, 256, (70, 28, 28), np.uint8), draw.integers(0, 10, 70, np.uint8)
    arrays = (images[:60], labels[:60], images[60:], labels[60:])
    return {file.name: idx_bytes(array) for file, array in zip(FILES, arrays, strict=True)}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, contents: dict[str, bytes]) -> Path:
    """A small MNIST in a folder with a difficult name, its checksums in force, no network, an empty cache."""
    folder = tmp_path / "my dätä"
    table = publish(folder / "MNIST" / "raw", contents)
    monkeypatch.setattr(data_files, "FILES", table)
    monkeypatch.setattr(mnist_class(), "resources", [(file.packed_name, file.packed_md5) for file in table])
    monkeypatch.setattr(mnist_class(), "mirrors", ["http://127.0.0.1:9/"])
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cäche of mine"))
    monkeypatch.setenv("HYPERSVG_DATA", str(folder))
    return folder


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cäche of mine" / "hypersvg" / "MNIST" / "raw"


def all_images(path: Path) -> dict[str, list[bytes]]:
    images = load_images(path)
    return {
        name: [row.tobytes() for row in (getattr(images, name).images * 255).round().to(torch.uint8).numpy()]
        for name in ("train", "validation", "test")
    }


def published_images(contents: dict[str, bytes], name: str) -> list[bytes]:
    content = contents[name][16:]
    return [content[start : start + 784] for start in range(0, len(content), 784)]


def test_a_named_folder_is_verified_unpacked_into_the_cache_and_left_alone(folder, cache, tmp_path):
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    for path in before:
        path.chmod(0o555 if path.is_dir() else 0o444)
    manifest = prepare(Data(), tmp_path / "data")
    assert manifest["counts"] == {"train": 50, "validation": 10, "test": 10}
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before
    assert sorted(path.name for path in cache.iterdir()) == sorted(file.name for file in FILES)


written: list[tuple[str, str]] = []
"""Changes to files, (event, path), of this process while ``watching`` is set."""
watching: list[bool] = []
CHANGES = ("os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.chmod", "os.utime", "os.link", "os.symlink")


def notice(event: str, arguments: tuple[object, ...]) -> None:
    if watching and (event in CHANGES or (event == "open" and int(str(arguments[2] or 0)) & os.O_ACCMODE)):
        written.extend((event, str(path)) for path in arguments[:2] if isinstance(path, (str, os.PathLike)))


@pytest.mark.parametrize("cached", [True, False])
def test_a_read_only_folder_is_enough_since_nothing_there_is_ever_opened_for_writing(
    folder, cache, tmp_path, monkeypatch, cached
):
    if not cached:
        (tmp_path / "cäche of mine").write_bytes(b"a file, below which nobody can write")
    sys.addaudithook(notice)  # root may write anywhere, so permissions alone would prove nothing
    monkeypatch.setattr(sys.modules[__name__], "watching", [True])
    prepare(Data(), tmp_path / "data")
    monkeypatch.undo()
    assert any(str(tmp_path / "data") in path for _, path in written)
    assert not [change for change in written if str(folder) in change[1]]


def test_the_manifest_says_mnist_without_a_stamp_and_holds_the_checksum_of_the_images(folder, tmp_path):
    manifest = prepare(Data(), tmp_path / "data")
    assert json.loads((tmp_path / "data" / "manifest.json").read_text()) == manifest
    assert (manifest["source"], manifest["stand_in"], manifest["stamp"]) == ("mnist", False, "")
    written = hashlib.sha256((tmp_path / "data" / "images.safetensors").read_bytes()).hexdigest()
    assert manifest["checksums"]["images.safetensors"] == written
    assert load_images(tmp_path / "data" / "images.safetensors").source == "mnist"


def test_every_image_is_in_one_split_and_test_images_are_the_published_ones(folder, contents, tmp_path):
    prepare(Data(), tmp_path / "data")
    splits = all_images(tmp_path / "data" / "images.safetensors")
    assert sorted(splits["train"] + splits["validation"]) == sorted(
        published_images(contents, "train-images-idx3-ubyte")
    )
    assert sorted(splits["test"]) == sorted(published_images(contents, "t10k-images-idx3-ubyte"))
    assert splits["train"] != published_images(contents, "train-images-idx3-ubyte")[:50], "not shuffled"


def test_labels_stay_with_their_images(folder, contents, tmp_path):
    prepare(Data(), tmp_path / "data")
    images = load_images(tmp_path / "data" / "images.safetensors")
    published = dict(
        zip(
            published_images(contents, "train-images-idx3-ubyte"),
            contents["train-labels-idx1-ubyte"][8:],
            strict=True,
        )
    )
    shown = all_images(tmp_path / "data" / "images.safetensors")
    for name in ("train", "validation"):
        assert [published[image] for image in shown[name]] == getattr(images, name).labels.tolist()


def test_same_settings_give_the_same_bytes(folder, tmp_path):
    for name in ("a", "b"):
        prepare(Data(), tmp_path / name)
    for file in ("images.safetensors", "manifest.json"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


@pytest.mark.parametrize("source", ["auto", "mnist"])
@pytest.mark.parametrize("name", [file.name for file in FILES])
def test_a_damaged_packed_file_is_refused_with_its_name_and_both_checksums(folder, tmp_path, capsys, name, source):
    path = folder / "MNIST" / "raw" / f"{name}.gz"
    damaged = bytearray(path.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    path.write_bytes(damaged)
    expected = next(file.packed_md5 for file in data_files.FILES if file.name == name)
    with pytest.raises(DataError) as refusal:
        prepare(Data(source=source), tmp_path / "data")
    for part in (str(path), expected, hashlib.md5(damaged).hexdigest(), "replace it"):
        assert part in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert not (tmp_path / "data").exists()
    assert STAND_IN not in capsys.readouterr().err


@pytest.mark.parametrize("place", ["named", "cache"])
def test_a_damaged_unpacked_file_is_refused_with_its_name_and_both_checksums(folder, cache, contents, tmp_path, place):
    prepare(Data(), tmp_path / "sound")
    name = "t10k-images-idx3-ubyte"
    path = (cache if place == "cache" else folder / "MNIST" / "raw") / name
    damaged = contents[name][:-1] + bytes([contents[name][-1] ^ 1])
    path.write_bytes(damaged)
    with pytest.raises(DataError) as refusal:
        prepare(Data(), tmp_path / "data")
    for part in (str(path), hashlib.sha256(contents[name]).hexdigest(), hashlib.sha256(damaged).hexdigest()):
        assert part in str(refusal.value)
    assert not (tmp_path / "data").exists()


def test_a_missing_file_of_a_named_folder_is_named(folder, tmp_path):
    path = folder / "MNIST" / "raw" / "train-labels-idx1-ubyte.gz"
    path.unlink()
    with pytest.raises(DataError, match=r"train-labels-idx1-ubyte\.gz is missing"):
        prepare(Data(), tmp_path / "data")


def test_a_named_folder_that_is_not_there_is_refused_and_not_passed_over(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("HYPERSVG_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(DataError, match=r"HYPERSVG_DATA = .*nowhere does not hold the MNIST files"):
        prepare(Data(), tmp_path / "data")


@pytest.mark.parametrize("below", ["MNIST", "MNIST/raw"])
def test_the_named_folder_may_be_any_of_torchvisions_levels(folder, tmp_path, monkeypatch, below):
    monkeypatch.setenv("HYPERSVG_DATA", str(folder / below))
    assert prepare(Data(), tmp_path / "data")["source"] == "mnist"


def test_a_named_folder_with_unpacked_files_alone_is_enough(folder, contents, tmp_path):
    for name, content in contents.items():
        (folder / "MNIST" / "raw" / f"{name}.gz").unlink()
        (folder / "MNIST" / "raw" / name).write_bytes(content)
    assert prepare(Data(), tmp_path / "data")["counts"]["train"] == 50


def test_the_cache_serves_without_a_named_folder_and_without_a_network(folder, tmp_path, monkeypatch):
    prepare(Data(), tmp_path / "first")
    monkeypatch.delenv("HYPERSVG_DATA")
    prepare(MNIST_OR_ERROR, tmp_path / "second")
    first, second = (tmp_path / name / "images.safetensors" for name in ("first", "second"))
    assert first.read_bytes() == second.read_bytes()


def test_an_unwritable_cache_is_replaced_by_a_temporary_folder(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "/dev/null/no cache here")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    assert prepare(Data(), tmp_path / "data")["source"] == "mnist"
    assert not list(tmp_path.glob("hypersvg-*")), "the temporary folder stayed"


def test_several_processes_may_fill_one_cache_at_once(folder, cache, contents, tmp_path):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: prepare(Data(), tmp_path / str(name)), range(8)))
    assert {path.name: path.read_bytes() for path in cache.iterdir()} == contents
    assert len({(tmp_path / str(name) / "images.safetensors").read_bytes() for name in range(8)}) == 1


@pytest.fixture
def served(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The small MNIST on a mirror of this machine, HYPERSVG_DATA unset; gives the served folder."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *parts: object) -> None:
            pass

    raw = folder / "MNIST" / "raw"
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(raw)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setattr(mnist_class(), "mirrors", [f"http://127.0.0.1:{server.server_port}/"])
    monkeypatch.delenv("HYPERSVG_DATA")
    yield raw
    server.shutdown()
    server.server_close()


def test_mnist_is_downloaded_into_an_empty_cache(served, cache, contents, tmp_path):
    assert prepare(Data(), tmp_path / "data")["source"] == "mnist"
    assert {path.name: path.read_bytes() for path in cache.iterdir()} == contents
    assert not list(cache.parent.parent.glob(".download-*"))


def test_a_damaged_download_is_refused_and_not_kept(served, cache, tmp_path):
    name = "train-images-idx3-ubyte.gz"
    (served / name).write_bytes(b"<html>log in to this network</html>")
    with pytest.raises(DataError, match=rf"{name} is damaged: its MD5 is [0-9a-f]{{32}}, expected [0-9a-f]{{32}}"):
        prepare(Data(), tmp_path / "data")
    assert not list(cache.iterdir())


def test_without_any_source_the_stand_in_is_used_loudly_and_stamped(folder, tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("HYPERSVG_DATA")
    manifest = prepare(Data(), tmp_path / "data")
    assert (manifest["source"], manifest["stand_in"], manifest["stamp"]) == ("digits", True, STAND_IN)
    assert load_images(tmp_path / "data" / "images.safetensors").source == STAND_IN
    warning = capsys.readouterr().err
    assert f"WARNING: {STAND_IN}" in warning
    assert "HYPERSVG_DATA" in warning


def test_a_mirror_that_never_answers_does_not_hang_the_run(folder, tmp_path, monkeypatch):
    monkeypatch.delenv("HYPERSVG_DATA")
    monkeypatch.setattr("hypersvg.data.places.NETWORK_TIMEOUT", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setattr(mnist_class(), "mirrors", [f"http://127.0.0.1:{silent.getsockname()[1]}/"])
        with pytest.raises(DataError, match="MNIST cannot be downloaded"):
            prepare(MNIST_OR_ERROR, tmp_path / "data")
    assert socket.getdefaulttimeout() is None


def test_without_any_source_mnist_or_nothing_is_an_error_that_says_what_to_do(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("HYPERSVG_DATA", "")
    with pytest.raises(DataError, match=r"MNIST cannot be downloaded .*data\.source = mnist.*set HYPERSVG_DATA"):
        prepare(MNIST_OR_ERROR, tmp_path / "data")
    assert not (tmp_path / "data").exists()
