"""Jobs of different code, settings, package versions or images are not gathered, and both are named with the mend."""

import contextlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from synthetic_jobs import CODE, edit, gather_stage, job_folder, write_images, write_stage

from hypersvg.schema import TABLES
from hypersvg.settings import Settings
from hypersvg.sidecars import OriginError, sha256
from hypersvg.tables import TableError, read_table, write_table

SMALL = {"run": {"seeds": 4, "seed_block": 2}, "offline": {"iterations": 10}}
SETTINGS = Settings.model_validate(SMALL)
STAGES = ("toy", "trajectories", "offline")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``results/small``: the jobs of three stages in two blocks of seeds, nothing gathered."""
    root, folder = tmp_path_factory.mktemp("finished"), Path("results", "small")
    with contextlib.chdir(root):
        write_images(folder, SETTINGS)
        for stage in STAGES:
            write_stage(folder, SETTINGS, stage)
    return root


@pytest.fixture
def run(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of ``finished`` to work in, and its run."""
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return Path("results", "small")


def refusal(run: Path, stage: str = "offline", settings: Settings = SETTINGS) -> str:
    with pytest.raises(OriginError) as caught:
        gather_stage(run, settings, stage, "runs" if stage == "offline" else "toy_errors")
    message = str(caught.value)
    assert "\n" not in message
    assert "delete" in message
    assert not [path for path in (run / "tables").glob("*") if not path.name.startswith(".")]
    return message


FIRST, SECOND = (("offline", "T05", first, first + 1) for first in (0, 2))


def sidecar(run: Path, job: tuple[str, str, int, int] = SECOND) -> Path:
    return job_folder(run, *job) / "provenance.json"


def read(path: Path) -> dict[str, object]:
    return json.loads(path.read_text(encoding="utf-8"))


def test_jobs_that_belong_together_are_gathered_and_what_they_share_is_kept(run):
    for stage in STAGES:
        gather_stage(run, SETTINGS, stage)
    kept = read(run / "tables" / "offline_runs.provenance.json")
    assert kept["code"] == CODE
    assert kept["images"] == read(run / "data" / "provenance.json")["outputs"]["images.safetensors"]
    assert kept["settings"]["svg"]["width"] == SETTINGS.svg.width
    assert read(run / "tables" / "toy_errors.provenance.json")["images"] is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"code": {**CODE, "src/hypersvg/maths/svg.py": "6" * 64}}, "different code (src/hypersvg/maths/svg.py)"),
        ({"lock_hash": "0" * 64}, "different package versions (envs/lock.txt)"),
    ],
)
def test_two_jobs_of_different_code_or_packages_are_both_named(run, changes, words):
    for job in (FIRST, SECOND):
        edit(sidecar(run, job), lock_hash="1" * 64)
    edit(sidecar(run), **changes)
    message = refusal(run)
    assert words in message
    assert str(job_folder(run, *FIRST)) in message
    assert str(job_folder(run, *SECOND)) in message


def test_jobs_on_different_images_are_both_named(run):
    inputs = {name: "0" * 64 if "images" in name else digest for name, digest in read(sidecar(run))["inputs"].items()}
    edit(sidecar(run), inputs=inputs)
    assert "different images (images.safetensors)" in refusal(run)


def test_jobs_of_different_settings_are_refused_with_the_key_and_both_values(run):
    other = Settings.model_validate({**SMALL, "svg": {"width": 16}})
    jobs = read(sidecar(run))["settings"]
    edit(sidecar(run), settings={**jobs, "svg": {**jobs["svg"], "width": 16}})
    assert f"settings (svg.width = {SETTINGS.svg.width} and 16)" in refusal(run)
    assert "is of other settings than results/small/settings.json (svg.width" in refusal(run, settings=other)


def test_a_job_of_an_older_version_is_compared_by_the_hash_of_its_settings(run):
    for job in (FIRST, SECOND):
        edit(sidecar(run, job), settings={}, code={})
    edit(sidecar(run), settings_hash="0" * 64)
    assert f"{job_folder(run, *SECOND)} is of other settings than" in refusal(run)


def test_another_revision_a_dirty_tree_and_another_machine_do_not_matter_while_the_code_is_the_same(run):
    edit(sidecar(run), git={"revision": "f" * 40, "dirty": True}, machine={"cores": 64}, device="cuda")
    gather_stage(run, SETTINGS, "offline")


def test_a_finished_run_is_extended_after_an_unrelated_commit(run):
    fewer = Settings.model_validate({**SMALL, "run": {"seeds": 2, "seed_block": 2}})
    gather_stage(run, fewer, "toy")
    assert seeds_in(run) == {0, 1}
    edit(sidecar(run, ("toy", "all", 2, 3)), git={"revision": "f" * 40, "dirty": False})
    gather_stage(run, SETTINGS, "toy")
    assert seeds_in(run) == {0, 1, 2, 3}


def seeds_in(run: Path) -> set[int]:
    return set(read_table(run / "tables" / "toy_errors.parquet", TABLES["toy_errors"])["seed"])


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def folder_instead(path: Path) -> None:
    path.unlink()
    path.mkdir()


def of_the_other_block(path: Path) -> None:
    path.write_bytes((path.parent.parent / "seeds-000-001" / path.name).read_bytes())


@pytest.mark.parametrize("damage", [truncated, emptied, folder_instead, of_the_other_block, Path.unlink])
def test_a_file_that_is_not_what_its_job_wrote_is_named(run, damage: Callable[[Path], None]):
    path = job_folder(run, *SECOND) / "runs.parquet"
    damage(path)
    assert str(path) in refusal(run)


def test_the_whole_folder_of_another_job_is_named(run):
    source, target = job_folder(run, "offline", "T10", 2, 3), job_folder(run, *SECOND)
    for path in source.iterdir():
        (target / path.name).write_bytes(path.read_bytes())
    assert f"{target} holds the files of the job offline T10 002-003" in refusal(run)


def test_a_job_whose_data_set_was_made_anew_with_other_contents_is_named(run):
    edit(sidecar(run, ("trajectories", "all", 2, 3)), outputs={"states.npy": "0" * 64})
    message = refusal(run)
    assert f"{job_folder(run, *SECOND)} was computed from another" in message
    assert "states.npy" in message


@pytest.mark.parametrize(
    "content", [None, "{", "[]", '{"inputs": {}}', '{"inputs": {}, "outputs": {}, "code": 1}', "[" * 100_000]
)
def test_a_missing_or_damaged_sidecar_is_named(run, content):
    path = sidecar(run)
    path.unlink()
    if content is not None:
        path.write_text(content, encoding="utf-8")
    assert str(path) in refusal(run)


def test_nan_where_a_number_must_be_is_named_with_its_row(run):
    path = job_folder(run, "trajectories", "all", 2, 3) / "trajectories.parquet"
    frame = read_table(path, TABLES["trajectories"])
    frame["val_accuracy"] = frame["val_accuracy"].where(frame["trajectory"] != 3)
    write_table(frame, TABLES["trajectories"], path)
    edit(sidecar(run, ("trajectories", "all", 2, 3)), outputs={path.name: sha256(path)})
    with pytest.raises(TableError, match=r"column val_accuracy.*'seed': 2, 'trajectory': 3"):
        gather_stage(run, SETTINGS, "trajectories")
