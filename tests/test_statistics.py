"""Intervals keep the level that the module states, verdicts keep their definitions, densities integrate to one."""

import itertools
import math
import warnings
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import integrate, stats

from hypersvg.statistics import (
    Estimate,
    bca,
    cluster_mean,
    cross_fitted,
    estimate,
    jackknife,
    log_density_of_maximum,
    on_claimed_side,
    paired,
    restricted_proportion,
    stacked,
    student_predictive,
    verdict,
)

SEEDS = (6, 10, 20)
LIMITS = ("low", "high", "family_low", "family_high")


def drawn(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(0.8, 0.1, shape)


def limits(found: Estimate) -> list[float]:
    return [getattr(found, name) for name in LIMITS]


# Means, pairs and effects


@pytest.mark.parametrize("count", [2, *SEEDS])
def test_the_interval_of_a_mean_is_the_t_interval(count):
    data = drawn(count, count)
    found = estimate(data, threshold=0.5)
    expected = stats.ttest_1samp(data, 0.5).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), rel=1e-12)
    assert (found.value, found.seeds) == (pytest.approx(data.mean()), count)


def test_strata_count_equally_and_only_the_means_of_seeds_spread():
    data = drawn(0, 6, 4, 3)
    by_seed = estimate(data.mean(axis=(1, 2)))
    assert limits(estimate(data)) == pytest.approx(limits(by_seed), rel=1e-12)
    assert estimate(data).effect == pytest.approx(by_seed.effect)


def test_a_paired_difference_is_the_paired_t_test_over_seeds():
    first, second = drawn(1, 10, 4), drawn(2, 10, 2)
    found = estimate(paired(first, second))
    expected = stats.ttest_rel(first.mean(axis=1), second.mean(axis=1)).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), rel=1e-9)


def test_a_paired_comparison_of_other_seeds_is_refused():
    with pytest.raises(ValueError, match="needs the same seeds on both sides, not 6 and 5 seeds"):
        paired(drawn(1, 6), drawn(1, 5))


@pytest.mark.parametrize("family", [1, 7, 40])
def test_the_interval_of_a_family_is_that_of_one_claim_at_the_bonferroni_level(family):
    data = drawn(3, 10)
    found, alone = estimate(data, family=family), estimate(data, level=1 - 0.05 / family)
    assert (found.family_low, found.family_high) == pytest.approx((alone.low, alone.high), rel=1e-9)
    assert (found.low, found.high) == (estimate(data).low, estimate(data).high)


def test_the_effect_is_cohens_d_with_the_correction_of_hedges():
    data = drawn(4, 6)
    d = (data.mean() - 0.7) / data.std(ddof=1)
    assert estimate(data, threshold=0.7).effect == pytest.approx(d * (1 - 3 / 19), rel=1e-9)
    assert estimate(data[:2], threshold=0.7).effect == 0


@pytest.mark.parametrize("value", [0.0, 0.9, 0.1 + 0.2, -1e-9, 12345.678])
@pytest.mark.parametrize("count", [2, 6, 7, 20])
def test_seeds_that_agree_give_a_width_of_zero_and_no_effect(value, count):
    found = estimate(np.full((count, 3), value), threshold=0.5, family=3)
    assert limits(found) == [found.value] * 4
    assert math.isnan(found.effect)


def test_one_seed_has_a_value_and_nothing_else():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = estimate([[0.5, 0.7]])
        assert math.isnan(estimate(np.ones((1, 2, 3)), cross_fitted).value)
    assert (found.value, found.seeds) == (pytest.approx(0.6), 1)
    assert all(math.isnan(number) for number in [*limits(found), found.effect])


def test_a_missing_value_is_not_hidden():
    found = estimate([0.5, math.nan, 0.7, 0.5, 0.6, 0.7])
    assert all(math.isnan(number) for number in [found.value, *limits(found), found.effect])
    assert verdict(found, "greater", 0) == "direction only"


