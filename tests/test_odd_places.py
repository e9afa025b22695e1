"""Odd places: a path with spaces and letters beyond ASCII, no HOME or one that cannot be written."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from checkout import ROOT, Checkout
from synthetic_run import write_run

from hypersvg.pipeline.notebooks import run_notebook

pytestmark = pytest.mark.workflow


def environment_in(checkout: Checkout) -> None:
    """A ``.venv`` for the copy: this interpreter's tools, under a stamp that says it is up to date."""
    shutil.copy(ROOT / "pyproject.toml", checkout.folder)
    venv = checkout.folder / ".venv"
    venv.mkdir()
    (venv / "bin").symlink_to(Path(sys.executable).parent)
    files = ("envs/lock.txt", "envs/lock-dev.txt", "pyproject.toml")
    joined = b"".join((checkout.folder / name).read_bytes() for name in files)
    stamp = subprocess.run(["cksum"], input=joined, capture_output=True, check=True).stdout
    (venv / ".locks").write_bytes(stamp)


def test_a_light_stage_is_planned_and_run_by_make_in_a_path_with_spaces_and_umlauts(tmp_path):
    folder = tmp_path / "Größe und Maß (ñ, 数)"
    folder.mkdir()
    checkout = Checkout(folder)
    environment_in(checkout)
    planned = checkout.run("make", "plan", "SCALE=smoke")
    assert planned.returncode == 0, planned.stdout + planned.stderr
    assert "toy_job" in planned.stdout + planned.stderr
    done = checkout.run("make", "toy", "SCALE=smoke", "CORES=1")
    assert done.returncode == 0, done.stdout + done.stderr
    tables = folder / "results" / "smoke" / "tables"
    assert sorted(path.name for path in tables.glob("*.parquet")) == ["toy_errors.parquet", "toy_rollouts.parquet"]
    for rows in ("WHERE=seed=0 model=imitation", "ROW=1"):
        asked = checkout.run("make", "provenance", "SCALE=smoke", "TABLE=toy_errors", rows)
        assert asked.returncode == 0, asked.stdout + asked.stderr
        assert "results/smoke/jobs/toy/all/" in asked.stdout


def test_a_notebook_runs_without_a_home_that_can_be_written(tmp_path, monkeypatch):
    no_home(tmp_path, monkeypatch, "a file")
    results = write_run(tmp_path / "smoke", stand_in=True, run={"seeds": 2})
    run_notebook(ROOT / "notebooks" / "toy.ipynb", results)
    assert (results / "exhibits" / "fig_4_01.png").is_file()


@pytest.mark.parametrize("home", ["unset", "a file"])
def test_a_stage_runs_without_a_home(tmp_path, monkeypatch, home):
    folder = tmp_path / "checkout"
    folder.mkdir()
    checkout = Checkout(folder)
    environment_in(checkout)
    no_home(tmp_path, monkeypatch, home)
    done = checkout.run("make", "data", "SCALE=smoke", "CORES=1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (folder / "results" / "smoke" / "data" / "images.safetensors").is_file()
    assert (folder / ".snakemake" / "cache" / "snakemake").is_dir()


def no_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    """Take HOME away, or make it a file, below which root cannot write either."""
    for name in [name for name in os.environ if name.startswith(("XDG_", "JUPYTER_", "MPL", "IPYTHON"))]:
        monkeypatch.delenv(name)
    if how == "unset":
        monkeypatch.delenv("HOME", raising=False)
        return
    home = tmp_path / "no home"
    home.write_bytes(b"")
    monkeypatch.setenv("HOME", str(home))
