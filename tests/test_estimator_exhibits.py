"""Exhibits and claims of the group ``estimators``, on a run of its own stages: complete, stamped, reproducible."""

import inspect
import json
import math
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest
from checkout import ROOT
from estimator_run import SETTINGS, write_tiny_run
from synthetic_run import STAMP, drop, keep_record

from hypersvg.claims.claim import Claim, load_claims
from hypersvg.claims.judge import sample_of
from hypersvg.claims.metrics import METRICS
from hypersvg.exhibits import EXHIBITS, Exhibit, Results, build
from hypersvg.exhibits.registry import ON_FASHION
from hypersvg.experiments.stages import STAGES, TABLE_FILES, stages_of
from hypersvg.pipeline.exhibits_index import EXHIBITS as NOTEBOOK_OF
from hypersvg.pipeline.exhibits_index import NOTEBOOKS, exhibit_files, exhibits_of
from hypersvg.pipeline.gather import check_complete
from hypersvg.pipeline.replication import GROUPS
from hypersvg.schema import TABLES
from hypersvg.settings.groups import CLAIMS as FILES
from hypersvg.tables import TableError

NAMES = exhibits_of("estimators")
OWN = [pair for pair in TABLE_FILES if pair[0] in stages_of("estimators")]
"""Stages of the group and their tables."""
CLAIMS = load_claims(ROOT / FILES["estimators"])
TEXT = ROOT.parent / "shared" / "papers" / "vicol2023_es_single_slides.txt"


class Recorder(Results):
    """Results that remember which tables were read."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.read: set[str] = set()

    def table(self, name: str) -> pd.DataFrame:
        self.read.add(name)
        return super().table(name)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_run(tmp_path_factory.mktemp("results") / "tiny", tmp_path_factory.mktemp("jobs"))


@pytest.fixture(scope="module")
def built(tiny: Path) -> dict[str, tuple[Exhibit, set[str]]]:
    """Every exhibit and the tables that it has read."""
    found = {}
    for name in NAMES:
        results = Recorder(tiny)
        found[name] = (build(name, results), results.read)
    return found


@pytest.fixture
def broken(tiny: Path, tmp_path: Path) -> Path:
    """A run of one's own to break."""
    return Path(shutil.copytree(tiny, tmp_path / "tiny", ignore=shutil.ignore_patterns("exhibits")))


def written(folder: Path, name: str) -> dict[str, Path]:
    return {path.suffix: path for path in (folder / "exhibits").glob(f"{name}.*")}


@pytest.mark.parametrize("name", NAMES)
def test_an_exhibit_writes_its_files_and_no_others(name: str, tiny: Path, built: dict[str, tuple]) -> None:
    assert sorted(path.name for path in written(tiny, name).values()) == sorted(exhibit_files(name))
    assert not list((tiny / "exhibits").glob(".*")), "a partial file was left"


@pytest.mark.parametrize("name", NAMES)
def test_a_csv_has_its_keys_first_and_each_once(name: str, tiny: Path, built: dict[str, tuple]) -> None:
    exhibit, frame = built[name][0], pd.read_csv(written(tiny, name)[".csv"])
    assert list(frame.columns[: len(exhibit.keys)]) == list(exhibit.keys)
    assert not frame.duplicated(list(exhibit.keys)).any()
    assert len(frame) == len(exhibit.frame) > 0


@pytest.mark.parametrize("name", NAMES)
def test_stand_in_data_are_stamped_on_figure_csv_and_table(name: str, tiny: Path, built: dict[str, tuple]) -> None:
    exhibit, files = built[name][0], written(tiny, name)
    assert (pd.read_csv(files[".csv"])["data"] == STAMP).all()
    if exhibit.figure is None:
        assert STAMP in files[".md"].read_text(encoding="utf-8")
    else:
        assert STAMP in [text.get_text() for text in exhibit.figure.texts]


@pytest.mark.parametrize("name", ON_FASHION)
@pytest.mark.parametrize("found", [True, False])
def test_exhibits_of_fashion_mnist_say_whether_it_is_that_or_mnist_in_its_place(
    name: str, found: bool, broken: Path
) -> None:
    said = {"source": "fashion_mnist" if found else "mnist", "stand_in": not found}
    (broken / "tables" / "fashion.json").write_text(json.dumps(said), encoding="utf-8")
    (broken / "tables" / "manifest.json").write_text('{"source": "mnist", "stand_in": false}', encoding="utf-8")
    exhibit = build(name, Results(broken))
    assert exhibit.figure is not None
    texts = [text.get_text() for text in exhibit.figure.texts]
    assert ("MNIST stands in for FashionMNIST" in texts) == (not found)
    assert ("MNIST stands in for FashionMNIST" in exhibit.caption) == (not found)
    assert texts[0].endswith("FashionMNIST") == found
    assert set(pd.read_csv(written(broken, name)[".csv"])["data"]) == {said["source"]}