@pytest.mark.parametrize("settings", [{"level": 0}, {"level": 1}, {"level": 95}, {"family": 0}])
def test_an_interval_without_a_level_is_refused(settings):
    with pytest.raises(ValueError, match="needs a level in"):
        estimate(drawn(0, 6), **settings)


@pytest.mark.parametrize("data", [[], 1.0, np.zeros((6, 0))])
def test_data_without_seeds_or_values_are_refused(data):
    with pytest.raises(ValueError, match="at least one seed and one value"):
        estimate(data)


# The jackknife and cross-fitting


@pytest.mark.parametrize("statistic", [np.var, lambda data: data[:, 0].mean() / data[:, 1].mean()])
def test_pseudo_values_equal_a_plain_loop(statistic):
    data = drawn(5, 8, 2)
    expected = []
    for left_out in range(8):
        kept = np.array([data[seed] for seed in range(8) if seed != left_out])
        expected.append(8 * statistic(data) - 7 * statistic(kept))
    assert jackknife(data, statistic) == pytest.approx(np.array(expected), rel=1e-12)


def test_pseudo_values_of_the_plug_in_variance_have_their_closed_form():
    data = drawn(6, 9)
    closed = 9 / 8 * (data - data.mean()) ** 2
    assert jackknife(data, np.var) == pytest.approx(closed, rel=1e-9)
    assert jackknife(data, np.var).mean() == pytest.approx(data.var(ddof=1))


def test_pseudo_values_of_a_mean_are_the_means_of_seeds():
    data = drawn(7, 6, 4)
    assert jackknife(data) == pytest.approx(data.mean(axis=1), rel=1e-12)


def looped_cross_fit(scores: np.ndarray, selection: np.ndarray) -> float:
    count, judged = len(scores), []
    for k in range(count):
        best = 0
        for start in range(scores.shape[1]):
            if selection[k, start] > selection[k, best]:
                best = start
        judged.append(sum(scores[j, best] for j in range(count) if j != k) / (count - 1))
    return sum(judged) / count


few = st.sampled_from([0.0, 0.1, 0.5, 0.9])
shapes = st.tuples(st.integers(2, 7), st.integers(1, 4))


@settings(deadline=None, max_examples=60)
@given(shapes.flatmap(lambda shape: st.tuples(arrays(float, shape, elements=few), arrays(float, shape, elements=few))))
def test_cross_fitting_equals_a_double_loop_with_ties(pair):
    assert cross_fitted(stacked(*pair)) == pytest.approx(looped_cross_fit(*pair), abs=1e-12)


def test_a_start_without_a_selection_value_is_not_chosen():
    scores, selection = np.array([[0.1, 0.9], [0.2, 0.8]]), np.array([[math.nan, 0.0], [0.0, math.nan]])
    assert cross_fitted(stacked(scores, selection)) == pytest.approx((0.8 + 0.1) / 2)


def test_scores_and_selection_of_other_shapes_are_refused():
    with pytest.raises(ValueError, match=r"must both be \[seeds, starts\], not \(6, 2\) and \(6, 3\)"):
        stacked(drawn(0, 6, 2), drawn(0, 6, 3))


def test_a_contrast_of_cross_fits_is_the_paired_difference_of_their_pseudo_values():
    data = drawn(8, 10, 4, 5)

    def contrast(both: np.ndarray) -> float:
        return cross_fitted(both[:, :2]) - cross_fitted(both[:, 2:])

    direct = estimate(data, contrast)
    through = estimate(paired(jackknife(data[:, :2], cross_fitted), jackknife(data[:, 2:], cross_fitted)))
    assert [direct.value, *limits(direct)] == pytest.approx([through.value, *limits(through)], rel=1e-9)


# Verdicts: threshold 1, margin 1/4 (exact in binary)

BELOW, ABOVE, E = 0.75, 1.25, 2**-20


def between(low: float, high: float, seeds: int = 6) -> Estimate:
    return Estimate((low + high) / 2, low, high, low, high, 0.0, seeds)


