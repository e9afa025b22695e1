"""What a user's own code can get wrong ends in one sentence with its file and the mend."""

import sys
from pathlib import Path

import pytest
import torch

from hypersvg.conformance import controllers
from hypersvg.conformance.report import report
from hypersvg.controllers.extension import Counted, Guarded, Setup, controller_class
from hypersvg.extensions import ExtensionError, loaded, source_files
from hypersvg.settings import Settings, SettingsError, load_settings
from hypersvg.settings.overlay import run_name, validated
from hypersvg.tasks.extension import made, own_task
from hypersvg.training import InnerTraining, Transition

CONFIG = Path(__file__).parents[1] / "config"


def setup(runs: int = 2) -> Setup:
    return Setup(controllers.small_task(), [0], torch.full((runs,), 0.1), 5, (1e-7, 1.0))


def guarded(returned: object) -> Guarded:
    class Returning:
        def rates(self, step, parameters):
            return returned

        def observe(self, transition):
            pass

    return Guarded("mine.py:Returning", lambda _: Returning(), setup())


@pytest.mark.parametrize(
    ("returned", "words"),
    [
        (0.1, r"rates\(step = 3\) returned a float; return a tensor"),
        (torch.ones(3), r"returned \[3\] torch.float32 on cpu; return \[2\] torch.float32 on cpu"),
        (torch.ones(2, dtype=torch.float64), r"returned \[2\] torch.float64"),
        (torch.tensor([0.1, torch.nan]), "not finite"),
        (torch.tensor([0.1, 2.0]), r"returned 2, outside 1e-07 … 1; cut the rates with torch.clamp"),
        (torch.tensor([0.1, 0.0]), r"returned 0, outside"),
    ],
)
def test_rates_that_break_the_contract_end_in_a_sentence_that_names_the_file(returned, words):
    with pytest.raises(ExtensionError, match=rf"^mine\.py:Returning: .*{words}"):
        guarded(returned).rates(3, torch.zeros(2, 154))


def test_a_diverged_run_keeps_its_last_rate_whatever_the_controller_says():
    rates = torch.tensor([0.2, 0.3])
    controller = guarded(rates)
    training = InnerTraining(controllers.small_task(), "adam", [0], 2)
    before = controller.rates(0, training.parameters)
    transition = training.step(before)
    controller.observe(Transition(**{**vars(transition), "alive": torch.tensor([False, True])}))
    rates[0] = torch.nan
    assert controller.rates(1, training.parameters).tolist() == pytest.approx([0.2, 0.3])


def test_a_controller_is_charged_what_it_asks_of_the_task():
    controller = guarded(torch.ones(2))
    training = InnerTraining(controllers.small_task(), "adam", [0], 2)
    batch = training.batches.next()
    assert controller.charged() == {"inner_steps": 5, "evaluations": 1, "surrogate_updates": 0}
    for _ in range(7):
        controller.task.loss_and_gradient(training.parameters, batch)
    controller.task.accuracy(training.parameters, "validation")
    assert controller.charged() == {"inner_steps": 7, "evaluations": 2, "surrogate_updates": 0}
    with pytest.raises(ExtensionError, match=r"mine\.py:Returning looks at the test split"):
        controller.task.accuracy(training.parameters, "test")


def test_counting_changes_nothing():
    task = controllers.small_task()
    counted, parameters = Counted(task, "mine"), task.init([0], "init")
    batch = counted.batches([0], "batches").next()
    for one, two in zip(
        counted.loss_and_gradient(parameters, batch), task.loss_and_gradient(parameters, batch), strict=True
    ):
        assert torch.equal(one, two)


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    path = tmp_path / "mine.py"
    path.write_text("class Lame:\n    def rates(self): pass\nNUMBER = 1\ndef nothing(settings, device): return 1\n")
    return path


def test_what_cannot_be_found_or_imported_is_named_with_its_mend(mine: Path):
    broken = mine.with_name("broken.py")
    broken.write_text("import torch\n1 / 0\n", encoding="utf-8")
    cases = {
        f"{mine.with_name('absent.py')}:X": f"there is no file {mine.with_name('absent.py')}; correct its path",
        f"{mine}:Absent": f"{mine} defines no Absent",
        f"{mine}:Lame": f"{mine}:Lame has no method observe",
        f"{mine}:NUMBER": f"{mine}:NUMBER is no class",
        f"{broken}:X": rf"{broken} cannot be imported: ZeroDivisionError: .*line 2\); mend it there",
        "absent": "no installed package has an entry point 'absent' of the group hypersvg.controllers; known:",
    }
    for reference, words in cases.items():
        with pytest.raises(ExtensionError, match=words):
            controller_class(reference)
    with pytest.raises(ExtensionError, match="made a int without parameters"):
        made("mine.py:nothing", loaded(f"{mine}:nothing", "hypersvg.tasks"), Settings(), "cpu")
    with pytest.raises(ExtensionError, match="name one thing"):
        report(None, None)


