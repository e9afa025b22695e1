"""Exhibits and claims read only tables that are as they were gathered and belong together."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from synthetic_jobs import edit
from synthetic_run import keep_record, write_run

from hypersvg.exhibits import Results, build
from hypersvg.pipeline.claims_job import write_claims
from hypersvg.pipeline.exhibits_index import exhibit_files
from hypersvg.schema import TABLES
from hypersvg.settings.yaml_text import read_yaml
from hypersvg.sidecars import sha256
from hypersvg.tables import TableError, read_table, write_table

ROOT = Path(__file__).parents[1]
SMALL = {
    "run": {"seeds": 2},
    "toy": {"steps": 12},
    "ppo": {"iterations": 4},
    "offline": {"iterations": 10},
    "online": {"steps": 50},
    "baselines": {"bo_initial": 6, "bo_iterations": 6},
}


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return write_run(tmp_path / "results" / "small", **SMALL)


def table(run: Path, name: str = "online_runs") -> Path:
    return run / "tables" / f"{name}.parquet"


def sidecar(run: Path, name: str = "online_runs") -> Path:
    return table(run, name).with_suffix(".provenance.json")


def one_claim(run: Path) -> Path:
    """A list of one claim, about ``online_runs`` and ``baselines_runs``."""
    claims = read_yaml((ROOT / "config" / "claims.yaml").read_text(encoding="utf-8"))
    path = run / "claims.yaml"
    path.write_text(json.dumps([claim for claim in claims if claim["id"] == "bandit50_beside_grid"]), encoding="utf-8")
    return path


def refusal(run: Path) -> str:
    """Of an exhibit of ``online_runs`` and ``baselines_runs``, which is then not drawn, and of the claims."""
    with pytest.raises(TableError) as drawn:
        build("table_4_4", Results(run))
    assert not [file for file in exhibit_files("table_4_4") if (run / "exhibits" / file).exists()]
    with pytest.raises(TableError) as judged:
        write_claims(one_claim(run), run, None)
    assert not (run / "claims.json").exists()
    assert "\n" not in str(judged.value)
    return str(drawn.value)


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def folder_instead(path: Path) -> None:
    path.unlink()
    path.mkdir()


def another_table(path: Path) -> None:
    path.write_bytes(path.with_name("ppo_runs.parquet").read_bytes())


def edited(path: Path) -> None:
    frame = read_table(path, TABLES["runs"])
    write_table(frame.assign(val_accuracy=0.99), TABLES["runs"], path)


@pytest.mark.parametrize("damage", [truncated, emptied, folder_instead, another_table, edited])
def test_a_table_that_is_not_as_it_was_gathered_is_named(run: Path, damage: Callable[[Path], None]) -> None:
    damage(table(run))
    message = refusal(run)
    assert str(table(run)) in message
    assert "delete it and run its stage again" in message


@pytest.mark.parametrize("content", [None, "", "{", "[]", "[" * 100_000])
def test_a_table_without_a_readable_sidecar_is_refused(run: Path, content: str | None) -> None:
    sidecar(run).unlink()
    if content is not None:
        sidecar(run).write_text(content, encoding="utf-8")
    assert str(sidecar(run)) in refusal(run)


def test_nan_where_a_number_must_be_is_named(run: Path) -> None:
    frame = read_table(table(run), TABLES["runs"])
    write_table(frame.assign(test_accuracy=frame.test_accuracy.where(frame.seed != 1)), TABLES["runs"], table(run))
    keep_record(table(run))
    message = refusal(run)
    assert str(table(run)) in message
    assert "column test_accuracy" in message
    assert "'seed': 1" in message


def test_the_table_of_another_scale_with_its_own_sidecar_is_named_with_what_differs(run: Path, tmp_path: Path) -> None:
    edit(sidecar(run), settings={"svg": {"width": 8}})
    message = refusal(run)
    assert f"{table(run)} is of other settings than {run / 'settings.json'} (svg.width = 8 and" in message


@pytest.mark.parametrize(
    ("name", "first", "second", "words"),
    [
        ("code", {"a.py": "1", "b.py": "1"}, {"b.py": "2", "c.py": "1"}, "different code (b.py)"),
        ("lock_hash", "1", "2", "different package versions"),
        ("images", "1", "2", "different images"),
    ],
)
def test_two_tables_that_do_not_belong_together_are_both_named(run: Path, name, first, second, words) -> None:
    edit(sidecar(run), **{name: first})
    edit(sidecar(run, "baselines_runs"), **{name: second})
    message = refusal(run)
    assert words in message
    assert str(table(run)) in message
    assert str(table(run, "baselines_runs")) in message


def test_a_table_of_other_images_than_the_runs_own_is_named(run: Path) -> None:
    edit(sidecar(run), images="1")
    edit(run / "tables" / "manifest.json", checksums={"images.safetensors": "2"})
    assert f"{table(run)} is of other images than this run's manifest" in refusal(run)


def test_tables_of_different_stages_and_revisions_with_equal_common_code_are_read_together(run: Path) -> None:
    edit(sidecar(run), code={"a.py": "1", "b.py": "1"}, images="1", git={"revision": "one"})
    edit(sidecar(run, "baselines_runs"), code={"b.py": "1", "c.py": "1"}, images="1", git={"revision": "two"})
    edit(run / "tables" / "manifest.json", checksums={"images.safetensors": "1"})
    build("table_4_4", Results(run))


def test_the_claims_leave_a_sidecar_with_the_tables_they_were_judged_on(run: Path) -> None:
    write_claims(one_claim(run), run, None)
    kept = json.loads((run / "claims.provenance.json").read_text(encoding="utf-8"))
    assert kept["outputs"] == {name: sha256(run / name) for name in ("claims.json", "claims.md")}
    assert kept["inputs"][str(table(run))] == sha256(table(run))


@pytest.mark.parametrize("content", ["", "{", "[]", "\x00", "[" * 100_000])
@pytest.mark.parametrize("name", ["settings.json", "tables/manifest.json"])
def test_damaged_settings_and_manifests_are_named(run: Path, name: str, content: str) -> None:
    (run / name).write_text(content, encoding="utf-8")
    with pytest.raises(TableError, match=name):
        Results(run)
