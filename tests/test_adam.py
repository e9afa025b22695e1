"""The Adam of the learned networks against ``torch.optim.Adam``, to the bit, and what it spares a job."""

import subprocess
import sys

import pytest
import torch
from test_stages import SETTINGS, images, trajectories
from torch import Tensor

from hypersvg.maths.adam import FusedAdam

SHAPES = ((3, 5, 40), (3, 1, 5), (7,))
__all__ = ["images", "trajectories"]

JOBS = """
import importlib, sys
from pathlib import Path
from hypersvg.experiments.job import Job
from hypersvg.settings.overlay import validated

settings = validated({settings})
for stage, arm in {jobs}:
    job = Job(settings, arm, (0,), Path({folder!r}), Path({images!r}), Path({trajectories!r}))
    importlib.import_module(f"hypersvg.experiments.{{stage}}").run(job)
print(*sys.modules)
"""


def modules_of(jobs: list[tuple[str, str]], folder: object, images: object, trajectories: object) -> set[str]:
    """All that a process has imported after running tiny jobs."""
    settings = SETTINGS.model_dump(mode="json")
    script = JOBS.format(
        settings=settings, jobs=jobs, folder=str(folder), images=str(images), trajectories=str(trajectories)
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split("\n")[-2].split())


def weights_of(dtype: torch.dtype) -> list[Tensor]:
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(shape, generator=generator, dtype=dtype).requires_grad_() for shape in SHAPES]


def give_gradients(weights: list[Tensor], step: int) -> None:
    """Gradients of very different sizes; the last weight has none at first and at every third step."""
    generator = torch.Generator().manual_seed(step)
    for number, weight in enumerate(weights):
        scale = 10.0 ** (-4 * number)
        drawn = scale * torch.randn(weight.shape, generator=generator, dtype=weight.dtype)
        weight.grad = None if number == len(weights) - 1 and step % 3 == 0 else drawn


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_updates_are_those_of_torch_optim_to_the_bit(dtype: torch.dtype) -> None:
    ours, theirs = weights_of(dtype), weights_of(dtype)
    adam = FusedAdam(ours, lr=1e-2, eps=1e-8)
    reference = torch.optim.Adam(theirs, lr=1e-2, eps=1e-8, fused=True)
    for step in range(20):
        for optimizer, weights in ((adam, ours), (reference, theirs)):
            optimizer.param_groups[0]["lr"] = 1e-2 / (1 + step)
            give_gradients(weights, step)
            optimizer.step()
    assert all(torch.equal(one, other) for one, other in zip(ours, theirs, strict=True))
    assert not any(torch.equal(one, start) for one, start in zip(ours, weights_of(dtype), strict=True))


def test_a_loaded_state_goes_on_to_the_same_bits() -> None:
    straight, stopped = weights_of(torch.float32), weights_of(torch.float32)
    first, second = FusedAdam(straight, 1e-2, 1e-8), FusedAdam(stopped, 1e-2, 1e-8)
    for step in range(6):
        if step == 3:
            resumed = FusedAdam(stopped, 1e-2, 1e-8)
            resumed.load(second.state())
            second = resumed
        for adam, weights in ((first, straight), (second, stopped)):
            give_gradients(weights, step)
            adam.step()
    assert all(torch.equal(one, other) for one, other in zip(straight, stopped, strict=True))


def test_a_loaded_state_shares_no_memory_with_the_given_one() -> None:
    weights = weights_of(torch.float32)
    giver, taker = FusedAdam(weights, 1e-2, 1e-8), FusedAdam(weights, 1e-2, 1e-8)
    give_gradients(weights, 1)
    giver.step()
    taker.load(giver.state())
    before = giver.state()["0"]["exp_avg"].clone()
    taker.step()
    assert torch.equal(giver.state()["0"]["exp_avg"], before)


def test_gradients_are_forgotten() -> None:
    weights = weights_of(torch.float32)
    give_gradients(weights, 1)
    FusedAdam(weights, 1e-2, 1e-8).zero_grad()
    assert all(weight.grad is None for weight in weights)


@pytest.mark.slow
def test_jobs_that_train_networks_import_no_compiler_and_scikit_learn_is_for_bayesian_optimization_alone(
    images, trajectories, tmp_path
):
    arms = [("online", "adaptive"), ("online", "bandit"), ("offline", "T05"), ("ppo", "sparse_once"), ("toy", "all")]
    arms += [("baselines", arm) for arm in ("grid", "random", "constants")]
    assert not {"torch._dynamo", "sympy", "sklearn"} & modules_of(arms, tmp_path, images, trajectories)


@pytest.mark.slow
def test_bayesian_optimization_is_where_scikit_learn_comes_from(images, trajectories, tmp_path):
    assert "sklearn" in modules_of([("baselines", "bo")], tmp_path, images, trajectories)