def test_an_edit_within_the_same_second_counts(mine: Path):
    assert loaded(f"{mine}:NUMBER", "hypersvg.controllers") == 1
    mine.write_text(mine.read_text(encoding="utf-8").replace("NUMBER = 1", "NUMBER = 2"), encoding="utf-8")
    assert loaded(f"{mine}:NUMBER", "hypersvg.controllers") == 2
    assert [path.name for path in mine.parent.iterdir()] == ["mine.py"], "nothing is left beside the user's file"


def test_an_entry_point_of_an_installed_package_serves_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    package, metadata = tmp_path / "ideas_of_mine", tmp_path / "ideas_of_mine-1.0.dist-info"
    for folder in (package, metadata):
        folder.mkdir()
    (package / "__init__.py").write_text("", encoding="utf-8")
    (package / "halving.py").write_text("from ideas_of_mine import shared\nclass Mine: ...\n", encoding="utf-8")
    (package / "shared.py").write_text("", encoding="utf-8")
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: ideas-of-mine\nVersion: 1.0\n", encoding="utf-8")
    points = "[hypersvg.controllers]\nmine = ideas_of_mine.halving:Mine\n"
    (metadata / "entry_points.txt").write_text(points, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    assert [Path(file).name for file in source_files("mine", "hypersvg.controllers")] == [
        *("__init__.py", "halving.py", "shared.py")
    ]
    assert loaded("mine", "hypersvg.controllers").__name__ == "Mine"
    for name in [name for name in sys.modules if name.startswith("ideas_of_mine")]:
        del sys.modules[name]


@pytest.mark.parametrize("name", ["Mine", "bandits", "bo_2", "adaptive_mine", "two words", "1st", "../mine", ""])
def test_names_that_files_or_the_replications_own_methods_need_are_refused(name):
    with pytest.raises(SettingsError, match=r"setting extensions\.controllers.* a method's name"):
        validated({"extensions": {"controllers": {name: "mine.py:Mine"}}})


@pytest.mark.parametrize("reference", ["mine.py", "mine.py:", "mine:Mine", "mine.py:1", "", "a b"])
def test_a_reference_is_a_file_with_a_name_or_an_entry_point(reference):
    with pytest.raises(SettingsError, match=r"write file\.py:Name, or the name of an installed package's entry point"):
        validated({"extensions": {"task": reference}})


def test_a_file_of_ones_own_is_an_overlay_whose_stem_names_the_run(tmp_path: Path):
    path = tmp_path / "small-steps.yaml"
    path.write_text("online: {steps: 60}\nextensions: {task: 'sub/mine.py:task'}", encoding="utf-8")
    settings = load_settings(CONFIG, "default", str(path))
    assert settings.online.steps == 60
    assert settings.extensions.task == f"{tmp_path}/sub/mine.py:task"
    assert run_name("default", str(path)) == "default+small-steps"


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("sgd.yaml", "{}", "rename the file"),
        ("two words.yaml", "{}", "rename the file"),
        ("mine.yaml", "[1]", "must hold a mapping of settings blocks"),
        ("mine.yaml", "extensions: 3", "a block of settings must be a mapping"),
        ("mine.yaml", "extensions: {controllers: [1]}", "extensions.controllers"),
        ("mine.yaml", "extensions: {controllers: {mine: 1}}", "extensions.controllers.mine"),
        ("mine.yaml", "extensions: {taks: x}", "did you mean 'extensions.task'"),
        (None, "", "there is no file"),
    ],
)
def test_a_file_of_ones_own_that_cannot_be_used_ends_in_one_sentence(tmp_path: Path, name, text, words):
    path = tmp_path / (name or "absent.yaml")
    if name:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=words) as caught:
        load_settings(CONFIG, "smoke", str(path))
    assert "\n" not in str(caught.value)


def test_without_extensions_there_is_no_own_task():
    assert own_task(Settings(), "cpu") is None
