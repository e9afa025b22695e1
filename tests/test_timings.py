"""The tables of times add up what the provenance sidecars say, and set it beside the floors."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from hypersvg.pipeline.rates import Rates, Work, rates_of
from hypersvg.pipeline.timings import span, timings, totals, with_floors
from hypersvg.pipeline.timings_document import written_timings
from hypersvg.settings.overlay import validated

JOBS = Path("jobs", "ppo")
HALF_PAST = "2026-01-02T03:30:00.000+00:00"


def sidecar(path: Path, seconds: float, **more: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"wall_seconds": seconds, **more}), encoding="utf-8")


def parts(startup: float, compute: float, write: float, memory: float = 1.0) -> dict[str, float]:
    times = {"startup_seconds": startup, "compute_seconds": compute, "write_seconds": write}
    return {"seconds": startup + compute + write, **times, "cpu_seconds": 2 * compute, "peak_memory_gib": memory}


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Two blocks of one arm, another arm, and a notebook."""
    folder = tmp_path / "results" / "tiny"
    sidecar(folder / JOBS / "dense" / "seeds-000-005" / "provenance.json", **parts(1, 8, 1, 2.0))
    sidecar(folder / JOBS / "dense" / "seeds-006-011" / "provenance.json", **parts(3, 6, 1, 3.0))
    sidecar(folder / JOBS / "fixed" / "seeds-000-005" / "provenance.json", **parts(1, 2, 2, 1.0))
    sidecar(folder / "notebooks" / "toy.provenance.json", **parts(1, 4, 0, 0.5))
    return folder


def test_blocks_of_one_arm_are_added_and_arms_kept_apart(run: Path) -> None:
    table = timings(run).set_index(["stage", "arm"])
    columns = ["jobs", "seconds", "startup_s", "startup_percent", "compute_s", "write_s", "cpu_s", "peak_memory_gib"]
    assert list(table.columns) == columns
    assert table.loc[("ppo", "dense")].tolist() == [2, 20.0, 4.0, 20.0, 14.0, 2.0, 28.0, 3.0]
    assert table.loc[("ppo", "fixed")].tolist() == [1, 5.0, 1.0, 20.0, 2.0, 2.0, 4.0, 1.0]
    assert table.loc[("notebooks", "all")].tolist() == [1, 5.0, 1.0, 20.0, 4.0, 0.0, 8.0, 0.5]


def test_a_stage_and_all_jobs_have_totals_with_the_share_of_the_whole(run: Path) -> None:
    work = {("ppo", "dense"): Work(flop=30 * 10**9), ("ppo", "fixed"): Work(bytes=10 * 10**9)}
    table = totals(with_floors(timings(run), work, Rates(10.0, 10.0))).set_index("stage")
    assert table.loc["ppo", ["jobs", "seconds", "startup_s", "compute_s", "floor_s"]].tolist() == [3, 25, 5, 16, 4]
    assert table.loc["ppo", "startup_percent"] == 20.0
    assert table.loc["ppo", "vs_floor"] == 4.0
    assert table.loc["all jobs", ["jobs", "seconds", "compute_s", "floor_s"]].tolist() == [4, 30, 20, 4]
    assert table.loc["all jobs", "peak_memory_gib"] == 3.0


def test_work_takes_the_longer_of_its_products_and_its_copies() -> None:
    both = Work(flop=10**9, bytes=10**9) * 3 + Work(flop=10**9)
    assert both.seconds(Rates(2.0, 1.0)) == 3.0
    assert both.seconds(Rates(1.0, 1.0)) == 4.0


def test_a_job_reaches_its_threads_share_of_the_products_and_all_of_the_bandwidth(tmp_path: Path) -> None:
    assert rates_of(tmp_path, validated({})) is None
    machine = {"gemm_gflop_per_s": 100.0, "copy_gb_per_s": 10.0, "threads": 4}
    for name in ("benchmarks", "benchmarks-cuda"):
        file = tmp_path / "results" / "reference" / f"{name}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps([{"machine": machine}]), encoding="utf-8")
    assert rates_of(tmp_path, validated({})) == Rates(25.0, 10.0)
    assert rates_of(tmp_path, validated({"run": {"threads": 8}})) == Rates(100.0, 10.0)
    assert rates_of(tmp_path, validated({"run": {"device": "cuda"}})) == Rates(100.0, 10.0)


def test_a_run_lasts_from_its_first_start_to_its_last_finish_and_pauses_are_not_busy(tmp_path: Path) -> None:
    def job(number: int, minute: str, seconds: float) -> None:
        folder = tmp_path / JOBS / "dense" / f"seeds-{number:03d}-{number:03d}"
        sidecar(folder / "provenance.json", seconds, finished=f"2026-01-02T03:{minute}+00:00", machine={"cores": 2})

    job(0, "01:00.000", 60)  # minute 0 to 1
    job(1, "02:00.000", 90)  # 0:30 to 2, beside the first
    job(2, "01:30.000", 30)  # within the second
    job(3, "10:00.500", 60)  # after a pause of seven minutes
    found = span(tmp_path)
    assert found is not None
    assert (found.seconds, found.busy, found.cores) == (600.5, 180.0, (2,))


def test_jobs_of_an_older_version_have_their_wall_time_and_a_sentence(run: Path, tmp_path: Path) -> None:
    sidecar(run / JOBS / "dense" / "seeds-006-011" / "provenance.json", 10.0, finished=HALF_PAST)
    table = timings(run).set_index(["stage", "arm"])
    assert table.loc[("ppo", "dense"), "seconds"] == 20.0
    assert table.loc[("ppo", "dense"), ["startup_s", "startup_percent", "compute_s", "cpu_s"]].isna().all()
    page, numbers = written_timings(tmp_path, run)
    assert "2 jobs (compute: –) are of an older version" in page
    assert "No floors: the run's settings are of another version." in page
    assert len(numbers.splitlines()) == 4


def test_the_document_names_the_rates_of_its_floors_or_the_missing_benchmarks(run: Path, tmp_path: Path) -> None:
    (run / "settings.json").write_text(validated({}).model_dump_json(), encoding="utf-8")
    assert (
        "`results/reference/benchmarks.json` is missing or empty; run `make bench`" in written_timings(tmp_path, run)[0]
    )
    machine = {"gemm_gflop_per_s": 100.0, "copy_gb_per_s": 10.0, "threads": 2}
    benchmarks = tmp_path / "results" / "reference" / "benchmarks.json"
    benchmarks.parent.mkdir()
    benchmarks.write_text(json.dumps([{"machine": machine}]), encoding="utf-8")
    page, numbers = written_timings(tmp_path, run)
    assert "Floors are at 50.0 GFLOP/s" in page
    (tmp_path / "timings.csv").write_text(numbers, encoding="utf-8")
    table = pd.read_csv(tmp_path / "timings.csv").set_index(["stage", "arm"])
    assert (table.loc["ppo", "floor_s"] > 0).all()
    assert table.loc["notebooks", "floor_s"].isna().all()


def test_a_run_without_provenance_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"holds no provenance\.json"):
        timings(tmp_path)