@pytest.mark.parametrize(
    ("comparison", "low", "high", "expected"),
    [
        ("greater", ABOVE + E, 9, "supported"),
        ("greater", ABOVE, 9, "inconclusive"),
        ("greater", 0, ABOVE, "inconclusive"),
        ("greater", 0, ABOVE - E, "contradicted"),
        ("less", 0, BELOW - E, "supported"),
        ("less", 0, BELOW, "inconclusive"),
        ("less", BELOW, 9, "inconclusive"),
        ("less", BELOW + E, 9, "contradicted"),
        ("at_least", BELOW + E, 9, "supported"),
        ("at_least", BELOW, 9, "inconclusive"),
        ("at_least", 0, BELOW, "inconclusive"),
        ("at_least", 0, BELOW - E, "contradicted"),
        ("near", BELOW + E, ABOVE - E, "supported"),
        ("near", BELOW, ABOVE - E, "inconclusive"),
        ("near", BELOW + E, ABOVE, "inconclusive"),
        ("near", 0, 9, "inconclusive"),
        ("near", 0, BELOW, "inconclusive"),
        ("near", 0, BELOW - E, "contradicted"),
        ("near", ABOVE + E, 9, "contradicted"),
    ],
)
def test_a_verdict_needs_the_whole_family_interval_on_one_side(comparison, low, high, expected):
    assert verdict(between(low, high), comparison, 1, 0.25) == expected
    pointwise_elsewhere = replace(between(low, high), low=-99, high=99)
    assert verdict(pointwise_elsewhere, comparison, 1, 0.25) == expected


@pytest.mark.parametrize(("seeds", "minimum"), [(1, 0), (5, 0), (5, 2), (6, 7), (9, 10)])
def test_below_the_minimum_of_seeds_there_is_a_direction_only(seeds, minimum):
    assert verdict(between(2, 3, seeds), "greater", 1, 0, minimum) == "direction only"
    assert verdict(between(2, 3, max(6, minimum)), "greater", 1, 0, minimum) == "supported"


eighths = st.integers(-24, 24).map(lambda number: number / 8)
MIRRORED = {"greater": "less", "less": "greater", "near": "near"}
OPPOSITE = {"supported": "contradicted", "contradicted": "supported"}


@given(eighths, eighths, eighths, eighths.map(abs), st.sampled_from([*MIRRORED]))
def test_swapping_every_sign_mirrors_the_verdict(one, two, threshold, margin, comparison):
    low, high = sorted((one, two))
    plain = verdict(between(low, high), comparison, threshold, margin)
    mirrored = verdict(between(-high, -low), MIRRORED[comparison], -threshold, margin)
    assert plain == mirrored
    sides = [on_claimed_side(one, comparison, threshold, margin)]
    assert sides == [on_claimed_side(-one, MIRRORED[comparison], -threshold, margin)]


@given(eighths, eighths, eighths, eighths.map(abs))
def test_at_least_is_the_denial_of_less(one, two, threshold, margin):
    found = between(*sorted((one, two)))
    denied = verdict(found, "less", threshold, margin)
    assert verdict(found, "at_least", threshold, margin) == OPPOSITE.get(denied, denied)
    denial = not on_claimed_side(one, "less", threshold, margin)
    assert on_claimed_side(one, "at_least", threshold, margin) == denial


@given(eighths, eighths, eighths, eighths.map(abs), st.sampled_from([*MIRRORED, "at_least"]))
def test_a_supported_claim_has_its_value_on_the_claimed_side(one, two, threshold, margin, comparison):
    found = between(*sorted((one, two)))
    decided = verdict(found, comparison, threshold, margin)
    if decided in OPPOSITE:
        assert on_claimed_side(found.value, comparison, threshold, margin) == (decided == "supported")


def test_a_missing_value_is_on_no_side():
    assert not any(on_claimed_side(math.nan, comparison, 0, 1) for comparison in [*MIRRORED, "at_least"])


def test_an_unknown_comparison_and_a_negative_margin_are_refused():
    with pytest.raises(ValueError, match="unknown comparison 'better'; use one of greater, less, at_least, near"):
        verdict(between(0, 1), "better", 0)
    with pytest.raises(ValueError, match="a margin must be 0 or more, not -1"):
        verdict(between(0, 1), "greater", 0, -1)


