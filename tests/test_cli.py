"""The command line: one job at a time, and one clear sentence for everything that cannot be done."""

import errno
import json
import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from checkout import ROOT

from hypersvg.experiments.stages import STAGES
from hypersvg.pipeline import failures, jobs
from hypersvg.pipeline.failed import sentence
from hypersvg.pipeline.jobs import Request, run_job
from hypersvg.pipeline.settings_file import write_settings
from hypersvg.schema import TABLES
from hypersvg.settings import Settings
from hypersvg.sidecars import sha256
from hypersvg.tables import read_table

TINY = {"run": {"seeds": 2}, "toy": {"trajectories": 10, "updates": 2, "batch_size": 16}}


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    write_settings(Settings.model_validate(TINY), tmp_path / "settings.json")
    return tmp_path / "settings.json"


def hypersvg(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hypersvg", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, stdin=subprocess.DEVNULL)


def toy(settings: Path, output: Path) -> Request:
    return Request("toy", "all", "000-001", settings, output)


def test_a_job_leaves_its_tables_and_a_sidecar_and_nothing_else(settings, tmp_path):
    run_job(toy(settings, tmp_path / "job"))
    assert sorted(path.name for path in (tmp_path / "job").iterdir()) == [
        "provenance.json",
        "toy_errors.parquet",
        "toy_rollouts.parquet",
    ]
    assert set(read_table(tmp_path / "job" / "toy_errors.parquet", TABLES["toy_errors"])["seed"]) == {0, 1}


def test_the_same_job_twice_gives_the_same_bytes_and_keeps_its_times_in_the_sidecar(settings, tmp_path):
    for name in ("a", "b"):
        run_job(toy(settings, tmp_path / name))
    for table in STAGES["toy"].tables("all"):
        first, second = (tmp_path / name / f"{table}.parquet" for name in ("a", "b"))
        assert first.read_bytes() == second.read_bytes()
    assert json.loads((tmp_path / "a" / "provenance.json").read_text(encoding="utf-8"))["wall_seconds"] > 0


def test_the_sidecar_says_what_the_result_depends_on(settings, tmp_path):
    run_job(toy(settings, tmp_path / "job"))
    sidecar = json.loads((tmp_path / "job" / "provenance.json").read_text(encoding="utf-8"))
    assert set(sidecar) == {
        *("git", "code", "job", "settings", "settings_hash", "lock_hash", "versions", "machine", "device"),
        *("wall_seconds", "startup_seconds", "compute_seconds", "write_seconds", "cpu_seconds", "peak_memory_gib"),
        *("finished", "inputs", "outputs"),
    }
    assert sidecar["job"] == {"stage": "toy", "arm": "all", "seeds": "000-001"}
    assert sidecar["code"]["src/hypersvg/experiments/toy.py"] == sha256(ROOT / "src/hypersvg/experiments/toy.py")
    assert "src/hypersvg/experiments/online.py" not in sidecar["code"]
    assert sidecar["settings"]["toy"]["updates"] == TINY["toy"]["updates"]
    assert sidecar["machine"]["threads"] == Settings().run.threads
    assert {"python", "torch", "numpy", "pandas"} <= set(sidecar["versions"])
    assert set(sidecar["outputs"]) == {"toy_rollouts.parquet", "toy_errors.parquet"}


def test_a_failing_job_leaves_nothing(settings, tmp_path, monkeypatch):
    def broken(spec, arm):
        raise ValueError("no luck")

    monkeypatch.setattr(jobs, "block_settings", broken)
    with pytest.raises(ValueError, match="no luck"):
        run_job(toy(settings, tmp_path / "job"))
    assert list((tmp_path / "job").iterdir()) == []


def test_a_stage_that_makes_other_tables_than_declared_is_refused(settings, tmp_path, monkeypatch):
    monkeypatch.setattr("hypersvg.experiments.toy.run", lambda job: {"curves": pd.DataFrame()})
    with pytest.raises(failures.HypersvgError, match=r"stage toy, arm all made tables \['curves'\]"):
        run_job(toy(settings, tmp_path / "job"))


def test_what_a_killed_job_left_is_swept_and_the_folder_is_empty_at_the_start_and_gone_at_the_end(tmp_path):
    (tmp_path / jobs.PARTIAL).mkdir()
    (tmp_path / jobs.PARTIAL / "half.parquet").touch()
    with jobs.fresh_folder(tmp_path) as folder:
        assert list(folder.iterdir()) == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["job", "tpo", "--arm", "all", "--seeds", "0-1"], "unknown stage 'tpo'; known: toy"),
        (["job", "toy", "--arm", "some", "--seeds", "0-1"], "unknown arm 'some' of stage toy; known: all"),
        (["job", "toy", "--arm", "all", "--seeds", "1-0"], "--seeds 1-0 is no block of seeds"),
        (["job", "online", "--arm", "adaptive", "--seeds", "0-1"], "this stage needs --images"),
        (["gather", "toy", "curves", "x.parquet"], "stage 'toy' has no table 'curves'"),
        (["gather", "toy", "toy_errors", "x.parquet"], "provenance.json is missing"),
    ],
)
def test_a_bad_command_ends_in_one_sentence(settings, tmp_path, arguments, words):
    done = hypersvg(*arguments, "--settings", settings, "--output", tmp_path / "out")
    assert done.returncode != 0
    assert words in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["preflight", "--config", "scale=huge"], "unknown scale 'huge'"),
        (["preflight", "--config", "scale=smoke", "fig_9_99"], "unknown stage or exhibit 'fig_9_99'"),
        (["preflight", "--cores", "many"], "--cores"),
        (["preflight", "--profile", "nowhere"], "no profile 'nowhere' in workflow/profiles; known: default, slurm"),
        (["compare", "no-such-run", "default"], "no-such-run"),
        (["paint"], "paint"),
    ],
)
def test_a_bad_request_ends_in_one_sentence(arguments, words):
    done = hypersvg(*arguments)
    assert done.returncode != 0
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert words in done.stderr


