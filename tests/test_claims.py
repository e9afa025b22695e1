"""Claims are data, metrics are what they say, and verdicts follow from intervals and margins fixed beforehand."""

import inspect
import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from checkout import ROOT
from synthetic_run import keep_record, write_run

from hypersvg import thesis
from hypersvg.claims.claim import Claim, ClaimsError, load_claims
from hypersvg.claims.document import as_json, as_markdown
from hypersvg.claims.headlines import HEADLINES
from hypersvg.claims.judge import Finding, judge, sample_of
from hypersvg.claims.metrics import METRICS
from hypersvg.exhibits.registry import EXHIBITS
from hypersvg.ledger import CHOICES
from hypersvg.pipeline.claims_job import flips, write_claims
from hypersvg.reading.results import Levels, Results
from hypersvg.settings.groups import CLAIMS as FILES
from hypersvg.statistics import cluster_mean, estimate
from hypersvg.tables import TableError

CLAIMS = load_claims(ROOT / "config" / "claims.yaml")
TEXT = ROOT.parent / "shared" / "papers" / "crouther2023_model_based_hyperparameter_optimization.txt"
SETTINGS = {"run": {"seeds": 6}, "runtimes": {"repeats": 6}}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Results:
    return Results(write_run(tmp_path_factory.mktemp("runs") / "default", **SETTINGS))


@pytest.fixture(scope="module")
def findings(run: Results) -> dict[str, Finding]:
    return {finding.claim.id: finding for finding in judge(CLAIMS, run)}


def claim(**changes: object) -> Claim:
    plain = {"id": "one", "page": 1, "quote": "q", "claims": "c", "metric": "toy_skill", "because": "b"}
    fixed = {"parameters": {"momentum": 0.0}, "comparison": "greater", "exhibit": "fig_4_01"}
    return Claim.model_validate({**plain, **fixed, **changes})


def test_there_are_enough_claims_and_every_one_names_what_exists() -> None:
    assert sum(one.missing is None for one in CLAIMS) >= 18
    choices = {choice.name for choice in CHOICES}
    for one in CLAIMS:
        assert one.metric in METRICS
        assert one.exhibit in EXHIBITS
        assert set(one.choices) <= choices, one.id
        inspect.signature(METRICS[one.metric]).bind(None, **one.parameters)


