"""What `make identify` leaves: whole, naming the default, with no number of its own, nothing half-written."""

import json
import random
import re
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from checkout import ROOT
from planted import TRUTH, MadeUp, Planted, halved
from synthetic_run import keep_record

from hypersvg.data import prepare
from hypersvg.experiments.identification import outcome as whole
from hypersvg.experiments.identification import shortlist_file
from hypersvg.experiments.identification.content import FORMAT, default_settings
from hypersvg.experiments.identification.report import report
from hypersvg.pipeline import identify as pipeline
from hypersvg.settings import Settings
from hypersvg.settings.blocks import Data

REFERENCE = ROOT / "results" / "reference" / "identification"


def test_the_committed_identification_names_the_default_protocol() -> None:
    summary = json.loads((REFERENCE / "identification.json").read_text(encoding="utf-8"))
    settings = Settings()
    inner = settings.inner.model_dump(exclude={"hidden"})
    assert default_settings(summary) == {**inner, "steps": settings.online.steps}


def test_the_committed_identification_is_whole() -> None:
    summary = json.loads((REFERENCE / "identification.json").read_text(encoding="utf-8"))
    page = (REFERENCE / "identification.md").read_text(encoding="utf-8")
    assert summary["format"] == FORMAT
    assert report(summary) == page
    assert len(pd.read_csv(REFERENCE / "candidates.csv")) == 1008
    final = pd.read_csv(REFERENCE / "final.csv")
    assert final.groupby("candidate").size().eq(14).all()
    assert set(final["candidate"]) == {one["candidate"] for one in summary["ranking"]}
    for name in ("bandits.csv", "twenty_steps.csv", "identification.svg", "identification.png"):
        assert (REFERENCE / name).stat().st_size > 0


@pytest.fixture(scope="module")
def miniature(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository that a whole identification leaves, on drawn accuracies."""
    root = tmp_path_factory.mktemp("root")
    (root / "config").mkdir()
    (root / "images").touch()
    keep_record(root / "images")
    mnist = SimpleNamespace(source="mnist", train=SimpleNamespace(labels=range(50_000)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(whole, "images_of", lambda images, scaling: mnist)
        patch.setattr(whole, "Workers", MadeUp)
        patch.setattr(whole, "Store", lambda workers, images: Planted())
        patch.setattr(whole, "halve", lambda store: dict(halved()))
        pipeline.identify(root, root / "images", 1)
    return root


def test_an_identification_leaves_its_tables_its_report_and_a_short_list_within_its_minute(miniature: Path) -> None:
    folder = miniature / pipeline.FOLDER
    assert {path.name for path in folder.iterdir()} == {path.name for path in REFERENCE.iterdir()}
    summary = json.loads((folder / "identification.json").read_text(encoding="utf-8"))
    assert report(summary) == (folder / "identification.md").read_text(encoding="utf-8")
    assert summary["best"]["candidate"] in (TRUTH.name, replace(TRUTH, length="epoch").name)
    final = pd.read_csv(folder / "final.csv")
    assert set(final["candidate"]) == {one["candidate"] for one in summary["ranking"]}
    chosen = shortlist_file.read(miniature / shortlist_file.PATH)
    assert [one.name for one in chosen] == summary["shortlist"]
    assert chosen[0].name == summary["default"]["candidate"]
    assert sum(shortlist_file.seconds(one) for one in chosen) <= shortlist_file.BUDGET
    assert any(one.literal for one in chosen)


def scrambled(value: Any, generator: random.Random) -> Any:
    """The same content with other numbers; words and names of candidates lose their digits."""
    if isinstance(value, dict):
        return {re.sub(r"\d", "x", key): scrambled(item, generator) for key, item in value.items()}
    if isinstance(value, list):
        return [scrambled(item, generator) for item in value]
    if isinstance(value, str):
        return re.sub(r"\d", "x", value)
    if isinstance(value, bool) or value is None or value == 0:  # none stays none
        return value
    return generator.randrange(11, 99) if isinstance(value, int) else generator.uniform(0.1, 0.99)


def test_the_report_holds_no_number_of_its_own(miniature: Path) -> None:
    summary = json.loads((miniature / pipeline.FOLDER / "identification.json").read_text(encoding="utf-8"))
    one, two = (report(scrambled(summary, random.Random(seed))) for seed in (1, 2))
    named_things = re.compile(r"(Table|Tables|section) \d\.\d( and \d\.\d)?")
    texts = [re.findall(r"\d+(?:\.\d+)?", named_things.sub("", text)) for text in (one, two)]
    assert len(texts[0]) == len(texts[1]) > 300
    same = [first for first, second in zip(*texts, strict=True) if first == second]
    assert len(same) < 0.05 * len(texts[0])


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    prepare(Data(source="digits", limit=700), folder)
    keep_record(folder / "images.safetensors")
    return folder / "images.safetensors"


def test_stand_in_images_are_refused_in_one_sentence_and_nothing_is_written(images: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"needs MNIST, and .* holds digits|needs MNIST, and .* stand-in"):
        pipeline.identify(tmp_path, images, 1)
    with pytest.raises(RuntimeError, match="there is no"):
        pipeline.identify(tmp_path, tmp_path / "none.safetensors", 1)
    assert list(tmp_path.iterdir()) == []


def test_images_that_are_not_as_their_job_recorded_them_are_refused(images: Path, tmp_path: Path) -> None:
    copied = Path(shutil.copy(images, tmp_path))
    with pytest.raises(ValueError, match=r"provenance\.json is missing"):
        pipeline.identify(tmp_path, copied, 1)
    keep_record(copied)
    copied.write_bytes(copied.read_bytes()[:-1])
    with pytest.raises(ValueError, match=r"images\.safetensors is not what its job wrote"):
        pipeline.identify(tmp_path, copied, 1)


def test_an_interrupted_identification_leaves_the_old_reference(
    images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = tmp_path / pipeline.FOLDER / "identification.json"
    old.parent.mkdir(parents=True)
    old.write_text("old", encoding="utf-8")

    def interrupted(found: object, folder: Path) -> None:
        (folder / "candidates.csv").write_text("half", encoding="utf-8")
        raise KeyboardInterrupt

    monkeypatch.setattr(pipeline, "outcome", lambda images, processes: object())
    monkeypatch.setattr(pipeline, "write", interrupted)
    with pytest.raises(KeyboardInterrupt):
        pipeline.identify(tmp_path, images, 1)
    assert [path.name for path in (tmp_path / pipeline.FOLDER).parent.iterdir()] == ["identification"]
    assert old.read_text(encoding="utf-8") == "old"
