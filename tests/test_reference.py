"""The committed reference: complete, on MNIST, and what the README shows of it."""

from pathlib import Path

import pandas as pd
import pytest
from synthetic_run import write_run

from hypersvg.images import STAND_IN
from hypersvg.pipeline.exhibits_index import exhibit_files, exhibits_of
from hypersvg.pipeline.reference import CLAIMS, shown, write_reference
from hypersvg.settings.groups import Group

ROOT = Path(__file__).parent.parent
REFERENCE = ROOT / "results" / "reference" / "default"
OF_GROUP = {"thesis": REFERENCE, "estimators": REFERENCE.with_name("default+estimators")}


@pytest.mark.parametrize("group", OF_GROUP)
def test_the_committed_reference_holds_every_exhibit_made_from_mnist(group: Group) -> None:
    folder = OF_GROUP[group]
    if group != "thesis" and not folder.is_dir():
        pytest.skip(f"no reference of the group {group} is committed")
    for exhibit in exhibits_of(group):
        for file in exhibit_files(exhibit):
            assert (folder / file).stat().st_size > 0
        assert set(pd.read_csv(folder / f"{exhibit}.csv")["data"]) <= {"mnist"}
    assert not [path for path in folder.glob("*.md") if STAND_IN in path.read_text(encoding="utf-8")]


def test_the_readme_shows_the_committed_reference() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert shown(readme, REFERENCE, "results/reference/default") == readme


def test_an_unfinished_run_is_refused_as_reference_and_the_old_one_stays(tmp_path: Path) -> None:
    old = tmp_path / "results" / "reference" / "smoke" / "table_4_2.md"
    old.parent.mkdir(parents=True)
    old.write_text("old", encoding="utf-8")
    with pytest.raises(ValueError, match=r"claims\.json is missing"):
        write_reference(tmp_path, "smoke")
    assert old.read_text(encoding="utf-8") == "old"


def test_a_run_without_provenance_is_refused_as_reference_and_the_old_one_stays(tmp_path: Path) -> None:
    run = write_run(tmp_path / "results" / "smoke", run={"seeds": 1})
    for sidecar in run.rglob("*provenance.json"):
        sidecar.unlink()
    old = tmp_path / "results" / "reference" / "smoke" / "table_4_2.md"
    old.parent.mkdir(parents=True)
    old.write_text("old", encoding="utf-8")
    for name in CLAIMS:
        (run / name).write_text("new", encoding="utf-8")
    with pytest.raises(ValueError, match=r"holds no provenance\.json"):
        write_reference(tmp_path, "smoke")
    assert old.read_text(encoding="utf-8") == "old"


def test_the_tables_of_a_committed_reference_are_small_enough_for_git() -> None:
    folders = [path for path in REFERENCE.parent.glob("*/tables") if path.is_dir()]
    for folder in folders:
        limit = 1_000_000 if folder.parent.name.startswith("smoke") else 5_000_000
        assert sum(path.stat().st_size for path in folder.iterdir()) < limit, folder
