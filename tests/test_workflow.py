"""The workflow plans exactly what has to be made again: nothing more, nothing less."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from checkout import ROOT, Checkout
from micro import write_micro

from hypersvg.experiments.stages import stages_of
from hypersvg.pipeline.exhibits_index import EXHIBITS, notebooks_of
from hypersvg.pipeline.runs import Run, run_of, seeds_in, write_run_settings
from hypersvg.pipeline.settings_file import write_settings

pytestmark = pytest.mark.slow
RUNS = ((4, None), (2, "sgd"))


def moved(run: Run | None, folder: Path) -> Run | None:
    return run and replace(run, name=str(folder / run.name))


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    return Checkout(tmp_path_factory.mktemp("fresh"))


@pytest.fixture(scope="module")
def everything(fresh: Checkout) -> dict[str, int]:
    """What plain Snakemake plans in a fresh checkout."""
    return fresh.plan()


def test_plain_snakemake_plans_every_stage_table_and_notebook(everything):
    plan = everything
    assert {name.removeprefix("notebook_") for name in plan if name.startswith("notebook_")} == set(
        notebooks_of("thesis")
    )
    assert {name.removesuffix("_job") for name in plan if name.endswith("_job")} >= set(stages_of("thesis"))
    assert not {f"{stage}_job" for stage in stages_of("estimators")} & set(plan)
    assert plan["online_job"] == 5
    assert plan["offline_job"] == 3
    assert plan["images"] == 1


def test_the_catalogue_entry_plans_the_same_as_the_top_level(fresh, everything):
    assert fresh.plan("-s", "workflow/Snakefile") == everything


def test_a_run_of_the_estimators_plans_its_stages_and_notebooks_and_what_it_shows_of_the_thesis(finished):
    plan = finished.plan(variant="estimators")
    assert {name.removeprefix("notebook_") for name in plan if name.startswith("notebook_")} == set(
        notebooks_of("estimators")
    )
    jobs = {name.removesuffix("_job") for name in plan if name.endswith("_job")}
    assert jobs == set(stages_of("estimators")), "the thesis's jobs are those of the finished run"
    assert "claims" in plan


def test_one_exhibit_plans_only_what_it_needs(fresh):
    plan = fresh.plan("fig_4_08")
    assert {name for name in plan if name.startswith("notebook_")} == {"notebook_online_good"}
    assert not {"ppo_job", "toy_job", "offline_job", "runtimes_job"} & set(plan)


def test_planning_writes_no_results(fresh, everything):
    assert everything
    assert not (fresh.folder / "results").exists()


def test_the_interval_between_checkpoints_reruns_nothing(finished, edited):
    edited("config/scales/smoke.yaml", "run: {", "run: {checkpoint_minutes: 1, ")
    assert finished.plan() == {}


def test_more_seeds_extend_a_finished_run_without_redoing_its_jobs(finished):
    done = finished.snakemake("--dry-run", "online", "--config", "scale=smoke", "seeds=4")
    planned = set(re.findall(r"jobs/online/\w+/(seeds-\d+-\d+)/runs", "".join(re.findall("output: .*", done.stdout))))
    assert planned == {"seeds-002-003"}
    assert finished.plan("online", seeds=4)["online_job"] == 5


@pytest.mark.parametrize(
    ("variant", "jobs"),
    [
        ("surrogate_literal", {"offline_job", "online_job", "runtimes_job"}),
        ("reset_kept", {"online_job", "runtimes_job"}),
        ("value_mean", {"offline_job", "runtimes_job"}),
        ("rates_uniform", {"trajectories_job", "offline_job"}),
    ],
)
def test_a_variant_reruns_only_the_stages_whose_settings_it_changes(finished, variant, jobs):
    plan = finished.plan(variant=variant)
    assert {name for name in plan if name.endswith("_job") or name == "images"} == jobs


def test_a_variant_lands_in_its_own_folder_and_reads_the_jobs_it_shares(finished):
    done = finished.snakemake("--dry-run", "offline", "--config", "scale=smoke", "variant=surrogate_literal")
    said = done.stdout + done.stderr
    assert "results/smoke+surrogate_literal/tables/offline_runs.parquet" in said
    assert "input: results/smoke/data/images.safetensors, results/smoke/jobs/trajectories/all" in said
    assert "output: results/smoke/" not in said


def test_a_variant_leaves_the_seeds_of_the_run_it_shares_jobs_with(tmp_path):
    config = ROOT / "config"
    base, variant = (run_of(config, {"scale": "smoke", "seeds": seeds, "variant": name}) for seeds, name in RUNS)
    for run in (base, variant):
        write_run_settings(replace(run, name=str(tmp_path / run.name), base=moved(run.base, tmp_path)))
    assert seeds_in(tmp_path / "smoke" / "settings.json") == 4
    assert seeds_in(tmp_path / "smoke+sgd" / "settings.json") == 2


@pytest.mark.workflow
def test_a_variant_that_runs_leaves_them_too(tmp_path):
    checkout = Checkout(tmp_path / "checkout")
    write_micro(checkout)
    results, config = checkout.folder / "results", checkout.folder / "config"
    write_settings(run_of(config, {"scale": "micro", "seeds": 3}).settings, results / "micro" / "settings.json")
    done = checkout.snakemake("toy", "--cores", "2", "--config", "scale=micro", "variant=toy_wide")
    assert done.returncode == 0, done.stderr
    assert seeds_in(results / "micro" / "settings.json") == 3
    assert seeds_in(results / "micro+toy_wide" / "settings.json") == 2


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ("scale=huge", "unknown scale 'huge'"),
        ("variant=nonsense", "unknown variant 'nonsense'"),
        ("sedes=3", "unknown option 'sedes'"),
        ("seeds=0", "run.seeds"),
        ("seeds=many", "run.seeds"),
        ("device=abacus", "run.device"),
    ],
)
def test_a_bad_request_ends_in_one_sentence(fresh, config, words):
    done = fresh.snakemake("--dry-run", "--config", config)
    said = [line for line in done.stderr.splitlines() if "Using workflow specific profile" not in line]
    assert done.returncode != 0
    assert len(said) == 1
    assert words in said[0]


def test_the_settings_of_a_run_are_written_when_it_starts_and_the_estimate_is_printed(tmp_path):
    checkout = Checkout(tmp_path)
    done = checkout.snakemake("data", "--config", "scale=smoke", "seeds=5")
    assert done.returncode == 0, done.stderr
    assert '"seeds": 5' in (tmp_path / "results/smoke/settings.json").read_text(encoding="utf-8")
    assert re.search(r"about \d+ min on \d+ cores .* GiB of disk", done.stderr)
    assert "results/smoke/exhibits" in done.stderr
    assert (tmp_path / "results/smoke/data/provenance.json").is_file()


def test_a_failed_job_is_named_with_its_own_sentence_and_log(tmp_path):
    checkout = Checkout(tmp_path)
    images = checkout.folder / "src/hypersvg/data/__init__.py"
    images.write_text('def prepare(settings, folder):\n    raise ValueError("the disk ate it")\n', encoding="utf-8")
    done = checkout.snakemake("data", "--config", "scale=smoke")
    assert done.returncode != 0
    assert "hypersvg: the disk ate it [results/smoke/logs/data.log]" in done.stderr
    assert not (tmp_path / "results/smoke/data/images.safetensors").exists()


def test_every_rules_file_opens_with_its_contract():
    for path in sorted((ROOT / "workflow" / "rules").glob("*.smk")):
        head = path.read_text(encoding="utf-8").split("\n\n")[0]
        assert all(line.startswith("#") for line in head.splitlines()[:3]), path
        assert "Inputs" in path.read_text(encoding="utf-8")[:1500], path


def test_every_exhibit_of_the_thesis_has_its_notebook():
    figures = [f"fig_4_{number:02d}" for number in range(1, 15)]
    tables = [f"table_4_{number}" for number in range(1, 5)]
    assert {*figures, *tables} <= set(EXHIBITS)


def test_jobs_that_can_use_a_gpu_ask_a_cluster_for_one_where_the_settings_do(fresh):
    done = fresh.snakemake("--dry-run", "online", "toy", "--config", "scale=smoke", "device=cuda")
    asked = re.findall(r"^rule (\w+_job):(?:.|\n)*?resources: (.*)$", done.stdout + done.stderr, re.MULTILINE)
    assert sorted(rule for rule, resources in asked if "gpu=1" in resources) == ["online_job"] * 5
    assert [rule for rule, resources in asked if "gpu" not in resources] == ["toy_job"]
    assert all("runtime=10" in resources and "mem_mb=5120" in resources for _, resources in asked)
