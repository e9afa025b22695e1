"""The stage that times every method alone: what it times, how often, and what Fig. 4.11 shows of it."""

import weakref
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from synthetic_run import write_run

from hypersvg.data import prepare
from hypersvg.exhibits import EXHIBITS, Results
from hypersvg.experiments import runtimes
from hypersvg.experiments.job import Job
from hypersvg.experiments.learner import Learner
from hypersvg.schema import TABLES
from hypersvg.settings.overlay import validated

SETTINGS = validated(
    {
        "run": {"fresh_seeds": 2},
        "data": {"source": "digits", "limit": 700, "curve_images": 50},
        "inner": {"hidden": [4], "batch_size": 64},
        "trajectories": {"count": 6, "steps": 5, "held_out": 0.34},
        "ppo": {"hidden": [4], "environments": 2, "iterations": 4, "steps": 3},
        "svg": {"width": 4},
        "offline": {"unrolls": [2, 5], "iterations": 8, "evaluate_every": 2, "batch_trajectories": 3},
        "online": {"steps": 6, "warm_ups": [2, 4]},
        "baselines": {"bo_initial": 3, "bo_iterations": 2, "bo_steps": 3},
        "runtimes": {"repeats": 3, "steps": 3},
    }
)


@pytest.fixture(scope="module")
def timed(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    folder = tmp_path_factory.mktemp("data")
    prepare(SETTINGS.data, folder)
    made = runtimes.run(Job(SETTINGS, "all", (0,), folder, folder / "images.safetensors"))
    return TABLES["runtimes"].checked(made["runtimes"], "runtimes")


def test_no_two_surrogates_of_offline_svg_are_held_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[weakref.ref[Learner]] = []
    alive: list[int] = []

    def watched(*arguments: Any) -> Learner:
        learner = Learner(*arguments)
        made.append(weakref.ref(learner))
        alive.append(sum(reference() is not None for reference in made))
        return learner

    monkeypatch.setattr(runtimes, "Learner", watched)
    prepare(SETTINGS.data, tmp_path)
    runtimes.run(Job(SETTINGS, "all", (0,), tmp_path, tmp_path / "images.safetensors"))
    assert alive == [1, 1]


def test_every_method_is_timed_whole_or_by_its_pieces(timed: pd.DataFrame) -> None:
    pieces = timed.groupby(["method", "part"]).agg(steps=("inner_steps", "first"), factor=("factor", "first"))
    assert dict(zip(pieces.index, pieces.itertuples(index=False, name=None), strict=True)) == {
        ("grid", "whole"): (3, 1),
        ("random", "whole"): (3, 1),
        ("adaptive", "whole"): (3, 1),
        ("bandit2", "whole"): (5, 1),
        ("bandit4", "whole"): (7, 1),
        ("adaptive_untrained", "whole"): (3, 1),
        ("adaptive_frozen", "whole"): (3, 1),
        ("hypergradient", "whole"): (3, 1),
        ("evaluation", "whole"): (0, 1),
        ("bo", "drawn evaluation"): (3, 3),
        ("bo", "guided evaluation"): (3, 2),
        ("offline", "trajectory"): (5, 6),
        ("offline_T02", "iteration"): (0, 8),
        ("offline_T05", "iteration"): (0, 8),
        ("ppo_sparse_once", "update"): (6, 4),
        ("ppo_sparse_every", "update"): (6, 4),
        ("ppo_dense", "update"): (6, 4),
    }
    assert (timed.seconds > 0).all()


def test_only_the_methods_of_the_figure_are_timed_at_every_repeat(timed: pd.DataFrame) -> None:
    repeats = timed.groupby("method").repeat.max()
    shown = ["grid", "random", "adaptive", "bandit2", "bandit4"]
    assert (repeats[shown] == 3).all()
    assert (repeats.drop(shown) == runtimes.OTHERS).all()


def test_figure_4_11_shows_the_thesis_s_methods_alone(tmp_path: Path) -> None:
    frame = EXHIBITS["fig_4_11"](Results(write_run(tmp_path / "default", run={"seeds": 1}))).frame
    assert frame.method.tolist() == ["grid", "random", "adaptive", "bandit10", "bandit20", "bandit50"]
