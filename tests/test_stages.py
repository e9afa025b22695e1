"""Every stage on tiny settings: its tables keep their schema and budgets, and the same seed gives the same bytes."""

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from hypersvg.data import prepare
from hypersvg.experiments.common import inner_task, memory_chunks, reevaluate, starting_rates
from hypersvg.experiments.job import Job, Tables
from hypersvg.experiments.stages import STAGES
from hypersvg.experiments.trajectories import open_states
from hypersvg.schema import TABLES
from hypersvg.settings import Settings
from hypersvg.settings.overlay import validated
from hypersvg.tables import write_table
from hypersvg.training import InnerTraining

TINY: dict[str, Any] = {
    "run": {"seeds": 2, "seed_block": 2, "fresh_seeds": 2},
    "data": {"source": "digits", "limit": 700, "curve_images": 50},
    "inner": {"hidden": [4], "batch_size": 64},
    "toy": {"trajectories": 10, "updates": 5, "batch_size": 16, "steps": 5},
    "trajectories": {"count": 6, "steps": 5, "held_out": 0.34},
    "ppo": {"hidden": [4], "environments": 2, "iterations": 2, "steps": 3},
    "svg": {"width": 4},
    "offline": {"unrolls": [2, 5], "iterations": 4, "evaluate_every": 2, "batch_trajectories": 3},
    "online": {"steps": 6, "warm_ups": [2, 4], "bad_grid": [-1.0, -3.0, 2], "good_grid": [-1.0, -2.0, 2]},
    "baselines": {"random_draws": 2, "bo_initial": 3, "bo_iterations": 2, "bo_steps": 3, "fine_grid": 3},
    "runtimes": {"repeats": 1, "steps": 3},
    "ridge": {"budget": 500, "length": 10, "points": 2, "pairs": 2},
    "copying": {"budget": 60, "pairs": 2, "hidden": 2, "strings": 2, "points": 2, "long": 3},
    "beyond": {"budgets": [4, 8], "svg_budgets": [4, 8], "truncation": 2, "backpropagated": 2, "horizon": 3},
    "influence": {"updates": 8, "few_pairs": 2, "many_pairs": 3, "points": 8},
    "learned": {
        "inner_steps": 40,
        "length": 6,
        "truncation": 2,
        "pairs": 2,
        "optimizer_width": 3,
        "width": 3,
        "problems": 2,
        "evaluations": 2,
    },
    "smoothing": {"inner_steps": 16, "evaluations": 2},
    "many": {
        "inner_steps": 40,
        "length": 6,
        "truncation": 2,
        "pairs": 2,
        "width": 3,
        "problems": 2,
        "evaluations": 2,
    },
    "unrolled": {"hidden": [4], "evaluation_problems": 2},
    "schedule": {"length": 4, "truncation": 2, "pairs": 1, "inner_steps": 40, "evaluations": 8, "points": 3},
    "stability": {"length": 4, "truncation": 2, "pairs": 1, "inner_steps": 40, "evaluations": 8, "unrolls": [1, 4]},
    "heuristic": {"length": 4, "truncation": 2, "pairs": 1, "inner_steps": 40, "evaluations": 2},
}
SETTINGS = validated(TINY)
JOBS = [
    (stage, arm)
    for stage, spec in STAGES.items()
    if stage not in ("runtimes", "shortlist")
    for arm in spec.arms(SETTINGS)
]


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    prepare(SETTINGS.data, folder)
    return folder / "images.safetensors"


