"""The clock of a job: its parts add up, and it begins when the process does."""

import json
import subprocess
import sys
import time

import numpy as np
import psutil
import pytest

from hypersvg.pipeline import clock
from hypersvg.pipeline.clock import Clock, age, peak_memory_gib


def test_the_parts_are_the_intervals_between_creation_call_return_and_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter([100.0, 101.5, 111.5, 112.25])
    monkeypatch.setattr(clock.time, "monotonic", lambda: next(now))
    monkeypatch.setattr(clock, "age", lambda: 2.5)
    watch = Clock()
    watch.computing()
    watch.writing()
    spent = watch.spent()
    assert [spent[f"{part}_seconds"] for part in ("startup", "compute", "write", "wall")] == [4.0, 10.0, 0.75, 14.75]


def test_a_clock_is_not_read_before_the_stage_has_returned() -> None:
    watch = Clock()
    watch.computing()
    with pytest.raises(RuntimeError, match="has returned"):
        watch.spent()


def test_a_process_is_as_old_as_psutil_says_to_the_whole_seconds_of_the_boot() -> None:
    assert age() == pytest.approx(time.time() - psutil.Process().create_time(), abs=1.5)


def test_what_happens_before_the_clock_is_made_is_start_up() -> None:
    program = (
        "import json, time; time.sleep(0.25); from hypersvg.pipeline.clock import Clock; c = Clock(); "
        "c.computing(); sum(range(10**6)); c.writing(); print(json.dumps(c.spent()))"
    )
    spent = json.loads(subprocess.run([sys.executable, "-c", program], capture_output=True, check=True).stdout)
    assert spent["startup_seconds"] >= 0.25
    parts = sum(spent[f"{part}_seconds"] for part in ("startup", "compute", "write"))
    assert parts == pytest.approx(spent["wall_seconds"], abs=0.002)
    assert spent["cpu_seconds"] > 0


def test_peak_memory_is_in_gib_and_stays_when_the_memory_is_given_back() -> None:
    np.ones(2**26).sum()
    assert 0.5 <= peak_memory_gib() <= psutil.virtual_memory().total / 2**30
