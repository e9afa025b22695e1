"""Beyond one machine: what a job asks of a cluster, and what must hold before a run is handed to one."""

import math
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import yaml

from hypersvg.pipeline.failures import HypersvgError

PROFILES = Path("workflow/profiles")
SLURM = "slurm"
SQUEUE = ("squeue", "--me", "--noheader", "--format=%i|%k|%Z")
"""Number, comment and folder of the user's waiting and running jobs."""
OURS = "rule_"
"""How the comments begin that the executor plugin gives its jobs, groups among them."""


def minutes(stage: str, scale: str, attempt: int, walltimes: Path) -> int:
    """Wall time [minutes] that a job of a stage asks for, from the measured ``config/walltimes.yaml``.

    A scale that the file does not name counts as the longest that it names; every further attempt gets as much again.
    """
    measured: dict[str, Any] = yaml.safe_load(walltimes.read_text(encoding="utf-8"))
    factors: dict[str, float] = measured["scales"]
    seconds: float = measured["seconds"][stage] * factors.get(scale, max(factors.values())) * measured["safety"]
    return attempt * max(int(measured["at_least"]), math.ceil(seconds / 60))


def memory(gib: float, attempt: int) -> int:
    """Memory [MiB] that a job asks for: ``run.memory_gib``, and half of it more at every further attempt."""
    return int(gib * 1024 * (1 + (attempt - 1) / 2))


def check_profile(profile: str, root: Path) -> None:
    """Raise a sentence for an unknown profile, and for one of Slurm's without Slurm or while jobs of ``root`` live."""
    if executor(root / PROFILES, profile) != SLURM:
        return
    if shutil.which("sbatch") is None:
        raise HypersvgError(
            f"PROFILE={profile} needs Slurm and there is no sbatch here; run it on a login node, or leave PROFILE out"
        )
    alive = living_jobs(root)
    if alive:
        raise HypersvgError(
            f"Slurm still has jobs of a run in this folder ({', '.join(alive)}), which would write the same files; "
            f"wait for them, or end them with: scancel {' '.join(alive)}"
        )


def executor(profiles: Path, profile: str) -> str | None:
    """The executor that a profile names; raises a sentence naming the known profiles for another one."""
    path = profiles / profile / "config.yaml"
    if not path.is_file():
        known = ", ".join(sorted(one.parent.name for one in profiles.glob("*/config.yaml")))
        raise HypersvgError(f"there is no profile '{profile}' in {PROFILES}; known: {known}")
    content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return content.get("executor")


def living_jobs(root: Path) -> list[str]:
    """Numbers of the jobs that an earlier run in ``root`` left in Slurm; raises a sentence where it does not answer."""
    asked = subprocess.run(SQUEUE, capture_output=True, text=True)
    if asked.returncode != 0:
        raise HypersvgError(f"Slurm does not answer: {asked.stderr.strip() or 'squeue failed'}")
    jobs = [line.split("|", 2) for line in asked.stdout.splitlines() if line.count("|") >= 2]
    here = os.path.realpath(root)
    return [number for number, comment, folder in jobs if comment.startswith(OURS) and os.path.realpath(folder) == here]