# Bootstrap and proportions


def test_the_bootstrap_of_the_same_generator_is_the_same():
    data = drawn(9, 10, 3)

    def middle(sample: np.ndarray) -> float:
        return float(np.median(sample.mean(axis=1)))

    first, again = (bca(data, middle, generator=np.random.default_rng(1), resamples=499) for _ in range(2))
    assert first == again
    assert first[1] < first[0] < first[2]
    assert first[1:] != bca(data, middle, generator=np.random.default_rng(2), resamples=499)[1:]


def test_the_bootstrap_of_a_mean_is_that_of_scipy():
    data = drawn(10, 20)
    theirs = stats.bootstrap((data,), np.mean, n_resamples=999, rng=np.random.default_rng(3)).confidence_interval
    found = bca(data, cluster_mean, generator=np.random.default_rng(3), resamples=999)
    assert found == pytest.approx((data.mean(), theirs.low, theirs.high), rel=1e-9)


def test_a_bootstrap_that_has_no_limits_says_so_without_a_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert bca(np.ones(6), np.median, generator=np.random.default_rng(0), resamples=99) == (1, 1, 1)
        tied = bca([1, 1, 1, 1, 1, 2], np.median, generator=np.random.default_rng(0), resamples=99)
        alone = bca([0.5], np.median, generator=np.random.default_rng(0))
    assert np.isnan(tied).tolist() == np.isnan(alone).tolist() == [False, True, True]


@pytest.mark.parametrize(("hits", "count"), [(0, 6), (4, 6), (6, 6), (13, 20)])
def test_a_proportion_has_the_limits_of_clopper_and_pearson(hits, count):
    value, low, high = restricted_proportion(hits, count)
    assert value == hits / count
    assert low == pytest.approx(0 if hits == 0 else stats.beta.ppf(0.025, hits, count - hits + 1), abs=1e-9)
    assert high == pytest.approx(1 if hits == count else stats.beta.ppf(0.975, hits + 1, count - hits), abs=1e-9)
    alone = restricted_proportion(hits, count, level=1 - 0.05 / 8)
    assert restricted_proportion(hits, count, family=8) == pytest.approx(alone)


@pytest.mark.parametrize(("hits", "count"), [(-1, 6), (7, 6), (0, 0)])
def test_an_impossible_proportion_is_refused(hits, count):
    with pytest.raises(ValueError, match=f"not {hits} of {count}"):
        restricted_proportion(hits, count)


# Predictive densities

SAMPLE = np.array([0.88, 0.91, 0.90, 0.87, 0.92, 0.90])


def test_the_predictive_is_students_t_about_the_mean():
    x = np.array([[0.5, 0.9], [0.95, 2.0]])
    log_density, distribution = student_predictive(x, SAMPLE, 0.01)
    expected = stats.t(5, SAMPLE.mean(), math.sqrt((SAMPLE.var(ddof=1) + 0.01**2) * 7 / 6))
    assert log_density == pytest.approx(expected.logpdf(x), rel=1e-12)
    assert distribution == pytest.approx(expected.cdf(x), rel=1e-12)


@pytest.mark.parametrize("count", [1, 2, 30])
@pytest.mark.parametrize("sample", [SAMPLE, SAMPLE[:2]])
def test_the_density_of_a_maximum_integrates_to_one(sample, count):
    def density(x: float) -> float:
        return math.exp(log_density_of_maximum(x, sample, 0.01, count))

    halves = [integrate.quad(density, *ends, limit=200)[0] for ends in ((-np.inf, 0.9), (0.9, 0.95), (0.95, np.inf))]
    assert sum(halves) == pytest.approx(1, abs=1e-6)
    assert density(0.9) > 0


