"""Evolution strategies on a learning-rate schedule: particles batched, in a loop, and by google/learned_optimization.

Persistent evolution strategies and ES-Single (Vicol 2023) tune α_t = e^θ0 / (1 + t / 5000)^(e^θ1) of SGD with momentum.
What is timed is an estimate: one window of every particle, every pair with minibatches of its own. Inner problems
never end here, so that no start is timed. PES and ES-Single differ in what is drawn, not in what is multiplied.
"""

import json
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from floors import Item
from plain import PlainParticles, take_over
from roles import Agreed, Beside, Clock, Compared, Role
from torch import Tensor
from workloads import images, inner_problem, settings

from hypersvg.maths.costs import window_flop
from hypersvg.maths.estimators import evolution
from hypersvg.maths.estimators.evolution import Evolution
from hypersvg.maths.random import torch_generator
from hypersvg.tasks.unrolled import InverseTimeDecay, MiniBatches, UnrolledTraining

PARTICLES, SOME = (2, 16, 128), 16
THESIS, SLIDES = (32, 32), (100, 100)
"""Hidden widths of the inner network: Table 4.3, and the slides' MNIST experiment."""
STEPS, BATCH, SIGMA, HORIZON = 10, 100, 0.1, 5000.0
THETA = (-3.0, 0.0)
WINDOWS, OUTER_RATE = 3, 0.1
"""What ours and the plain peer are compared after, and the step along their estimates."""
FASTER = 8.0
"""How much faster than the plain peer 128 particles of the thesis's network should be: as 64 runs of the inner loop."""
ROUNDS = {2: 20, 16: 7, 128: 3}
KEEPS = {"PES": False, "ES-Single": True}
PEER = Path(__file__).with_name("learned_optimization_peer.py")


def network(hidden: Sequence[int]) -> str:
    """784-h-…-10."""
    return "-".join(map(str, (784, *hidden, 10)))


def item(method: str, particles: int, hidden: Sequence[int]) -> Item:
    """The line of one method, number of particles and inner network."""
    what = f"{method}, {network(hidden)}, K = {STEPS}"
    return Item(
        f"{what}, N = {particles}",
        f"one estimate: {STEPS} steps of {particles} particles, batch {BATCH}: minibatch, gradient, momentum",
        flop=window_flop(particles, STEPS, BATCH, hidden),
        vs_plain=FASTER if (particles, hidden) == (max(PARTICLES), THESIS) else None,
        series=[(what, "particles N", particles)],
    )


@cache
def training(hidden: Sequence[int], batch: int, device: str) -> UnrolledTraining:
    """The inner problem, without an end."""
    task = inner_problem(settings(hidden=hidden, batch=batch), device)
    return UnrolledTraining(MiniBatches(task, 0), InverseTimeDecay(HORIZON), None)


