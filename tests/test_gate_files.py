"""`make check` and `make accept` on folders: what they say, what they write, and what they refuse."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from gate_sides import blocks, claim, timed_claim
from synthetic_run import write_run

from hypersvg.pipeline.exhibits_index import EXHIBITS
from hypersvg.pipeline.failures import HypersvgError
from hypersvg.pipeline.gate import touched as touching
from hypersvg.pipeline.gate.accept import accept, with_line
from hypersvg.pipeline.gate.check import check
from hypersvg.pipeline.gate.drift import Drift
from hypersvg.pipeline.gate.sides import command
from hypersvg.pipeline.reference import write_small

CHANGELOG = "# Changelog\n\n## [Unreleased]\n\n### Added\n\n- A thing.\n\n## [0.1.0]\n\n### Changed\n\n- Old.\n"
MACHINE = {"cpu_capability": "AVX2", "processor": "x 1 2", "threads": 1, "gpu": None, "cores": 2}


@pytest.fixture(autouse=True)
def readers(monkeypatch):
    """Exhibits that read a little and draw nothing."""
    made = {name: (lambda run: None) for name in EXHIBITS}
    made["fig_4_01"] = lambda run: run.table("toy_errors")
    made["fig_4_14"] = lambda run: run.complete(
        "online_runs", {"method": ["adaptive"], "grid": ["bad"], "seed": run.seeds}
    )
    made["fig_4_13"] = lambda run: run.complete(
        "online_runs", {"method": ["bandit3"], "grid": ["bad"], "seed": run.seeds}
    )
    monkeypatch.setattr(touching, "EXHIBITS", made)


@pytest.fixture
def root(tmp_path):
    """A repository with a finished run of the smoke scale and no reference."""
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "claims.yaml").write_text("[]\n", encoding="utf-8")
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG, encoding="utf-8")
    finish(tmp_path / "results" / "smoke", 2)
    return tmp_path


def finish(run: Path, seeds: int, dirty: bool = False) -> None:
    write_run(run, **blocks(seeds))
    (run / "claims.json").write_text(json.dumps([claim(), timed_claim()]), encoding="utf-8")
    (run / "claims.md").write_text("# Claims\n", encoding="utf-8")
    job = run / "jobs" / "toy" / "all" / "seeds-000-001" / "provenance.json"
    job.parent.mkdir(parents=True, exist_ok=True)
    sidecar = {
        "git": {"revision": "abc", "dirty": dirty},
        "versions": {"torch": "2"},
        "machine": MACHINE,
        "device": "cpu",
    }
    job.write_text(json.dumps({**sidecar, "wall_seconds": 1.0}), encoding="utf-8")


def nudge(root: Path, table: str, column: str, by: float, query: str = "seed == 1") -> None:
    path = root / "results" / "smoke" / "tables" / f"{table}.parquet"
    frame = pd.read_parquet(path)
    frame.loc[frame.query(query).index, column] += by
    frame.to_parquet(path, index=False)


def sentence(root: Path, run: str = "smoke") -> str:
    with pytest.raises(HypersvgError) as caught:
        check(root, run)
    assert str(caught.value).count("\n") == 0
    return str(caught.value)


def test_an_accepted_run_agrees_with_its_reference(root):
    assert "results/reference/smoke is up to date" in accept(root, "smoke")
    assert "agrees with its reference" in check(root, "smoke")
    assert "equal to the last bit" not in check(root, "smoke")
    assert pd.read_csv(root / "results" / "smoke" / "check.csv").empty


def test_drift_is_printed_with_exhibits_and_claims_written_as_csv_and_ends_in_one_sentence(root, capsys):
    accept(root, "smoke")
    claims = Path(__file__).parent.parent / "config" / "claims.yaml"
    (root / "config" / "claims.yaml").write_text(claims.read_text(encoding="utf-8"), encoding="utf-8")
    nudge(root, "online_runs", "val_accuracy", 0.25, "method == 'adaptive' and grid == 'bad' and seed == 1")
    said = sentence(root)
    assert "drifted from its reference: no changed verdicts, 6 numbers that moved too far in online_runs" in said
    assert "`make accept SCALE=smoke`" in said
    rows = pd.read_csv(root / "results" / "smoke" / "check.csv")
    assert len(rows) == 6
    assert set(rows["exhibits"]) == {"fig_4_14"}
    assert rows["claims"].str.contains("adaptive_rescues").all()
    assert not rows["claims"].str.contains("bo_rate").any()
    assert ((rows["new"] - rows["old"] - 0.25).abs() < 1e-12).all()
    assert "adaptive, grid bad, run" in capsys.readouterr().out


def test_drift_that_is_gone_leaves_no_list_behind(root):
    accept(root, "smoke")
    nudge(root, "toy_errors", "final_rmse", 1.0)
    assert "toy_errors" in sentence(root)
    nudge(root, "toy_errors", "final_rmse", -1.0)
    finish(root / "results" / "smoke", 2)
    check(root, "smoke")
    assert pd.read_csv(root / "results" / "smoke" / "check.csv").empty


def test_accept_takes_the_new_numbers_shows_them_first_and_writes_the_changelog_once(root, capsys):
    accept(root, "smoke")
    nudge(root, "toy_errors", "final_rmse", 1.0)
    records = [claim(verdict="contradicted"), timed_claim()]
    (root / "results" / "smoke" / "claims.json").write_text(json.dumps(records), encoding="utf-8")
    capsys.readouterr()
    accept(root, "smoke")
    assert "toy_errors" in capsys.readouterr().out
    changelog = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    (line,) = [line for line in changelog.splitlines() if "moved" in line]
    assert line.startswith("- Reference `smoke`: 4 numbers moved in toy_errors (largest relative change ")
    assert line.endswith("toy_errors final_rmse); verdicts: bandits_rescue supported → contradicted.")
    check(root, "smoke")
    accept(root, "smoke")
    assert (root / "CHANGELOG.md").read_text(encoding="utf-8") == changelog


def test_accept_takes_other_seeds_and_settings_and_says_so(root):
    accept(root, "smoke")
    finish(root / "results" / "smoke", 3)
    accept(root, "smoke")
    changelog = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    assert "settings run.seeds 2 → 3; other rows, columns or claims in " in changelog


def test_a_reference_keeps_tables_settings_and_machine_but_exhibits_of_the_default_run_alone(root):
    accept(root, "smoke")
    folder = root / "results" / "reference" / "smoke"
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert {"claims.json", "settings.json", "run.json", "tables/manifest.json", "tables/online_runs.parquet"} <= files
    assert not [name for name in files if "fig_" in name or "table_" in name]
    facts = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    assert facts["machine_class"]["cpu_capability"] == ["AVX2"]
    assert facts["versions"] == {"torch": "2"}


def test_a_run_with_uncommitted_files_is_accepted_and_told(root):
    finish(root / "results" / "smoke", 2, dirty=True)
    assert "1 jobs ran with uncommitted files" in accept(root, "smoke")
    facts = json.loads((root / "results" / "reference" / "smoke" / "run.json").read_text(encoding="utf-8"))
    assert facts["uncommitted"] == 1


def test_an_unfinished_run_is_not_accepted_and_reference_and_changelog_stay(root):
    accept(root, "smoke")
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file() and "reference" in path.parts}
    changelog = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    (root / "results" / "smoke" / "tables" / "online_runs.parquet").unlink()
    with pytest.raises(HypersvgError, match=r"is not finished, it lacks tables/online_runs\.parquet"):
        accept(root, "smoke")
    assert all(path.read_bytes() == content for path, content in before.items())
    assert (root / "CHANGELOG.md").read_text(encoding="utf-8") == changelog


def test_without_a_run_or_a_reference_the_command_that_makes_it_is_named(root):
    assert sentence(root).endswith("`make accept SCALE=smoke` makes it from a finished run")
    assert "known: none" in sentence(root)
    accept(root, "smoke")
    assert "there is no run in" in sentence(root, "default")
    assert "`make replicate` makes it" in sentence(root, "default")
    assert "`make replicate SCALE=smoke VARIANT=mnist_subset`" in sentence(root, "smoke+mnist_subset")
    assert "no tables of its own" in sentence(root, "sensitivity")


def test_a_reference_without_tables_and_an_unfinished_run_are_refused(root):
    accept(root, "smoke")
    (root / "results" / "smoke" / "tables" / "landscapes.parquet").unlink()
    assert "is not finished, it lacks tables/landscapes.parquet" in sentence(root)
    finish(root / "results" / "smoke", 2)
    for path in (root / "results" / "reference" / "smoke" / "tables").glob("*.parquet"):
        path.unlink()
    assert "holds no tables to compare with" in sentence(root)


def test_a_damaged_table_is_named(root):
    accept(root, "smoke")
    (root / "results" / "smoke" / "tables" / "landscapes.parquet").write_bytes(b"half")
    assert "landscapes.parquet cannot be read" in sentence(root)


def test_other_seeds_and_other_settings_are_refused_by_name(root):
    accept(root, "smoke")
    finish(root / "results" / "smoke", 3)
    assert "has 3 seeds and its reference 2" in sentence(root)
    write_run(root / "results" / "smoke", **{**blocks(2), "svg": {"width": 32}})
    assert "svg.width 32, there 16" in sentence(root)


@pytest.mark.parametrize(("manifest", "key"), [("manifest.json", "data.source"), ("fashion.json", "fashion.source")])
def test_other_images_are_refused_by_name(root, manifest, key):
    path = root / "results" / "smoke" / "tables" / manifest
    path.write_text('{"source": "mnist"}', encoding="utf-8")
    accept(root, "smoke")
    assert "agrees with its reference" in check(root, "smoke")
    path.write_text('{"source": "others"}', encoding="utf-8")
    assert f"made on other images than its reference (others, there mnist): set {key}" in sentence(root)


def test_another_device_is_no_other_setting(root):
    accept(root, "smoke")
    settings = blocks(2)
    write_run(root / "results" / "smoke", **{**settings, "run": {**settings["run"], "device": "auto"}})
    assert "agrees with its reference" in check(root, "smoke")


@pytest.mark.parametrize(
    ("run", "words"),
    [
        ("default", "`make check`"),
        ("smoke", "`make check SCALE=smoke`"),
        ("default+sgd", "`make check VARIANT=sgd`"),
    ],
)
def test_a_command_is_named_as_it_is_typed(run, words):
    assert command("check", run) == words


def test_a_number_is_traced_to_the_exhibits_that_ask_for_its_rows(root):
    run = root / "results" / "smoke"
    drift = Drift(3, "online_runs", "x", "rate", "1", "2", "0", group={"method": "adaptive", "grid": "bad"})
    whole = Drift(0, "online_runs", "x", "rate", "1", "2", "0")
    other = Drift(3, "online_runs", "x", "rate", "1", "2", "0", group={"method": "adaptive", "grid": "good"})
    found = touching.touched([drift, whole, other], run, root / "config" / "claims.yaml")
    assert [one.exhibits for one in found] == [("fig_4_14",), ("fig_4_13", "fig_4_14"), ()]


def test_a_claims_line_goes_under_the_unreleased_changes():
    once = with_line(CHANGELOG, "- New.")
    assert once.index("- A thing.") < once.index("### Changed\n\n- New.\n") < once.index("## [0.1.0]")
    twice = with_line(once, "- Newer.")
    assert "- New.\n- Newer.\n\n## [0.1.0]\n\n### Changed\n\n- Old.\n" in twice
    before = with_line(CHANGELOG.replace("### Added", "### Changed\n\n- First.\n\n### Added"), "- New.")
    assert "### Changed\n\n- First.\n- New.\n\n### Added\n\n- A thing." in before
    with pytest.raises(HypersvgError, match="Unreleased"):
        with_line("# Changelog\n", "- New.")


def test_small_tables_keep_every_bit_and_type_and_have_the_same_bytes_again(tmp_path):
    frame = pd.DataFrame(
        {"method": ["a", "b"], "seed": [0, 1], "x": [np.nextafter(0.1, 1), np.nan], "y": [-0.0, np.inf]}
    )
    for name in ("one", "two"):
        write_small(frame, tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    again = pd.read_parquet(tmp_path / "one")
    pd.testing.assert_frame_equal(again, frame, check_exact=True)
    assert np.signbit(again["y"][0])