class Asked(Results):
    """Results that remember whose rows were read."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.methods: set[str] = set()

    def complete(self, name: str, levels: Levels) -> pd.DataFrame:
        self.methods |= set(levels.get("method", ()))
        return super().complete(name, levels)


@pytest.mark.parametrize("name", ["table_4_1", "table_4_2"])
def test_a_table_shows_every_method_that_its_claims_are_about(name: str, run: Results) -> None:
    frame = EXHIBITS[name](run).frame.set_index("method")
    for one in (one for one in CLAIMS if one.exhibit == name):
        asked = Asked(run.folder)
        sample_of(one, asked)
        assert asked.methods, one.id
        assert asked.methods <= set(frame.index), one.id
        column = "quoted_accuracy" if one.parameters.get("quoted") else "val_accuracy"
        assert frame.loc[list(asked.methods), column].notna().all(), one.id


def test_every_metric_says_what_it_measures_and_serves_a_claim_or_a_headline() -> None:
    used = {one.metric for file in FILES.values() for one in load_claims(ROOT / file)} | {
        headline.metric for headline in HEADLINES
    }
    assert set(METRICS) == used
    assert all(metric.__doc__ for metric in METRICS.values())


@pytest.mark.skipif(not TEXT.is_file(), reason="the text of the thesis is not at hand")
def test_every_quote_stands_in_the_thesis() -> None:
    text = " ".join(TEXT.read_text(encoding="utf-8").split())
    assert [one.id for one in CLAIMS if one.quote not in text] == []


def test_the_numbers_of_the_thesis_are_those_of_its_tables() -> None:
    best, episodic = thesis.ONLINE_BEST, thesis.EPISODIC
    bad = {
        method: np.array([line.accuracy for line in thesis.EVERY_START if line.method == method])
        for method in ("adaptive", "grid", "bandit50")
    }
    expected = {
        "ppo_fixed_sixty_percent": thesis.FIXED_ACCURACY,
        "ppo_fifty_percent": thesis.PPO_ACCURACY,
        "offline_61_percent": episodic["offline"].accuracy,
        "offline_finds_rate": math.log10(episodic["offline"].rate),
        "offline_beats_ppo": episodic["offline"].accuracy - episodic["ppo"].accuracy,
        "offline_beats_ppo_one_protocol": episodic["offline"].accuracy - episodic["ppo"].accuracy,
        "bo_accuracy": episodic["bo"].accuracy,
        "bo_accuracy_again": episodic["bo"].accuracy,
        "bo_rate": math.log10(episodic["bo"].rate),
        "bandit50_beside_grid": best["bandit50"].accuracy - best["grid"].accuracy,
        "bandit50_beside_grid_quoted": best["bandit50"].accuracy - best["grid"].accuracy,
        "bandit50_beside_random": best["bandit50"].accuracy - best["random"].accuracy,
        "bandit50_beside_bo": best["bandit50"].accuracy - episodic["bo"].accuracy,
        "bandit10_competitive": best["bandit10"].accuracy - best["grid"].accuracy,
        "bandit20_behind": best["bandit20"].accuracy - best["grid"].accuracy,
        "adaptive_hurts_good_rates": best["adaptive"].accuracy - best["grid"].accuracy,
        "bandits_rescue": (bad["bandit50"] - bad["grid"]).mean(),
        "adaptive_rescues": (bad["adaptive"] - bad["grid"])[3:].mean(),
        "adaptive_hurts_good_starts": (bad["adaptive"] - bad["grid"])[1:3].mean(),
        "ppo_below_fixed_rate": thesis.FIXED_ACCURACY - thesis.PPO_ACCURACY,
    }
    given = {one.id: one.thesis for one in CLAIMS if isinstance(one.thesis, float)}
    assert set(given) == set(expected)
    for name, value in expected.items():
        assert given[name] == pytest.approx(value, abs=1e-4), name


def test_every_testable_claim_gets_a_verdict_from_its_own_interval(findings: dict[str, Finding]) -> None:
    tested = [one for one in CLAIMS if one.missing is None]
    for one in CLAIMS:
        finding = findings[one.id]
        if one.missing is not None:
            assert (finding.outcome, finding.estimate) == ("not testable", None)
            continue
        assert finding.estimate is not None
        low, high = finding.estimate.family_low, finding.estimate.family_high
        assert low <= finding.estimate.value <= high
        assert finding.outcome in ("supported", "contradicted", "inconclusive")
        if one.comparison == "greater" and finding.outcome == "supported":
            assert low > one.threshold + one.margin
    assert len(tested) == sum(finding.estimate is not None for finding in findings.values())


def test_the_family_is_all_tested_claims(run: Results, findings: dict[str, Finding]) -> None:
    one = next(item for item in CLAIMS if item.id == "toy_imitation")
    family = sum(item.missing is None for item in CLAIMS)
    expected = estimate(sample_of(one, run).data, cluster_mean, threshold=one.threshold, family=family)
    assert findings["toy_imitation"].estimate == expected


def test_metrics_equal_plain_loops(run: Results) -> None:
    runs = run.table("online_runs")
    grid = run.table("baselines_runs").query("method == 'grid'")
    for seed in run.seeds:
        pairs = []
        for index in range(6):
            here = f"grid == 'bad' and run == {index} and seed == {seed}"
            ours = runs.query(f"method == 'bandit50' and {here}").val_accuracy.item()
            pairs.append(ours - grid.query(here).val_accuracy.item())
        data = METRICS["difference_from_starts"](run, method="bandit50", other="grid", grid="bad").data
        assert data[seed].tolist() == pytest.approx(pairs)
    two = METRICS["difference_from_starts"](run, method="adaptive", other="grid", grid="bad", starts=[0.0158489, 1e-5])
    every = METRICS["difference_from_starts"](run, method="adaptive", other="grid", grid="bad")
    assert np.array_equal(two.data, every.data[:, [1, 5]])


def test_a_chosen_start_is_judged_on_the_seeds_that_did_not_choose_it(run: Results) -> None:
    runs = run.table("online_runs").query("method == 'bandit50' and grid == 'good'")
    scores = runs.pivot(index="seed", columns="run", values="val_accuracy").to_numpy()
    quoted = runs.pivot(index="seed", columns="run", values="quoted_accuracy").to_numpy()
    judged = [scores[other, int(quoted[seed].argmax())] for seed in run.seeds for other in run.seeds if other != seed]
    best = METRICS["chosen_difference"](run, method="bandit50", other="best_constant")
    fresh = run.table("baselines_runs").query("method == 'best_constant'").val_accuracy.mean()
    assert best.value == pytest.approx(np.mean(judged) - fresh)


def test_hypergradients_that_know_more_score_higher_and_the_truth_scores_one(run: Results) -> None:
    values = {kind: METRICS["gradient_sign_agreement"](run, kind=kind).value for kind in ("counterfactual", "sampled")}
    assert values["counterfactual"] > values["sampled"]
    assert METRICS["gradient_sign_agreement"](run, kind="true").value == 1.0
    assert METRICS["gradient_cosine"](run, kind="true").value == pytest.approx(1.0)
    assert METRICS["signal_to_noise_gain"](run, kind="true").value == pytest.approx(0.0)
    assert METRICS["roughness_difference"](run, kind="true").value == pytest.approx(0.0)
    assert METRICS["landscape_regret"](run, kind="true").value == pytest.approx(0.0)
    assert METRICS["steering_sign_agreement"](run, method="hypergradient", grid="good").value == 1.0


def test_a_flat_landscape_is_smooth_and_useless(run: Results) -> None:
    true = METRICS["roughness_difference"](run, kind="inferred").value
    assert true > 0
    assert METRICS["landscape_regret"](run, kind="inferred").value > 0.5


def test_stand_in_data_test_nothing(tmp_path: Path) -> None:
    results = Results(write_run(tmp_path / "smoke", stand_in=True, **SETTINGS))
    found = judge(CLAIMS, results)
    assert {finding.outcome for finding in found} == {"not testable"}
    assert "stand-in" in as_markdown(found, results)


def test_fewer_than_six_seeds_give_a_direction_and_no_verdict(tmp_path: Path) -> None:
    results = Results(write_run(tmp_path / "few", run={"seeds": 3}, runtimes={"repeats": 6}))
    found = {finding.claim.id: finding for finding in judge(CLAIMS, results)}
    assert found["toy_imitation"].outcome == "direction only"
    assert found["toy_imitation"].on_claimed_side is True
    assert "too few for a verdict; the estimate points that way" in as_markdown(list(found.values()), results)


def test_one_seed_gives_no_interval_and_where_a_choice_needs_another_one_no_estimate(tmp_path: Path) -> None:
    results = Results(write_run(tmp_path / "one", run={"seeds": 1}))
    page = as_markdown(judge(CLAIMS, results), results)
    assert "no interval, no verdict; the estimate points that way" in page
    assert "no interval, no verdict; nor is there an estimate" in page
    assert "1 seeds" not in page


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("- {id: one}", "claim 'one': page: Field required"),
        ("- {id: one, sedes: 2}", "claim 'one'"),
        ("{}", "must hold a list of claims"),
        ("- [", "cannot be read"),
    ],
)
def test_a_bad_list_of_claims_ends_in_one_sentence(tmp_path: Path, entry: str, words: str) -> None:
    path = tmp_path / "claims.yaml"
    path.write_text(entry, encoding="utf-8")
    with pytest.raises(ClaimsError) as error:
        load_claims(path)
    assert words in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"metric": "nonsense"}, "there is no metric 'nonsense'"), ({"parameters": {"mass": 1}}, "mass")],
)
def test_a_claim_about_nothing_is_refused_by_name(run: Results, changes: dict[str, object], words: str) -> None:
    with pytest.raises(ClaimsError, match=words):
        sample_of(claim(**changes), run)


def test_a_missing_row_is_named(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "default", **SETTINGS)
    path = folder / "tables" / "toy_errors.parquet"
    pd.read_parquet(path).query("seed != 3").to_parquet(path, index=False)
    keep_record(path)
    with pytest.raises(TableError, match="'seed': 3"):
        sample_of(claim(), Results(folder))


def test_the_record_has_what_machines_need_and_the_page_says_it_in_words(
    run: Results, findings: dict[str, Finding]
) -> None:
    records = {record["id"]: record for record in json.loads(as_json(list(findings.values())))}
    needed = {"id", "page", "verdict", "fragile", "thesis", "ours", "interval", "effect", "seeds", "exhibit", "why"}
    assert all(needed <= set(record) for record in records.values())
    page = as_markdown(list(findings.values()), run)
    for name, record in records.items():
        assert f"## {name}" in page
        assert record["why"] in page
    assert as_json(list(findings.values())) == as_json(judge(CLAIMS, run))


def test_claims_that_change_sides_under_an_alternative_are_fragile(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "default", **SETTINGS)
    sides = tmp_path / "claims.csv"
    sides.write_text(
        "variant,claim,side_default,side_alternative\n"
        "width_32,toy_imitation,True,False\nsgd,toy_imitation,True,True\nsgd,bo_rate,True,\n",
        encoding="utf-8",
    )
    assert flips(sides) == {"toy_imitation": ("width_32",)}
    write_claims(ROOT / "config" / "claims.yaml", folder, sides)
    records = {record["id"]: record for record in json.loads((folder / "claims.json").read_text(encoding="utf-8"))}
    assert records["toy_imitation"]["fragile"] is True
    assert records["toy_imitation"]["flips"] == ["width_32"]
    assert records["bo_rate"]["fragile"] is False
    assert "The other side under: `width_32`" in (folder / "claims.md").read_text(encoding="utf-8")
