"""docs/extending.md, carried out: its controller and its task from files outside the repository, in a real run."""

import importlib
import json
import re
from pathlib import Path

import pandas as pd
import pytest
from checkout import ROOT, Checkout
from micro import write_micro
from synthetic_run import write_run
from test_stages import TINY

from hypersvg.claims.claim import load_claims
from hypersvg.claims.judge import judge
from hypersvg.claims.words import why
from hypersvg.conformance import controllers, tasks
from hypersvg.exhibits import Exhibit, Results, build
from hypersvg.exhibits.registry import EXHIBITS
from hypersvg.experiments.job import Job
from hypersvg.experiments.stages import STAGES, block_settings, extension_of
from hypersvg.pipeline.gather import check_complete
from hypersvg.pipeline.images_job import make_images
from hypersvg.pipeline.jobs import Request, run_job
from hypersvg.pipeline.preflight import check_extensions
from hypersvg.pipeline.runs import run_of
from hypersvg.pipeline.settings_file import write_settings
from hypersvg.schema import TABLES
from hypersvg.settings import Settings, load_settings
from hypersvg.settings.overlay import validated
from hypersvg.tables import TableError, write_table

PAGE = ROOT / "docs" / "extending.md"
OWN = "halve_on_plateau"
CONTROLLER, TASK = "halving.py:HalveOnPlateau", "regression.py:logistic_regression"
TRAINING_THE_TASK = {"trajectories", "ppo", "offline", "online", "baselines", "runtimes", "beyond"}


