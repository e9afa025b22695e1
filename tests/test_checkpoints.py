"""A job that was interrupted anywhere goes on and ends with the bytes of one that was not."""

import json
import pickle
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from checkout import ROOT
from safetensors.numpy import load_file
from test_extending import CONTROLLER, OWN, written

from hypersvg.environments.agent import Agent
from hypersvg.experiments.checkpoint import Part
from hypersvg.experiments.learner import Learner
from hypersvg.experiments.stages import STAGES, block_settings
from hypersvg.maths.resume import State
from hypersvg.pipeline import checkpoints, jobs, state_file
from hypersvg.pipeline.checkpoints import FileCheckpoint
from hypersvg.pipeline.images_job import make_images
from hypersvg.pipeline.jobs import Request, checkpoint_of, run_job
from hypersvg.pipeline.settings_file import read_settings, write_settings
from hypersvg.settings import Settings
from hypersvg.settings.overlay import validated
from hypersvg.training import InnerTraining

TINY: dict[str, Any] = {
    "run": {"seeds": 2, "seed_block": 2, "fresh_seeds": 2, "memory_gib": 0.003, "checkpoint_minutes": 0},
    "data": {"source": "digits", "limit": 700, "curve_images": 50},
    "inner": {"hidden": [4], "batch_size": 64},
    "trajectories": {"count": 6, "steps": 5, "held_out": 0.34},
    "ppo": {"hidden": [4], "environments": 2, "iterations": 3, "steps": 3},
    "svg": {"width": 4},
    "offline": {"unrolls": [2], "iterations": 4, "evaluate_every": 2, "batch_trajectories": 3, "probe_rates": 3},
    "online": {"steps": 5, "warm_ups": [2, 4], "bad_grid": [-1.0, -3.0, 2], "good_grid": [-1.0, -2.0, 2]},
}
NEVER = {**TINY["run"], "checkpoint_minutes": 1e6}
PLAIN = {"svg": {"width": 4, "online_horizon": 3, "noise": "sampled"}}
KEPT = {"online": {**TINY["online"], "reset": "kept"}, "inner": {**TINY["inner"], "optimizer": "momentum"}}
CASES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "adaptive": ("online", "adaptive", {}),
    "adaptive_plain": ("online", "adaptive", PLAIN),
    "bandit_kept": ("online", "bandit", KEPT),
    "offline": ("offline", "T02", {}),
    "offline_plain": ("offline", "T02", PLAIN),
    "dense": ("ppo", "dense", {}),
    "own": ("online", OWN, {}),
}
STEPS: dict[str, tuple[type, str]] = {
    "online": (InnerTraining, "step"),
    "offline": (Learner, "iterate"),
    "ppo": (Agent, "update"),
}
"""What a stage does again and again, and where it is killed here."""


class Killed(BaseException):
    """Nothing catches it, as nothing catches a signal 9."""


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("inputs")
    settings = validated(TINY)
    write_settings(settings, folder / "settings.json")
    make_images(folder / "settings.json", folder)
    images = folder / "images.safetensors"
    run_job(Request("trajectories", "all", "0-1", folder / "settings.json", folder / "trajectories", images))
    own = written(folder) / "halving.py"
    own.write_text(own.read_text(encoding="utf-8").replace("PATIENCE = 5", "PATIENCE = 1"), encoding="utf-8")
    return folder


@pytest.fixture
def job(inputs: Path, tmp_path: Path) -> Callable[..., Request]:
    """A request of a case in a folder of its own; further settings on top."""

    def request(case: str, name: str = "run", **more: dict[str, Any]) -> Request:
        stage, arm, changed = CASES[case]
        own = {"extensions": {"controllers": {OWN: f"{inputs}/{CONTROLLER}"} if arm == OWN else {}}}
        tree = {
            block: {**TINY.get(block, {}), **{**changed, **more}.get(block, {})} for block in {**TINY, **more}
        } | own
        settings = tmp_path / name / "settings.json"
        write_settings(validated(tree), settings)
        trajectories = inputs / "trajectories" if stage == "offline" else None
        return Request(
            stage, arm, "0-1", settings, tmp_path / name / "job", inputs / "images.safetensors", trajectories
        )

    return request


def finished(request: Request) -> dict[str, bytes]:
    run_job(request)
    return {path.name: path.read_bytes() for path in request.output.glob("*.parquet")}


def kept(request: Request) -> Path:
    return request.settings.parent / f"checkpoints/{request.stage}/{request.arm}/seeds-{request.seeds}.safetensors"


