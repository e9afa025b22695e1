"""``make provenance`` follows a number back to its jobs, their settings and the images, and names what has changed."""

import contextlib
import json
import shutil
from pathlib import Path

import pytest
from synthetic_jobs import CLEAN, CODE, edit, gather_stage, job_folder, record, write_images, write_stage

from hypersvg import cli
from hypersvg.pipeline.exhibits_index import EXHIBITS
from hypersvg.reading.results import FILES
from hypersvg.settings import Settings
from hypersvg.sidecars import sha256

SETTINGS = Settings.model_validate(
    {"run": {"seeds": 4, "seed_block": 2}, "offline": {"iterations": 10, "unrolls": [5, 10]}, "svg": {"width": 16}}
)
RUN = Path("results", "small")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the run ``small``: two stages gathered, and one exhibit drawn from a table of each."""
    root = tmp_path_factory.mktemp("finished")
    with contextlib.chdir(root):
        write_images(RUN, SETTINGS)
        for stage in ("trajectories", "offline"):
            write_stage(RUN, SETTINGS, stage)
            gather_stage(RUN, SETTINGS, stage)
        exhibit = RUN / "exhibits" / "table_4_1.csv"
        exhibit.parent.mkdir()
        exhibit.write_text("method,val_accuracy\noffline_T05_N10,0.7\nppo_dense,0.5\n", encoding="utf-8")
        tables = [RUN / "tables" / f"{name}.parquet" for name in ("trajectories", "offline_runs")]
        record(RUN / "notebooks", {}, tables, [exhibit])
        (RUN / "notebooks" / "provenance.json").rename(RUN / "notebooks" / "tables.provenance.json")
    return root


@pytest.fixture
def here(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def ask(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *arguments: str) -> tuple[str, str]:
    """What the command line says on standard output and, when it fails, on standard error."""
    monkeypatch.setattr("sys.argv", ["hypersvg", "provenance", "small", *arguments])
    with contextlib.suppress(SystemExit):
        cli.main()
    said = capsys.readouterr()
    return said.out, said.err


@pytest.fixture
def answer(here, capsys, monkeypatch):
    return lambda *arguments: ask(capsys, monkeypatch, *arguments)


def section(text: str, title: str) -> list[str]:
    """The lines under a title."""
    return next(part.splitlines()[1:] for part in text.split("\n\n") if part.startswith(f"{title}\n"))


def test_a_row_leads_to_its_one_job_and_to_what_that_job_read(answer):
    text, error = answer("offline_runs", "--where", "seed=3 method=offline_T05_N10")
    assert error == ""
    runs, states = job_folder(RUN, "offline", "T05", 2, 3) / "runs.parquet", "trajectories/all/seeds-002-003/states.npy"
    lines = section(text, "Jobs")[1:]
    assert [line.split()[:4] for line in lines if "runs.parquet" in line] == [["offline", "T05", "2–3", "1"]]
    assert [str(runs) in line and sha256(runs)[:12] in line for line in lines] == [True, False, False]
    assert sum(states in line and sha256(RUN / "jobs" / states)[:12] in line for line in lines) == 1


def test_it_tells_settings_revision_machine_versions_and_images(answer):
    text, _ = answer("offline_runs")
    made = "\n".join(section(text, "Made with"))
    assert "svg.width = 16" in made
    assert "offline.iterations = 10" in made
    assert "trajectories.count" not in made, "values at their defaults are not listed"
    assert f"{CLEAN['revision'][:12]} (clean)" in made
    assert f"{len(CODE)} source files" in made
    assert "python 3." in made
    assert "cores" in made
    images = RUN / "data" / "images.safetensors"
    assert f"{images}  SHA-256 {sha256(images)[:12]}, mnist" in section(text, "Images")[0]


def test_jobs_of_two_revisions_are_told_apart(answer, here):
    edit(job_folder(RUN, "offline", "T10", 0, 1) / "provenance.json", git={"revision": "f" * 40, "dirty": True})
    text, _ = answer("offline_runs")
    lines = [line for line in section(text, "Made with") if "revision" in line]
    assert len(lines) == 2
    dirty = next(line for line in lines if "ffffffffffff (with changes that are not committed)" in line)
    assert dirty.endswith("[offline T10 0–1]")


def test_an_exhibit_leads_to_its_tables_and_a_row_of_it_to_the_jobs_with_that_method(answer):
    text, error = answer("table_4_1")
    assert error == ""
    assert len(section(text, "Drawn from")) == 2
    assert {line.split()[1] for line in section(text, "Jobs")[1:]} == {"T05", "T10", "all"}
    text, _ = answer("table_4_1", "--row", "0")
    arms = {line.split()[1] for line in section(text, "Jobs")[1:] if "offline" in line}
    assert arms == {"T05"}
    assert "8 of 16 rows" not in text
    assert "4 of 16 rows" in text


def test_numbers_may_be_written_as_they_are_printed(answer, here):
    text, _ = answer("trajectories", "--row", "7")
    rate = text.split("\n\n")[1].splitlines()[-1].split()[2]
    again, error = answer("trajectories", "--where", f"rate={rate}")
    assert error == ""
    assert f"rate = {float(rate)}" in again


def test_a_changed_and_a_missing_file_are_named_and_the_command_fails(answer, here):
    (job_folder(RUN, "trajectories", "all", 0, 1) / "states.npy").write_bytes(b"other")
    (job_folder(RUN, "offline", "T05", 0, 1) / "landscapes.parquet").unlink()
    text, error = answer("offline_runs")
    said = "\n".join(section(text, "Not as recorded"))
    assert "trajectories/all/seeds-000-001/states.npy is no longer what it was" in said
    assert "offline/T05/seeds-000-001/landscapes.parquet is gone" in said
    assert error.startswith("hypersvg: results/small")


def test_an_exhibit_that_was_edited_is_named(answer, here):
    path = RUN / "exhibits" / "table_4_1.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("0.7", "0.9"), encoding="utf-8")
    text, error = answer("table_4_1")
    assert text == ""
    assert f"{path} is not what its job wrote" in error


def test_a_run_of_an_older_version_says_what_it_did_not_record(answer, here):
    for path in (RUN / "jobs").rglob("provenance.json"):
        content = json.loads(path.read_text(encoding="utf-8"))
        kept = {key: value for key, value in content.items() if key not in ("code", "settings", "job")}
        path.write_text(json.dumps(kept), encoding="utf-8")
    text, error = answer("offline_runs")
    assert error == ""
    assert text.count("not recorded by this version") == 3  # code once, settings of either stage


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "name a TABLE; exhibits: fig_4_01"),
        (["table_9"], "there is no exhibit or table 'table_9'"),
        (["fig_4_08"], "there is no results/small/exhibits/fig_4_08.csv"),
        (["online_runs"], "there is no results/small/tables/online_runs.parquet"),
        (["claims"], "there is no results/small/claims.json"),
        (["offline_runs", "--where", "seed=9"], "offline_runs has no row with seed = 9; seed is 0, 1, 2, 3"),
        (["offline_runs", "--where", "arm=T05"], "offline_runs has no column 'arm'; it has method, grid"),
        (["offline_runs", "--where", "seed=one"], "column seed of offline_runs holds numbers, and 'one' is none"),
        (["offline_runs", "--where", "adaptive"], "'adaptive' is no condition; write column=value"),
        (["offline_runs", "--where", "method='x"], "cannot be read: No closing quotation"),
        (["trajectories", "--where", "trajectory=0 split=train"], "no row with all of trajectory = 0, split = train"),
        (["offline_runs", "--row", "16"], "offline_runs has the rows 0 to 15, so no row 16"),
        (["offline_runs", "--row", "-1"], "so no row -1"),
        (["offline_runs", "--row", "1", "--where", "seed=1"], "give ROW or WHERE, not both"),
        (["offline_runs", "--row", "one"], "--row"),
    ],
)
def test_what_cannot_be_answered_ends_in_one_sentence(answer, arguments, words):
    text, error = answer(*arguments)
    assert text == ""
    assert len(error.splitlines()) == 1
    assert words in error
    if "there is no exhibit" in words:
        assert all(name in error for name in (*EXHIBITS, *FILES))
