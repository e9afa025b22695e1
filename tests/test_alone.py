"""One run at a time; a lock ends with its holder; what a killed run has left is named, ended and cleared."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from hypersvg.pipeline import alone, at_work, failures, locks, orphans
from hypersvg.pipeline.failures import HypersvgError

ROOT = Path(__file__).parents[1]
HOLD = """
import sys, time
from pathlib import Path
from hypersvg.pipeline.locks import acquire
acquire(Path(sys.argv[1]), "snakemake all", print)
print("held", flush=True)
time.sleep(60)
"""
JOB = """
import sys, time
from pathlib import Path
from hypersvg.pipeline.at_work import at_work
from hypersvg.pipeline.failures import explained
with explained(), at_work(Path(sys.argv[1])):
    print("at work", flush=True)
    time.sleep(60)
"""
RUN_OF_A_JOB = """
import subprocess, sys
from pathlib import Path
from hypersvg.pipeline.at_work import own_the_jobs
own_the_jobs(Path(sys.argv[1]))
print(subprocess.Popen([sys.executable, *sys.argv[2:]], stdout=sys.stderr).pid, flush=True)
sys.stdin.read()
"""


def python(code: str, *arguments: object) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.Popen(
        command, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.fixture
def other_run(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A living process that holds the lock of the run in ``tmp_path``."""
    with python(HOLD, tmp_path / alone.LOCK) as process:
        assert line(process) == "held"
        yield process
        process.kill()


@pytest.fixture
def orphan(tmp_path: Path) -> Iterator[psutil.Process]:
    """A job, stopped so that it cannot notice, whose run in ``tmp_path`` was killed."""
    with python(RUN_OF_A_JOB, tmp_path, "-c", "import time; time.sleep(60)", "hypersvg", "job", "toy") as run:
        job = psutil.Process(int(line(run)))
        job.suspend()
        run.kill()
    yield job
    if orphans.is_alive(job):
        job.kill()


def test_a_second_run_says_whom_it_waits_for_and_starts_when_that_one_is_killed(tmp_path, other_run):
    code = "import sys; from pathlib import Path; from hypersvg.pipeline.alone import run_alone\n"
    with python(f"{code}run_alone(Path(sys.argv[1]), ['echo', 'started'])", tmp_path) as second:
        assert second.stderr is not None
        said = second.stderr.readline()
        assert f"another run is at work here (process {other_run.pid}, since " in said
        assert "snakemake all); this one waits until it has ended, Ctrl-C gives up." in said
        assert second.poll() is None
        other_run.kill()
        assert line(second) == "started"


def test_the_program_that_becomes_the_run_keeps_the_lock_and_its_children_do_not(tmp_path):
    code = "import sys; from pathlib import Path; from hypersvg.pipeline.alone import run_alone\n"
    child = "import subprocess, sys; print(subprocess.Popen(['sleep', '60']).pid, flush=True); sys.stdin.read()"
    with python(f"{code}run_alone(Path(sys.argv[1]), [sys.executable, '-c', {child!r}])", tmp_path) as run:
        grandchild = psutil.Process(int(line(run)))
        with pytest.raises(HypersvgError, match=f"another run is at work here .process {run.pid}"):
            locks.acquire(tmp_path / alone.LOCK, "second", alone.refuse)
        run.kill()
    os.close(locks.acquire(tmp_path / alone.LOCK, "third", alone.refuse))
    assert orphans.is_alive(grandchild)
    grandchild.kill()


def test_a_snakemake_without_make_is_refused_beside_another_run(tmp_path, other_run):
    with pytest.raises(HypersvgError, match=r"another run is at work here .*; start again when it has ended"):
        alone.join_or_refuse(tmp_path)


def test_a_snakemake_that_has_the_lock_goes_on(tmp_path):
    descriptor = locks.acquire(tmp_path / alone.LOCK, "snakemake", alone.refuse)
    alone.join_or_refuse(tmp_path)
    os.close(descriptor)


def test_a_lock_whose_file_names_a_living_process_is_free_when_nobody_holds_it(tmp_path):
    path = tmp_path / ".lock"
    path.write_text(f'{{"pid": {os.getppid()}, "host": "here", "since": "then", "doing": "all"}}', encoding="utf-8")
    os.close(locks.acquire(path, "mine", alone.refuse))
    holder = locks.read_holder(path)
    assert holder is not None
    assert (holder.pid, holder.doing) == (os.getpid(), "mine")


def test_who_waited_for_a_file_that_is_gone_takes_the_new_one(tmp_path):
    path = tmp_path / ".lock"
    first = locks.acquire(path, "first", alone.refuse)
    second = os.open(path, os.O_RDWR)
    locks.release(first, path)
    third = locks.acquire(path, "third", alone.refuse)
    assert not locks.is_at(second, path)
    assert locks.is_at(third, path)
    locks.release(third, path)
    assert list(tmp_path.iterdir()) == []


def test_a_disk_without_locks_is_told_and_used(tmp_path, monkeypatch, capsys):
    def unsupported(descriptor: int, operation: int) -> None:
        raise OSError(locks.errno.ENOLCK, "No locks available")

    monkeypatch.setattr(locks.fcntl, "flock", unsupported)
    os.close(locks.acquire(tmp_path / ".lock", "all", alone.refuse))
    assert "this disk has no locks; do not start two runs here at once" in capsys.readouterr().err