def our_estimator(method: str, particles: int, problem: UnrolledTraining, steps: int) -> Evolution:
    """A window of ``steps`` steps, all pairs at once."""
    make = {"PES": evolution.pes, "ES-Single": evolution.es_single}[method]
    return make(problem, particles // 2, SIGMA, steps)


def plain_estimator(
    method: str, particles: int, hidden: Sequence[int], steps: int, batch: int, device: str
) -> PlainParticles:
    """The same, a particle at a time."""
    train, draws, keeps = images(device).train, torch_generator(0, "ES"), KEEPS[method]
    pairs = particles // 2
    return PlainParticles(pairs, hidden, batch, steps, SIGMA, HORIZON, keeps, train.images, train.labels, draws)


def ours(method: str, particles: int, hidden: Sequence[int], device: str) -> Callable[[], object]:
    """:meth:`Evolution.estimate`."""
    estimator = our_estimator(method, particles, training(hidden, BATCH, device), STEPS)
    theta, draws, carried = torch.tensor(THETA, device=device), torch_generator(0, "ES"), [estimator.begin()]

    def window() -> None:
        carried[0] = estimator.estimate(carried[0], theta, draws)[1]

    return window


def plain(method: str, particles: int, hidden: Sequence[int], device: str) -> Callable[[], object]:
    """A Python loop over particles."""
    peer = plain_estimator(method, particles, hidden, STEPS, BATCH, device)
    peer.begin()
    return lambda: peer.estimate(torch.tensor(THETA))


MAKERS = {"ours": ours, "plain": plain}


@pytest.mark.parametrize("role", ["ours", "plain"])
@pytest.mark.parametrize("particles", PARTICLES)
@pytest.mark.parametrize("hidden", [THESIS, SLIDES], ids=network)
def bench_pes(clock: Clock, hidden: Sequence[int], particles: int, role: Role, device: str) -> None:
    """A new perturbation every window."""
    work = MAKERS[role]("PES", particles, hidden, device)
    clock(item("PES", particles, hidden), role, work, rounds=ROUNDS[particles])


@pytest.mark.parametrize("role", ["ours", "plain"])
@pytest.mark.parametrize("hidden", [THESIS, SLIDES], ids=network)
def bench_es_single(clock: Clock, hidden: Sequence[int], role: Role, device: str) -> None:
    """One perturbation for good."""
    work = MAKERS[role]("ES-Single", SOME, hidden, device)
    clock(item("ES-Single", SOME, hidden), role, work, rounds=ROUNDS[SOME])


def estimates(
    method: str, particles: int, hidden: Sequence[int], steps: int, batch: int, device: str
) -> list[tuple[Tensor, Tensor]]:
    """Ours and the plain peer's estimates of the first :data:`WINDOWS` windows, from the same start and draws."""
    problem = training(hidden, batch, device)
    estimator = our_estimator(method, particles, problem, steps)
    carried, draws = estimator.begin(), torch_generator(0, "ES")
    peer = plain_estimator(method, particles, hidden, steps, batch, device)
    peer.orders = [problem.data.order(pair, 0).long().to(device) for pair in range(particles // 2)]
    for model, flat in zip(peer.models, carried.state["parameters"], strict=True):
        take_over(model, flat)
    peer.begin()
    theta, found = torch.tensor(THETA), []
    for _ in range(WINDOWS):
        estimate, carried = estimator.estimate(carried, theta.to(device), draws)
        found.append((estimate.gradient.cpu(), peer.estimate(theta)))
    return found


def compared(method: str, device: str) -> Compared:
    """θ before and after a step along each of the summed estimates."""
    both = estimates(method, SOME, THESIS, STEPS, BATCH, device)
    start = torch.tensor(THETA)
    moved = (start - OUTER_RATE * torch.stack(one).sum(dim=0) for one in zip(*both, strict=True))
    return {"schedule": (start, *moved)}


@pytest.mark.parametrize("method", KEEPS)
def test_ours_and_the_loop_over_particles_move_the_schedule_alike(agreed: Agreed, method: str, device: str) -> None:
    agreed(item(method, SOME, THESIS), compared(method, device))


def handed_over(path: Path) -> None:
    """What ``learned_optimization_peer.py`` works on, the same as ours: images, orders of minibatches, parameters."""
    train, most = images("cpu").train, max(PARTICLES) // 2
    problems = {network(hidden): training(hidden, BATCH, "cpu") for hidden in (THESIS, SLIDES)}
    data = problems[network(THESIS)].data
    np.savez(
        path,
        images=train.images.numpy(),
        labels=train.labels.numpy(),
        orders=np.stack([data.order(pair, 0).numpy() for pair in range(most)]),
        networks=np.array(list(problems)),
        pairs=np.array([particles // 2 for particles in PARTICLES]),
        theta=np.array(THETA, dtype=np.float32),
        batch=BATCH,
        steps=STEPS,
        sigma=SIGMA,
        horizon=HORIZON,
        **{name: one.data.task.init([0])[0].numpy() for name, one in problems.items()},
    )


def first_estimates(line: dict[str, Any]) -> tuple[Tensor, Tensor]:
    """Ours and learned_optimization's estimate of the first window with its perturbations, ``[2]`` each.

    It pays a loss before the update, we after: the first of its K losses is the same for both members of a pair, the
    others are those of a window of ours of K − 1 steps. It gives their mean, we the sum. One window of given
    perturbations is the same to PES and ES-Single.
    """
    hidden, pairs = [int(size) for size in line["network"].split("-")[1:-1]], line["pairs"]
    problem = training(tuple(hidden), BATCH, "cpu")
    estimator = our_estimator("ES-Single", 2 * pairs, problem, STEPS - 1)
    carried, drawn = estimator.begin(), torch.tensor(line["perturbations"])
    parameters = problem.data.task.init([0]).repeat(2 * pairs, 1)
    gradient = problem.data.measured(parameters, carried.state["problem"], 0)[1]
    state = {**carried.state, "parameters": parameters, "gradient": gradient}
    carried = replace(carried, state=state, memory={"epsilon": drawn, "credit": drawn})
    gradient = estimator.estimate(carried, torch.tensor(THETA), torch_generator(0))[0].gradient
    return gradient, STEPS * torch.tensor(line["gradient"])


def test_learned_optimization_estimates_the_same_and_stands_beside(
    beside: Beside, learned_optimization: str, device: str, tmp_path: Path
) -> None:
    if device != "cpu":
        pytest.skip("learned_optimization is measured on the CPU alone")
    handed_over(tmp_path / "work.npz")
    command = [learned_optimization, "-W", "ignore", str(PEER), "--work", str(tmp_path / "work.npz")]
    found = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    for line in found["lines"]:
        gradient, theirs = first_estimates(line)
        assert (gradient - theirs).norm() <= 1e-2 * theirs.norm(), line
    beside([peer_line(line, found["versions"]) for line in found["lines"]])


def peer_line(line: dict[str, Any], versions: dict[str, str]) -> dict[str, Any]:
    """What `hypersvg bench` sets beside our time of the same item."""
    hidden = [int(size) for size in line["network"].split("-")[1:-1]]
    about = f"the same windows on the CPU; compilation, {line['compile_seconds']:.1f} s, not counted"
    return {
        "peer": "learned_optimization's PES",
        "item": item("PES", 2 * line["pairs"], hidden).name,
        "plain_s": line["seconds"],
        "work": f"{about}; {', '.join(f'{name} {number}' for name, number in versions.items())}",
    }