def test_the_predictive_density_integrates_to_its_distribution():
    def density(x: float) -> float:
        return math.exp(student_predictive(x, SAMPLE, 0.0)[0])

    below, above = integrate.quad(density, -np.inf, 0.91)[0], integrate.quad(density, 0.91, np.inf)[0]
    assert below + above == pytest.approx(1, abs=1e-6)
    assert below == pytest.approx(float(student_predictive(0.91, SAMPLE, 0.0)[1]), abs=1e-6)


def test_the_density_of_a_maximum_matches_simulated_maxima():
    scale = math.sqrt((SAMPLE.var(ddof=1) + 0.01**2) * 7 / 6)
    maxima = (SAMPLE.mean() + scale * np.random.default_rng(0).standard_t(5, (100_000, 10))).max(axis=1)
    grid = np.linspace(0.7, 2.0, 13_001)
    density = np.exp(log_density_of_maximum(grid, SAMPLE, 0.01, 10))
    cumulated = integrate.cumulative_trapezoid(density, grid, initial=0)
    for edge in (0.90, 0.92, 0.94, 0.96, 1.0):
        assert np.interp(edge, grid, cumulated) == pytest.approx((maxima <= edge).mean(), abs=0.006)
    assert integrate.trapezoid(grid * density, grid) == pytest.approx(maxima.mean(), abs=5e-4)


def test_the_density_of_a_maximum_stays_finite_and_smooth_where_the_distribution_underflows():
    sample = drawn(11, 60)
    x = -np.logspace(3.5, 12, 400)
    found = log_density_of_maximum(x, sample, 0.0, 3)
    steps = np.diff(found) / np.diff(np.log(-x))
    assert np.isfinite(found).all()
    assert steps == pytest.approx(-(60 + 2 * 59), rel=1e-3)


@pytest.mark.parametrize(
    ("sample", "floor", "count", "complaint"),
    [
        ([0.9], 0.1, 2, "needs two values or more and a floor >= 0, not 1 and 0.1"),
        ([0.9, 0.8], -0.1, 2, "needs two values or more and a floor >= 0, not 2 and -0.1"),
        ([0.9, 0.9], 0.0, 2, "the predictive scale is 0.0; give finite values, and a positive floor"),
        ([0.9, math.nan], 0.1, 2, "the predictive scale is nan"),
        ([0.9, 0.8], 0.1, 0, "the largest of 0 draws does not exist"),
    ],
)
def test_a_predictive_that_does_not_exist_is_refused(sample, floor, count, complaint):
    with pytest.raises(ValueError, match=complaint):
        log_density_of_maximum(0.9, sample, floor, count)


# Coverage of the nominal 95 % interval. The numbers were measured with 200 000 samples (cross-fitted and percentile
# bootstrap 20 000, BCa 4 000 with 999 resamples) on NumPy 2.4, and are those of the module's docstring. The tests draw
# 8 000, whose standard error is 0.0025 at 0.95 and 0.005 at 0.74.

REPETITIONS, BAND = 8000, 0.015


def bimodal(generator: np.random.Generator, shape: tuple[int, ...], fails: np.ndarray | float = 0.2) -> np.ndarray:
    return np.where(generator.random(shape) < fails, 0.1, generator.normal(0.9, 0.02, shape))


SOURCES = {
    "normal": (lambda g, shape: g.normal(0, 1, shape), 0.0),
    "exponential": (lambda g, shape: g.exponential(1, shape), 1.0),
    "beta": (lambda g, shape: g.beta(9, 1, shape), 0.9),
    "bimodal": (bimodal, 0.2 * 0.1 + 0.8 * 0.9),
    "bimodal_difference": (lambda g, shape: bimodal(g, shape) - bimodal(g, shape), 0.0),
}
MEDIANS = {
    "normal": 0.0,
    "exponential": math.log(2),
    "beta": 0.5 ** (1 / 9),
    "bimodal": 0.9 + 0.02 * stats.norm.isf(0.5 / 0.8),
}
MEASURED = {
    "normal": (0.950, 0.951, 0.950),
    "exponential": (0.887, 0.900, 0.918),
    "beta": (0.902, 0.915, 0.930),
    "bimodal": (0.737, 0.886, 0.921),
    "bimodal_difference": (0.986, 0.962, 0.952),
}
PERCENTILE = {
    "normal": (0.858, 0.907, 0.927),
    "exponential": (0.811, 0.860, 0.902),
    "beta": (0.827, 0.874, 0.915),
    "bimodal": (0.719, 0.878, 0.911),
    "bimodal_difference": (0.819, 0.862, 0.919),
}


