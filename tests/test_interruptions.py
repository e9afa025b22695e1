"""A run that is killed, whatever is killed and whenever, goes on by itself and ends with the same bytes."""

import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from checkout import Checkout
from interruptions import KILLS, PATIENCE, Ordeal, differing, start
from micro import write_micro

pytestmark = pytest.mark.workflow
TIMES = 3 * len(KILLS)


FULL_DISK = """
set -eu
mount -t tmpfs -o size=200m tmpfs "$1"
cp -r . "$1/checkout"
cd "$1/checkout"
export PYTHONPATH="$1/checkout/src"
$2 2>&1 & run=$!
until [ -e results/micro/logs/data.log ]; do sleep 0.1; done
cat /dev/zero 2>/dev/null >"$1/filler" || :
if wait $run; then echo "the run on the full disk succeeded" >&2; exit 1; fi
rm "$1/filler"
echo "=== room again"
$2 2>&1
cp -r results/micro "$3"
"""
"""A run on a disk of 200 MB that is filled at its first job. Arguments: a folder, the run, where its results go."""


KILL_ONCE = """\
            if path.name == "{file}" and not Path("killed").exists():
                Path("killed").touch()
                os.killpg(0, 9)
"""
"""For the sources of a checkout: a job takes its whole run with it when this file has just got its name."""


def can_mount() -> bool:
    """Whether a small disk can be mounted, by root or in a namespace of one's own."""
    try:
        with tempfile.TemporaryDirectory() as folder:
            command = ["unshare", "-Urm", "mount", "-t", "tmpfs", "tmpfs", folder]
            return subprocess.run(command, capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


@pytest.fixture
def subject(tmp_path: Path) -> Ordeal:
    """Figure 4.1 of a tiny run: images, six toy jobs, their tables, one notebook."""
    checkout = Checkout(tmp_path / "checkout")
    write_micro(checkout)
    micro = checkout.folder / "config" / "scales" / "micro.yaml"
    micro.write_text(micro.read_text(encoding="utf-8").replace("seed_block: 2", "seed_block: 1"), encoding="utf-8")
    results = checkout.folder / "results" / "micro"
    return Ordeal(checkout, "fig_4_01", {"SCALE": "micro", "SEEDS": 6}, results, tmp_path)


def test_a_run_killed_at_random_moments_ends_with_the_bytes_of_an_uninterrupted_one(subject):
    subject.measure()
    subject.endure(TIMES, seed=20)
    assert {one.kind for one in subject.happened} == set(KILLS)
    assert any(one.left for one in subject.happened)
    assert (subject.unnamed(), subject.remaining, subject.differing) == ([], [], [])


@pytest.mark.parametrize(("file", "there"), [("toy_rollouts.parquet", 1), ("provenance.json", 3)])
def test_a_job_killed_after_one_or_all_of_its_files_are_in_place_is_made_again(subject, file, there):
    code = subject.checkout.folder / "src" / "hypersvg" / "pipeline" / "jobs.py"
    line = "            path.replace(request.output / path.name)\n"
    text = code.read_text(encoding="utf-8")
    assert line in text
    code.write_text(text.replace(line, line + KILL_ONCE.format(file=file)), encoding="utf-8")
    subject.goal, subject.variables = "toy", {"SCALE": "micro", "SEEDS": 1}
    assert subject.status(subject.begin()) == -signal.SIGKILL
    output = subject.results / "jobs" / "toy" / "all" / "seeds-000-000"
    half = {path: path.stat().st_mtime_ns for path in output.iterdir() if path.is_file()}
    assert len(half) == there
    subject.require_end(subject.begin())
    assert len(list(output.iterdir())) == 3
    assert all(path.stat().st_mtime_ns > before for path, before in half.items())


def test_of_two_runs_at_once_the_second_says_so_waits_and_finds_everything_done(subject, tmp_path):
    logs = [tmp_path / "one.log", tmp_path / "two.log"]
    runs = [start(subject.checkout, "data", log, SCALE="micro") for log in logs]
    assert [run.wait(PATIENCE) for run in runs] == [0, 0]
    first, second = sorted((log.read_text(encoding="utf-8") for log in logs), key=lambda text: "waits" in text)
    assert "another run is at work here" not in first
    assert "rule images" in first
    assert "this one waits until it has ended" in second
    assert "Nothing to be done" in second


@pytest.mark.skipif(not can_mount(), reason="this machine does not let its users mount a small disk (unshare -Urm)")
def test_a_run_on_a_full_disk_says_so_and_goes_on_when_there_is_room(subject, tmp_path):
    subject.goal, subject.variables = "trajectories", {"SCALE": "micro", "SEEDS": 1}
    subject.measure()
    disk = tmp_path / "disk"
    disk.mkdir()
    make = f"make -o environment trajectories SCALE=micro SEEDS=1 VENV={sys.prefix}"
    done = subject.checkout.run(
        "unshare", "-Urm", "sh", "-c", FULL_DISK, "sh", str(disk), make, str(tmp_path / "again")
    )
    assert done.returncode == 0, done.stdout + done.stderr
    full, _, again = done.stdout.partition("=== room again")
    assert "is full; free some space" in full or "the disk is full" in full
    assert "is full" not in again
    assert differing(subject.uninterrupted, tmp_path / "again") == []
