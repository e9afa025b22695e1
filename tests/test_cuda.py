"""Every stage on a GPU gives what it gives on the CPU, within stated tolerances; skipped where there is no GPU.

Where there is none, a pretended one (:mod:`pretend_gpu`) takes its place: the code paths of a GPU, refused what a GPU
would refuse, with a CPU's rounding. ``make gpu`` runs this file and the benchmarks on a GPU.

Draws are made on the CPU, so both devices see the same initial weights, minibatches, ξ and actions. They differ by the
order of sums in float32: 1e-7 relative an operation, which training amplifies.
"""

import importlib
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from pretend_gpu import DEVICE, pretended
from test_stages import JOBS, TINY
from torch import Tensor

from hypersvg.controllers.hypersvg import HyperSvg
from hypersvg.data import prepare
from hypersvg.experiments.job import Job, Tables
from hypersvg.experiments.stages import STAGES
from hypersvg.images import load_images
from hypersvg.schema import TABLES
from hypersvg.settings import Settings
from hypersvg.settings.overlay import validated
from hypersvg.tables import write_table
from hypersvg.tasks.classification import classification_task
from hypersvg.training import InnerTraining

RELATIVE, ABSOLUTE = 1e-2, 1e-2
"""Of a table's number, and of its column's largest magnitude: tables of a tiny run, after a few steps."""
OF_IMAGES = 0.06
"""Accuracies: three of a tiny run's 50 curve images may change sides."""
CALM = 0.02
"""Learning rates below which a hundred steps of training keep rounding small."""
WEIGHTS = 1e-4
"""Norm of the difference of weights after a few updates, over the norm of their movement."""
GPU = pytest.mark.skipif(not torch.cuda.is_available(), reason="PyTorch sees no GPU here: run `make gpu` where it does")
DEVICES = [pytest.param("cuda", marks=GPU), pytest.param(DEVICE, id="pretended")]
READINGS = [
    ("online", "adaptive", "svg", "noise", "sampled"),
    ("online", "adaptive", "svg", "online_horizon", 2),
    ("online", "bandit", "svg", "surrogate", "rate_scaled"),
    ("online", "bandit", "online", "reset", "predicted"),
    ("offline", "T05", "svg", "noise", "sampled"),
    ("offline", "T05", "svg", "actions", "every_step"),
    ("offline", "T05", "svg", "update_first", "surrogate"),
    ("ppo", "sparse_once", "ppo", "reward_of", "mean"),
    ("ppo", "dense", "ppo", "reward", "negative_loss"),
    ("baselines", "grid", "inner", "optimizer", "nesterov"),
    ("baselines", "grid", "inner", "optimizer", "sgd"),
]
"""Stage, arm and a setting that takes another way through the code."""
FORWARD = ("influence",)
"""Stages that differentiate in forward mode, whose dual numbers PyTorch does not let anyone pretend."""
LONG = pytest.param("shortlist", "all", id="shortlist-all", marks=pytest.mark.slow)
EVERY = [*(pytest.param(*job, id="-".join(job)) for job in [*JOBS, ("runtimes", "all")]), LONG]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    prepare(validated(TINY).data, folder)
    return folder / "images.safetensors"