def test_the_exhibits_of_fashion_mnist_are_those_of_the_stages_that_train_on_it() -> None:
    trained = {name for (stage, _), name in TABLE_FILES.items() if STAGES[stage].fashion}
    assert {name for name in NAMES if trained & set(NOTEBOOKS[NOTEBOOK_OF[name]].tables)} == set(ON_FASHION)


@pytest.mark.parametrize("name", NAMES)
def test_the_same_tables_give_the_same_bytes(name: str, tiny: Path, built: dict[str, tuple], broken: Path) -> None:
    build(name, Results(broken))
    assert {file: path.read_bytes() for file, path in written(tiny, name).items()} == {
        file: path.read_bytes() for file, path in written(broken, name).items()
    }


@pytest.mark.parametrize("name", NAMES)
def test_an_exhibit_reads_only_the_tables_that_its_notebook_declares(name: str, built: dict[str, tuple]) -> None:
    assert built[name][1] <= set(NOTEBOOKS[NOTEBOOK_OF[name]].tables)


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_table_is_one_sentence_and_leaves_no_exhibit(
    name: str, built: dict[str, tuple], broken: Path
) -> None:
    for table in sorted(built[name][1]):
        path = Results(broken).path(table)
        path.rename(path.with_suffix(".away"))
        with pytest.raises(TableError, match=rf"{table}\.parquet is missing; run the stage"):
            build(name, Results(broken))
        assert not written(broken, name)
        path.with_suffix(".away").rename(path)


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_seed_is_one_sentence(name: str, built: dict[str, tuple], broken: Path) -> None:
    for table in sorted(built[name][1]):
        frame = Results(broken).table(table)
        assert said_without(broken, table, frame[frame["seed"] == 1].index, built[name][0])


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_row_is_one_sentence_or_one_that_is_not_shown(
    name: str, built: dict[str, tuple], broken: Path
) -> None:
    for table in sorted(built[name][1]):
        rows = len(Results(broken).table(table))
        for row in {0, rows // 2, rows - 1}:
            said_without(broken, table, [row], built[name][0])


def said_without(folder: Path, table: str, rows: Sequence[int], whole: Exhibit) -> str:
    """The sentence that refuses an exhibit without some rows of a table; empty where nothing of it has changed."""
    path = Results(folder).path(table)
    content, said = path.read_bytes(), ""
    drop(folder, table, rows)
    try:
        pd.testing.assert_frame_equal(EXHIBITS[whole.name](Results(folder)).frame, whole.frame)
    except TableError as error:
        said = str(error)
    path.write_bytes(content)
    keep_record(path)
    assert not said or re.fullmatch(rf".*{table}.* is missing; run its stage again", said)
    return said


@pytest.mark.parametrize(("stage", "table"), OWN)
def test_a_table_without_a_method_is_not_gathered(stage: str, table: str, tiny: Path) -> None:
    frame = Results(tiny).table(TABLE_FILES[stage, table])
    column, values = STAGES[stage].groups(SETTINGS, table) or ("seed", (0, 1))
    with pytest.raises(TableError, match=f"'{column}': {values[-1]!r}.* is missing"):
        check_complete(frame[frame[column] != values[-1]], stage, TABLES[table], SETTINGS)


@pytest.mark.parametrize("claim", CLAIMS, ids=[claim.id for claim in CLAIMS])
def test_a_claim_names_what_exists_and_can_be_measured(claim: Claim, tiny: Path) -> None:
    assert claim.exhibit in NAMES
    inspect.signature(METRICS[claim.metric]).bind(None, **claim.parameters)
    sample = sample_of(claim, Results(tiny))
    assert len(sample.data) == 2
    assert not math.isnan(sample.value)


def test_every_claim_has_one_part_of_the_report_and_a_name_that_no_other_list_has() -> None:
    parts = [[title for title, prefixes in GROUPS.items() if claim.id.startswith(prefixes)] for claim in CLAIMS]
    assert [claim.id for claim, titles in zip(CLAIMS, parts, strict=True) if len(titles) != 1] == []
    everyone = [claim.id for file in FILES.values() for claim in load_claims(ROOT / file)]
    assert len(everyone) == len(set(everyone))


@pytest.mark.skipif(not TEXT.is_file(), reason="the text of the slides is not at hand")
def test_every_quote_stands_in_the_slides() -> None:
    text = " ".join(TEXT.read_text(encoding="utf-8").split())
    assert [claim.id for claim in CLAIMS if claim.quote not in text] == []
