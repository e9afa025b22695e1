"""The regression gate finds what is put in, names it, and passes what a sound run does."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from gate_sides import ELSEWHERE, HERE, claim, drifts, edited, lines, side, stored, timed_claim

from hypersvg.pipeline import provenance
from hypersvg.pipeline.gate import machine
from hypersvg.pipeline.gate.claims import claims_drift
from hypersvg.pipeline.gate.comparison import compare_sides
from hypersvg.pipeline.gate.drift import MOST, Drift, printed
from hypersvg.pipeline.gate.times import times_drift
from hypersvg.reading.results import FILES
from hypersvg.schema import TABLES
from hypersvg.schema.tolerances import kind_of


@pytest.mark.parametrize("elsewhere", [False, True])
def test_a_run_agrees_with_itself(elsewhere):
    assert drifts(side(), elsewhere=elsewhere) == []


def without_seed(frame):
    return frame[frame.seed != 1]


def without_method(frame):
    return frame[frame.method != "hypergradient"]


def with_seed(frame):
    return pd.concat([frame, frame[frame.seed == 0].assign(seed=6)], ignore_index=True)


def one_row_less(frame):
    return frame.drop(index=frame.index[frame.method == "adaptive"][3])


MISSING = {
    "a missing column": (
        "online_runs",
        lambda f: f.drop(columns="test_accuracy"),
        "column: test_accuracy: there → missing",
    ),
    "an extra column": ("online_runs", lambda f: f.assign(luck=1.0), "column: luck: missing → there"),
    "another type": (
        "online_runs",
        lambda f: f.astype({"val_accuracy": "float32"}),
        "type: val_accuracy: float64 → float32",
    ),
    "a missing key": ("online_runs", lambda f: f.drop(columns="grid"), "column: grid: there → missing"),
    "a missing seed": ("steering_gradients", without_seed, "seed 1, "),
    "an unknown seed": ("ppo_runs", with_seed, "seed 6, "),
    "a dropped method": ("online_curves", without_method, "hypergradient, "),
    "a missing row": ("online_runs", one_row_less, "1 rows, the first: adaptive, grid "),
    "a repeated row": ("toy_errors", lambda f: pd.concat([f, f.head(1)]), "a row stands twice in the run"),
}


@pytest.mark.parametrize("elsewhere", [False, True])
@pytest.mark.parametrize(("table", "edit", "words"), MISSING.values(), ids=MISSING)
def test_what_one_side_lacks_is_named_on_any_machine_class(table, edit, words, elsewhere):
    found = lines(drifts(edited(table, edit), elsewhere=elsewhere))
    assert any(line.startswith(f"{table}: {words}") for line in found), found


@pytest.mark.parametrize("elsewhere", [False, True])
def test_a_missing_table_is_named_on_any_machine_class(elsewhere):
    old = side("toy_errors", "landscapes")
    assert lines(drifts(side("toy_errors"), old, elsewhere)) == ["landscapes: : table: there → missing"]


def test_a_whole_seed_that_is_missing_takes_one_line_with_its_number_of_rows():
    count = len(stored(6).tables["ppo_runs"]) // 6
    assert lines(drifts(edited("ppo_runs", without_seed))) == [f"ppo_runs: seed 1, {count} rows: rows: there → missing"]


def put(table, column, value, row=5):
    def edit(frame):
        frame.loc[row, column] = value(frame.loc[row, column])

    return edited(table, edit)


def test_a_last_bit_is_drift_on_the_same_machine_class_and_not_on_another():
    run = put("online_curves", "val_accuracy", lambda x: np.nextafter(x, 2))
    (found,) = drifts(run)
    assert (found.table, found.number, found.tolerance, found.moved) == ("online_curves", "val_accuracy", "0", 1)
    assert float(found.old) < float(found.new)
    assert found.size < 1e-10
    assert drifts(run, elsewhere=True) == []


def test_a_swapped_sign_is_drift():
    run = put("surrogate_gradients", "gradient", lambda x: -x)
    (found,) = drifts(run)
    assert float(found.old) == pytest.approx(-float(found.new))


@pytest.mark.parametrize("elsewhere", [False, True])
@pytest.mark.parametrize(("value", "words"), [(lambda x: np.nan, "→ empty")])
def test_a_gap_in_place_of_a_number_is_drift_on_any_machine_class(value, words, elsewhere):
    found = lines(drifts(put("baselines_runs", "val_accuracy", value), elsewhere=elsewhere))
    assert len(found) == 1
    assert found[0].endswith(words)


@pytest.mark.parametrize("elsewhere", [False, True])
def test_a_number_in_place_of_a_gap_is_drift_on_any_machine_class(elsewhere):
    empty = int(stored(6).tables["offline_curves"].held_out_loss.isna().to_numpy().argmax())
    found = lines(drifts(put("offline_curves", "held_out_loss", lambda _: 1e-5, empty), elsewhere=elsewhere))
    assert len(found) == 1
    assert "empty → 1e-05" in found[0]


def test_the_group_that_moved_is_named_with_its_largest_move_and_how_many_moved():
    def edit(frame):
        chosen = (frame.method == "adaptive") & (frame.grid == "bad") & (frame.seed == 2)
        frame.loc[chosen, "test_accuracy"] += 0.01
        frame.loc[chosen & (frame.run == 4), "test_accuracy"] += 0.3

    (found,) = drifts(edited("online_runs", edit))
    assert found.where == "adaptive, grid bad, run 4, seed 2"
    assert found.group == {"method": "adaptive", "grid": "bad"}
    assert (found.moved, found.compared) == (6, 36)


# Another machine class: means over seeds


MEASURED = {
    "accuracy": ("online_runs", "val_accuracy", {"method": "adaptive", "grid": "bad"}),
    "score": ("surrogate_errors", "derivative_cosine", {"unroll": 5}),
    "magnitude": ("offline_curves", "model_loss", {"unroll": 10}),
    "magnitude that no seed changes": ("trajectories", "train_loss", {}),
    "signed": ("steering_gradients", "learned", {"method": "adaptive", "grid": "good"}),
}


def means_of(*tables, seeds=6):
    """The means of a run beside its own reference, with their tolerances."""
    return compare_sides(replace(side(*tables, seeds=seeds), facts=ELSEWHERE), side(*tables, seeds=seeds)).means


def shifted(table, column, group, share):
    """The run whose mean moved by a share of its tolerance."""
    means = means_of(table)
    rows = means[(means.table == table) & (means.number == column) & ~means.measure.str.startswith("share")]
    tolerance = min(row.tolerance for row in rows.itertuples() if row.group == group)
    logarithmic = rows.measure.iloc[0].startswith("log10")

    def edit(frame):
        chosen = np.logical_and.reduce([frame[key] == value for key, value in group.items()] or [frame.seed >= 0])
        moved = frame.loc[chosen, column]
        frame.loc[chosen, column] = moved * 10 ** (share * tolerance) if logarithmic else moved + share * tolerance

    return edited(table, edit)


@pytest.mark.parametrize(("table", "column", "group"), MEASURED.values(), ids=MEASURED)
def test_on_another_class_a_mean_may_move_up_to_its_tolerance_and_no_further(table, column, group):
    assert drifts(shifted(table, column, group, 0.99), elsewhere=True) == []
    found = drifts(shifted(table, column, group, 1.01), elsewhere=True)
    assert {(one.table, one.group == group) for one in found} == {(table, True)}
    assert all(one.number.startswith(f"{column} (") and 1 < one.size < 1.1 for one in found)


def test_the_tolerance_of_six_seeds_is_the_interval_of_the_seeds_for_the_whole_family():
    from scipy import stats

    means = means_of("online_runs", "toy_errors")
    chosen = (means.table == "online_runs") & (means.number == "val_accuracy")
    (row,) = (row for row in means[chosen].itertuples() if row.group == {"method": "adaptive", "grid": "bad"})
    runs = stored(6).tables["online_runs"].query("method == 'adaptive' and grid == 'bad'")
    seeds = runs.groupby("seed").val_accuracy.mean()
    half_width = stats.t.isf(0.025 / len(means), 5) * seeds.std() / np.sqrt(6)
    assert row.tolerance == pytest.approx(np.sqrt(2) * half_width)


def test_below_six_seeds_a_quiet_group_gets_the_spread_of_its_column():
    few, many = (means_of("toy_errors", seeds=count) for count in (2, 6))
    few, many = (means[means.number == "final_rmse"] for means in (few, many))
    assert (few.tolerance >= few.pooled).all()
    assert few[few.own < few.pooled].tolerance.nunique() == 1
    assert many.tolerance.nunique() == len(many)


def test_two_seeds_do_not_excuse_ten_points_of_accuracy_however_far_apart_they_lie():
    old = side("ppo_runs", seeds=2)
    old.tables["ppo_runs"]["val_accuracy"] = 0.3 + 0.4 * old.tables["ppo_runs"]["seed"]
    for move, count in ((0.099, 0), (0.101, 1)):
        new = replace(old, tables={"ppo_runs": old.tables["ppo_runs"].copy()})
        new.tables["ppo_runs"].loc[new.tables["ppo_runs"].method == "ppo_fixed", "val_accuracy"] += move
        assert len(drifts(new, old, elsewhere=True)) == count


def test_means_of_one_seed_are_compared_by_nothing():
    run = side("ppo_runs", seeds=1)
    run.tables["ppo_runs"]["val_accuracy"] /= 2
    assert drifts(run, elsewhere=True) == []


def test_two_runs_that_differ_as_two_sets_of_seeds_do_agree_on_another_class():
    rng = np.random.default_rng(3)
    old, new = side("ppo_runs"), side("ppo_runs")
    for run in (old, new):
        frame = run.tables["ppo_runs"]
        frame["val_accuracy"] = 0.5 + rng.normal(0, 0.05, len(frame))
    assert drifts(new, old, elsewhere=True) == []
    assert drifts(new, old) != []


def test_more_diverged_runs_are_drift_on_another_class():
    def edit(frame):
        frame.loc[frame.method == "bandit3", "status"] = "diverged"

    found = drifts(edited("online_runs", edit), elsewhere=True)
    assert {one.number for one in found} == {"status (share diverged)"}


def test_settled_numbers_agree_to_six_digits_on_another_class():
    assert drifts(put("trajectories", "rate", lambda x: x * (1 + 1e-7)), elsewhere=True) == []
    assert len(drifts(put("trajectories", "rate", lambda x: x * (1 + 1e-5)), elsewhere=True)) == 1
    assert len(drifts(put("online_runs", "inner_steps", lambda x: x + 1), elsewhere=True)) == 1
    assert len(drifts(put("bo_evaluations", "phase", lambda x: "luck"), elsewhere=True)) == 1


def test_rows_are_matched_by_rates_that_differ_in_their_last_bits():
    def edit(frame):
        frame["rate"] = np.nextafter(frame["rate"], 1)

    run = edited("landscapes", edit)
    assert drifts(run, elsewhere=True) == []
    assert {one.number for one in drifts(run)} == {"rate"}


# Claims


def found_of(old, new, exact=True):
    return claims_drift({old["id"]: old}, {new["id"]: new}, exact)


@pytest.mark.parametrize("exact", [True, False])
def test_a_changed_verdict_is_drift_on_any_machine_class(exact):
    (found,) = found_of(claim(), claim(verdict="inconclusive"), exact)
    assert (found.number, found.old, found.new) == ("verdict", "supported", "inconclusive")
    assert found.claims == ("bandits_rescue",)
    assert found.exhibits == ("table_4_4",)


@pytest.mark.parametrize("exact", [True, False])
def test_a_claim_with_another_margin_or_a_missing_claim_is_drift(exact):
    assert [one.number for one in found_of(claim(), claim(margin=0.1), exact)] == ["margin"]
    assert [one.where for one in claims_drift({"a": claim()}, {"b": claim()}, exact)] == ["a", "b"]


def test_the_number_of_a_claim_is_held_exactly_on_the_same_class_and_by_its_interval_on_another():
    inside, outside = (0.2 + factor * np.sqrt(2) * 0.05 for factor in (0.99, 1.01))
    assert [one.number for one in found_of(claim(), claim(ours=0.200001))] == ["ours"]
    assert [one.number for one in found_of(claim(), claim(interval=[0.18, 0.23]))] == ["interval"]
    assert found_of(claim(), claim(ours=inside), exact=False) == []
    assert [one.number for one in found_of(claim(), claim(ours=outside), exact=False)] == ["ours"]


@pytest.mark.parametrize("exact", [True, False])
def test_a_claim_without_a_number_where_there_was_one_is_drift(exact):
    assert [one.new for one in found_of(claim(), claim(ours=None), exact)] == ["None"]


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize(
    ("ours", "count"), [(0.25 + np.log10(1.9), 0), (0.25 - np.log10(1.9), 0), (0.25 - np.log10(2.1), 1), (2.5, 0)]
)
def test_a_claim_about_wall_time_is_held_by_its_sign_with_a_factor_of_two(ours, count, exact):
    assert len(found_of(timed_claim(), timed_claim(ours=ours, verdict="inconclusive"), exact)) == count


# Wall times


def slower(factor, repeats=6):
    """Times with those of adaptive so many times as long."""
    times = side("runtimes").tables["runtimes"]
    times.loc[times.method == "adaptive", "seconds"] *= factor
    return times[times.repeat <= repeats]


def ratio():
    times = stored(6).tables["runtimes"].groupby("method").seconds.median()
    return times["adaptive"] / times["grid"]


@pytest.mark.parametrize("factor", [1.9, 1 / 1.9, 10.0, 0.2])
def test_seconds_may_move_as_long_as_the_order_stays(factor):
    assert ratio() * 0.2 > 1
    assert drifts(replace(side("runtimes"), tables={"runtimes": slower(factor)})) == []


def test_a_method_that_becomes_faster_than_grid_search_is_drift():
    run = replace(side("runtimes"), tables={"runtimes": slower(0.9 / ratio())})
    assert [one.where for one in drifts(run)] == ["adaptive"]


def test_a_changed_order_within_a_factor_of_two_is_none():
    old = slower(1.3 / ratio())
    assert times_drift(old, slower(0.7 / ratio())) == []
    assert [one.where for one in times_drift(old, slower(0.6 / ratio()))] == ["adaptive"]


def test_times_of_too_few_repeats_are_compared_by_nothing():
    assert times_drift(slower(1, 2), slower(0.9 / ratio(), 2)) == []


# Machine classes, tolerances, printing


@pytest.mark.parametrize("fact", machine.WORDS)
def test_two_runs_are_of_one_machine_class_where_every_fact_is_recorded_once_and_equal(fact):
    assert machine.differences(HERE, HERE) == []
    for values in (["other"], [*HERE["machine_class"][fact], "other"], ["None"]):
        other = {**HERE, "machine_class": {**HERE["machine_class"], fact: values}}
        assert len(machine.differences(other, HERE)) == 1
        assert len(machine.differences(other, other)) == (0 if values == ["other"] else 1)
    assert machine.differences({}, {}) != []


def test_another_version_of_a_library_is_another_class_and_one_of_the_package_is_not():
    for name, count in (("torch", 1), ("hypersvg", 0)):
        other = {**HERE, "versions": {**HERE["versions"], name: "9"}}
        assert len(machine.differences(other, HERE)) == count


def test_the_class_of_a_run_comes_from_its_jobs_that_compute():
    job = {"device": "cpu", "machine": {"cpu_capability": "AVX2", "processor": "x", "threads": 1, "gpu": "H200"}}
    copy = {"device": None, "machine": {"processor": "y"}}
    found = machine.machine_class([job, copy])
    assert found == {"cpu_capability": ["AVX2"], "processor": ["x"], "threads": ["1"], "device": ["cpu"]}
    assert machine.machine_class([{**job, "device": "auto"}])["device"] == ["H200"]


def test_the_processor_is_named_by_maker_family_and_model(tmp_path, monkeypatch):
    info = tmp_path / "cpuinfo"
    monkeypatch.setattr(provenance, "CPUINFO", info)
    assert provenance.processor()
    core = "processor\t: {}\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 143\nmodel name\t: Xeon\n"
    info.write_text(f"{core.format(0)}\n{core.format(1)}", encoding="utf-8")
    assert provenance.processor() == "GenuineIntel 6 143"


def test_every_column_of_every_table_has_a_kind_with_a_reason():
    for table in {id(one): one for one in FILES.values()}.values():
        for column in table.names:
            if column not in table.keys:
                assert kind_of(table.name, column).why
    assert set(TABLES) >= {table.name for table in FILES.values()}


def test_at_most_forty_lines_are_printed_verdicts_and_missing_things_first():
    found = [Drift(4, "curves", f"row {i}", "rate", "1", "2", "0", size=float(i)) for i in range(100)]
    found += [Drift(1, "claims", "bo_rate", "verdict", "a", "b", ""), Drift(0, "runs", "seed 1", "rows", "a", "b", "")]
    rows = printed(found).splitlines()
    assert "and 62 more lines" in rows
    assert sum(" → " in row for row in rows) == MOST + 1  # and the heading
    shown = [row.split()[0] for row in rows[2 : 2 + 3]]
    assert shown == ["runs", "claims", "curves"]
    assert "row 99" in rows[4]
