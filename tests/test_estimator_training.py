"""The stages that tune a training on MNIST: budgets, objectives, variances and records against independent ways."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from synthetic_run import keep_record, write_run
from test_estimators import THETA, Remembering, truth
from test_stages import SETTINGS, TINY, run
from test_stages import images as images  # a fixture
from test_training import task
from torch import nn

from hypersvg.claims.metrics import METRICS
from hypersvg.exhibits import Results, build
from hypersvg.experiments.estimators.stability import total_variance
from hypersvg.experiments.estimators.training import estimator, judged_on, objective, objectives
from hypersvg.experiments.job import Tables
from hypersvg.maths.estimators.evolution import Evolution
from hypersvg.maths.random import torch_generator
from hypersvg.pipeline.replication import GROUPS
from hypersvg.reading.results import FILES
from hypersvg.settings.overlay import validated
from hypersvg.tables import TableError, write_table
from hypersvg.tasks.unrolled import ConstantRate, InverseTimeDecay

STAGES = ("schedule", "stability", "heuristic")
P64 = torch.float64


@pytest.fixture(scope="module")
def made(images: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Tables]:
    return {stage: run(stage, "all", tmp_path_factory.mktemp(stage), images, None) for stage in STAGES}


@pytest.fixture(scope="module")
def results(made: dict[str, Tables], tmp_path_factory: pytest.TempPathFactory) -> Results:
    folder = write_run(tmp_path_factory.mktemp("results") / "smoke", stand_in=True, **TINY)
    for stage, tables in made.items():
        for name, frame in tables.items():
            path = folder / "tables" / f"{stage}_{name.removeprefix('outer_')}.parquet"
            write_table(frame, FILES[path.stem], path)
            keep_record(path)
    return Results(folder)


@pytest.mark.parametrize("stage", STAGES)
def test_contenders_start_alike_and_spend_the_budget_to_less_than_one_update(
    stage: str, made: dict[str, Tables]
) -> None:
    curves, budget = made[stage]["outer_curves"], getattr(SETTINGS, stage).inner_steps
    start = curves[curves["update"] == 0]
    assert (start.groupby(["setting", "seed"]).objective.nunique() == 1).all()
    ends = curves.groupby(["method", "setting", "seed"])[["update", "inner_steps"]].max()
    price = ends["inner_steps"] / ends["update"]
    assert (ends["inner_steps"] <= budget).all()
    assert (ends["inner_steps"] + price > budget).all()


@pytest.mark.parametrize("stage", STAGES)
def test_every_contender_moves_its_parameters(stage: str, made: dict[str, Tables]) -> None:
    parameters = made[stage]["outer_parameters"]
    spread = parameters.groupby(["method", "setting", "seed", "parameter"])["value"].agg(np.ptp)
    assert (spread > 0).all()


def test_the_parameters_on_record_follow_from_the_estimates_on_record(made: dict[str, Tables]) -> None:
    gradients, parameters = (made["stability"][f"outer_{name}"] for name in ("gradients", "parameters"))
    for (method, seed), rows in gradients.groupby(["method", "seed"]):
        theta = nn.Parameter(torch.tensor([SETTINGS.stability.start], dtype=P64))
        adam = torch.optim.Adam([theta], SETTINGS.stability.learning_rates[str(method)])
        for estimate in rows.sort_values("update").estimate:
            theta.grad = torch.tensor([estimate], dtype=P64)
            adam.step()
        mine = parameters[(parameters.method == method) & (parameters.seed == seed)]
        assert float(mine.sort_values("update")["value"].iloc[-1]) == pytest.approx(theta.item(), rel=1e-12)


def test_the_map_and_the_curves_judge_alike(images: Path, tmp_path: Path) -> None:
    """Where the map has a point at a start, it has the objective that every curve begins with."""
    ends = {"rate_range": (-5.0, -1.0), "decay_range": (-1.0, 1.0)}
    tables = run(
        "schedule", "all", tmp_path, images, None, validated({**TINY, "schedule": {**TINY["schedule"], **ends}})
    )
    surface, curves = tables["outer_surfaces"], tables["outer_curves"]
    for setting, rate in (("low rate", -5.0), ("high rate", -1.0)):
        point = surface[(surface.log_rate == rate) & (surface.log_decay == -1.0)].set_index("seed").objective
        begun = curves[(curves["update"] == 0) & (curves.setting == setting)].groupby("seed").objective.first()
        assert np.allclose(point, begun, rtol=1e-5)


def test_the_objective_is_the_mean_loss_of_a_plain_training() -> None:
    inner, rate, length = task("relu"), 0.05, 7
    problem = judged_on(inner, 3, ConstantRate(), length)
    losses = []
    for number in torch.tensor([[0], [1]]):
        weights = nn.Parameter(problem.start(number)["parameters"][0].clone())
        sgd = torch.optim.SGD([weights], rate, momentum=0.9)
        for step in range(length):
            sgd.zero_grad()
            inner.loss(weights.unsqueeze(0), problem.data.batch(number, step)).sum().backward()
            sgd.step()
            losses.append(float(inner.loss(weights.unsqueeze(0), problem.data.batch(number, step + 1)).detach()))
    theta = torch.tensor([math.log(rate)], dtype=P64)
    assert objective(problem, 2)(theta) == pytest.approx(float(np.mean(losses)), rel=1e-9)


def test_many_objectives_are_those_of_each() -> None:
    problem = judged_on(task(), 3, InverseTimeDecay(5), 6)
    thetas = torch.tensor([[-3.0, 0.0], [-2.0, 1.0], [-6.0, -1.0]], dtype=P64)
    each = [objective(problem, 2)(theta) for theta in thetas]
    assert objectives(problem, 2, thetas).tolist() == pytest.approx(each, rel=1e-9)


def test_windows_of_mean_losses_have_the_mean_gradient_of_the_whole_on_average() -> None:
    """Summed over an inner problem, ES-Single's windows are T/K times full ES of the mean loss, to the bit or so."""
    budget, problem = SETTINGS.stability, judged_on(task(), 3, ConstantRate(), SETTINGS.stability.length)
    theta = torch.tensor([-3.0], dtype=P64)
    whole, part = (estimator(name, problem, budget, budget.truncation) for name in ("full_es", "es_single"))
    expected = whole.estimate(whole.begin(), theta, torch_generator(0))[0].gradient
    carried, generator, total = part.begin(), torch_generator(0), torch.zeros(1, dtype=P64)
    windows = budget.length // budget.truncation
    for _ in range(windows):
        estimate, carried = part.estimate(carried, theta, generator)
        total += estimate.gradient
    assert torch.allclose(total / windows, expected, rtol=1e-9)


