"""The workflow plans exactly what has to be made again: nothing more, nothing less."""

import os
import re
from dataclasses import replace
from pathlib import Path

import pytest
from checkout import ROOT, Checkout

from hypersvg.experiments.stages import STAGES
from hypersvg.pipeline.exhibits_index import EXHIBITS, NOTEBOOKS
from hypersvg.pipeline.runs import Run, run_of, seeds_in, write_run_settings
from hypersvg.settings import load_settings

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


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    checkout = Checkout(tmp_path_factory.mktemp("finished"))
    checkout.pretend_finished()
    return checkout


@pytest.fixture
def edited(finished: Checkout):
    """Change a file of the finished checkout for one test."""
    saved: dict[Path, tuple[bytes, os.stat_result]] = {}

    def edit(name: str, old: str, new: str) -> None:
        path = finished.folder / name
        saved.setdefault(path, (path.read_bytes(), path.stat()))
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    yield edit
    for path, (content, stat) in saved.items():
        path.write_bytes(content)
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def test_plain_snakemake_plans_every_stage_table_and_notebook(everything):
    plan = everything
    assert {name.removeprefix("notebook_") for name in plan if name.startswith("notebook_")} == set(NOTEBOOKS)
    assert {name.removesuffix("_job") for name in plan if name.endswith("_job")} >= set(STAGES)
    assert plan["online_job"] == 5
    assert plan["offline_job"] == 3
    assert plan["images"] == 1


def test_the_catalogue_entry_plans_the_same_as_the_top_level(fresh, everything):
    assert fresh.plan("-s", "workflow/Snakefile") == everything


def test_one_exhibit_plans_only_what_it_needs(fresh):
    plan = fresh.plan("fig_4_08")
    assert {name for name in plan if name.startswith("notebook_")} == {"notebook_online_good"}
    assert not {"ppo_job", "toy_job", "offline_job", "runtimes_job"} & set(plan)


def test_planning_writes_no_results(fresh, everything):
    assert everything
    assert not (fresh.folder / "results").exists()


def test_a_finished_run_plans_no_job(finished):
    assert finished.plan() == {}


def test_touching_sources_plans_no_job(finished):
    for name in ("src/hypersvg/training.py", "envs/lock.txt", "notebooks/toy.ipynb"):
        os.utime(finished.folder / name)
    assert finished.plan() == {}


def test_editing_one_notebook_reruns_that_notebook_alone(finished, edited):
    edited("notebooks/toy.ipynb", "{}", "{ }")
    assert finished.plan() == {"notebook_toy": 1}


def test_editing_how_exhibits_are_drawn_reruns_the_notebooks_alone(finished, edited):
    edited("src/hypersvg/exhibits/__init__.py", '"""', '""" ')
    assert set(finished.plan()) == {f"notebook_{name}" for name in NOTEBOOKS}


def test_editing_a_stage_reruns_that_stage_and_its_exhibits(finished, edited):
    edited("src/hypersvg/experiments/toy.py", '"""', '""" ')
    assert set(finished.plan()) == {"toy_job", "gather_toy_rollouts", "gather_toy_errors", "notebook_toy"}


def test_editing_the_loop_reruns_every_stage_that_imports_it(finished, edited):
    edited("src/hypersvg/training.py", '"""', '""" ')
    plan = finished.plan()
    assert {"online_job", "ppo_job", "offline_job", "baselines_job", "trajectories_job"} <= set(plan)
    assert not {"toy_job", "images"} & set(plan)


def test_changing_the_lock_reruns_everything(finished, edited):
    edited("envs/lock.txt", "torch==", "torch == ")
    assert {"images", "toy_job", "online_job"} <= set(finished.plan())


def test_two_swapped_values_rerun_the_stages_of_their_block(finished, edited):
    svg = load_settings(finished.folder / "config", "smoke").svg
    assert svg.surrogate_learning_rate != svg.policy_learning_rate
    swapped = f"svg: {{surrogate_learning_rate: {svg.policy_learning_rate}, "
    swapped += f"policy_learning_rate: {svg.surrogate_learning_rate}, "
    edited("config/scales/smoke.yaml", "svg: {", swapped)
    plan = finished.plan()
    assert {"online_job", "offline_job"} <= set(plan)
    assert not {"ppo_job", "toy_job", "baselines_job", "trajectories_job", "images"} & set(plan)


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