@pytest.fixture(scope="session")
def trajectories(images: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trajectories")
    tables = run("trajectories", "all", folder, images, None)
    write_table(tables["trajectories"], TABLES["trajectories"], folder / "trajectories.parquet")
    return folder


def run(
    stage: str, arm: str, folder: Path, images: Path, trajectories: Path | None, settings: Settings = SETTINGS
) -> Tables:
    job = Job(settings, arm, (0, 1), folder, images, trajectories)
    tables: Tables = importlib.import_module(STAGES[stage].module).run(job)
    return tables


def bytes_of(tables: Tables, folder: Path) -> dict[str, bytes]:
    for name, frame in tables.items():
        write_table(frame, TABLES[name], folder / f"{name}.parquet")
    return {name: (folder / f"{name}.parquet").read_bytes() for name in tables}


@pytest.mark.parametrize(("stage", "arm"), JOBS, ids=["-".join(job) for job in JOBS])
def test_a_job_writes_its_declared_tables_for_its_seeds_and_repeats_them_to_the_byte(
    stage: str, arm: str, images: Path, trajectories: Path, tmp_path: Path
) -> None:
    first = bytes_of(run(stage, arm, tmp_path / "one", images, trajectories), tmp_path / "one")
    again = bytes_of(run(stage, arm, tmp_path / "two", images, trajectories), tmp_path / "two")
    assert set(first) == set(STAGES[stage].tables(arm))
    assert first == again
    for name in first:
        seeds = set(pd.read_parquet(tmp_path / "one" / f"{name}.parquet")["seed"])
        assert seeds == (set() if (arm, name) == ("untrained", "steering_gradients") else {0, 1})


def test_bandits_share_one_warm_up_then_keep_their_last_action(images: Path, tmp_path: Path) -> None:
    curves = run("online", "bandit", tmp_path, images, None)["curves"]
    keys = ["grid", "run", "seed", "step"]
    warm = {name: rows[rows.phase == "warm_up"].set_index(keys).sort_index() for name, rows in curves.groupby("method")}
    short, long = warm["bandit2"], warm["bandit4"].loc[warm["bandit2"].index]
    assert np.array_equal(short.val_accuracy, long.val_accuracy)
    main = curves[curves.phase == "main"]
    assert (main.groupby(["method", "grid", "run", "seed"]).rate.nunique() == 1).all()
    assert main.groupby("method").step.min().to_dict() == {"bandit2": 3, "bandit4": 5}
    assert main.groupby("method").step.max().to_dict() == {"bandit2": 8, "bandit4": 10}


def test_bandit_reset_to_its_initial_parameters_is_a_grid_run_at_the_learned_rate(images: Path, tmp_path: Path) -> None:
    settings = validated({**TINY, "online": {**TINY["online"], "reset": "initial"}})
    runs = run("online", "bandit", tmp_path, images, None, settings)["runs"]
    one = runs[(runs.method == "bandit4") & (runs.seed == 1)].iloc[0]
    at_rate = float(np.log10(one.rate))
    grid = {"bad_grid": [at_rate, at_rate - 1, 2], "good_grid": [-1.0, -2.0, 2]}
    same = validated({**TINY, "online": {**TINY["online"], **grid}})
    trained = run("baselines", "grid", tmp_path, images, None, same)["runs"]
    twin = trained[(trained.grid == "bad") & (trained.run == 0) & (trained.seed == 1)].iloc[0]
    assert twin.val_accuracy == one.val_accuracy
    assert twin.test_accuracy == one.test_accuracy


def test_every_method_is_charged_what_it_used(images: Path, trajectories: Path, tmp_path: Path) -> None:
    runs = pd.concat(
        run(stage, arm, tmp_path / stage / arm, images, trajectories)["runs"]
        for stage, arm in JOBS
        if "runs" in STAGES[stage].tables(arm)
    )
    charged = runs.groupby("method")[["inner_steps", "evaluations", "surrogate_updates"]].max()
    assert charged.loc["adaptive"].tolist() == [6, 1, 6]
    assert charged.loc["bandit4"].tolist() == [10, 1, 4]
    assert charged.loc["pes_adaptive"].tolist() == [6 + 3 * 2 * 2, 1, 0], "three windows of two steps, two particles"
    assert charged.loc["one_step_adaptive"].tolist() == [6 + 6, 1, 0]
    assert charged.loc["pes_8"].tolist() == [8 + 6, 1, 0], "two updates of four inner steps, then the training"
    assert charged.loc["full_es_4"].tolist() == [6, 1, 0], "an update is dearer than the budget"
    assert charged.loc["svg_8"].tolist() == [8 + 6, 1, 8]
    assert charged.loc["svg_frozen_8"].tolist() == [8 + 6, 1, 0]
    assert charged.loc["bandit4_frozen"].tolist() == [10, 1, 0]
    assert charged.loc["hypergradient"].tolist() == [6, 1, 0]
    assert charged.loc["grid"].tolist() == [6, 1, 0]
    assert charged.loc["bo"].tolist() == [15, 5, 0]
    assert charged.loc["best_constant"].tolist() == [18, 3, 0]
    assert charged.loc["offline_T02_N4"].tolist() == [30, 0, 4]


def test_inferred_value_describes_the_trajectories_whatever_the_policy_does(
    images: Path, trajectories: Path, tmp_path: Path
) -> None:
    """Value (i) of Algorithm 5 does not change with the policy's step size; the rate does."""
    frames = []
    for rate in (1e-5, 1e-2):
        settings = validated({**TINY, "svg": {"width": 4, "policy_learning_rate": rate}})
        frames.append(run("offline", "T05", tmp_path / str(rate), images, trajectories, settings)["offline_curves"])
    assert np.array_equal(frames[0].value_inferred, frames[1].value_inferred)
    assert not np.array_equal(frames[0].rate, frames[1].rate)


def test_recorded_states_are_the_true_optimizers_and_split_by_trajectory(trajectories: Path) -> None:
    states = open_states(trajectories)
    table = pd.read_parquet(trajectories / "trajectories.parquet")
    settings = SETTINGS.trajectories
    assert states.shape[:3] == (2, settings.count, settings.steps + 1)
    first = np.abs(states[0, :, 1] - states[0, :, 0]).max(axis=1)
    rates = table[table.seed == 0].rate.to_numpy()
    assert np.allclose(first, rates, rtol=1e-2), "Adam's first step moves every parameter by the rate"
    assert table.groupby("seed").split.value_counts()[0].to_dict() == {"train": 4, "held_out": 2}


def test_surrogates_that_do_not_fit_the_memory_setting_are_trained_apart() -> None:
    group = starting_rates(SETTINGS)
    chunks = list(memory_chunks([0, 1, 2], group, bytes_per_run=2**28, memory_gib=2.0))
    assert [(seeds, len(rows)) for seeds, rows in chunks] == [([0, 1], 4), ([2], 4)]
    alone = list(memory_chunks([0, 1], group, bytes_per_run=2**31, memory_gib=1.0))
    assert [(seeds, list(rows["start"])) for seeds, rows in alone] == [
        ([seed], [start]) for seed in (0, 1) for start in group["start"]
    ]


OTHER_VALUES: dict[str, object] = {
    "online.warm_ups": [1, 3],
    "svg.value_batch": "same",
    "svg.start": "step_0",
    "svg.online_horizon": 2,
    "svg.value": "mean",
    "svg.behaviour_cloning": 1.0,
    "online.reset": "kept",
}
IGNORED = [(stage, key) for stage, spec in STAGES.items() for key in spec.ignores if stage != "runtimes"]
"""Pairs of a stage and a key; the runtimes stage has no two equal runs to compare."""


@pytest.mark.parametrize(("stage", "key"), IGNORED, ids=["-".join(pair) for pair in IGNORED])
def test_a_stage_gives_the_same_bytes_whatever_the_settings_it_ignores(
    stage: str, key: str, images: Path, trajectories: Path, tmp_path: Path
) -> None:
    block, name = key.split(".")
    tree = SETTINGS.model_dump()
    tree[block][name] = OTHER_VALUES[key]
    for arm in STAGES[stage].arms(SETTINGS):
        plain = bytes_of(run(stage, arm, tmp_path / "a", images, trajectories), tmp_path / "a")
        other = run(stage, arm, tmp_path / "b", images, trajectories, Settings.model_validate(tree))
        assert bytes_of(other, tmp_path / "b") == plain


def test_a_chosen_rate_is_judged_on_the_fresh_seeds_of_the_seed_that_chose_it(images: Path, tmp_path: Path) -> None:
    job = Job(SETTINGS, "all", (0, 1), tmp_path, images)
    task = inner_task(job)
    together = reevaluate(job, task, [0.1, 0.01, 0.1, 0.03], [0, 0, 1, 1], 4)
    alone = reevaluate(job, task, [0.03], [1], 4)
    assert together.validation[3] == pytest.approx(alone.validation[0], abs=1e-6)
    assert together.validation[0] != together.validation[2]
    scores = []
    for seed in job.fresh_seeds(1):
        training = InnerTraining(task, SETTINGS.inner.optimizer, [seed])
        for _ in range(4):
            training.step(torch.tensor([0.03]))
        scores.append(task.accuracy(training.parameters, "test").item())
    assert alone.test[0] == pytest.approx(np.mean(scores), abs=1e-6)
    assert len({*job.fresh_seeds(0), *job.fresh_seeds(1)}) == 2 * SETTINGS.run.fresh_seeds
