"""Gathered tables are complete, or the missing row is named."""

import json
from pathlib import Path

import pandas as pd
import pytest
from synthetic_jobs import record
from synthetic_run import tables

from hypersvg.experiments.stages import STAGES, TABLE_FILES, block_settings, stages_of
from hypersvg.pipeline.failures import HypersvgError
from hypersvg.pipeline.gather import check_complete, gather
from hypersvg.pipeline.settings_file import write_settings
from hypersvg.schema import TABLES
from hypersvg.settings import Settings
from hypersvg.tables import TableError, read_table, write_table

SETTINGS = Settings.model_validate({"run": {"seeds": 2}})


@pytest.fixture(scope="module")
def frames() -> dict[str, pd.DataFrame]:
    return tables(SETTINGS)


def check(frame: pd.DataFrame, stage: str, table: str) -> None:
    check_complete(TABLES[table].checked(frame, "test"), stage, TABLES[table], SETTINGS)


@pytest.mark.parametrize(("stage", "table"), [pair for pair in TABLE_FILES if pair[0] in stages_of("thesis")])
def test_a_complete_table_passes(frames, stage, table):
    check(frames[TABLE_FILES[stage, table]], stage, table)


@pytest.mark.parametrize(
    ("stage", "table", "lost", "named"),
    [
        ("online", "runs", {"method": "adaptive", "seed": 1}, ["'method': 'adaptive'", "'seed': 1"]),
        ("online", "runs", {"method": "hypergradient"}, ["hypergradient"]),
        ("online", "curves", {"method": "bandit20", "grid": "bad", "run": 3, "seed": 0, "step": 7}, ["bandit20", "7"]),
        ("online", "runs", {"grid": "bad", "run": 5}, ["'grid': 'bad'", "'run': 5"]),
        ("baselines", "runs", {"method": "random", "run": 2}, ["random", "'run': 2"]),
        ("ppo", "ppo_updates", {"arm": "dense"}, ["dense"]),
        ("offline", "offline_curves", {"unroll": 10, "seed": 1}, ["'unroll': 10", "'seed': 1"]),
        ("toy", "toy_errors", {"momentum": 0.9}, ["0.9"]),
        ("trajectories", "trajectories", {"trajectory": 4, "seed": 0}, ["'trajectory': 4", "'seed': 0"]),
    ],
)
def test_a_missing_row_is_named(frames, stage, table, lost, named):
    frame = frames[TABLE_FILES[stage, table]]
    gone = pd.concat([frame[column] == value for column, value in lost.items()], axis=1).all(axis=1)
    assert gone.any()
    with pytest.raises(TableError, match="missing") as error:
        check(frame[~gone], stage, table)
    assert all(word in str(error.value) for word in named)


def test_rows_of_other_settings_are_refused(frames):
    frame = frames["online_runs"]
    with pytest.raises(HypersvgError, match="method = bandit5, which these settings do not have"):
        check(pd.concat([frame, frame[frame["method"] == "adaptive"].assign(method="bandit5")]), "online", "runs")
    with pytest.raises(HypersvgError, match="seed = 7"):
        check(pd.concat([frame, frame[frame["seed"] == 0].assign(seed=7)]), "online", "runs")


def test_gathering_joins_the_seed_blocks_and_leaves_a_sidecar(frames, tmp_path: Path):
    write_settings(SETTINGS, tmp_path / "settings.json")
    frame, files = frames["toy_errors"], []
    for seed in (1, 0):
        files.append(tmp_path / "toy" / "all" / f"seeds-00{seed}-00{seed}" / "toy_errors.parquet")
        write_table(frame[frame["seed"] == seed], TABLES["toy_errors"], files[-1])
        record(files[-1].parent, block_settings("toy", SETTINGS), [], files[-1:])
    output = tmp_path / "tables" / "toy_errors.parquet"
    gather("toy", "toy_errors", tmp_path / "settings.json", output, files)
    assert len(read_table(output, TABLES["toy_errors"])) == len(frame)
    sidecar = json.loads(output.with_suffix(".provenance.json").read_text(encoding="utf-8"))
    assert sorted(sidecar["inputs"]) == sorted(map(str, files))


def test_a_table_that_the_stage_does_not_have_is_refused(tmp_path: Path):
    with pytest.raises(HypersvgError, match="stage 'toy' has no table 'curves'"):
        gather("toy", "curves", tmp_path / "settings.json", tmp_path / "out.parquet", [])


def test_every_table_of_every_stage_has_a_file_of_its_own():
    declared = {(name, table) for name, stage in STAGES.items() for table in stage.all_tables(SETTINGS)}
    assert declared == set(TABLE_FILES)
    assert len(set(TABLE_FILES.values())) == len(TABLE_FILES)
