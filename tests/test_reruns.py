"""What runs again after a change: exactly what depends on it.

The oracle (`rerun_oracle.py`) reads the imports itself. Runs are planned, on pretended results; real ones are in
`test_fresh_clone.py`.
"""

import ast
import json
import os
import re

import pytest
import yaml
from checkout import ROOT, Checkout
from rerun_oracle import ALL_NOTEBOOKS, CALLED, JOBS, SOURCES, reached, with_consequences

from hypersvg.experiments.stages import STAGES, stages_of
from hypersvg.pipeline.sources import source_files
from hypersvg.settings import Settings, load_settings
from hypersvg.settings.groups import CLAIMS as FILES

pytestmark = pytest.mark.slow

CHANGED = {
    "run.fresh_seeds": 3,
    "data.curve_images": 201,
    "inner.batch_size": 64,
    "toy.updates": 101,
    "trajectories.held_out": 0.3,
    "trajectories.rates": "uniform",
    "ppo.clip": 0.15,
    "svg.sigma": 0.2,
    "svg.value": "mean",
    "svg.start": "step_0",
    "offline.probed": 7,
    "online.steps": 61,
    "online.reset": "kept",
    "baselines.fine_grid": 6,
    "runtimes.steps": 21,
    "influence.updates": 201,
}
"""A value of every block other than the scale's (one for the blocks of the group estimators, which reach no stage of
the thesis), and keys that single stages ignore."""

COMMENT = ('"""', '""" ')


def sources_by_rule(checkout: Checkout) -> dict[str, set[str]]:
    """The package's sources among the inputs of every rule, as a plan of everything lists them."""
    done = checkout.snakemake("all", "--dry-run", "--forceall", "--config", "scale=smoke")
    assert done.returncode == 0, done.stderr
    listed = re.findall(r"^ *rule (\w+):\n +input: (.*)$", done.stdout, re.MULTILINE)
    return {rule: set(re.findall(r"src/[\w/]+\.py", inputs)) for rule, inputs in listed}


def test_the_sources_behind_every_rule_are_those_that_python_would_import():
    own = {("hypersvg.pipeline.jobs", STAGES[stage].module) for stage in stages_of("estimators")}
    for modules in {*CALLED.values(), *own}:
        assert set(source_files(modules, ROOT)) == {str(SOURCES[name].relative_to(ROOT)) for name in reached(modules)}


@pytest.mark.workflow
def test_every_module_is_an_input_of_exactly_the_rules_that_import_it(finished):
    planned = sources_by_rule(finished)
    expected = {rule: reached(modules) for rule, modules in CALLED.items()}
    for module, path in SOURCES.items():
        name = str(path.relative_to(ROOT))
        assert {rule for rule in planned if name in planned[rule]} == {
            rule for rule in CALLED if module in expected[rule]
        }, module


def test_the_oracle_knows_what_imports_what():
    assert "hypersvg.maths.svg" in reached(["hypersvg.experiments.online"])
    assert "hypersvg.maths.svg" not in reached(["hypersvg.experiments.toy"])
    assert "hypersvg.schema" in reached(["hypersvg.schema.toy"])


def test_notebooks_import_nothing_of_the_package_but_the_exhibits():
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        code = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
        modules = {node.module for node in ast.walk(ast.parse(code)) if isinstance(node, ast.ImportFrom)}
        assert modules == {"hypersvg.exhibits"}, path
        assert not [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Import)], path


def test_a_finished_run_plans_no_job(finished):
    assert finished.plan() == {}


def test_touching_sources_plans_no_job(finished):
    for name in ("src/hypersvg/training.py", "envs/lock.txt", "notebooks/toy.ipynb"):
        os.utime(finished.folder / name)
    assert finished.plan() == {}


def test_editing_a_stage_reruns_that_stage_and_its_exhibits(finished, edited):
    edited("src/hypersvg/experiments/toy.py", *COMMENT)
    assert set(finished.plan()) == {"toy_job", "gather_toy_rollouts", "gather_toy_errors", "notebook_toy", "claims"}


@pytest.mark.workflow
def test_an_edit_counts_whatever_the_time_of_the_file(finished, edited):
    edited("src/hypersvg/experiments/toy.py", *COMMENT)
    os.utime(finished.folder / "src/hypersvg/experiments/toy.py", (0, 0))
    assert "toy_job" in finished.plan()


@pytest.mark.workflow
def test_editing_one_notebook_reruns_that_notebook_alone(finished, edited):
    edited("notebooks/toy.ipynb", "{}", "{ }")
    assert finished.plan() == {"notebook_toy": 1}


@pytest.mark.workflow
@pytest.mark.parametrize(
    "module",
    [
        "hypersvg.maths.svg",
        "hypersvg.training",
        "hypersvg.data.files",
        "hypersvg.tables",
        "hypersvg.pipeline.jobs",
        "hypersvg.pipeline.gather",
        "hypersvg.pipeline.notebooks",
        "hypersvg.exhibits",
        "hypersvg.claims.judge",
        "hypersvg.pipeline.clock",
        "hypersvg.cli",
    ],
)
def test_editing_a_module_reruns_what_imports_it_and_what_reads_that(finished, edited, module):
    edited(str(SOURCES[module].relative_to(ROOT)), *COMMENT)
    importers = {rule for rule, called in CALLED.items() if module in reached(called)}
    assert set(finished.plan()) == with_consequences(importers)