def test_missing_and_damaged_settings_are_named(tmp_path):
    arguments = ["job", "toy", "--arm", "all", "--seeds", "0-1", "--output", tmp_path / "out", "--settings"]
    assert "there is no" in hypersvg(*arguments, tmp_path / "none.json").stderr
    (tmp_path / "damaged.json").write_text('{"run": ', encoding="utf-8")
    assert "damaged.json is damaged" in hypersvg(*arguments, tmp_path / "damaged.json").stderr


def said(error: BaseException, capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as end, failures.explained():
        raise error
    assert end.value.code != 0
    return capsys.readouterr().err.splitlines()[-1]


def test_a_full_disk_is_named(capsys):
    assert "the disk is full while writing a.parquet" in said(OSError(errno.ENOSPC, "full", "a.parquet"), capsys)


def test_an_unreadable_file_is_named(capsys):
    assert "Permission denied: b.npy" in said(PermissionError(errno.EACCES, "Permission denied", "b.npy"), capsys)


def test_too_little_memory_says_what_to_lower(capsys):
    assert "run.memory_gib" in said(MemoryError(), capsys)


def test_an_unexpected_error_keeps_its_traceback_before_the_sentence(capsys):
    with pytest.raises(SystemExit), failures.explained():
        raise ZeroDivisionError("by zero")
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("Traceback")
    assert "unexpected ZeroDivisionError: by zero" in lines[-1]


def heeds_interrupts() -> None:
    """In the child: SIGINT ends it even where this suite runs in the background of a shell, which ignores SIGINT."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def until_said(process: subprocess.Popen[str], words: str) -> None:
    """Return when ``words`` stand on the process's standard error, here: when its training has begun."""
    heard = ""
    while not heard.endswith(words):
        heard += (one := process.stderr.read(1))
        assert one, f"ended before it said '{words}': {heard}"


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_job_says_so_and_leaves_nothing(tmp_path, how):
    long = {**TINY, "toy": {"updates": 1_000_000}}
    write_settings(Settings.model_validate(long), tmp_path / "settings.json")
    output = tmp_path / "job"
    command = [sys.executable, "-m", "hypersvg", "job", "toy", "--arm", "all", "--seeds", "0-1"]
    command += ["--settings", str(tmp_path / "settings.json"), "--output", str(output)]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True, preexec_fn=heeds_interrupts) as job:
        until_said(job, "toy: ")
        job.send_signal(how)
        _, stderr = job.communicate(timeout=60)
    assert job.returncode == failures.INTERRUPTED
    assert "hypersvg: interrupted" in stderr
    assert list(output.iterdir()) == []


def test_a_failed_run_points_to_the_log_of_its_job(tmp_path):
    job_log, run_log = tmp_path / "job.log", tmp_path / "run.log"
    job_log.write_text("toy: 50%\nhypersvg: the cat sat on it\n", encoding="utf-8")
    run_log.write_text(
        f"Error in rule toy_job:\n    log: {job_log} (check log file(s) for details)\n", encoding="utf-8"
    )
    assert sentence([str(run_log)]).startswith(f"hypersvg: the cat sat on it [{job_log}]")


def test_a_job_that_was_killed_is_said_to_have_been(tmp_path):
    job_log, run_log = tmp_path / "job.log", tmp_path / "run.log"
    job_log.write_text("toy: 50%", encoding="utf-8")
    run_log.write_text(f"    log: {job_log} (check log file(s) for details)\n", encoding="utf-8")
    assert "killed" in sentence([str(run_log)])
    assert "the run ended early" in sentence([])
