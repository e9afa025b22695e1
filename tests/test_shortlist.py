"""The short list of inner protocols: few, affordable, and trained by every run whatever its own inner settings."""

from pathlib import Path

import pandas as pd
import pytest

from hypersvg.data import prepare
from hypersvg.experiments import shortlist
from hypersvg.experiments.identification import shortlist_file
from hypersvg.experiments.identification.candidates import ALL, Candidate, described
from hypersvg.experiments.job import Job
from hypersvg.experiments.stages import STAGES
from hypersvg.schema import TABLES
from hypersvg.settings import Settings
from hypersvg.settings.overlay import validated
from hypersvg.thesis import PROTOCOL_ROWS

ROOT = Path(__file__).parent.parent
SETTINGS = {"run": {"seeds": 2}, "data": {"source": "digits", "limit": 700}, "inner": {"batch_size": 64}}


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    prepare(validated(SETTINGS).data, folder)
    return folder / "images.safetensors"


@pytest.fixture
def short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Candidate]:
    listed = [Candidate(batch_size=128, length="epoch"), Candidate("sgd", 1024, scaling="standardised", length="epoch")]
    path = tmp_path / "shortlist.yaml"
    path.write_text(shortlist_file.as_yaml(listed), encoding="utf-8")
    monkeypatch.setattr(shortlist_file, "PATH", path)
    return listed


def run(images: Path, folder: Path, settings: Settings) -> pd.DataFrame:
    table = shortlist.run(Job(settings, "all", (0, 1), folder, images))["shortlist"]
    return TABLES["shortlist"].checked(table, "shortlist")


def test_the_stage_writes_every_candidate_seed_and_row_and_repeats_itself(
    images: Path, short: list[Candidate], tmp_path: Path
) -> None:
    table = run(images, tmp_path, validated(SETTINGS))
    assert len(table) == len(short) * 2 * len(PROTOCOL_ROWS)
    assert set(table["candidate"]) == {one.name for one in short}
    assert table["val_accuracy"].between(0, 1).all()
    assert table.groupby("candidate")["steps"].first().to_dict() == {short[0].name: 3, short[1].name: 1}
    pd.testing.assert_frame_equal(table, run(images, tmp_path, validated(SETTINGS)))


def test_the_runs_own_inner_settings_change_nothing(images: Path, short: list[Candidate], tmp_path: Path) -> None:
    other = validated({**SETTINGS, "inner": {"optimizer": "sgd", "batch_size": 32, "hidden": [4]}})
    expected = run(images, tmp_path, validated(SETTINGS))
    pd.testing.assert_frame_equal(run(images, tmp_path, other), expected)
    assert set(STAGES["shortlist"].blocks) == {"run", "data"}


def test_the_committed_list_is_short_affordable_and_has_the_default_and_a_literal_sgd() -> None:
    listed = shortlist_file.read(ROOT / shortlist_file.PATH)
    assert len(listed) <= shortlist_file.LARGEST
    assert not any(one.full for one in listed)
    assert sum(map(shortlist_file.seconds, listed)) <= shortlist_file.BUDGET
    assert any(one.literal for one in listed)
    inner = Settings().inner
    default = Candidate(inner.optimizer, inner.batch_size, inner.initialisation, inner.activation, inner.scaling, "100")
    assert default in listed


def test_what_a_minute_can_afford_keeps_the_first_and_skips_the_dear() -> None:
    first, dear, cheap = Candidate(), Candidate(batch_size=1024, length="200"), Candidate(batch_size=64)
    chosen = shortlist_file.affordable([first, first], [dear, cheap, Candidate(batch_size=ALL)], budget=25)
    assert chosen == [first, cheap]


def test_the_file_reads_back_and_a_bad_one_ends_in_one_sentence(tmp_path: Path) -> None:
    listed = [Candidate("nesterov", 32, "glorot", "relu", "standardised", "epoch"), Candidate(batch_size=ALL)]
    path = tmp_path / "shortlist.yaml"
    path.write_text(shortlist_file.as_yaml(listed), encoding="utf-8")
    assert shortlist_file.read(path) == listed
    assert described(listed[1])["batch_size"] == "full"
    for text, words in (
        ("candidates: 3", "is no list of candidates"),
        ("{}", "is no list of candidates"),
        ("candidates: []", "must name 1 to 12"),
        (shortlist_file.as_yaml(listed).replace("nesterov", "adagrad"), "is no candidate"),
        (shortlist_file.as_yaml(listed[:1] * 2), "different candidates"),
    ):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(ValueError, match=words):
            shortlist_file.read(path)
    with pytest.raises(ValueError, match="is missing; `make identify` writes it"):
        shortlist_file.read(tmp_path / "none.yaml")
