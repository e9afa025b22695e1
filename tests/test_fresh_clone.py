"""Results and records brought into a fresh clone are as good as made there: a real run, planned again elsewhere."""

import os
import shutil
import sys
from pathlib import Path

import pytest
from checkout import Checkout
from micro import write_micro

pytestmark = [pytest.mark.slow, pytest.mark.workflow]
TARGETS = ("offline", "fig_4_01")
MEGABYTE = 1_000_000


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout after a real run of two targets."""
    checkout = Checkout(tmp_path_factory.mktemp("ran"))
    write_micro(checkout)
    done = checkout.snakemake(*TARGETS, "--cores", "2", "--config", "scale=micro")
    assert done.returncode == 0, done.stderr
    return checkout


@pytest.fixture(scope="module")
def restored(ran: Checkout, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """Its results and records in a newer checkout, the files that were made first with the newest times."""
    checkout = Checkout(tmp_path_factory.mktemp("restored clone"))
    write_micro(checkout)
    for folder in ("results", ".snakemake/metadata"):
        shutil.copytree(ran.folder / folder, checkout.folder / folder)
    for path in checkout.folder.rglob("*"):
        os.utime(path)
    files = [path for path in (ran.folder / "results").rglob("*") if path.is_file()]
    for age, path in enumerate(sorted(files, key=lambda path: path.stat().st_mtime_ns)):
        restored_at = (ran.folder / "Snakefile").stat().st_mtime + 1000 - age
        os.utime(checkout.folder / path.relative_to(ran.folder), (restored_at, restored_at))
    return checkout


def test_the_run_has_inputs_above_and_below_a_megabyte(ran):
    results = ran.folder / "results" / "micro"
    (states,) = results.rglob("states.npy")
    assert states.stat().st_size > MEGABYTE
    assert (results / "data" / "images.safetensors").stat().st_size > MEGABYTE
    assert (results / "tables" / "offline_runs.parquet").stat().st_size < MEGABYTE


def test_the_run_itself_leaves_nothing_to_do(ran):
    assert ran.plan(*TARGETS, scale="micro") == {}


def test_restored_results_are_up_to_date_whatever_their_times(restored):
    images, states = times(restored.folder, "images.safetensors"), times(restored.folder, "states.npy")
    assert images > states > times(restored.folder, "offline_curves.parquet")
    assert restored.plan(*TARGETS, scale="micro") == {}


def test_a_change_in_the_fresh_clone_reruns_what_it_concerns(restored):
    path = restored.folder / "src/hypersvg/experiments/offline.py"
    path.write_text(path.read_text(encoding="utf-8") + "\n# changed\n", encoding="utf-8")
    plan = restored.plan(*TARGETS, scale="micro")
    assert plan["offline_job"] == 1
    assert not {"images", "trajectories_job", "toy_job", "notebook_toy"} & set(plan)
    done = restored.run(sys.executable, "-m", "hypersvg", "why", "offline", "--config", "scale=micro")
    assert "offline would run again (1 job): src/hypersvg/experiments/offline.py changed since" in done.stdout


def times(folder: Path, name: str) -> float:
    """Modification time of the one result of a name among the data and the jobs."""
    (path,) = [path for path in (folder / "results" / "micro").rglob(name) if "tables" not in path.parts]
    return path.stat().st_mtime