class Counted:
    """Counts the stage's steps, and kills the process, as it were, when the given one begins."""

    def __init__(self, stage: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun, self.fatal = 0, 0
        owner, name = STEPS[stage]
        step = getattr(owner, name)

        def counted(*arguments: Any) -> Any:
            self.begun += 1
            if self.begun == self.fatal:
                raise Killed
            return step(*arguments)

        monkeypatch.setattr(owner, name, counted)

    def killed(self, request: Request, step: int) -> None:
        self.begun, self.fatal = 0, step
        with pytest.raises(Killed):
            run_job(request)
        self.begun, self.fatal = 0, 0


@pytest.mark.parametrize("case", CASES)
def test_a_job_killed_at_its_first_a_middle_and_its_last_step_ends_as_if_it_was_not(case, job, monkeypatch) -> None:
    steps = Counted(CASES[case][0], monkeypatch)
    expected = finished(job(case, "never", run=NEVER))
    total, done, request = steps.begun, 0, job(case)
    for fatal in (1, 2, total // 3):
        steps.killed(request, fatal)
        done += fatal - 1
    steps.killed(request, total - done)
    assert finished(request) == expected
    assert steps.begun < total, "it did not begin anew"
    assert not kept(request).parents[2].exists(), "nothing is left"


@pytest.mark.parametrize("case", ["adaptive", "offline", "dense"])
def test_what_came_after_the_last_checkpoint_is_done_again(case, job, monkeypatch) -> None:
    """A save at every third opportunity, and kills in between."""
    expected = finished(job(case, "never", run=NEVER))
    steps, offers, request = Counted(CASES[case][0], monkeypatch), iter(range(10**6)), job(case)
    monkeypatch.setattr(FileCheckpoint, "due", lambda self: next(offers) % 3 == 2)
    for fatal in (3, 5):
        steps.killed(request, fatal)
    assert finished(request) == expected


@pytest.mark.parametrize(
    ("text", "other", "said"),
    [
        ("def state", "def kept", ""),
        ('"rate": self.rate', '"rate": (1,)', "a tuple (state/work/controller/controller/rate)"),
    ],
)
def test_an_own_controller_whose_state_cannot_be_had_or_kept_begins_anew(
    text, other, said, inputs, job, monkeypatch, capfd
) -> None:
    expected, own = finished(job("own", "never", run=NEVER)), inputs / "halving.py"
    before = own.read_text(encoding="utf-8")
    assert text in before
    own.write_text(before.replace(text, other), encoding="utf-8")
    request, steps = job("own"), Counted("online", monkeypatch)
    try:
        steps.killed(request, 4)
        assert finished(request) == expected
    finally:
        own.write_text(before, encoding="utf-8")
    assert steps.begun == 5, "all of its steps"
    assert said in capfd.readouterr().err


@pytest.mark.parametrize(("case", "fatal", "left"), [("offline", 3, 6), ("offline", 7, 2), ("dense", 3, 4)])
def test_no_step_is_taken_twice_when_every_step_is_saved(case, fatal, left, job, monkeypatch) -> None:
    """Offline: iterations of 2 seeds × 4. PPO: updates of 2 seeds × 3."""
    request, steps = job(case), Counted(CASES[case][0], monkeypatch)
    steps.killed(request, fatal)
    run_job(request)
    assert steps.begun == left


@pytest.mark.parametrize("case", ["adaptive", "offline", "dense"])
def test_a_checkpoint_is_read_by_safetensors_alone_and_without_pickle(case, job, monkeypatch, tmp_path) -> None:
    request, steps = job(case), Counted(CASES[case][0], monkeypatch)
    steps.killed(request, 3)
    assert len(load_file(kept(request))) > 3
    with kept(request).open("rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    assert set(json.loads(header["__metadata__"]["content"])["state"]) == {"identity", "parts", "work"}

    def refused(*arguments: Any, **named: Any) -> None:
        raise AssertionError("pickle")

    for owner, name in ((pickle, "dump"), (pickle, "dumps"), (pickle, "load"), (pickle, "loads")):
        monkeypatch.setattr(owner, name, refused)
    monkeypatch.setattr(torch, "save", refused)
    monkeypatch.setattr(torch, "load", refused)
    state_file.write_state(tmp_path / "again", state_file.read_state(kept(request)))
    assert (
        state_file.read_state(tmp_path / "again")["work"].keys() == state_file.read_state(kept(request))["work"].keys()
    )


def opened(request: Request) -> tuple[list[Part], State]:
    """What a new process of the job finds."""
    settings = read_settings(request.settings)
    code = jobs.code_state((jobs.__name__, STAGES[request.stage].module))["code"]
    return checkpoint_of(request, settings, jobs.input_hashes(request), code).opened()


@pytest.fixture
def interrupted(job: Callable[..., Request], monkeypatch: pytest.MonkeyPatch) -> Request:
    """An offline job killed at its third iteration."""
    request = job("offline")
    Counted("offline", monkeypatch).killed(request, 3)
    return request


OTHERS: dict[str, Callable[[Request, pytest.MonkeyPatch], None]] = {
    "settings": lambda request, patch: rewrite(request, "svg", "policy_learning_rate", 1e-3),
    "code": lambda request, patch: patch.setattr(jobs, "code_state", lambda modules: {"code": {"a.py": "other"}}),
    "packages": lambda request, patch: patch.setattr(checkpoints, "versions", lambda: {"torch": "0.1"}),
    "lock file": lambda request, patch: patch.setattr(checkpoints, "sha256", lambda path: "other"),
    "inputs": lambda request, patch: patch.setattr(jobs, "input_hashes", lambda request: {"images": "other"}),
    "processor": lambda request, patch: patch.setattr(
        checkpoints, "machine", lambda: {"cpu_capability": "AVX3", "gpu": None}
    ),
}


def rewrite(request: Request, block: str, key: str, value: object) -> None:
    tree = json.loads(request.settings.read_text(encoding="utf-8"))
    tree[block][key] = value
    write_settings(Settings.model_validate(tree), request.settings)


def test_a_checkpoint_of_another_job_is_named_and_discarded(interrupted, monkeypatch, capsys) -> None:
    content = kept(interrupted).read_bytes()
    assert opened(interrupted)[1], "of the same job it is used"
    for other, change in OTHERS.items():
        kept(interrupted).write_bytes(content)
        with monkeypatch.context() as patch:
            before = interrupted.settings.read_text(encoding="utf-8")
            change(interrupted, patch)
            assert opened(interrupted) == ([], {})
            interrupted.settings.write_text(before, encoding="utf-8")
        said = capsys.readouterr().err
        assert f"{kept(interrupted)} was made by other {other}; it was removed" in said
        assert not kept(interrupted).exists()


def test_the_interval_between_checkpoints_makes_no_checkpoint_another_jobs(interrupted) -> None:
    rewrite(interrupted, "run", "checkpoint_minutes", 7.0)
    assert opened(interrupted)[1]["learner"]["iterations"] == 2
    for stage in STAGES:
        assert not {"seeds", "checkpoint_minutes"} & set(block_settings(stage, Settings())["run"])


def flipped(content: bytes, where: int) -> bytes:
    return content[:where] + bytes([content[where] ^ 1]) + content[where + 1 :]


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda content: b"",
    "cut": lambda content: content[: len(content) // 2],
    "last byte missing": lambda content: content[:-1],
    "a bit of a tensor": lambda content: flipped(content, len(content) - 1000),
    "a digit of the header": lambda content: content.replace(b'iterations\\": 2', b'iterations\\": 3', 1),
    "not ours": lambda content: b"\x80\x04\x95" + content,
    "zeros": lambda content: bytes(len(content)),
}


def test_a_damaged_checkpoint_is_named_and_the_job_begins_anew(interrupted, capsys) -> None:
    content = kept(interrupted).read_bytes()
    for damage in DAMAGE.values():
        kept(interrupted).write_bytes(damage(content))
        assert damage(content) != content
        assert opened(interrupted) == ([], {})
        assert f"{kept(interrupted)} is damaged (" in capsys.readouterr().err
        assert not kept(interrupted).exists()
    kept(interrupted).write_bytes(b"")
    run_job(interrupted)
    assert not kept(interrupted).exists()


def test_a_full_disk_costs_checkpoints_and_a_sentence_but_not_the_job(job, capsys) -> None:
    """The library meets the limit in the middle of writing, as it would meet the end of the disk."""
    expected = finished(job("offline", "never", run=NEVER))
    request = job("offline")
    before, limit = resource.getrlimit(resource.RLIMIT_FSIZE), 60_000
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        run_job(request)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert {path.name: path.read_bytes() for path in request.output.glob("*.parquet")} == expected
    said = capsys.readouterr().err
    assert f"{kept(request)} was not saved" in said
    assert "Traceback" not in said
    assert not kept(request).parents[2].exists(), "nothing half-written is left"


@pytest.mark.workflow
def test_a_process_killed_for_good_goes_on_where_it_was(job) -> None:
    """SIGKILL, as soon as there is a checkpoint."""
    longer = {**TINY["offline"], "iterations": 20, "evaluate_every": 10}
    expected = finished(job("offline", "never", offline=longer, run=NEVER))
    request = job("offline", offline=longer)
    command = [sys.executable, "-m", "hypersvg", "job", "offline", "--arm", "T02", "--seeds", "0-1"]
    folders = ("--settings", request.settings, "--images", request.images, "--trajectories", request.trajectories)
    command += [*map(str, folders), "--output", str(request.output)]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL) as process:
        while not kept(request).is_file():
            assert process.poll() is None, "it ended before it could be killed"
            time.sleep(0.005)
        process.kill()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert f"checkpoint: goes on from {kept(request)}" in done.stderr
    assert {path.name: path.read_bytes() for path in request.output.glob("*.parquet")} == expected
