"""A smoke run through Slurm with a job cancelled on the way, beside a local run; and the transcript of both."""

import hashlib
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

from checkout import ROOT, Checkout

SETUP = ROOT / "tests" / "slurm" / "setup.sh"
RUN = Path("results", "smoke")
PROFILE = "workflow/profiles/slurm"
THIS_SLURM = (
    *("--slurm-status-command", "squeue"),  # it has no accounting to ask
    *("--slurm-init-seconds-before-status-checks", "3"),
    *("--seconds-between-status-checks", "5"),
    "--slurm-keep-successful-logs",
)
"""What this Slurm needs and a user's does not."""
VICTIM = "rule_online_job_wildcards_smoke_adaptive_000_001"
VICTIM_LOG = RUN / "logs" / "online" / "adaptive-seeds-000-001.log"
TIMED = ("runtimes",)
"""Tables that hold times."""


def setup(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["sh", str(SETUP), *arguments], capture_output=True, text=True)


@dataclass(frozen=True)
class Job:
    """A line of squeue."""

    number: str
    state: str
    comment: str
    cpus: str
    memory: str
    limit: str

    @property
    def what(self) -> str:
        """Rule and wildcards, of a group its first rules."""
        return self.comment.removeprefix("rule_").replace("_wildcards_smoke", "").replace("_wildcards", "")


def queue() -> list[Job]:
    """All jobs that Slurm still knows, in the order of submission."""
    asked = ["squeue", "--states=all", "--noheader", "--sort=i", "--format=%i|%T|%k|%C|%m|%l"]
    lines = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.splitlines()
    return [Job(*line.split("|")) for line in lines]


def real_checkout(folder: Path) -> Checkout:
    """A checkout with its real notebooks."""
    folder.mkdir()
    checkout = Checkout(folder)
    for notebook in (ROOT / "notebooks").glob("*.ipynb"):
        shutil.copy(notebook, folder / "notebooks")
    return checkout


def environment(checkout: Checkout, **variables: str) -> dict[str, str]:
    """This environment, with the checkout's sources and this interpreter's tools first."""
    sources = os.pathsep.join(filter(None, (str(checkout.folder / "src"), os.environ.get("PYTHONPATH"))))
    tools = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return {**os.environ, "PYTHONPATH": sources, "PATH": tools, **variables}


def snakemake(checkout: Checkout, log: Path, *arguments: str, **variables: str) -> subprocess.Popen[bytes]:
    """Snakemake in the checkout, what it says in ``log``."""
    with log.open("wb") as said:
        return subprocess.Popen(
            [sys.executable, "-m", "snakemake", *arguments],
            cwd=checkout.folder,
            env=environment(checkout, **variables),
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
        )


@dataclass
class Proof:
    """What two runs of the smoke scale left, and what happened on the way of the one through Slurm."""

    folder: Path
    cancelled: str = ""
    refused: str = ""
    jobs: list[Job] = field(default_factory=list)
    status: dict[str, int] = field(default_factory=dict)

    def said(self, name: str) -> str:
        """What the Snakemake of a run said."""
        return (self.folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")

    def job_logs(self) -> list[str]:
        """What the Snakemakes inside the Slurm jobs said."""
        logs = sorted((self.folder / "slurm" / ".snakemake" / "slurm_logs").rglob("*.log"))
        return [log.read_text(encoding="utf-8", errors="replace") for log in logs]

    def tables(self, name: str) -> dict[str, str]:
        """SHA-256 of every gathered table, and of every job's, but for those that hold times."""
        run = self.folder / name / RUN
        paths = sorted([*run.glob("tables/*.parquet"), *run.glob("jobs/**/*.parquet")])
        return {
            str(path.relative_to(run)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in paths
            if path.stem not in TIMED
        }

    def attempts(self) -> list[Job]:
        """The Slurm jobs of the cancelled job, first to last."""
        return [job for job in self.jobs if job.comment == VICTIM]


def prove(folder: Path) -> Proof:
    """Run locally and through Slurm, cancel a job there in the middle, and try to start a second run meanwhile."""
    proof = Proof(folder)
    local, cluster = real_checkout(folder / "local"), real_checkout(folder / "slurm")
    wanted = ("all", "--config", "scale=smoke")
    with (
        snakemake(local, folder / "local.log", *wanted, "--cores", "2") as here,
        snakemake(cluster, folder / "slurm.log", *wanted, "--workflow-profile", PROFILE, *THIS_SLURM) as there,
    ):
        try:
            proof.cancelled = cancel_in_the_middle(cluster, there)
            proof.refused = second_run(cluster)
            proof.status.update(slurm=there.wait(), local=here.wait())
        finally:
            here.terminate()
            there.terminate()
    proof.jobs = queue()
    return proof


def cancel_in_the_middle(checkout: Checkout, running: subprocess.Popen[bytes]) -> str:
    """Cancel the victim once it computes; its number, or nothing where the run ended before."""
    while running.poll() is None:
        found = [job for job in queue() if job.comment == VICTIM and job.state == "RUNNING"]
        if found and (checkout.folder / VICTIM_LOG).is_file():
            subprocess.run(["scancel", found[0].number], check=True)
            return found[0].number
        time.sleep(0.5)
    return ""


def second_run(checkout: Checkout) -> str:
    """What `make replicate PROFILE=slurm` says while the first run's jobs are there."""
    command = [sys.executable, "-m", "hypersvg", "preflight", "--profile", "slurm", "--config", "scale=smoke"]
    done = subprocess.run(
        command, cwd=checkout.folder, env=environment(checkout), capture_output=True, text=True, check=False
    )
    return done.stderr if done.returncode else ""


def transcript(proof: Proof) -> str:
    """The page of a finished proof."""
    slurm = subprocess.run(["sbatch", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    names = ("snakemake", "snakemake-executor-plugin-slurm", "snakemake-executor-plugin-slurm-jobstep", "torch")
    tables = proof.tables("slurm")
    gathered = {name: digest for name, digest in tables.items() if name.startswith("tables/")}
    rows = [(job.number, job.what, job.cpus, job.memory, job.limit, job.state) for job in proof.jobs]
    return PAGE.format(
        versions=", ".join([slurm, *(f"{name} {version(name).split('+')[0]}" for name in names)]),
        jobs="\n".join(f"| {' | '.join(row)} |" for row in rows),
        cancelled=proof.cancelled,
        again=proof.attempts()[-1].number,
        refused=" ".join(proof.refused.split()),
        tables=len(tables),
        gathered=len(gathered),
        digests="\n".join(f"    {digest[:16]}  {name}" for name, digest in gathered.items()),
    )


PAGE = """\
# The smoke run through Slurm

Written by `make test-slurm` (`tests/test_slurm.py`), which sets up a Slurm of one node with two CPUs, runs the scale
smoke there and locally, and cancels a job in the middle of its work.

Versions: {versions}.

## Jobs submitted

| Slurm job | what | CPUs | memory | time limit | ended as |
|---:|:---|---:|---:|---:|:---|
{jobs}

`exhibits` is one Slurm job for all that gathers, draws and judges.

## The cancelled job

`scancel {cancelled}` while it computed: its work was submitted again as job {again}, with more memory and time, and
the run went on to its end by itself.

A second run in the same folder, asked for meanwhile, was refused:

> {refused}

## Comparison with the local run

All {tables} tables have the same bytes in both runs, {gathered} gathered ones and those of every job. Left out is
`runtimes`, which holds times. SHA-256 of the gathered ones, first 16 digits:

{digests}
"""