@pytest.mark.parametrize("unrolls", [1, 4])
def test_the_total_variance_is_p_plus_one_gradients_squared(unrolls: int) -> None:
    """Proposition 3.2, of the mean loss; with P = 2 the squared norm of a pair's estimate has the variance 128 ‖∇‖⁴."""
    problem, repeats = Remembering(8), 4000
    es_single = Evolution(problem, repeats, 0.3, 8 // unrolls, None, shared=True)
    expected = (problem.parameters + 1) * float((truth(problem) / 8).square().sum())
    assert total_variance(es_single, THETA, 0) == pytest.approx(expected, rel=4 * math.sqrt(128 / 9 / repeats))


def test_one_unroll_has_one_variance_and_es_single_keeps_it(made: dict[str, Tables]) -> None:
    found = made["stability"]["outer_variances"].set_index(["method", "unrolls", "seed"]).variance.sort_index()
    assert np.allclose(found.loc["pes", 1], found.loc["es_single", 1], rtol=1e-12)
    assert np.allclose(found.loc["es_single", 4], found.loc["es_single", 1], rtol=1e-4)
    assert not np.allclose(found.loc["pes", 4], found.loc["pes", 1], rtol=1e-2)


@pytest.mark.parametrize(
    ("block", "said"),
    [
        ({"stability": {"length": 7}}, "length 7 is not a multiple of truncation 5"),
        ({"stability": {"unrolls": [1, 3]}}, "length 200 cannot be cut into 3 equal unrolls"),
        ({"heuristic": {"learning_rates": {"es": 0.1}}}, "learning_rates must name"),
    ],
)
def test_settings_that_cannot_be_run_are_refused_in_words(block: dict[str, object], said: str) -> None:
    with pytest.raises(Exception, match=said):
        validated(block)


@pytest.mark.parametrize("stage", STAGES)
def test_the_figure_is_drawn_from_the_tables_and_says_what_was_scaled(stage: str, results: Results) -> None:
    exhibit = build(f"fig_{stage}", results)
    assert "the slides:" in exhibit.caption
    frame = pd.read_csv(results.folder / "exhibits" / f"fig_{stage}.csv")
    assert set(frame.method.dropna()) == set(results.table(f"{stage}_curves").method)


def test_metrics_of_variances_know_a_power_law(results: Results, tmp_path: Path) -> None:
    frame = results.table("stability_variances")
    power = np.where(frame.method == "pes", 1.5, 0.0)
    frame["variance"] = 2.0 * frame.unrolls**power * (1 + frame.seed)
    path = write_run(tmp_path / "other", stand_in=True, **TINY) / "tables" / "stability_variances.parquet"
    write_table(frame, FILES[path.stem], path)
    keep_record(path)
    planted = Results(tmp_path / "other")
    assert METRICS["log_variance_slope"](planted, "stability", "pes").data == pytest.approx([1.5, 1.5])
    assert METRICS["log_variance_slope"](planted, "stability", "es_single").data == pytest.approx([0, 0], abs=1e-12)
    ratio = METRICS["log_variance_ratio"](planted, "stability", "pes", "es_single")
    assert ratio.data == pytest.approx([1.5 * math.log10(4)] * 2)


def test_a_missing_contender_is_named(results: Results) -> None:
    with pytest.raises(TableError, match="rtrl"):
        METRICS["log_variance_slope"](results, "stability", "rtrl")


def test_the_claims_of_the_stages_have_parts_in_the_report() -> None:
    prefixes = [prefix for group in GROUPS.values() for prefix in group]
    assert {f"{stage}_" for stage in STAGES} <= set(prefixes)
