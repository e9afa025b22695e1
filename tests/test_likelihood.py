"""Predictive densities of the thesis's rows, against closed forms and simulation."""

import math

import numpy as np
import pytest
from scipy import stats

from hypersvg.likelihood import FLOOR, fixed_scale, log_density, log_density_apart, log_likelihoods, misses, rmse
from hypersvg.thesis import BANDIT_ROWS, PROTOCOL_ROWS, Row

DRAWS = np.random.default_rng(3).normal(0.93, 0.004, 20)


def test_there_are_fourteen_rows_to_fit_and_eighteen_to_hold_out() -> None:
    assert (len(PROTOCOL_ROWS), len(BANDIT_ROWS)) == (14, 18)
    assert sorted(row.rate for row in PROTOCOL_ROWS)[0] == pytest.approx(1e-5, rel=1e-3)
    assert [row.best_of for row in PROTOCOL_ROWS].count(6) == 2
    assert max(row.rate for row in BANDIT_ROWS) == 0.2983405


def test_a_single_run_has_students_t_with_the_floor() -> None:
    scale = math.sqrt((DRAWS.var(ddof=1) + FLOOR**2) * (1 + 1 / 20))
    expected = stats.t.logpdf((0.91 - DRAWS.mean()) / scale, 19) - math.log(scale)
    assert float(log_density(0.91, DRAWS, 1)) == pytest.approx(expected)


def test_the_best_of_six_is_the_largest_of_six_own_draws_and_one_common_floor() -> None:
    random = np.random.default_rng(5)
    scale = DRAWS.std(ddof=1) * math.sqrt(1 + 1 / 20)
    own = DRAWS.mean() + scale * random.standard_t(19, (200_000, 6)).max(axis=1)
    simulated = own + random.normal(0, FLOOR, 200_000)
    grid = np.linspace(0.85, 1.0, 601)
    density = np.exp(log_density(grid, DRAWS, 6))
    assert np.trapezoid(density, grid) == pytest.approx(1, abs=1e-4)
    mean = np.trapezoid(grid * density, grid)
    assert mean == pytest.approx(simulated.mean(), abs=1e-4)
    spread = math.sqrt(np.trapezoid((grid - mean) ** 2 * density, grid))
    assert spread == pytest.approx(simulated.std(), rel=0.02)


def test_a_floor_drawn_anew_in_each_run_expects_a_better_best() -> None:
    grid = np.linspace(0.85, 1.0, 601)
    common, apart = (grid[density(grid, DRAWS, 6).argmax()] for density in (log_density, log_density_apart))
    assert apart - common > 0.005


def test_one_seed_has_no_likelihood_but_an_rmse() -> None:
    rows = (Row("grid", 0.1, 0.5), Row("grid", 0.01, 0.9))
    sample = np.array([[0.53, 0.86]])
    assert np.isnan(log_likelihoods(sample, rows)).all()
    assert misses(sample, rows) == pytest.approx([0.03, -0.04])
    assert rmse(sample, rows) == pytest.approx(math.sqrt((0.03**2 + 0.04**2) / 2))


def test_a_fixed_scale_forgives_misses_where_seeds_scatter() -> None:
    rows = (Row("grid", 1e-5, 0.2), Row("grid", 0.01, 0.9))
    low, high = np.array([[0.16, 0.9]]), np.array([[0.2, 0.86]])
    assert fixed_scale(low, rows) > fixed_scale(high, rows) + 2
    assert fixed_scale(np.vstack([low, low]), rows) > fixed_scale(low, rows), "two seeds make the scale smaller"