def written(folder: Path) -> Path:
    """The files of the page, in ``folder``."""
    for name, text in re.findall(r'```\w+ title="([^"]+)"\n(.*?)```', PAGE.read_text(encoding="utf-8"), re.DOTALL):
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def ideas(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A user's own folder, with a space and an umlaut in its path."""
    folder = tmp_path_factory.mktemp("own ideäs")
    return written(folder)


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    write_settings(validated(TINY), folder / "settings.json")
    make_images(folder / "settings.json", folder)
    return folder / "images.safetensors"


def settings_with(ideas: Path, controller: str | None = CONTROLLER, task: str | None = None) -> Settings:
    extensions: dict[str, object] = {"controllers": {OWN: f"{ideas}/{controller}"} if controller else {}}
    return validated({**TINY, "extensions": {**extensions, "task": task and f"{ideas}/{task}"}})


@pytest.mark.parametrize("check", controllers.CHECKS)
def test_the_pages_controller_conforms(ideas: Path, check: str) -> None:
    controllers.CHECKS[check](controllers.own(f"{ideas}/{CONTROLLER}"))


@pytest.mark.parametrize("check", tasks.CHECKS)
def test_the_pages_task_conforms(ideas: Path, check: str) -> None:
    tasks.CHECKS[check](tasks.own(f"{ideas}/{TASK}"))


def test_the_pages_yaml_files_name_what_lies_beside_them(ideas: Path) -> None:
    settings = load_settings(ROOT / "config", "smoke", str(ideas / "my_task.yaml"))
    assert settings.extensions.controllers == {OWN: f"{ideas}/{CONTROLLER}"}
    assert settings.extensions.task == f"{ideas}/{TASK}"
    check_extensions(settings)


def test_the_pages_controller_halves_a_rate_whose_loss_does_not_fall(ideas: Path) -> None:
    rates = controllers.trained(controllers.own(f"{ideas}/{CONTROLLER}"), starts=[1.0, 1e-7]).rate
    assert set((rates[:, 0] / rates[0, 0]).tolist()) == {1.0, 0.5}, "Adam at 1.0 finds no smaller loss"
    assert float(rates[:, 1].min()) == pytest.approx(1e-7), "and a rate never leaves the bounds"


def test_a_controller_that_keeps_its_start_is_grid_search_to_the_bit(images: Path, tmp_path: Path) -> None:
    (tmp_path / "keep.py").write_text(
        "class Keep:\n"
        "    def __init__(self, setup): self.starts = setup.starts\n"
        "    def rates(self, step, parameters): return self.starts\n"
        "    def observe(self, transition): pass\n",
        encoding="utf-8",
    )
    settings = settings_with(tmp_path, "keep.py:Keep")
    own = run("online", OWN, settings, images, tmp_path)["runs"]
    grid = run("baselines", "grid", settings, images, tmp_path)["runs"]
    both = own.merge(grid[grid.method == "grid"], on=["grid", "run", "seed"], suffixes=("", "_grid"))
    assert len(both) == len(own) == 8
    for column in ("start", "rate", "val_accuracy", "test_accuracy", "inner_steps", "evaluations"):
        assert (both[column] == both[f"{column}_grid"]).all(), column


def run(stage: str, arm: str, settings: Settings, images: Path, folder: Path, **more: Path) -> dict[str, pd.DataFrame]:
    job = Job(settings, arm, (0, 1), folder, images, **more)
    made: dict[str, pd.DataFrame] = importlib.import_module(STAGES[stage].module).run(job)
    return made


def test_a_job_of_the_arm_writes_its_tables_and_names_the_users_file_by_content(
    ideas: Path, images: Path, tmp_path: Path
) -> None:
    settings = tmp_path / "settings.json"
    settings.write_text(settings_with(ideas).model_dump_json(), encoding="utf-8")
    run_job(Request("online", OWN, "0-1", settings, tmp_path / "job", images))
    frames = {name: pd.read_parquet(tmp_path / "job" / f"{name}.parquet") for name in ("curves", "runs")}
    assert all(set(frame.method) == {OWN} for frame in frames.values())
    assert not (tmp_path / "job" / "steering_gradients.parquet").exists()
    sidecar = json.loads((tmp_path / "job" / "provenance.json").read_text(encoding="utf-8"))
    assert str(ideas / "halving.py") in sidecar["code"]


def test_every_stage_of_an_inner_problem_trains_the_own_task(ideas: Path, images: Path, tmp_path: Path) -> None:
    settings = settings_with(ideas, task=TASK)
    jobs = [("online", "adaptive"), ("online", OWN), ("baselines", "grid"), ("ppo", "sparse_once")]
    recorded = run("trajectories", "all", settings, images, tmp_path)["trajectories"]
    write_table(recorded, TABLES["trajectories"], tmp_path / "trajectories.parquet")
    made = {arm: run(stage, arm, settings, images, tmp_path)["runs"] for stage, arm in jobs}
    made["T02"] = run("offline", "T02", settings, images, tmp_path, trajectories=tmp_path)["runs"]
    for arm, runs in made.items():
        correct = runs.test_accuracy * 200
        assert runs.test_accuracy.between(0, 1).all(), arm
        if arm in ("adaptive", "grid", OWN):
            assert (correct - correct.round()).abs().max() < 1e-4, f"{arm}: not on the page's 200 test points"
    # The better start of the good grid separates the classes; the smallest bad rate hardly moves random weights.
    best = made["grid"][made["grid"].grid == "good"].val_accuracy.max()
    assert best > made["grid"][made["grid"].grid == "bad"].val_accuracy.min()


@pytest.fixture(scope="module")
def exhibits(ideas: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Exhibit]]:
    """Exhibits of a run of formulas, ``plain`` and with the page's controller."""
    made = {}
    for name, block in {"plain": {}, "own": {"controllers": {OWN: f"{ideas}/{CONTROLLER}"}}}.items():
        folder = write_run(tmp_path_factory.mktemp("results") / name, **SMALL, extensions=block)
        made[name] = {exhibit: EXHIBITS[exhibit](Results(folder)) for exhibit in SHOWN}
    return made


