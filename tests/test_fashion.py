"""FashionMNIST: places in order, damage refused, the run's own images in its place and stamped, the gate's refusal."""

import gzip
import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import test_data
from test_data import all_images, idx_bytes, published_images
from test_data import contents as contents
from test_data import folder as folder
from test_data import served as served

from hypersvg.data import DataError, prepare
from hypersvg.data.fashion import RAW, prepare_fashion
from hypersvg.data.files import FILES
from hypersvg.data.torchvision_mnist import fashion_class, mnist_class
from hypersvg.images import STAND_IN, load_images
from hypersvg.pipeline.fashion_job import make_fashion
from hypersvg.pipeline.images_job import make_images
from hypersvg.pipeline.settings_file import write_settings
from hypersvg.settings import Settings
from hypersvg.settings.blocks import Data
from hypersvg.settings.estimators_meta import Fashion

DEMANDED = Fashion(source="fashion_mnist")


@pytest.fixture
def clothes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """A small FashionMNIST beside the small MNIST, its checksums in force; gives its unpacked files."""
    draw = np.random.default_rng(2)
    images, labels = draw.integers(0, 256, (70, 28, 28), np.uint8), draw.integers(0, 10, 70, np.uint8)
    arrays = (images[:60], labels[:60], images[60:], labels[60:])
    made = {file.name: idx_bytes(array) for file, array in zip(FILES, arrays, strict=True)}
    table = test_data.publish(folder / RAW, made)
    monkeypatch.setattr(fashion_class(), "resources", [(file.packed_name, file.packed_md5) for file in table])
    monkeypatch.setattr(fashion_class(), "mirrors", ["http://127.0.0.1:9/"])
    return made


@pytest.fixture
def own(folder: Path, tmp_path: Path) -> Path:
    """The images of a run on the small MNIST."""
    prepare(Data(), tmp_path / "data")
    return tmp_path / "data" / "images.safetensors"


def test_fashion_mnist_is_split_like_mnist_and_says_what_it_is(clothes, own, tmp_path):
    manifest = prepare_fashion(Fashion(), None, own, tmp_path / "fashion")
    assert manifest == json.loads((tmp_path / "fashion" / "manifest.json").read_text())
    assert (manifest["source"], manifest["stand_in"]) == ("fashion_mnist", False)
    assert manifest["counts"] == {"train": 50, "validation": 10, "test": 10}
    path = tmp_path / "fashion" / "fashion.safetensors"
    assert manifest["checksums"]["fashion.safetensors"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert load_images(path).source == "fashion_mnist"
    found = all_images(path)
    assert sorted(found["test"]) == sorted(published_images(clothes, "t10k-images-idx3-ubyte"))
    both = found["train"] + found["validation"]
    assert sorted(both) == sorted(published_images(clothes, "train-images-idx3-ubyte"))


def test_the_named_folder_is_left_alone(clothes, folder, own, tmp_path):
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    prepare_fashion(Fashion(), None, own, tmp_path / "fashion")
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


@pytest.mark.parametrize("source", ["auto", "run"])
def test_where_it_cannot_be_had_or_is_not_wanted_the_run_s_own_images_stand_in(
    source, clothes, folder, own, tmp_path, capsys
):
    if source == "auto":
        shutil.rmtree(folder / RAW)
    manifest = prepare_fashion(Fashion(source=source), None, own, tmp_path / "fashion")
    assert manifest == {"source": "mnist", "stand_in": True}
    assert (tmp_path / "fashion" / "fashion.safetensors").read_bytes() == own.read_bytes()
    assert ("stand in for FashionMNIST" in capsys.readouterr().err) == (source == "auto")


def test_beside_the_digits_nothing_is_looked_for(clothes, folder, tmp_path):
    (folder / RAW / "t10k-labels-idx1-ubyte.gz").unlink()
    prepare(Data(source="digits"), tmp_path / "data")
    manifest = prepare_fashion(Fashion(), None, tmp_path / "data" / "images.safetensors", tmp_path / "fashion")
    assert manifest == {"source": STAND_IN, "stand_in": True}


def test_a_demand_that_cannot_be_met_is_an_error_that_says_what_to_do(clothes, folder, own, tmp_path):
    shutil.rmtree(folder / RAW)
    said = r"holds no FashionMNIST.*fashion\.source = fashion_mnist.*leave fashion\.source"
    with pytest.raises(DataError, match=said):
        prepare_fashion(DEMANDED, None, own, tmp_path / "fashion")
    assert not (tmp_path / "fashion").exists()


@pytest.mark.parametrize("damage", ["changed", "missing"])
def test_a_damaged_or_missing_file_is_named_and_never_papered_over(damage, clothes, folder, own, tmp_path):
    path = folder / RAW / "t10k-images-idx3-ubyte.gz"
    path.unlink()
    if damage == "changed":
        path.write_bytes(gzip.compress(b"something else"))
    said = "damaged" if damage == "changed" else "missing"
    with pytest.raises(DataError, match=f"t10k-images-idx3-ubyte.gz is {said}"):
        prepare_fashion(Fashion(), None, own, tmp_path / "fashion")
    assert not (tmp_path / "fashion").exists()


def test_it_is_downloaded_once_and_kept_packed_in_the_cache(clothes, own, folder, served, tmp_path, monkeypatch):
    mirror = mnist_class().mirrors[0]
    for path in (folder / RAW).iterdir():
        shutil.copy(path, served)
    monkeypatch.setattr(fashion_class(), "mirrors", [mirror])
    assert prepare_fashion(Fashion(), None, own, tmp_path / "one")["source"] == "fashion_mnist"
    monkeypatch.setattr(fashion_class(), "mirrors", ["http://127.0.0.1:9/"])
    assert prepare_fashion(DEMANDED, None, own, tmp_path / "two")["source"] == "fashion_mnist"
    kept = tmp_path / "cäche of mine" / "hypersvg" / RAW
    assert sorted(path.name for path in kept.iterdir()) == sorted(f"{name}.gz" for name in clothes)
    assert not list(kept.parents[1].glob(".download-*"))


def test_without_network_the_run_s_own_images_stand_in(clothes, own, tmp_path, monkeypatch):
    monkeypatch.delenv("HYPERSVG_DATA")
    assert prepare_fashion(Fashion(), None, own, tmp_path / "fashion")["stand_in"]


def test_the_job_s_sidecar_names_the_run_s_images_as_what_it_read(clothes, folder, tmp_path):
    settings = Settings()
    write_settings(settings, tmp_path / "settings.json")
    make_images(tmp_path / "settings.json", tmp_path / "data")
    own = tmp_path / "data" / "images.safetensors"
    make_fashion(tmp_path / "settings.json", own, tmp_path / "fashion")
    sidecar = json.loads((tmp_path / "fashion" / "provenance.json").read_text())
    assert list(sidecar["inputs"]) == [str(own)]
    assert {Path(name).name for name in sidecar["outputs"]} == {"fashion.safetensors", "manifest.json"}


def test_a_damaged_download_is_refused_and_not_kept(clothes, own, served, tmp_path, monkeypatch):
    monkeypatch.setattr(fashion_class(), "mirrors", mnist_class().mirrors)  # which serves other images by these names
    with pytest.raises(DataError, match="the download is not FashionMNIST"):
        prepare_fashion(Fashion(), None, own, tmp_path / "fashion")
    assert not list((tmp_path / "cäche of mine" / "hypersvg" / RAW).iterdir())
