"""Equal budgets: what is charged adds up, warm-ups count, misses stay misses."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from synthetic_run import keep_record, write_run

from hypersvg.exhibits import EXHIBITS, Results
from hypersvg.exhibits.budgets import chosen_curve, weights
from hypersvg.exhibits.reached import proportion, reached, summary
from hypersvg.exhibits.seconds import Clock
from hypersvg.schema import TABLES
from hypersvg.statistics import restricted_proportion
from hypersvg.tables import write_table

SMALL = {"run": {"seeds": 3}, "ppo": {"iterations": 3}, "offline": {"iterations": 10}}
MEASURED = {"grid": 0.2, "random": 0.3, "adaptive": 2.0, "bandit10": 0.5, "bandit20": 0.6, "bandit50": 1.2}


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """A run whose timed seconds are those of MEASURED."""
    results = Results(write_run(tmp_path_factory.mktemp("results") / "default", **SMALL))
    times = results.table("runtimes")
    times["seconds"] = [
        MEASURED.get(method, seconds) for method, seconds in zip(times.method, times.seconds, strict=True)
    ]
    write_table(times, TABLES["runtimes"], results.path("runtimes"))
    keep_record(results.path("runtimes"))
    return Results(results.folder)


def curve(accuracies: list[float], warm: int, run: int = 0, seed: int = 0) -> pd.DataFrame:
    """A hand-made curve whose first ``warm`` steps are the warm-up."""
    steps = np.arange(1, len(accuracies) + 1)
    phase = np.where(steps > warm, "main", "warm_up")
    columns = {"step": steps, "phase": phase, "val_accuracy": accuracies}
    return pd.DataFrame(columns).assign(run=run, seed=seed, start=0.01)


def test_time_to_90_is_the_first_step_of_the_main_phase_that_reaches_it(results: Results) -> None:
    made = reached(curve([0.1, 0.5, 0.89, 0.90, 0.7, 0.95], 0), "grid", Clock(results)).iloc[0]
    assert made.steps == 4
    assert made.seconds == pytest.approx(4 * 0.2 / 100)
    assert made.kept


def test_a_warm_up_is_charged_and_what_it_reaches_does_not_count(results: Results) -> None:
    accuracies = [0.95] * 10 + [0.1, 0.2, 0.91]
    made = reached(curve(accuracies, 10), "bandit10", Clock(results)).iloc[0]
    assert made.steps == 13
    warm_up_seconds = 0.5 - 100 * 0.2 / 100
    assert made.seconds == pytest.approx(warm_up_seconds + 3 * 0.2 / 100)


def test_misses_stay_misses_and_leave_the_medians_to_the_hits(results: Results) -> None:
    curves = pd.concat(
        [curve([0.5, 0.9, 0.5], 0, seed=0), curve([0.5, 0.6, 0.7], 0, seed=1), curve([0.5, 0.5, 0.95], 0, seed=2)]
    )
    runs = reached(curves, "grid", Clock(results))
    assert math.isnan(runs.set_index("seed").steps[1])
    assert math.isnan(runs.set_index("seed").seconds[1])
    row = summary(runs, steps=2).iloc[0]
    assert (row.reached, row.runs, row.within, row.kept) == (2, 3, 1, 1)
    assert row.median_steps == 2.5
    assert (row.share, row.share_low, row.share_high) == pytest.approx(restricted_proportion(2, 3))


def test_the_share_of_several_starts_averages_limits_that_hold_at_once() -> None:
    hit = pd.Series([True, True, True, False, False, True])
    start = pd.Series([0, 0, 0, 1, 1, 1])
    first, second = restricted_proportion(3, 3, family=2), restricted_proportion(1, 3, family=2)
    assert proportion(hit, start) == pytest.approx([(a + b) / 2 for a, b in zip(first, second, strict=True)])


def test_the_interval_of_a_share_keeps_its_level_where_the_starts_of_a_seed_agree() -> None:
    random, covered = np.random.default_rng(0), 0
    start = pd.Series(np.tile(np.arange(3), 6))
    for _ in range(200):
        seeds = np.repeat(random.random(6) < 0.7, 3)
        _, low, high = proportion(pd.Series(seeds), start)
        covered += low <= 0.7 <= high
    assert covered >= 190


def test_a_run_in_seconds_ends_where_it_was_timed(results: Results) -> None:
    clock = Clock(results)
    for method, seconds in MEASURED.items():
        assert clock.run(method) == pytest.approx(seconds)
    composed = 50 * 0.5 / 100 + 0.2
    assert clock.run("bandit50_untrained") == pytest.approx(composed)
    assert clock.run("best_constant") == pytest.approx(0.2)


def test_the_chosen_start_is_judged_on_the_other_seeds() -> None:
    runs = pd.DataFrame(
        [(0, 0, 0.9), (0, 1, 0.1), (1, 0, 0.1), (1, 1, 0.9), (2, 0, 0.1), (2, 1, 0.9)],
        columns=["seed", "run", "quoted_accuracy"],
    )
    values = {(seed, run): 0.1 * seed + 0.5 * run for seed in range(3) for run in range(2)}
    curves = pd.concat([curve([value], 0, run, seed) for (seed, run), value in values.items()])
    expected = []
    for chooser, run in {0: 0, 1: 1, 2: 1}.items():
        expected += [values[seed, run] for seed in range(3) if seed != chooser]
    assert chosen_curve(curves, runs, "adaptive").accuracy.tolist() == pytest.approx([np.mean(expected)])


def test_one_seed_judges_its_own_choice() -> None:
    assert weights(pd.DataFrame({"seed": [0], "run": [3]}), own=True).to_dict("list") == {
        "seed": [0],
        "run": [3],
        "weight": [1.0],
    }


def test_costs_add_up_against_a_plain_loop(results: Results) -> None:
    table = EXHIBITS["table_budgets"](results).frame.set_index("method")
    runs = pd.concat([results.table("online_runs"), results.table("baselines_runs")])
    for method in ("grid", "random", "adaptive", "bandit20", "bandit50_frozen", "random_rate", "grid_long", "bo_150"):
        totals = {"inner_steps": 0, "evaluations": 0, "surrogate_updates": 0}
        for _, run in runs[(runs.method == method) & (runs.grid != "bad") & (runs.seed == 1)].iterrows():
            for name in totals:
                totals[name] += run[name]
        assert table.loc[method, list(totals)].tolist() == list(totals.values()), method


def test_seconds_are_what_was_timed_times_how_often(results: Results) -> None:
    table = EXHIBITS["table_budgets"](results).frame.set_index("method")
    expected = {
        "grid": 5 * 0.2 + 5 * 0.01,
        "adaptive": 5 * 2.0 + 5 * 0.01,
        "bandit50": 5 * 1.2 + 5 * 0.01,
        "bandit50_untrained": 5 * (50 * 0.5 / 100 + 0.2) + 5 * 0.01,
        "bo": 100 * 0.05 + 100 * 0.2,
        "offline_T10_N5": 60 * 0.08 + 5 * 0.1,
        "offline_T10_N10": 60 * 0.08 + 10 * 0.1,
        "ppo_dense": 3 * 0.3,
    }
    assert {method: table.seconds[method] for method in expected} == pytest.approx(expected)
    assert table.extrapolated[["grid", "adaptive", "bandit50"]].eq("no").all()
    assert table.extrapolated[["grid_long", "bandit50_untrained", "bo", "offline_T10_N5", "ppo_dense"]].eq("yes").all()
    assert table.further_steps[["grid", "bo", "bo_100", "bo_150", "ppo_dense"]].tolist() == [0, 0, 100, 150, 20]


def test_table_4_2_has_the_runs_at_the_bandits_length_and_no_seconds(results: Results) -> None:
    frame = EXHIBITS["table_4_2"](results).frame.set_index("method")
    assert frame[frame.block == "longer"].length.to_dict() == {"grid_long": "150", "bo_100": "100", "bo_150": "150"}
    assert not any("second" in column for column in frame.columns)
    assert math.isnan(frame.quoted_accuracy["bo_100"])
    own = results.table("baselines_runs").query("method == 'bo_100'").val_accuracy.mean()
    assert frame.val_accuracy["bo_100"] == pytest.approx(own)


def test_the_figure_draws_bandits_after_their_warm_up_to_its_end(results: Results) -> None:
    frame = EXHIBITS["fig_budgets"](results).frame
    main = frame[(frame.panel == "curve") & (frame.phase == "main") & (frame.grid == "bad")].groupby("method").step
    spans = {method: (int(steps.min()), int(steps.max())) for method, steps in main}
    assert spans["bandit50"] == (51, 150)
    assert spans["bandit10"] == (11, 110)
    assert spans["grid"] == spans["adaptive"] == (1, 100)


@pytest.mark.parametrize("blocks", [{"run": {"seeds": 1}}, {"online": {"warm_ups": [5], "steps": 30}}])
def test_one_seed_and_one_bandit_have_all_budgets(blocks: dict[str, dict[str, object]], tmp_path: Path) -> None:
    results = Results(write_run(tmp_path / "odd", **{**SMALL, **blocks}))
    for name in ("fig_budgets", "table_budgets", "table_time_to_90"):
        assert EXHIBITS[name](results).caption