def t_covers(values: np.ndarray, truth: float, family: int = 1) -> np.ndarray:
    """Whether the interval of each row of pseudo-values ``[repetitions, seeds]`` holds the truth."""
    count = values.shape[1]
    half = stats.t.isf(0.025 / family, count - 1) * values.std(axis=1, ddof=1) / math.sqrt(count)
    return np.abs(values.mean(axis=1) - truth) <= half


def percentile_covers(values: np.ndarray, truth: float, generator: np.random.Generator) -> np.ndarray:
    """The same for the percentile bootstrap of the mean; the resamples are shared by the rows."""
    count = values.shape[1]
    weights = generator.multinomial(count, np.full(count, 1 / count), 1000).T / count
    low, high = np.percentile(values @ weights, [2.5, 97.5], axis=1)
    return (low <= truth) & (truth <= high)


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize("index", range(3), ids=["6", "10", "20"])
def test_coverage_for_a_mean_is_as_measured_and_the_percentile_bootstrap_is_worse(name, index):
    draw, truth = SOURCES[name]
    values = draw(np.random.default_rng(index), (REPETITIONS, SEEDS[index]))
    found = t_covers(values, truth).mean()
    bootstrap = percentile_covers(values, truth, np.random.default_rng(100)).mean()
    assert found == pytest.approx(MEASURED[name][index], abs=BAND)
    assert bootstrap == pytest.approx(PERCENTILE[name][index], abs=BAND)
    assert found > bootstrap
    assert found >= 0.93 or name not in ("normal", "bimodal_difference")


def test_the_simulated_interval_is_the_one_that_the_module_gives():
    for values in SOURCES["bimodal"][0](np.random.default_rng(1), (20, 10)):
        found = estimate(values, family=4)
        for family, low, high in ((1, found.low, found.high), (4, found.family_low, found.family_high)):
            edges = np.array([low, high]) + (high - low) * np.array([[1e-9, -1e-9], [-1e-9, 1e-9]])
            inside, outside = [[t_covers(values[None], edge, family)[0] for edge in row] for row in edges]
            assert (inside, outside) == ([True, True], [False, False])


def test_a_family_interval_does_not_mend_samples_that_never_show_the_failure():
    draw, truth = SOURCES["bimodal"]
    values = draw(np.random.default_rng(2), (REPETITIONS, 6))
    assert t_covers(values, truth, 20).mean() == pytest.approx(0.738, abs=BAND)
    stable = np.random.default_rng(3).normal(0.9, 0.02, values.shape)
    assert t_covers(values - stable, truth - 0.9, 20).mean() == pytest.approx(0.738, abs=BAND)


def test_twenty_independent_intervals_of_a_family_hold_together_for_normal_data():
    values = np.random.default_rng(4).normal(0, 1, (20 * REPETITIONS, 6))
    together = t_covers(values, 0.0, 20).reshape(REPETITIONS, 20).all(axis=1)
    assert together.mean() == pytest.approx(0.951, abs=BAND)


@pytest.mark.parametrize(
    ("name", "index", "measured"),
    [
        (name, index, measured[index])
        for name, measured in {
            "normal": (0.933, 0.930, 0.939),
            "exponential": (0.927, 0.929, 0.934),
            "beta": (0.929, 0.929, 0.939),
            "bimodal": (0.909, 0.928, 0.944),
        }.items()
        for index in range(3)
    ],
)
def test_coverage_of_the_bca_interval_of_a_median_is_as_measured(name, index, measured):
    values = SOURCES[name][0](np.random.default_rng(index), (1000, SEEDS[index]))
    found = stats.bootstrap(
        (values,), np.median, axis=-1, n_resamples=499, batch=100, method="BCa", rng=np.random.default_rng(0)
    ).confidence_interval
    covered = (found.low <= MEDIANS[name]) & (MEDIANS[name] <= found.high)
    assert covered.mean() == pytest.approx(measured, abs=0.03)


