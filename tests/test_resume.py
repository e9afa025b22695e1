"""An interrupted training goes on to the same bits: through the file that jobs keep, with every optimizer."""

from pathlib import Path

import pytest
import torch
from test_controllers import CONTROLLERS
from torch import Tensor

from hypersvg.conformance.controllers import SEEDS, STARTS, STEPS, Make, small_task
from hypersvg.maths.optimizers import OptimizerName
from hypersvg.maths.resume import Resumable
from hypersvg.pipeline.state_file import checksum, packed, read_state, write_state
from hypersvg.training import InnerTraining, Recording, train


def begun(make: Make, optimizer: OptimizerName) -> dict[str, Resumable]:
    inner = small_task()
    training = InnerTraining(inner, optimizer, SEEDS, len(STARTS))
    return {"training": training, "controller": make(inner, SEEDS, STARTS), "recording": Recording()}  # type: ignore[dict-item]


def fingerprint(part: Resumable) -> tuple[object, dict[str, int]]:
    tensors: dict[str, Tensor] = {}
    return packed(part.state(), "state", tensors), {name: checksum(tensor) for name, tensor in tensors.items()}


def check_resume(make: Make, optimizer: OptimizerName, steps: int, path: Path) -> None:
    """Train ``steps``, keep, go on in new objects, and compare with the whole training, weights and all."""
    whole = train(**begun(make, optimizer), steps=STEPS)  # type: ignore[arg-type]
    first, second = begun(make, optimizer), begun(make, optimizer)
    train(**first, steps=steps)  # type: ignore[arg-type]
    write_state(path, {name: part.state() for name, part in first.items()})
    for name, state in read_state(path).items():
        second[name].load(state)
    for work in (first, second):
        curves = train(**work, steps=STEPS)  # type: ignore[arg-type]
        for name, values in vars(whole).items():
            assert torch.equal(vars(curves)[name], values), name
    assert fingerprint(first["controller"]) == fingerprint(second["controller"])


@pytest.mark.parametrize(
    ("name", "steps"), [*((name, 4) for name in CONTROLLERS), ("hypersvg_surrogate", 1), ("hypersvg_surrogate", STEPS)]
)
def test_every_controllers_training_goes_on_from_its_file(name: str, steps: int, tmp_path: Path) -> None:
    check_resume(CONTROLLERS[name], "adam", steps, tmp_path / "state")


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "nesterov"])
def test_every_optimizers_training_goes_on_from_its_file(optimizer: OptimizerName, tmp_path: Path) -> None:
    check_resume(CONTROLLERS["hypersvg_surrogate"], optimizer, 4, tmp_path / "state")
