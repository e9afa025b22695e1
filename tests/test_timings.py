"""The table of wall times adds up what the provenance sidecars say."""

import json
from pathlib import Path

import pytest

from hypersvg.pipeline.timings import timings


def sidecar(path: Path, seconds: float) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"wall_seconds": seconds}), encoding="utf-8")


def test_blocks_of_one_arm_are_added_and_arms_kept_apart(tmp_path: Path) -> None:
    sidecar(tmp_path / "jobs" / "ppo" / "dense" / "seeds-000-005" / "provenance.json", 10.0)
    sidecar(tmp_path / "jobs" / "ppo" / "dense" / "seeds-006-011" / "provenance.json", 20.0)
    sidecar(tmp_path / "jobs" / "ppo" / "fixed" / "seeds-000-005" / "provenance.json", 1.5)
    sidecar(tmp_path / "notebooks" / "toy.provenance.json", 4.0)
    table = timings(tmp_path).set_index(["stage", "arm"])
    assert table.loc[("ppo", "dense")].tolist() == [2, 30.0]
    assert table.loc[("ppo", "fixed")].tolist() == [1, 1.5]
    assert table.loc[("notebooks", "all")].tolist() == [1, 4.0]


def test_a_run_without_provenance_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"holds no provenance\.json"):
        timings(tmp_path)
