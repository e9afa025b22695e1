"""The file of a checkpoint: states to the last bit, never half-written, seldom enough."""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
import torch
from pandas.testing import assert_frame_equal

from hypersvg.experiments.checkpoint import Checkpoint
from hypersvg.pipeline import checkpoints, state_file
from hypersvg.pipeline.checkpoints import FileCheckpoint


def test_a_kill_while_a_checkpoint_is_written_leaves_the_one_before(tmp_path, monkeypatch) -> None:
    path = tmp_path / "kept.safetensors"
    state_file.write_state(path, {"step": 1})

    def half(tensors: object, partial: Path, metadata: object) -> None:
        partial.write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(state_file, "save_file", half)
    with pytest.raises(KeyboardInterrupt):
        state_file.write_state(path, {"step": 2})
    assert state_file.read_state(path) == {"step": 1}


def test_a_disk_that_a_checkpoint_would_fill_is_left_to_the_results(tmp_path, monkeypatch, capsys) -> None:
    checkpoint, state = FileCheckpoint(tmp_path / "job.safetensors", 0, dict), {"parts": [], "work": torch.zeros(1000)}
    monkeypatch.setattr(checkpoints.shutil, "disk_usage", lambda folder: SimpleNamespace(free=7999))
    checkpoint.save(state)
    assert not checkpoint.path.exists()
    assert f"{checkpoint.path} was not saved (the disk has less than" in capsys.readouterr().err
    monkeypatch.setattr(checkpoints.shutil, "disk_usage", lambda folder: SimpleNamespace(free=8000))
    checkpoint.save(state)
    assert checkpoint.path.exists()


def test_what_dead_processes_had_half_written_is_swept(tmp_path) -> None:
    with subprocess.Popen([sys.executable, "-c", "pass"]) as dead:
        dead.wait()
    living = os.getppid()
    for pid in (dead.pid, living):
        (tmp_path / f".job.safetensors.{pid}.partial").touch()
    FileCheckpoint(tmp_path / "job.safetensors", 5, dict).opened()
    assert [path.name for path in tmp_path.iterdir()] == [f".job.safetensors.{living}.partial"]


def tensors(state: dict[str, Any]) -> list[torch.Tensor]:
    return [*state["weights"], *state["views"].values()]


def test_a_state_comes_back_to_the_last_bit(tmp_path) -> None:
    frame = pd.DataFrame({"name": ["a", "b"], "value": [0.1 + 0.2, float("nan")], "count": [1, 2**53 + 1]})
    weights = torch.tensor([[1e-45, -0.0], [float("inf"), float("nan")]])
    state = {
        "numbers": [0.1 + 0.2, 5e-324, 2**80, True, None, "ξ"],
        "weights": [weights, weights, torch.zeros(0, 3), torch.tensor(7.0)],
        "views": {"columns": weights.t(), "flags": torch.tensor([True, False]), "bytes": torch.arange(5).byte()},
        "table": frame,
    }
    state_file.write_state(tmp_path / "state", state)
    back = state_file.read_state(tmp_path / "state")
    assert back["numbers"] == state["numbers"]
    assert_frame_equal(back["table"], frame, check_exact=True)
    for one, other in zip(tensors(state), tensors(back), strict=True):
        assert (one.dtype, one.shape) == (other.dtype, other.shape)
        assert one.numpy().tobytes() == other.numpy().tobytes()
    with pytest.raises(TypeError, match=r"a set \(state/odd\) cannot be part of a state"):
        state_file.write_state(tmp_path / "state", {"odd": {1}})
    with pytest.raises(TypeError, match=r"the key 1 \(state/odd\) cannot be part of a state"):
        state_file.write_state(tmp_path / "state", {"odd": {1: 2}})


def test_checkpoints_take_a_twentieth_of_the_time_at_most(tmp_path, monkeypatch) -> None:
    clock = {"now": 0.0}
    monkeypatch.setattr(checkpoints.time, "monotonic", lambda: clock["now"])
    monkeypatch.setattr(checkpoints, "write_state", lambda path, state: clock.update(now=clock["now"] + 30))
    checkpoint = FileCheckpoint(tmp_path / "job.safetensors", 5, dict)
    saved = []
    for second in range(2000):
        clock["now"] = float(max(second, clock["now"]))
        if checkpoint.due():
            saved.append(clock["now"])
            checkpoint.offer({})
    assert saved == [300, 330 + 600, 960 + 600]


def test_a_job_without_a_file_keeps_nothing() -> None:
    assert not Checkpoint().due()
    assert Checkpoint().opened() == ([], {})