@pytest.mark.workflow
@pytest.mark.parametrize(
    ("name", "rules"), [("config/claims.yaml", {"claims"}), ("config/shortlist.yaml", {"shortlist_job"})]
)
def test_editing_a_file_of_choices_reruns_what_reads_it(finished, edited, name, rules):
    text = (finished.folder / name).read_text(encoding="utf-8")
    edited(name, text, f"{text}\n")
    assert set(finished.plan()) == with_consequences(rules)


@pytest.mark.workflow
def test_changing_a_pin_of_the_runtime_lock_reruns_everything(finished, edited):
    edited("envs/lock.txt", "torch==", "torch==1")
    assert set(finished.plan()) == with_consequences(set(CALLED))


@pytest.mark.workflow
def test_changing_a_pin_of_a_development_tool_reruns_nothing(finished, edited):
    edited("envs/lock-dev.txt", "ruff==", "ruff==1")
    assert finished.plan() == {}


def rules_of_setting(key: str) -> set[str]:
    """Rules that a setting reaches: the stages that name its block and do not ignore it, and who reads all settings."""
    block = key.partition(".")[0]
    concerned = [name for name in JOBS if block in STAGES[name].blocks and key not in STAGES[name].ignores]
    rules = {rule for name in concerned for rule in JOBS[name]}
    return with_consequences(rules | ({"images"} if block == "data" else set())) | ALL_NOTEBOOKS | {"claims"}


def set_in_scale(checkout: Checkout, edited, values: dict[str, object]) -> None:
    """Lay values, by dotted key, over the scale's file."""
    path = "config/scales/smoke.yaml"
    text = (checkout.folder / path).read_text(encoding="utf-8")
    tree = yaml.safe_load(text)
    for key, value in values.items():
        block, _, name = key.partition(".")
        tree[block] = {**tree.get(block, {}), name: value}
    edited(path, text, yaml.safe_dump(tree))


def test_every_block_of_settings_has_a_changed_value_here():
    before = load_settings(ROOT / "config", "smoke")
    own_files = {"extensions"}  # test_extending has those
    blocks = {group: {block for name in stages_of(group) for block in STAGES[name].blocks} for group in FILES}
    assert {key.partition(".")[0] for key in CHANGED} == blocks["thesis"] | {"influence"}
    assert blocks["thesis"] | blocks["estimators"] == set(Settings.model_fields) - own_files
    assert {key for spec in STAGES.values() for key in spec.ignores} & set(CHANGED)
    for key, value in CHANGED.items():
        block, _, name = key.partition(".")
        assert getattr(getattr(before, block), name) != value


@pytest.mark.workflow
@pytest.mark.parametrize("key", CHANGED)
def test_one_changed_setting_reruns_the_stages_that_depend_on_it(finished, edited, key):
    set_in_scale(finished, edited, {key: CHANGED[key]})
    assert set(finished.plan()) == rules_of_setting(key)


@pytest.mark.workflow
def test_two_swapped_values_rerun_the_stages_of_their_block(finished, edited):
    svg = load_settings(finished.folder / "config", "smoke").svg
    assert svg.surrogate_learning_rate != svg.policy_learning_rate
    one, other = "svg.surrogate_learning_rate", "svg.policy_learning_rate"
    set_in_scale(finished, edited, {one: svg.policy_learning_rate, other: svg.surrogate_learning_rate})
    assert set(finished.plan()) == rules_of_setting(one)


@pytest.mark.workflow
def test_reordered_keys_of_a_scale_rerun_nothing(finished, edited):
    path = "config/scales/smoke.yaml"
    text = (finished.folder / path).read_text(encoding="utf-8")
    tree = yaml.safe_load(text)
    turned = {block: dict(reversed(values.items())) for block, values in reversed(tree.items())}
    assert list(turned) != list(tree)
    edited(path, text, yaml.safe_dump(turned, sort_keys=False))
    assert finished.plan() == {}


@pytest.mark.workflow
def test_a_source_that_is_no_python_is_named_in_one_sentence(finished, edited):
    edited("src/hypersvg/experiments/toy.py", "import", "import import")
    done = finished.snakemake("--dry-run", "--quiet", "--config", "scale=smoke")
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    assert re.search(r"^hypersvg: Syntax error in .*experiments/toy.py, line \d+", done.stderr, re.MULTILINE)


@pytest.mark.workflow
def test_a_newer_time_of_a_data_set_too_large_for_checksums_reruns_nothing(finished):
    (states,) = (finished.folder / "results/smoke/jobs/trajectories").rglob("states.npy")
    os.truncate(states, 200 * 2**20)  # sparse: it takes no room
    try:
        assert finished.plan() == {}
    finally:
        os.truncate(states, 0)
