"""The numbers on the exhibits: intervals, selection, cross-fitting, the thesis's own values."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from synthetic_run import write_run

from hypersvg import thesis
from hypersvg.exhibits import EXHIBITS, Results
from hypersvg.exhibits.intervals import percent, rate, rate_range, t_interval
from hypersvg.exhibits.names import label
from hypersvg.exhibits.table_settings import parameters
from hypersvg.reading.methods import ranked, runs_of
from hypersvg.reading.selection import best_start, selected
from hypersvg.settings import Settings
from hypersvg.statistics import cross_fitted, estimate, stacked


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    blocks = {"run": {"seeds": 3}, "ppo": {"iterations": 3}, "offline": {"iterations": 10}}
    return Results(write_run(tmp_path_factory.mktemp("results") / "default", **blocks))


def runs(quoted: list[list[float]], test: list[list[float]]) -> pd.DataFrame:
    """Runs of a search: ``quoted[seed][run]``."""
    rows = [
        {"seed": seed, "run": run, "quoted_accuracy": one, "val_accuracy": one, "test_accuracy": test[seed][run]}
        for seed, line in enumerate(quoted)
        for run, one in enumerate(line)
    ]
    return pd.DataFrame(rows)


def test_t_interval_is_the_textbook_one() -> None:
    interval = t_interval(pd.Series([1.0, 2.0, 3.0]))
    assert interval.mean == 2.0
    assert interval.half == pytest.approx(4.302653 / math.sqrt(3), rel=1e-6)


def test_one_value_has_no_interval_and_none_has_a_dash() -> None:
    assert t_interval(pd.Series([0.5])).percent() == "50.00"
    assert t_interval(pd.Series([math.nan])).percent() == "–"


def test_printed_numbers() -> None:
    assert percent(None) == "–"
    assert rate(1.0000011e-05) == "1e-05"
    assert rate_range(pd.Series([0.01, 0.02, 0.04])) == "0.02 (0.01 – 0.04)"
    assert rate_range(pd.Series([0.01, 0.01])) == "0.01"


def test_best_start_is_the_first_among_equals() -> None:
    frame = runs([[0.9, 0.9, 0.2], [0.1, 0.3, 0.2]], [[0.0] * 3] * 2)
    assert list(best_start(frame).run) == [0, 1]


def test_cross_fitting_judges_a_choice_on_the_other_seeds_only() -> None:
    quoted = [[0.9, 0.5], [0.2, 0.6], [0.4, 0.8]]
    test = [[0.10, 0.20], [0.30, 0.40], [0.50, 0.60]]
    chosen = selected(runs(quoted, test), "bandit10")
    assert list(chosen.run) == [0, 1, 1]
    assert list(chosen.quoted_accuracy) == [0.9, 0.6, 0.8]
    assert chosen.val_accuracy.mean() == pytest.approx(np.mean([(0.2 + 0.4) / 2, (0.5 + 0.8) / 2, (0.5 + 0.6) / 2]))
    assert chosen.test_accuracy.mean() == pytest.approx(np.mean([(0.3 + 0.5) / 2, (0.2 + 0.6) / 2, (0.2 + 0.4) / 2]))


def test_the_interval_of_a_cross_fitted_mean_is_the_jackknifes() -> None:
    accuracy = np.random.default_rng(1).normal(0.8, 0.05, (8, 4))
    chosen = selected(runs(accuracy.tolist(), accuracy.tolist()), "adaptive")
    expected = estimate(stacked(accuracy, accuracy), cross_fitted)
    found = t_interval(chosen.val_accuracy)
    assert (found.mean - found.half, found.mean + found.half) == pytest.approx((expected.low, expected.high))


def test_cross_fitting_is_unbiased_where_every_start_is_equal() -> None:
    noise = np.random.default_rng(0).normal(0.8, 0.05, (200, 6))
    chosen = selected(runs(noise.tolist(), noise.tolist()), "adaptive")
    assert chosen.quoted_accuracy.mean() > 0.85
    assert chosen.val_accuracy.mean() == pytest.approx(0.8, abs=0.005)


def test_one_seed_cannot_be_cross_fitted_and_random_search_keeps_its_fresh_seeds() -> None:
    frame = runs([[0.9, 0.5]], [[0.1, 0.2]])
    assert math.isnan(selected(frame, "grid").val_accuracy.iloc[0])
    assert selected(frame.assign(val_accuracy=0.7), "random").val_accuracy.iloc[0] == 0.7


def test_table_4_2_quotes_the_best_start_of_each_seed(results: Results) -> None:
    row = EXHIBITS["table_4_2"](results).frame.set_index("method").loc["bandit20"]
    best = runs_of(results, "bandit20", "good").groupby("seed").quoted_accuracy.max()
    assert row.quoted_accuracy == pytest.approx(best.mean())
    assert row.thesis_accuracy == 0.8778
    assert (row.inner_steps, row.evaluations, row.surrogate_updates) == (5 * 120, 5, 5 * 20)


def test_diverged_runs_are_counted_and_stay_in_the_mean(results: Results) -> None:
    frame = EXHIBITS["table_4_4"](results).frame.set_index(["method", "run"])
    expected = runs_of(results, "adaptive", "bad").query("run == 0")
    assert (frame.loc[("adaptive", 0), "diverged"], frame.loc[("adaptive", 0), "runs"]) == (1, 3)
    assert frame.loc[("adaptive", 0), "val_accuracy"] == pytest.approx(expected.quoted_accuracy.mean())


def test_table_4_4_has_every_start_beside_the_thesis(results: Results) -> None:
    frame = EXHIBITS["table_4_4"](results).frame
    ours = frame[frame.block == "thesis"]
    assert len(ours) == len(thesis.EVERY_START) == 36
    printed = ours.sort_values(["method", "thesis_start"]).thesis_accuracy
    theirs = sorted(thesis.EVERY_START, key=lambda line: (line.method, line.start))
    assert list(printed) == [line.accuracy for line in theirs]
    assert {"random_rate", "adaptive_frozen", "bandit50_untrained", "best_constant"} <= set(frame.method)


def test_starts_that_the_thesis_did_not_use_have_no_thesis_value(tmp_path: Path) -> None:
    blocks = {"run": {"seeds": 2}, "online": {"bad_grid": [-2, -4, 3]}, "baselines": {"random_draws": 2}}
    frame = EXHIBITS["table_4_4"](Results(write_run(tmp_path / "other", **blocks))).frame
    assert frame[frame.method == "grid"].thesis_accuracy.isna().all()


def test_random_search_is_ranked_within_each_seed() -> None:
    frame = pd.DataFrame({"seed": [0, 0, 1, 1], "run": [0, 1, 0, 1], "start": [0.05, 0.01, 0.02, 0.03]})
    assert list(ranked(frame).run) == [1, 0, 0, 1]


def test_thesis_rates_of_random_search_are_decoded() -> None:
    draws = [line.start for line in thesis.EVERY_START if line.method == "random"]
    assert draws == [0.09751952, 0.02728348, 0.046155833, 0.055948693, 0.03826389, 0.08570347]
    assert all(1e-5 <= draw <= 0.1 for draw in draws)


def test_thesis_grid_is_logspace_and_its_accuracies_are_ten_thousandths() -> None:
    assert np.allclose(thesis.STARTS, np.logspace(-1, -5, 6), rtol=2e-6)
    scaled = np.array([line.accuracy for line in thesis.EVERY_START]) * 10_000
    assert scaled == pytest.approx(np.round(scaled), abs=1e-2)


def test_table_4_3_names_the_networks_that_the_stages_build() -> None:
    torch = pytest.importorskip("torch")
    from hypersvg.environments import ppo_task
    from hypersvg.images import Images, Split

    empty = Split(torch.zeros(1, 784), torch.zeros(1, dtype=torch.long))
    network = ppo_task(Settings(), Images(empty, empty, empty, "mnist")).network  # type: ignore[attr-defined]
    assert (network.activation, network.initialisation) == ("tanh", "glorot")
    assert network.parameters == parameters(Settings()) == 26_506
    assert (Settings().inner.activation, Settings().inner.initialisation) == ("elu", "he_uniform")


def test_table_4_3_follows_the_settings_used(tmp_path: Path) -> None:
    blocks = {"run": {"seeds": 1}, "svg": {"width": 48}, "inner": {"optimizer": "sgd", "batch_size": 77}}
    text = EXHIBITS["table_4_3"](Results(write_run(tmp_path / "other", **blocks))).frame.used.str.cat(sep="|")
    assert "surrogate (48, 26506), policy (48, 1)" in text
    assert "SGD" in text
    assert "77, unit pixels" in text


def test_table_4_1_keeps_what_the_thesis_lacks_apart(results: Results) -> None:
    frame = EXHIBITS["table_4_1"](results).frame.set_index("method")
    controls, own = frame[frame.block == "control"], results.table("ppo_runs").groupby("method").val_accuracy.mean()
    assert {"ppo_clip010", "ppo_fixed_long", "ppo_untrained", "ppo_dense_constant"} <= set(controls.index)
    assert controls.thesis_accuracy.isna().all()
    assert controls.val_accuracy.to_dict() == pytest.approx({method: own[method] for method in controls.index})
    assert controls.quoted_accuracy.isna().to_dict() == {name: name.endswith("_constant") for name in controls.index}
    assert (frame.length["ppo_fixed"], frame.length["ppo_fixed_long"]) == (20, 100)


def test_labels() -> None:
    assert label("ppo_clip010") == "HyperPPO, sparse-once, ε = 0.1"
    assert label("ppo_dense_constant") == "HyperPPO, dense, its rate as a constant"
    assert label("bandit50_frozen") == "Bandit50-SVG, surrogate random and frozen"
    assert label("offline_T05_N100") == "OfflineSVG, unroll 5, 100 iterations"
    assert label("a_new_controller") == "a_new_controller"
