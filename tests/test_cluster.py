"""What jobs ask of a cluster, and what is refused before a run is handed to one."""

import csv
import os
import re
from pathlib import Path

import pytest
import yaml
from checkout import ROOT
from snakemake.profiles import ProfileConfigFileParser

from hypersvg.experiments.stages import STAGES, stages_of
from hypersvg.pipeline import cluster
from hypersvg.pipeline.failed import sentence
from hypersvg.pipeline.failures import HypersvgError
from hypersvg.settings import overlay_names

WALLTIMES = ROOT / "config" / "walltimes.yaml"
RULES = sorted((ROOT / "workflow" / "rules").glob("*.smk"))


def minutes(stage: str, scale: str, attempt: int = 1) -> int:
    return cluster.minutes(stage, scale, attempt, WALLTIMES)


def longest(path: Path) -> dict[str, float]:
    """Seconds of the longest job of every stage."""
    with path.open(encoding="utf-8") as file:
        rows = [(row["stage"], float(row["seconds"]) / int(row["jobs"])) for row in csv.DictReader(file)]
    return {stage: max(seconds for name, seconds in rows if name == stage) for stage, _ in rows}


@pytest.mark.parametrize("stage", ["data", *STAGES])
def test_every_stage_gets_the_stated_multiple_of_its_longest_measured_job(stage):
    run = "default+estimators" if stage in stages_of("estimators") else "default"
    timings = ROOT / "results" / "reference" / run / "timings.csv"
    if run != "default" and not timings.is_file():
        pytest.skip(f"no reference of the run {run} is committed")
    measured = longest(timings)[stage]
    safety = yaml.safe_load(WALLTIMES.read_text(encoding="utf-8"))["safety"]
    assert safety * measured / 60 <= minutes(stage, "default") <= max(10, 2 * safety * measured / 60)


def test_every_job_at_paper_scale_gets_four_times_what_was_measured_for_it():
    page = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
    section = page.partition("## A seed at paper scale")[2].partition("\n## ")[0]
    found = re.findall(r"^\| (\w+) +\| \w+ +\| +([\d.]+) \|", section, re.MULTILINE)
    assert {stage for stage, _ in found} == {*stages_of("thesis"), "data"}
    for stage, seconds in found:
        assert minutes(stage, "paper") >= 4 * float(seconds) / 60


def test_every_scale_has_its_factor_and_another_one_counts_as_the_longest():
    factors = yaml.safe_load(WALLTIMES.read_text(encoding="utf-8"))["scales"]
    assert set(factors) == set(overlay_names(ROOT / "config", "scales"))
    assert minutes("offline", "my_own") == max(minutes("offline", scale) for scale in factors)


def test_a_further_attempt_gets_more_time_and_memory():
    assert [minutes("toy", "smoke", attempt) for attempt in (1, 2, 3)] == [10, 20, 30]
    assert [cluster.memory(5.0, attempt) for attempt in (1, 2, 3)] == [5120, 7680, 10240]


def rule_bodies() -> dict[str, str]:
    """The text of every rule that runs something, by its file and its first words."""
    texts = {path.stem: re.split(r"^ *rule\b", path.read_text(encoding="utf-8"), flags=re.MULTILINE) for path in RULES}
    return {f"{name}: {body[:40]!r}": body for name, bodies in texts.items() for body in bodies[1:] if "shell:" in body}


@pytest.mark.parametrize("rule", rule_bodies())
def test_every_job_asks_for_its_time_or_belongs_to_the_group_of_small_ones(rule):
    body = rule_bodies()[rule]
    assert ("runtime=minutes(" in body) != (re.search(r'group:\s+"exhibits"', body) is not None)
    assert ("threads:" in body) == ("mem_mb=memory_mb" in body)


def profile(name: str) -> dict[str, object]:
    return yaml.safe_load((ROOT / cluster.PROFILES / name / "config.yaml").read_text(encoding="utf-8"))


def test_a_run_on_a_cluster_plans_as_one_on_this_machine_does():
    here, there = profile("default"), profile("slurm")
    del here["cores"]  # a cluster has its own limits
    assert {name: there.get(name) for name in here} == here
    assert there["retries"]


@pytest.mark.parametrize("given", [{}, {"ACCOUNT": "lab42"}, {"ACCOUNT": "lab42", "PARTITION": "long"}])
def test_account_and_partition_come_from_make(monkeypatch, given):
    for name in ("ACCOUNT", "PARTITION"):
        monkeypatch.delenv(name, raising=False)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    with (ROOT / cluster.PROFILES / "slurm" / "config.yaml").open(encoding="utf-8") as file:
        resources = ProfileConfigFileParser().parse(file)["default-resources"]
    asked = {line for line in resources if line.startswith("slurm_")}
    assert asked == {f"slurm_{name.lower()}={value}" for name, value in given.items()}


def tool(folder: Path, name: str, script: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    (folder / name).chmod(0o755)


@pytest.fixture
def queued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Slurm whose squeue answers what stands in the file that is returned."""
    tools = tmp_path / "tools"
    tools.mkdir()
    tool(tools, "sbatch", "exit 0")
    tool(tools, "squeue", f"cat {tmp_path}/queue")
    monkeypatch.setenv("PATH", f"{tools}{os.pathsep}{os.environ['PATH']}")
    (tmp_path / "queue").touch()
    return tmp_path / "queue"


def test_a_run_on_this_machine_needs_no_slurm(monkeypatch):
    monkeypatch.setenv("PATH", "")
    cluster.check_profile("default", ROOT)


def test_slurm_is_missed_in_one_sentence(monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(HypersvgError, match="PROFILE=slurm needs Slurm and there is no sbatch here"):
        cluster.check_profile("slurm", ROOT)


def test_an_unknown_profile_is_refused_with_the_known_ones():
    with pytest.raises(HypersvgError, match=r"no profile 'slrum' .* known: default, slurm"):
        cluster.check_profile("slrum", ROOT)


def test_living_jobs_of_this_folder_are_named_with_the_way_out(queued):
    queued.write_text(f"17|rule_online_job_wildcards_a|{ROOT}\n19|rule_exhibits_claims|{ROOT}\n", encoding="utf-8")
    with pytest.raises(HypersvgError, match=r"\(17, 19\), .* end them with: scancel 17 19"):
        cluster.check_profile("slurm", ROOT)


def test_jobs_of_other_folders_and_other_programs_are_left_alone(queued):
    queued.write_text(f"17|rule_online_job|/elsewhere\n18|(null)|{ROOT}\n", encoding="utf-8")
    cluster.check_profile("slurm", ROOT)


def test_a_slurm_that_does_not_answer_is_said(queued):
    tool(queued.parent / "tools", "squeue", "echo 'slurm_load_jobs error: Unable to contact' >&2; exit 1")
    with pytest.raises(HypersvgError, match="Slurm does not answer: slurm_load_jobs error: Unable to contact"):
        cluster.check_profile("slurm", ROOT)


def test_a_job_that_failed_on_a_cluster_is_named_by_its_own_log(tmp_path):
    own, said = tmp_path / "toy.log", tmp_path / "snakemake.log"
    own.write_text("hypersvg: the disk ate it\n", encoding="utf-8")
    said.write_text(
        f"    log: {tmp_path}/17.log (check log file(s) for error details)\n"
        f"    log: {own}, {tmp_path}/18.log (check log file(s) for error details)\n",
        encoding="utf-8",
    )
    assert sentence([str(said)]).startswith(f"hypersvg: the disk ate it [{own}]")
