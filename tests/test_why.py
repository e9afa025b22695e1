"""`make why` says what would run again and for which reason, naming the file or the setting.

On pretended runs through the command line; how many names are shown, on made-up plans.
"""

import base64
import os
import shutil
import sys

import pytest
from checkout import Checkout

from hypersvg.pipeline.reruns import Causes, Changed, Planned, plain
from hypersvg.pipeline.why import in_words

ADAPTIVE = "results/smoke/jobs/online/adaptive/seeds-000-001"
COMMENT = ('"""', '""" ')
on_plans = [pytest.mark.slow, pytest.mark.workflow]


def said(checkout: Checkout, target: str = "all", *config: str) -> list[str]:
    """The lines of `hypersvg why`."""
    pairs = [word for pair in ("scale=smoke", *config) for word in ("--config", pair)]
    done = checkout.run(sys.executable, "-m", "hypersvg", "why", target, *pairs)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout.splitlines()


@pytest.fixture
def moved_away(finished, tmp_path):
    """Take files or folders out of the finished checkout for one test."""
    gone: list[str] = []

    def move(name: str) -> None:
        shutil.move(finished.folder / name, tmp_path / str(len(gone)))
        gone.append(name)

    yield move
    for number, name in reversed(list(enumerate(gone))):
        if (finished.folder / name).is_dir():
            shutil.rmtree(finished.folder / name)
        shutil.move(tmp_path / str(number), finished.folder / name)


class TestOnPlans:
    """Each wording, as people see it."""

    pytestmark = on_plans

    def test_where_all_is_up_to_date_nothing_would_run(self, finished):
        assert said(finished) == ["nothing would run: every result is up to date"]

    def test_a_changed_source_is_named_with_the_result_made_before(self, finished, edited):
        edited("src/hypersvg/maths/svg.py", *COMMENT)
        assert said(finished, "online") == [
            f"online would run again (5 jobs): src/hypersvg/maths/svg.py changed since {ADAPTIVE} was made",
            "after that, as they read it: 3 tables (online_curves, online_runs and steering_gradients)",
        ]

    def test_stages_with_the_same_reason_share_a_line(self, finished, edited):
        edited("src/hypersvg/maths/svg.py", *COMMENT)
        assert said(finished) == [
            "offline (3 jobs), online (5 jobs) and runtimes (1 job) would run again: src/hypersvg/maths/svg.py changed "
            "since results/smoke/jobs/offline/T05/seeds-000-001 was made",
            "after that, as they read it: 9 tables, 7 notebooks and the claims",
        ]

    def test_a_changed_setting_is_named_with_both_values(self, finished, edited):
        edited("config/scales/smoke.yaml", "width: 16", "width: 32")
        assert said(finished, "online") == [
            "online would run again (5 jobs): setting svg.width is 32, the results were made with 16",
            "after that, as they read it: 3 tables (online_curves, online_runs and steering_gradients)",
        ]

    def test_a_changed_list_is_written_as_in_the_settings(self, finished, edited):
        edited("config/scales/smoke.yaml", "hidden: [16]", "hidden: [16, 8]")
        assert said(finished)[0] == (
            "ppo (7 jobs), runtimes (1 job) and 7 notebooks would run again: "
            "setting ppo.hidden is [16, 8], the results were made with [16]"
        )

    def test_several_causes_have_a_line_each(self, finished, edited):
        edited("src/hypersvg/experiments/toy.py", *COMMENT)
        edited("src/hypersvg/experiments/toy.py", "\nimport", "\nimport hypersvg.thesis\nimport")
        edited("config/scales/smoke.yaml", "updates: 100", "updates: 101")
        assert said(finished, "toy")[:4] == [
            "toy would run again (1 job):",
            "  src/hypersvg/experiments/toy.py changed since results/smoke/jobs/toy/all/seeds-000-001 was made",
            "  src/hypersvg/thesis.py is a new input",
            "  setting toy.updates is 101, the results were made with 100",
        ]

    def test_consequences_come_after_their_cause(self, finished, edited):
        edited("src/hypersvg/data/files.py", *COMMENT)
        assert said(finished, "offline") == [
            "data would run again (1 job): src/hypersvg/data/files.py changed since results/smoke/data was made",
            "trajectories would run again (1 job): its input data would be made again",
            "offline would run again (3 jobs): its input data and trajectories would be made again",
            "after that, as they read it: 5 tables",
        ]

    def test_a_changed_notebook_is_named(self, finished, edited):
        edited("notebooks/toy.ipynb", "{}", "{ }")
        assert said(finished, "fig_4_01") == [
            "1 notebook (toy) would be made again: "
            "notebooks/toy.ipynb changed since results/smoke/exhibits/fig_4_01.svg was made"
        ]

    def test_missing_results_are_named(self, finished, moved_away):
        moved_away(ADAPTIVE)
        moved_away("results/smoke/tables/online_runs.parquet")
        assert said(finished, "online")[0] == (
            f"online (1 job) and 1 table (online_runs) would run again: {ADAPTIVE} and "
            "results/smoke/tables/online_runs.parquet are missing"
        )

    def test_more_seeds_are_missing_jobs_and_a_changed_number(self, finished):
        assert said(finished, "toy", "seeds=4") == [
            "toy would run (1 job): results/smoke/jobs/toy/all/seeds-002-003 is missing",
            "2 tables (toy_rollouts and toy_errors) would be made again: "
            "setting run.seeds is 4, the results were made with 2",
        ]

    def test_a_changed_command_is_told(self, finished, edited):
        edited("workflow/rules/toy.smk", "        JOB\n", '        JOB + " "\n')
        assert said(finished, "toy")[0] == "toy would run again (1 job): the command of the rule changed"

    def test_what_a_killed_run_left_incomplete_is_told(self, finished):
        name = base64.urlsafe_b64encode(f"{ADAPTIVE}/runs.parquet".encode()).decode()
        marker = finished.folder / ".snakemake" / "incomplete" / name
        marker.write_text("{}", encoding="utf-8")
        try:
            assert said(finished, "online")[0] == (
                f"online would run again (1 job): {ADAPTIVE} was left incomplete by a run that was killed"
            )
        finally:
            marker.unlink()

    def test_newer_sources_without_records_are_told_as_such(self, finished, moved_away):
        moved_away(".snakemake/metadata")
        os.utime(finished.folder / "src/hypersvg/experiments/toy.py")
        line = said(finished, "toy")[0]
        assert "toy.py" in line
        assert line.endswith(
            "newer than results/smoke/jobs/toy/all/seeds-000-001, and no record in .snakemake says what it was made "
            "from"
        )

    def test_an_unknown_stage_is_refused_in_one_sentence(self, finished):
        done = finished.run(sys.executable, "-m", "hypersvg", "why", "onlin", "--config", "scale=smoke")
        assert done.returncode != 0
        assert done.stderr.startswith("hypersvg: unknown stage or exhibit 'onlin'")
        assert done.stderr.count("\n") == 1


