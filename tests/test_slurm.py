"""The smoke scale through a real Slurm of one node: the numbers of a local run, whatever happens to a job.

Deselected by default; `make test-slurm` runs it as root on Debian and writes results/reference/slurm.md.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from checkout import ROOT, Checkout
from slurm_run import PROFILE, THIS_SLURM, Proof, prove, setup, snakemake, transcript

pytestmark = pytest.mark.slurm
ESTIMATE = "a whole run takes about"


@pytest.fixture(scope="module")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A Slurm of one node, for as long as the tests of this module run."""
    installed = setup("install")
    if installed.returncode != 0:
        pytest.skip(installed.stderr.strip())
    folder = str(tmp_path_factory.mktemp("slurm") / "node")
    started = setup("up", folder)
    try:
        assert started.returncode == 0, started.stderr
        yield
    finally:
        setup("down", folder)


@pytest.fixture(scope="module")
def proof(slurm: None, tmp_path_factory: pytest.TempPathFactory) -> Proof:
    """Two runs of the smoke scale, one of them through Slurm."""
    proof = prove(tmp_path_factory.mktemp("runs"))
    assert proof.status == {"local": 0, "slurm": 0}, proof.said("local") + proof.said("slurm")
    return proof


def test_the_tables_of_both_runs_are_the_same_bytes(proof):
    local, cluster = proof.tables("local"), proof.tables("slurm")
    assert len(local) > 40
    assert cluster == local


def mib(memory: str) -> float:
    """Squeue's 1500M or 7.50G."""
    return float(memory[:-1]) * {"M": 1, "G": 1024}[memory[-1]]


def test_a_cancelled_job_is_submitted_again_with_more_time_and_memory(proof):
    first, *_, last = proof.attempts()
    assert (first.number, first.state, last.state) == (proof.cancelled, "CANCELLED", "COMPLETED")
    assert mib(last.memory) > mib(first.memory)
    assert last.limit > first.limit
    assert "Trying to restart job" in proof.said("slurm")


def test_all_small_jobs_of_the_run_are_one_slurm_job(proof):
    groups = [job for job in proof.jobs if "exhibits" in job.comment]
    assert len(groups) == 1
    assert int(groups[0].cpus) == 2
    rules = re.findall(r"^    rule (\w+):", proof.said("slurm"), re.MULTILINE)
    assert {"gather_online_curves", "notebook_toy", "claims"} <= set(rules)


def test_every_job_went_through_slurm(proof):
    assert len(proof.jobs) == len({job.number for job in proof.jobs}) >= 25
    assert all(job.state == "COMPLETED" for job in proof.jobs if job.number != proof.cancelled)


def test_no_job_writes_the_settings_or_the_estimate_again(proof):
    assert proof.said("slurm").count(ESTIMATE) == 1
    assert len(proof.job_logs()) == len(proof.jobs)
    assert not any(ESTIMATE in said for said in proof.job_logs())


def test_a_second_run_is_refused_while_jobs_of_the_first_live(proof):
    assert "Slurm still has jobs of a run in this folder" in proof.refused
    assert "scancel" in proof.refused


def test_the_environment_of_the_user_reaches_the_jobs(slurm, tmp_path):
    (tmp_path / "checkout").mkdir()
    checkout = Checkout(tmp_path / "checkout")
    (checkout.folder / "Snakefile").write_text('rule all:\n    output: "seen"\n    shell: "env > {output}"\n')
    wanted = {"HYPERSVG_DATA": "/somewhere/data", "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}
    with snakemake(
        checkout, tmp_path / "log", "--workflow-profile", PROFILE, "-s", "Snakefile", *THIS_SLURM, **wanted
    ) as running:
        assert running.wait() == 0, (tmp_path / "log").read_text(encoding="utf-8")
    seen = (checkout.folder / "seen").read_text(encoding="utf-8").splitlines()
    assert {f"{name}={value}" for name, value in wanted.items()} <= set(seen)
    assert any(line.startswith("SLURM_JOB_ID=") for line in seen)


def test_the_transcript_names_neither_this_machine_nor_its_paths(proof):
    page = transcript(proof)
    assert os.uname().nodename not in re.findall(r"[\w-]+", page)
    assert str(proof.folder) not in page
    assert str(ROOT) not in page
    if "TRANSCRIPT" in os.environ:
        Path(os.environ["TRANSCRIPT"]).write_text(page, encoding="utf-8")
