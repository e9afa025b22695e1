"""The 29 hyperparameters: each acts where it should, and masked units are as if they were not there."""

from dataclasses import replace

import pytest
import torch
from test_training import task
from torch import Tensor

from hypersvg.maths.estimators.evolution import es_single
from hypersvg.maths.network import Network
from hypersvg.maths.random import torch_generator
from hypersvg.tasks.many_hyperparameters import ManyHyperparameters
from hypersvg.tasks.unrolled import MiniBatches

P64 = torch.float64


def problem(width: int = 6) -> ManyHyperparameters:
    inner = replace(task(), network=Network(sizes=(20, *[width] * 5, 10)))
    return ManyHyperparameters(MiniBatches(inner, 3), 5)


def ran(theta: Tensor, steps: int = 4) -> dict[str, Tensor]:
    inner = problem()
    state = inner.start(torch.zeros(len(theta), dtype=torch.int64))
    for _ in range(steps):
        state, _ = inner.advance(state, theta)
    return state


def test_there_are_twenty_nine() -> None:
    assert problem().parameters == len(problem().initial()) == 29


@pytest.mark.parametrize("number", range(12))
def test_a_rate_moves_its_own_tensor_and_no_other_in_the_first_step(number: int) -> None:
    inner, theta = problem(), problem().initial(units=20.0).to(P64)
    faster = theta.clone()
    faster[number] += 1
    state = ran(torch.stack([theta, faster]), steps=1)
    parts = (state["parameters"][1] - state["parameters"][0]).split(inner.tensors)
    assert [bool(part.any()) for part in parts] == [place == number for place in range(12)]


def test_momentum_is_its_tensors_coefficient() -> None:
    inner, theta = problem(), problem().initial(units=20.0).to(P64)
    theta[12 + 3] = -40.0
    state = inner.start(torch.tensor([0]))
    for _ in range(3):
        gradient = state["gradient"]
        state, _ = inner.advance(state, theta.unsqueeze(0))
    velocities, gradients = state["velocity"][0].split(inner.tensors), gradient[0].split(inner.tensors)
    assert torch.allclose(velocities[3], gradients[3])
    assert not torch.allclose(velocities[2], gradients[2])


def test_units_run_from_one_to_the_width() -> None:
    inner = problem()
    found = inner.units(torch.tensor([[-40.0, -1.0, 0.0, 1.0, 40.0]]))
    assert found.tolist() == [[1.0, 2.0, 3.0, 5.0, 6.0]]  # torch rounds halves to even: 1 + round(2.5) = 3


def test_a_masked_network_is_the_smaller_network() -> None:
    inner, theta = problem(), problem().initial(units=0.0).to(P64).unsqueeze(0)
    used = [int(count) for count in inner.units(theta[:, 24:])[0]]
    small = Network(sizes=(20, *used, 10))
    parameters = inner.start(torch.tensor([0]))["parameters"]
    parts = []
    for (weight, bias), (inputs, outputs) in zip(
        inner.data.task.network.unflatten(parameters), small.layers, strict=True
    ):
        parts += [weight[:, :inputs, :outputs].flatten(1), bias[:, :outputs]]
    batch = inner.data.batch(torch.tensor([0]), 1)
    whole = inner.data.task.loss(parameters * inner.mask(theta[:, 24:]), batch)
    assert torch.allclose(whole, small.loss(torch.cat(parts, dim=1), batch.images, batch.labels), rtol=1e-12)


def test_smoothing_sees_the_number_of_units() -> None:
    inner = problem()
    estimator = es_single(inner, 20, 0.5, 5)
    estimate = estimator.estimate(estimator.begin(), inner.initial().to(P64), torch_generator(0))[0]
    assert bool((estimate.gradient[24:] != 0).all())
    assert bool(estimate.gradient.isfinite().all())
