"""While jobs wait for others to end, Snakemake waits too."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SNAKEFILE = """
import threading
from hypersvg.pipeline import scheduler

rule all:
    input:
        [f"{{number}}.made" for number in range(6)],

rule one:
    output:
        "{{number}}.made",
    shell:
        "touch {{output}}"

onstart:
    {onstart}

onsuccess:
    print("timers:", sum(isinstance(thread, threading.Timer) for thread in threading.enumerate()))
"""


def timers_after_a_run(folder: Path, onstart: str) -> int:
    """Looks that Snakemake has still planned when its six jobs, one at a time, have ended."""
    (folder / "Snakefile").write_text(SNAKEFILE.format(onstart=onstart), encoding="utf-8")
    environment = {**os.environ, "XDG_CACHE_HOME": str(folder / "cache")}
    command = [sys.executable, "-m", "snakemake", "--cores", "1"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert len(list(folder.glob("*.made"))) == 6
    (line,) = [line for line in (done.stdout + done.stderr).splitlines() if line.startswith("timers:")]
    return int(line.split()[1])


@pytest.mark.slow
def test_snakemake_looks_for_jobs_only_when_one_has_ended(tmp_path):
    assert timers_after_a_run(tmp_path, "scheduler.look_when_a_job_ends(workflow)") == 0


@pytest.mark.slow
def test_snakemake_as_it_comes_plans_a_look_a_second_for_every_ended_job(tmp_path):
    """Where this fails, Snakemake has mended it, and `hypersvg.pipeline.scheduler` can go."""
    assert timers_after_a_run(tmp_path, "pass") > 1


def test_a_snakemake_without_such_a_limit_is_left_as_it_is():
    from hypersvg.pipeline.scheduler import look_when_a_job_ends

    class Bare:
        scheduler = object()

    look_when_a_job_ends(Bare())
    look_when_a_job_ends(object())