def test_a_second_job_on_the_same_output_waits_and_names_the_first(tmp_path):
    output = tmp_path / "seeds-000-001"
    with python(JOB, output) as first:
        assert line(first) == "at work"
        with python(JOB, output) as second:
            assert second.stderr is not None
            assert f"waiting for another job at {output} (process {first.pid}, since " in second.stderr.readline()
            first.kill()
            assert line(second) == "at work"
            second.send_signal(signal.SIGTERM)
    assert list(tmp_path.iterdir()) == []


def test_a_job_ends_with_its_run_and_says_so(tmp_path):
    with python(RUN_OF_A_JOB, tmp_path, "-c", JOB, tmp_path / "output") as run:
        job = psutil.Process(int(line(run)))
        assert run.stderr is not None
        assert run.stderr.readline() == "at work\n"
        run.kill()
        said = run.stderr.readline() + run.stderr.readline()
    assert f"the run that started this job (process {run.pid}) has ended" in said
    assert "interrupted; nothing half-written was kept" in said
    assert orphans.wait([job]) == []
    assert list(tmp_path.iterdir()) == []


def test_a_job_whose_run_is_gone_before_it_starts_does_nothing(tmp_path, monkeypatch, capsys):
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait()
    monkeypatch.setenv(at_work.RUN, f"{gone.pid} {at_work.platform.node()} {tmp_path}")
    with pytest.raises(KeyboardInterrupt), at_work.at_work(tmp_path / "output"):
        pytest.fail("it started")
    assert f"(process {gone.pid}) has ended" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_job_of_a_run_on_another_machine_is_not_ended_from_here(tmp_path, monkeypatch):
    monkeypatch.setenv(at_work.RUN, f"1 another-machine {tmp_path}")
    with at_work.at_work(tmp_path / "output"):
        assert (tmp_path / ".output.lock").exists()


def test_what_a_killed_run_has_left_at_work_is_named_and_ended(tmp_path, orphan, capsys):
    assert orphans.orphans(tmp_path) == [orphan]
    orphans.end_orphans(tmp_path)
    assert not orphans.is_alive(orphan)
    assert f"a run that was killed has left 'job toy' at work (process {orphan.pid}); it is" in capsys.readouterr().err


def test_processes_of_another_checkout_are_left_alone(tmp_path, orphan):
    orphans.end_orphans(tmp_path / "another")
    assert orphans.is_alive(orphan)


def locked(root: Path) -> Path:
    lock = root / ".snakemake" / "locks" / "0.input.lock"
    lock.parent.mkdir(parents=True)
    lock.touch()
    return lock


def test_locks_of_a_killed_snakemake_are_cleared(tmp_path, capsys):
    lock = locked(tmp_path)
    alone.clear_snakemake_locks(tmp_path)
    assert not lock.exists()
    assert "cleared the locks of a run that was killed; it goes on where it stopped." in capsys.readouterr().err


def test_locks_of_a_living_snakemake_stay_until_it_has_ended(tmp_path):
    lock = locked(tmp_path)
    (tmp_path / "snakemake").write_text("import time; time.sleep(60)", encoding="utf-8")
    code = "import sys; from pathlib import Path; from hypersvg.pipeline.alone import clear_snakemake_locks\n"
    with subprocess.Popen([sys.executable, "snakemake"], cwd=tmp_path) as living:
        while not alone.snakemakes_in(tmp_path, {os.getuid()}):
            time.sleep(0.01)
        with python(f"{code}clear_snakemake_locks(Path(sys.argv[1]))", tmp_path) as second:
            assert second.stderr is not None
            assert f"Snakemake is at work here (process {living.pid})" in second.stderr.readline()
            assert lock.exists()
            living.kill()
            living.wait()
            assert second.wait() == 0
    assert not lock.exists()


@pytest.mark.parametrize(
    ("command", "is_one"),
    [
        ("python /venv/bin/snakemake all", True),
        ("/venv/bin/snakemake all", True),
        ("python -m snakemake all", True),
        ("python /venv/bin/hypersvg alone -- /venv/bin/snakemake all", False),
        ("sh -c snakemake", False),
    ],
)
def test_a_run_that_waits_is_no_snakemake_yet(command, is_one):
    assert alone.is_snakemake(command.split()) == is_one


def test_a_folder_without_locks_is_left_alone(tmp_path, capsys):
    alone.clear_snakemake_locks(tmp_path)
    assert capsys.readouterr().err == ""


def test_a_handler_of_sigterm_may_take_a_lock_that_the_main_thread_holds():
    lock, ended = threading.Lock(), threading.Event()

    def end(*received: object) -> None:
        with lock:
            ended.set()

    previous = signal.signal(signal.SIGTERM, end)
    try:
        failures.end_without_deadlock()
        with lock:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(0.1)
            assert not ended.is_set()
        assert ended.wait(60)
    finally:
        signal.signal(signal.SIGTERM, previous)