def planned(causes: Causes, stage: str = "toy", *missing: str) -> Planned:
    return Planned(f"{stage}_job", stage, ("results/smoke/jobs/toy/all/seeds-000-001/runs.parquet",), missing, causes)


def test_of_many_files_the_first_are_named():
    line = in_words([planned(Causes(edited=tuple("abcdef")))])
    assert line.endswith("(1 job): a, b, c and 3 more changed since results/smoke/jobs/toy/all/seeds-000-001 was made")


def test_a_list_is_not_cut_for_one_name():
    assert "a, b, c and d changed" in in_words([planned(Causes(edited=tuple("abcd")))])


def test_of_many_settings_the_first_are_named():
    changes = tuple(Changed(f"svg.{name}", "1", "2") for name in "abcdef")
    lines = in_words([planned(Causes(settings=changes))]).splitlines()
    assert len(lines) == 5
    assert lines[-1] == "  and 3 more settings"


def test_settings_that_came_or_went_are_told_as_such():
    changes = (Changed("svg.a", "exp", None), Changed("svg.b", None, "null"))
    said = in_words([planned(Causes(settings=changes))])
    assert "setting svg.a is new, with exp; the results were made without it" in said
    assert "setting svg.b is gone; the results were made with null" in said


def test_settings_are_read_from_the_literals_of_a_stage_a_notebook_and_a_table():
    stage = plain([repr({"online": {"run": {"threads": 1}, "online": {"warm_ups": [10, 20], "reset": "kept"}}})])
    assert stage == {"run.threads": "1", "online.warm_ups": "[10, 20]", "online.reset": "kept"}
    assert plain([repr({"toy": {"momenta": [0.9]}, "ppo": {"observe_time": True}}), repr("results/smoke")]) == {
        "toy.momenta": "[0.9]",
        "ppo.observe_time": "true",
    }
    assert plain([repr({"toy": {"toy": {"steps": 5}}, "seeds": 2})]) == {"toy.steps": "5", "run.seeds": "2"}


def test_jobs_of_a_stage_with_other_reasons_have_another_line():
    jobs = [planned(Causes(edited=("a",))), planned(Causes(edited=("a",))), planned(Causes(incomplete=True))]
    lines = in_words(jobs).splitlines()
    assert [line.partition(":")[0] for line in lines] == ["toy would run again (2 jobs)", "toy would run again (1 job)"]