SMALL = {
    "run": {"seeds": 2},
    "toy": {"steps": 12},
    "ppo": {"iterations": 4},
    "offline": {"iterations": 10},
    "online": {"steps": 50},
    "baselines": {"bo_initial": 6, "bo_iterations": 6},
}
SHOWN = ("table_4_2", "table_4_4", "fig_4_10")


@pytest.mark.parametrize("name", ["table_4_2", "table_4_4"])
def test_an_own_method_stands_below_the_replications_rows_which_stay_as_they_are(exhibits, name: str) -> None:
    plain, own = exhibits["plain"][name], exhibits["own"][name]
    ours = own.frame[own.frame.method == OWN]
    assert set(ours.block) == {"own"}
    assert len(ours) == (1 if name == "table_4_2" else 6)
    assert ours["quoted_accuracy" if name == "table_4_2" else "val_accuracy"].between(0, 1).all()
    pd.testing.assert_frame_equal(own.frame[own.frame.method != OWN].reset_index(drop=True), plain.frame)
    assert [*own.display][:-1] == [*plain.display]
    assert [*own.display][-1] == "Own methods (not in the thesis)"
    for heading, cells in plain.display.items():
        pd.testing.assert_frame_equal(own.display[heading], cells)


def test_an_own_method_has_its_panels_below_adaptives(exhibits) -> None:
    plain, own = exhibits["plain"]["fig_4_10"], exhibits["own"]["fig_4_10"]
    assert set(own.frame.method) == {"adaptive", OWN, "grid", "random"}
    titles = [[axes.get_title("left") for axes in exhibit.figure.axes] for exhibit in (plain, own)]
    assert "HyperSVG (adaptive)" in titles[0]
    assert sorted(titles[1]) == sorted([*titles[0], OWN, "coloured by last learning rate"])


def test_a_run_of_an_own_task_is_stamped_tests_no_claim_and_describes_no_network(tmp_path: Path) -> None:
    task = {"task": "/home/me/ideas/regression.py:logistic_regression"}
    folder = write_run(tmp_path / "task", **SMALL, extensions=task)
    results = Results(folder)
    network = build("table_4_3", results).frame.query("item.str.startswith('true optimizer')")
    assert list(network.used) == ["one iterate x", *["own task logistic_regression"] * 2]
    text = (folder / "exhibits" / "table_4_3.md").read_text(encoding="utf-8")
    assert text.startswith("**own task: logistic_regression, not comparable with the thesis**")
    findings = judge(load_claims(ROOT / "config" / "claims.yaml"), results)
    assert {finding.outcome for finding in findings} == {"not testable"}
    assert {why(finding) for finding in findings if finding.claim.missing is None} == {
        "Not tested: the inner problem is another task, logistic_regression, on which no number of the thesis can be "
        "tested."
    }


def test_gathering_refuses_a_table_without_the_own_method(ideas: Path, tmp_path: Path) -> None:
    settings = settings_with(ideas)
    rows = [
        {"method": method, "grid": grid, "run": run, "seed": seed}
        for method in STAGES["online"].groups(settings, "runs")[1]
        for grid in ("good", "bad")
        for run in (0, 1)
        for seed in (0, 1)
    ]
    frame = pd.DataFrame(rows)
    check_complete(frame, "online", TABLES["runs"], settings)
    with pytest.raises(TableError, match=OWN):
        check_complete(frame[frame.method != OWN], "online", TABLES["runs"], settings)


def test_without_extensions_settings_and_their_hashes_are_as_ever(ideas: Path) -> None:
    plain, own, task = Settings(), settings_with(ideas), settings_with(ideas, task=TASK)
    assert "extensions" not in plain.model_dump()
    assert Settings.model_validate_json(own.model_dump_json()) == own
    for stage in STAGES:
        assert "extensions" not in block_settings(stage, plain)
        assert block_settings(stage, own) == block_settings(stage, validated(TINY)), "a controller is its arm's alone"
        assert ("extensions" in block_settings(stage, task)) == (stage in TRAINING_THE_TASK)
    assert extension_of("online", "adaptive", own) is None


