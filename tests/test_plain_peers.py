"""The plain peers of `make bench` do what ours does, from the same start; the floors count what PyTorch carries out."""

import bench_estimators
import bench_online
import bench_unroll
import pytest
import torch
from bench_unroll import TRAJECTORIES
from plain import PlainLoop, PlainSvg
from roles import Compared
from torch.nn.utils import parameters_to_vector, vector_to_parameters
from torch.utils.flop_counter import FlopCounterMode
from workloads import images, inner_problem, settings

from hypersvg.maths.costs import chained_flop, inner_flop, online_bytes, parameters, window_flop
from hypersvg.training import InnerTraining

WIDTH = 8


def assert_same(compared: Compared) -> None:
    for start, ours, plain in compared.values():
        assert (plain - start).norm() > 0
        assert (ours - plain).norm() <= 1e-5 * plain.norm()


def test_the_online_peer_moves_surrogate_and_policy_as_the_controller_does() -> None:
    assert_same(bench_online.compared(WIDTH, 3, "cpu"))


def test_the_offline_peer_moves_surrogate_and_policy_as_the_learner_does() -> None:
    assert_same(bench_unroll.compared(WIDTH, 2, "cpu"))


@pytest.mark.parametrize("shared", [True, False])
def test_a_step_of_the_loop_over_runs_is_a_step_of_the_batched_runs(shared: bool) -> None:
    task = inner_problem(settings(batch=32), "cpu")
    training = InnerTraining(task, "adam", [0], 2) if shared else InnerTraining(task, "adam", [0, 1])
    train = images("cpu").train
    loop = PlainLoop(2, 32, shared, train.images, train.labels)
    start = training.parameters
    for model, vector in zip(loop.models, start, strict=True):
        vector_to_parameters(as_modules(vector), model.parameters())
    training.step(torch.full((2,), 1e-3))
    loop.orders = list(training.batches.stream.order)
    loop.step()
    for model, before, after in zip(loop.models, start, training.parameters, strict=True):
        apart = parameters_to_vector(model.parameters()) - as_modules(after)
        assert apart.norm() <= 1e-4 * (after - before).norm()


def as_modules(vector: torch.Tensor) -> torch.Tensor:
    """Flat inner parameters in the order and orientation of ``nn.Linear``."""
    parts, start = [], 0
    for inputs, outputs in ((784, 32), (32, 32), (32, 10)):
        weight = vector[start : start + inputs * outputs].view(inputs, outputs)
        start += inputs * outputs
        parts += [weight.T.flatten(), vector[start : start + outputs]]
        start += outputs
    return torch.cat(parts)


def test_the_inner_steps_floor_counts_the_products_that_pytorch_carries_out() -> None:
    train = images("cpu").train
    loop = PlainLoop(2, 32, True, train.images, train.labels)
    with FlopCounterMode(display=False) as counter:
        loop.step()
    assert counter.get_total_flops() == inner_flop(2, 32)


@pytest.mark.parametrize("method", ["PES", "ES-Single"])
def test_the_loop_over_particles_estimates_what_the_batched_particles_do_to_a_thousandth(method: str) -> None:
    found = bench_estimators.estimates(method, 4, (8, 6), 3, 32, "cpu")
    for ours, plain in found:
        assert (ours - plain).norm() <= 1e-3 * plain.norm()
    assert not any(torch.equal(found[0][1], plain) for _, plain in found[1:])


def test_the_floor_of_an_estimate_counts_the_products_of_the_loop_over_particles() -> None:
    peer = bench_estimators.plain_estimator("PES", 4, (8, 6), 3, 32, "cpu")
    peer.begin()
    with FlopCounterMode(display=False) as counter:
        peer.estimate(torch.tensor(bench_estimators.THETA))
    assert counter.get_total_flops() == window_flop(4, 3, 32, (8, 6))


def test_the_chained_unrolls_floor_counts_the_products_of_the_plain_peer_less_those_that_it_could_spare() -> None:
    steps, chosen = 3, settings(WIDTH)
    task = inner_problem(chosen, "cpu")
    states, rates = bench_unroll.trajectories(task, steps)
    peer = PlainSvg(task.parameters, WIDTH, (32, 32), chosen.svg, "cpu")
    batch = task.batches([0], "value").next()
    with FlopCounterMode(display=False) as counter:
        peer.offline(states[0], rates[0], batch.images[0], batch.labels[0])
    layer = 2 * TRAJECTORIES * task.parameters * WIDTH
    spared = layer * (2 * steps + 1)  # predicting again for the noise; back to the state before the first step
    needed = chained_flop(WIDTH, task.parameters, TRAJECTORIES, steps) + inner_flop(TRAJECTORIES, 256)
    assert counter.get_total_flops() == pytest.approx(needed + spared, rel=1e-4)


def test_the_online_floor_is_that_of_seven_and_a_half_passes_over_the_surrogate_and_seven_over_the_policy() -> None:
    size = parameters((32, 32))
    assert size == 26_506
    assert online_bytes(3072, size) == pytest.approx(4 * 3072 * size * (7 + 8 + 7), rel=1e-3)
