"""Influence balancing: what the closed form says, and where each estimator ends (Vicol 2023, slides)."""

import pytest
import torch

from hypersvg.maths.estimators.differentiation import Backpropagation, ForwardMode
from hypersvg.maths.estimators.evolution import PesAnalytic, TruncatedEvolution, es_single, pes
from hypersvg.maths.estimators.influence import POSITIVE, SIZE, InfluenceBalancing
from hypersvg.maths.estimators.unrolls import GradientEstimator
from hypersvg.maths.random import torch_generator

PROBLEM = InfluenceBalancing()
START = torch.tensor([0.5], dtype=torch.float64)
OPTIMUM = -1 / 6
PAIRS, SIGMA, RATE, UPDATES = 500, 0.1, 1e-4, 3000


def tuned(estimator: GradientEstimator) -> float:
    """θ after SGD on the estimates."""
    theta, carried, generator = START.clone(), estimator.begin(), torch_generator(0, "influence")
    for _ in range(UPDATES):
        estimate, carried = estimator.estimate(carried, theta, generator)
        theta = theta - RATE * estimate.gradient
    return float(theta)


def test_the_long_run_loss_gradient_and_optimum_follow_from_the_fixed_point() -> None:
    eye = torch.eye(SIZE, dtype=torch.float64)
    matrix = 0.5 * eye + 0.5 * torch.diag(torch.ones(SIZE - 1, dtype=torch.float64), 1)
    sign = torch.cat([torch.ones(POSITIVE), -torch.ones(SIZE - POSITIVE)]).double()
    slope = float(torch.linalg.solve(eye - matrix, sign)[0])
    assert slope == pytest.approx(-6)
    assert 0.5 * (slope * 0.5 - 1) ** 2 == pytest.approx(8)
    assert slope * (slope * 0.5 - 1) == pytest.approx(24)
    assert 1 / slope == pytest.approx(OPTIMUM)


def test_the_unrolled_problem_settles_at_the_fixed_points_loss() -> None:
    state = PROBLEM.start(torch.zeros(1, dtype=torch.int64))
    loss = torch.zeros(1)
    for _ in range(400):
        state, loss = PROBLEM.advance(state, START.unsqueeze(0))
    assert float(state["s"][0, 0]) == pytest.approx(-3)
    assert float(loss) == pytest.approx(8)


def test_the_first_one_step_gradient_points_the_wrong_way() -> None:
    for estimator in (Backpropagation(PROBLEM, 1), ForwardMode(PROBLEM, 1)):
        assert float(estimator.estimate(estimator.begin(), START)[0].gradient) == pytest.approx(0.5)


@pytest.mark.parametrize(
    "estimator",
    [
        pes(PROBLEM, PAIRS, SIGMA, 1),
        es_single(PROBLEM, PAIRS, SIGMA, 1),
        PesAnalytic(PROBLEM, PAIRS, SIGMA, 1),
        pytest.param(ForwardMode(PROBLEM, 1), marks=pytest.mark.slow),
    ],
    ids=["PES", "ES-Single", "PES with analytic part", "RTRL"],
)
def test_estimators_that_see_the_past_reach_the_optimum(estimator: GradientEstimator) -> None:
    assert tuned(estimator) == pytest.approx(OPTIMUM, abs=1e-5)


@pytest.mark.parametrize(
    "estimator",
    [
        Backpropagation(PROBLEM, 1),
        TruncatedEvolution(PROBLEM, PAIRS, SIGMA, 1),
        TruncatedEvolution(PROBLEM, PAIRS, SIGMA, 1, "perturbed"),
    ],
    ids=["TBPTT", "truncated ES", "truncated ES with perturbed states"],
)
def test_estimators_that_see_one_step_go_the_wrong_way(estimator: GradientEstimator) -> None:
    assert tuned(estimator) == pytest.approx(3.26, abs=0.05)