# Cross-fitting: eight starts, scores and noisy selection values of [repetitions, seeds, starts]

CLOSE = np.array([0.86, 0.88, 0.90, 0.91, 0.905, 0.90, 0.89, 0.87])
BEST = np.array([0.93] + [0.9] * 7)
FAILS = np.linspace(0.05, 0.4, 8)
USUAL, RARE = np.linspace(0.6, 0.9, 8), np.linspace(0.95, 0.5, 8)


def close_starts(g: np.random.Generator, *size: int) -> tuple[np.ndarray, np.ndarray]:
    scores = CLOSE + g.normal(0, 0.01, (*size, 1)) + g.normal(0, 0.02, (*size, 8))
    return scores, scores + g.normal(0, 0.01, scores.shape)


def failing_starts(g: np.random.Generator, *size: int) -> tuple[np.ndarray, np.ndarray]:
    scores = bimodal(g, (*size, 8), FAILS)
    return scores, scores + g.normal(0, 0.01, scores.shape)


def one_better_start(g: np.random.Generator, *size: int) -> tuple[np.ndarray, np.ndarray]:
    scores = BEST + g.normal(0, 0.01, (*size, 8))
    return scores, scores + g.normal(0, 0.005, scores.shape)


def two_kinds_of_seed(g: np.random.Generator, *size: int) -> tuple[np.ndarray, np.ndarray]:
    scores = np.where(g.random((*size, 1)) < 0.3, RARE, USUAL) + g.normal(0, 0.02, (*size, 8))
    return scores, scores


CROSS_FITS = {
    close_starts: (CLOSE, (0.967, 0.963, 0.957)),
    failing_starts: (0.9 - 0.8 * FAILS, (0.946, 0.962, 0.964)),
    one_better_start: (BEST, (0.890, 0.884, 0.927)),
    two_kinds_of_seed: (0.3 * RARE + 0.7 * USUAL, (0.701, 0.860, 0.850)),
}


def many_pseudo_values(scores: np.ndarray, selection: np.ndarray) -> np.ndarray:
    """Jackknife of the cross-fit for every repetition ``[repetitions, seeds, starts]``: ``[repetitions, seeds]``."""
    count = scores.shape[1]
    judged = np.einsum("rja,rka->rjk", scores, np.eye(8)[selection.argmax(axis=2)]) * (1 - np.eye(count))
    total = judged.sum(axis=(1, 2))[:, None]
    without = total - judged.sum(axis=1) - judged.sum(axis=2)
    return total / (count - 1) - without / (count - 2)


@pytest.mark.parametrize("draw", CROSS_FITS)
def test_many_cross_fits_at_once_are_those_of_the_module(draw):
    scores, selection = draw(np.random.default_rng(0), 5, 6)
    expected = [jackknife(stacked(*one), cross_fitted) for one in zip(scores, selection, strict=True)]
    assert many_pseudo_values(scores, selection) == pytest.approx(np.array(expected), rel=1e-9)


@pytest.mark.parametrize(("draw", "index"), itertools.product(CROSS_FITS, range(3)))
def test_coverage_for_a_cross_fit_is_as_measured_and_its_value_unbiased(draw, index):
    means, measured = CROSS_FITS[draw]
    chosen = draw(np.random.default_rng(99), 200_000)[1].argmax(axis=1)
    truth = np.bincount(chosen, minlength=8) / len(chosen) @ means
    values = many_pseudo_values(*draw(np.random.default_rng(index), REPETITIONS, SEEDS[index]))
    averages = values.mean(axis=1)
    assert averages.mean() == pytest.approx(truth, abs=5 * averages.std() / math.sqrt(REPETITIONS))
    assert t_covers(values, truth).mean() == pytest.approx(measured[index], abs=BAND)