def test_a_run_with_an_own_method_computes_that_alone_and_shares_the_rest(ideas: Path) -> None:
    run = run_of(ROOT / "config", {"scale": "smoke", "variant": str(ideas / "my_methods.yaml")})
    assert run.name == "smoke+my_methods"
    assert run.owner("online", OWN) == "smoke+my_methods"
    assert {run.owner(stage, arm) for stage in STAGES for arm in STAGES[stage].arms(Settings())} == {"smoke"}
    task = run_of(ROOT / "config", {"scale": "smoke", "variant": str(ideas / "my_task.yaml")})
    assert {stage for stage in STAGES if task.owner(stage) != "smoke"} == TRAINING_THE_TASK


@pytest.fixture(scope="module")
def micro(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    checkout = Checkout(tmp_path_factory.mktemp("checkout"))
    write_micro(checkout)
    return checkout


@pytest.mark.workflow
def test_editing_the_own_controller_reruns_its_arm_and_what_shows_it_alone(micro: Checkout, tmp_path: Path) -> None:
    plan = plan_after_an_edit(micro, tmp_path, "my_methods.yaml", ("halving.py", "PATIENCE = 5", "PATIENCE = 4"))
    assert {name: plan[name] for name in plan if name.endswith("_job")} == {"own_controller_job": 1}
    gathered = {name for name in plan if name.startswith("gather_")}
    assert gathered == {"gather_online_curves", "gather_online_runs"}
    assert {"notebook_tables", "notebook_online_good", "notebook_online_bad"} <= set(plan)


@pytest.mark.workflow
def test_editing_the_own_task_reruns_the_stages_that_train_it_alone(micro: Checkout, tmp_path: Path) -> None:
    plan = plan_after_an_edit(micro, tmp_path, "my_task.yaml", ("regression.py", "0.8 *", "0.9 *"))
    stages = ("trajectories", "ppo", "ppo_reference", "offline", "online", "baselines", "runtimes")
    jobs = {f"{name}_job" for name in (*stages, "bayesian_optimization", "own_controller")}
    assert {name for name in plan if name.endswith("_job") or name == "images"} == jobs


def plan_after_an_edit(micro: Checkout, folder: Path, variant: str, edit: tuple[str, str, str]) -> dict[str, int]:
    """What a finished run of the page's ``variant`` plans once a text in one of its files is another."""
    request = {"scale": "micro", "variant": written(folder) / variant}
    micro.pretend_finished(**request)
    assert micro.plan(**request) == {}
    name, old, new = edit
    text = (folder / name).read_text(encoding="utf-8")
    assert old in text
    (folder / name).write_text(text.replace(old, new), encoding="utf-8")
    return micro.plan(**request)


@pytest.mark.workflow
def test_the_pages_controller_runs_for_real_into_the_tables(tmp_path: Path) -> None:
    (tmp_path / "checkout").mkdir()
    checkout = Checkout(tmp_path / "checkout")
    write_micro(checkout)
    mine = written(tmp_path) / "my_methods.yaml"
    folder = checkout.folder / "results" / "micro+my_methods"
    manifest = (folder / "tables" / "manifest.json").relative_to(checkout.folder)
    targets = ("online", "baselines", str(manifest), "--cores", "2")
    done = checkout.snakemake(*targets, "--config", "scale=micro", f"variant={mine}")
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (folder / "jobs" / "online").iterdir()) == [OWN]
    gathered = pd.read_parquet(folder / "tables" / "online_runs.parquet")
    assert gathered[gathered.method == OWN].groupby("grid").size().to_dict() == {"bad": 4, "good": 4}
    for name in ("table_4_2", "table_4_4"):
        build(name, Results(folder))
        shown = pd.read_csv(folder / "exhibits" / f"{name}.csv")
        assert set(shown[shown.method == OWN].block) == {"own"}
