"""An iteration of offline SVG: the policy through the chained unroll of 16 trajectories, and the model loss."""

from collections.abc import Callable

import pytest
import torch
from floors import Item
from plain import PlainSvg, flat_ours, flat_plain
from roles import Agreed, Clock, Compared, Role
from torch import Tensor
from workloads import inner_problem, settings

from hypersvg.experiments.offline_updates import OnePassUpdates
from hypersvg.maths.costs import parameters, unroll_flop
from hypersvg.maths.random import torch_generator
from hypersvg.maths.surrogate import Policy, Surrogate
from hypersvg.tasks.classification import Classification
from hypersvg.training import InnerTraining

WIDTH, HIDDEN = 3072, (32, 32)
TRAJECTORIES, STEPS = 16, 20
CHECKED = 512
"""Width at which ours and the plain peer are compared."""
ITERATIONS = 3
START = 1e-3


def item(width: int = WIDTH, steps: int = STEPS, hidden: tuple[int, int] = HIDDEN, goal: bool = False) -> Item:
    """The line of one width, unroll and inner network."""
    size, series = parameters(hidden), []
    if hidden == HIDDEN and steps == STEPS:
        series.append((f"unroll, T = {STEPS}", "width H", width))
    if hidden == HIDDEN and width == WIDTH:
        series.append((f"unroll, H = {WIDTH}", "steps T", steps))
    if width == CHECKED and steps == STEPS:
        series.append((f"unroll, H = {CHECKED}, T = {STEPS}", "inner parameters P", size))
    faster, above = (4.0, 2.0) if goal else (None, None)
    work = f"policy through the unroll of {TRAJECTORIES} trajectories × {steps} steps, surrogate on its model loss"
    name = f"unroll, {TRAJECTORIES} × T = {steps}, H = {width}, P = {size:,}"
    return Item(
        name, work, flop=unroll_flop(width, size, TRAJECTORIES, steps), vs_plain=faster, vs_floor=above, series=series
    )


def trajectories(task: Classification, steps: int) -> tuple[Tensor, Tensor]:
    """Recorded states ``[1, 16, T + 1, P]`` and rates ``[1, 16, T]`` of log-spaced constant rates."""
    rate = torch.logspace(-4, -2, TRAJECTORIES, device=task.device)
    training = InnerTraining(task, "adam", list(range(TRAJECTORIES)))
    states = [training.parameters] + [training.step(rate).after for _ in range(steps)]
    return torch.stack(states, dim=1).unsqueeze(0), rate.view(1, -1, 1).repeat(1, 1, steps)


def our_updates(task: Classification, width: int, hidden: tuple[int, int]) -> OnePassUpdates:
    """Surrogate and policy of one seed with what an iteration of the offline stage does to them."""
    svg, generators = settings(width, hidden).svg, [torch_generator(0, "bench")]
    surrogate = Surrogate.create(
        svg.surrogate, svg.rate_input, svg.surrogate_output, task.parameters, width, generators, task.device
    )
    start = torch.full((1,), START, device=task.device)
    policy = Policy.create(svg.bijection, (svg.lowest, svg.highest), start, task.parameters, width, generators)
    return OnePassUpdates(task, svg, surrogate, policy, generators[0])


def ours(width: int, hidden: tuple[int, int], steps: int, device: str) -> Callable[[], object]:
    """An iteration on one batch of trajectories; its sampling and its values are left out."""
    task = inner_problem(settings(width, hidden), device)
    update, batches = our_updates(task, width, hidden), task.batches([0], "offline value")
    states, rates = trajectories(task, steps)
    return lambda: update(states, rates, batches.next())


def plain(width: int, hidden: tuple[int, int], steps: int, device: str) -> Callable[[], object]:
    """The same, step by step."""
    chosen = settings(width, hidden)
    task = inner_problem(chosen, device)
    peer, batches = PlainSvg(task.parameters, width, hidden, chosen.svg, device, START), task.batches([0], "value")
    states, rates = trajectories(task, steps)

    def iteration() -> None:
        batch = batches.next()
        peer.offline(states[0], rates[0], batch.images[0], batch.labels[0])

    return iteration


@pytest.mark.parametrize("role", ["ours", "plain"])
def bench_unroll(clock: Clock, role: Role, device: str) -> None:
    """The width of the thesis."""
    work = {"ours": ours, "plain": plain}[role](WIDTH, HIDDEN, STEPS, device)
    clock(item(goal=True), role, work, rounds=4 if role == "ours" else 2)


@pytest.mark.parametrize("steps", [5, 10])
def bench_growth_with_the_steps(clock: Clock, steps: int, device: str) -> None:
    """The other points along T."""
    clock(item(steps=steps), "ours", ours(WIDTH, HIDDEN, steps, device), rounds=3)


@pytest.mark.parametrize("width", [128, 512, 1536])
def bench_growth_with_the_width(clock: Clock, width: int, device: str) -> None:
    """The other points along H."""
    clock(item(width), "ours", ours(width, HIDDEN, STEPS, device), rounds=4)


@pytest.mark.parametrize("hidden", [(16, 16), (64, 64)])
def bench_growth_with_the_inner_parameters(clock: Clock, hidden: tuple[int, int], device: str) -> None:
    """The other points along P."""
    clock(item(CHECKED, STEPS, hidden), "ours", ours(CHECKED, hidden, STEPS, device), rounds=4)


def compared(width: int, iterations: int, device: str) -> Compared:
    """Both networks before and after the same iterations, made by ours and by the plain peer."""
    chosen = settings(width)
    task = inner_problem(chosen, device)
    update = our_updates(task, width, HIDDEN)
    peer = PlainSvg(task.parameters, width, HIDDEN, chosen.svg, device, START)
    peer.copy(update.surrogate, update.policy)
    start = flat_plain(peer)
    (states, rates), batches = trajectories(task, STEPS), task.batches([0], "value")
    for _ in range(iterations):
        batch = batches.next()
        update(states, rates, batch)
        peer.offline(states[0], rates[0], batch.images[0], batch.labels[0])
    ours_end, plain_end = flat_ours(update.surrogate, update.policy), flat_plain(peer)
    return {name: (start[name], ours_end[name], plain_end[name]) for name in start}


def test_ours_and_the_plain_peer_have_the_same_weights_after_three_iterations(agreed: Agreed, device: str) -> None:
    agreed(item(CHECKED), compared(CHECKED, ITERATIONS, device))