@pytest.fixture(scope="module")
def recorded(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trajectories")
    tables = tables_of("trajectories", "all", "cpu", folder, data, None)
    write_table(tables["trajectories"], TABLES["trajectories"], folder / "trajectories.parquet")
    return folder


def on(device: str) -> AbstractContextManager[None]:
    """What a device needs to be there."""
    return pretended() if device == DEVICE else nullcontext()


def settings_on(device: str, changed: dict[str, dict[str, object]]) -> Settings:
    """Tiny settings; the pretended GPU overrules their device."""
    tree = {name: {**TINY.get(name, {}), **changed.get(name, {})} for name in {**TINY, **changed}}
    tree["run"]["device"] = "cpu" if device == DEVICE else device
    return validated(tree)


def tables_of(
    stage: str,
    arm: str,
    device: str,
    folder: Path,
    images: Path,
    trajectories: Path | None,
    changed: dict[str, dict[str, object]] | None = None,
) -> Tables:
    module = importlib.import_module(STAGES[stage].module)
    with on(device):
        tables: Tables = module.run(Job(settings_on(device, changed or {}), arm, (0, 1), folder, images, trajectories))
    return tables


def assert_close(ours: pd.DataFrame, theirs: pd.DataFrame, table: str) -> None:
    assert list(ours.columns) == list(theirs.columns)
    assert len(ours) == len(theirs)
    for name in ours.columns:
        one, other = ours[name].to_numpy(), theirs[name].to_numpy()
        if not np.issubdtype(one.dtype, np.floating):
            assert (one == other).all(), f"{table}.{name}"
            continue
        if "accuracy" in name or name.startswith(("value_", "best_so_far", "top20")):
            close = np.isclose(one, other, rtol=0, atol=OF_IMAGES, equal_nan=True)
        else:
            scale = np.nanmax(np.abs(other)) if np.isfinite(other).any() else 0.0
            close = np.isclose(one, other, rtol=RELATIVE, atol=ABSOLUTE * scale, equal_nan=True)
        assert close.all(), f"{table}.{name}: {one[~close][:3]} on the GPU, {other[~close][:3]} on the CPU"


def assert_same(stage: str, there: Tables, here: Tables) -> None:
    assert set(there) == set(here)
    for name in here:
        ours, theirs = there[name], here[name]
        if stage == "runtimes":
            ours, theirs = (frame.drop(columns="seconds") for frame in (ours, theirs))
        if name == "bo_evaluations":  # what a Gaussian process suggests hangs on the last bits of the scores
            ours, theirs = (frame[frame["phase"] == "initial"] for frame in (ours, theirs))
        if name == "shortlist":  # a hundred steps at the large rates lead the last bits anywhere
            ours, theirs = (frame[frame["rate"] < CALM] for frame in (ours, theirs))
        assert_close(ours.reset_index(drop=True), theirs.reset_index(drop=True), name)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize(("stage", "arm"), EVERY)
def test_a_stage_gives_the_same_tables_on_a_gpu(
    stage: str, arm: str, device: str, data: Path, recorded: Path, tmp_path: Path
) -> None:
    if device == DEVICE and stage in FORWARD:
        pytest.skip("dual numbers cannot be pretended; run `make gpu` where there is a GPU")
    there = tables_of(stage, arm, device, tmp_path / "gpu", data, recorded)
    here = tables_of(stage, arm, "cpu", tmp_path / "cpu", data, recorded)
    assert_same(stage, there, here)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize(("stage", "arm", "block", "key", "value"), READINGS, ids=[f"{r[0]}-{r[4]}" for r in READINGS])
def test_another_reading_gives_the_same_tables_on_a_gpu(
    stage: str, arm: str, block: str, key: str, value: object, device: str, data: Path, recorded: Path, tmp_path: Path
) -> None:
    changed = {block: {key: value}}
    there = tables_of(stage, arm, device, tmp_path / "gpu", data, recorded, changed)
    here = tables_of(stage, arm, "cpu", tmp_path / "cpu", data, recorded, changed)
    assert_same(stage, there, here)


@pytest.mark.parametrize("device", DEVICES)
def test_inner_and_online_updates_move_weights_alike_on_a_gpu(device: str, data: Path) -> None:
    def moved(where: str) -> list[Tensor]:
        settings = settings_on(where, {"svg": {"width": 16}})
        with on(where):
            place = where if where == "cpu" else device
            images, inner = load_images(data, device=place), settings.inner
            task = classification_task(settings, images, inner.activation, inner.initialisation, place)
            training = InnerTraining(task, "adam", [0, 1], 2)
            controller = HyperSvg(task, settings.svg, [0, 1], torch.tensor([0.01, 0.001]))
            assert controller.surrogate is not None
            weights = [*controller.policy.weights, *controller.surrogate.weights]
            first = [training.parameters.cpu(), *(weight.detach().cpu().clone() for weight in weights)]
            for step in range(10):
                controller.observe(training.step(controller.rates(step, training.parameters)))
            last = [training.parameters.cpu(), *(weight.detach().cpu() for weight in weights)]
            return [after - before for before, after in zip(first, last, strict=True)]

    for there, here in zip(moved(device), moved("cpu"), strict=True):
        assert (there - here).norm() <= WEIGHTS * here.norm()


def test_the_pretended_gpu_refuses_what_a_gpu_refuses() -> None:
    generator = torch.Generator().manual_seed(0)
    with pretended():
        there, here = torch.ones(3, device=DEVICE), torch.ones(3)
        assert (there + there.clone()).cpu().tolist() == [2.0, 2.0, 2.0]
        with pytest.raises(RuntimeError, match="tensors on two devices"):
            there + here
        with pytest.raises(RuntimeError, match="numpy"):
            there.numpy()
        with pytest.raises(RuntimeError, match="generator of the CPU"):
            torch.rand(3, generator=generator, device=DEVICE)
