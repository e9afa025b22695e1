"""An online update of surrogate and policy on one state (Algorithm 6 with one step), inner training excluded."""

import itertools
from collections.abc import Callable

import pytest
import torch
from floors import Item
from plain import PlainSvg, flat_ours, flat_plain
from roles import Agreed, Clock, Compared, Role
from workloads import inner_problem, settings

from hypersvg.controllers.hypersvg import HyperSvg
from hypersvg.maths.costs import online_bytes, parameters
from hypersvg.tasks.classification import Classification
from hypersvg.training import InnerTraining, Transition

WIDTH, HIDDEN = 3072, (32, 32)
UPDATES = 20
START = 1e-3
GROWTH_WIDTH = 512
"""Width of the points along P."""


def item(width: int = WIDTH, hidden: tuple[int, int] = HIDDEN, goal: bool = False) -> Item:
    """The line of one width and inner network."""
    size = parameters(hidden)
    series = [("online update", "width H", width)] if hidden == HIDDEN else []
    if width == GROWTH_WIDTH:
        series.append((f"online update, H = {width}", "inner parameters P", size))
    faster, above = (6.0, 1.5) if goal else (None, None)
    work = "policy forward, policy through the surrogate, surrogate on its model loss; one state, one run"
    name = f"online update, H = {width}, P = {size:,}"
    return Item(name, work, bytes=online_bytes(width, size), vs_plain=faster, vs_floor=above, series=series)


def our_controller(task: Classification, width: int, hidden: tuple[int, int]) -> HyperSvg:
    """The controller of one run."""
    return HyperSvg(task, settings(width, hidden).svg, [0], torch.tensor([START]))


def recorded(task: Classification, count: int = 4) -> list[Transition]:
    """The first steps of an inner training."""
    training = InnerTraining(task, "adam", [0])
    return [training.step(torch.tensor([START], device=task.device)) for _ in range(count)]


def ours(width: int, hidden: tuple[int, int], device: str) -> Callable[[], object]:
    """The policy forward and :meth:`HyperSvg.observe`."""
    task = inner_problem(settings(width, hidden), device)
    controller, transitions = our_controller(task, width, hidden), itertools.cycle(recorded(task))

    def update() -> None:
        transition = next(transitions)
        controller.rates(transition.step, transition.before)
        controller.observe(transition)

    return update


def plain(width: int, hidden: tuple[int, int], device: str) -> Callable[[], object]:
    """The same with ``nn.Linear``, ``loss.backward()`` and ``torch.optim.Adam``."""
    chosen = settings(width, hidden)
    task = inner_problem(chosen, device)
    peer = PlainSvg(task.parameters, width, hidden, chosen.svg, device, START)
    transitions, batches = itertools.cycle(recorded(task)), task.batches([0], "value")

    def update() -> None:
        transition, batch = next(transitions), batches.next()
        peer.online(transition.before, transition.after, transition.rate, batch.images[0], batch.labels[0])

    return update


@pytest.mark.parametrize("role", ["ours", "plain"])
def bench_online_update(clock: Clock, role: Role, device: str) -> None:
    """The width of the thesis."""
    work = {"ours": ours, "plain": plain}[role](WIDTH, HIDDEN, device)
    clock(item(goal=True), role, work, rounds=8 if role == "ours" else 6)


@pytest.mark.parametrize("width", [128, 512, 1536])
def bench_growth_with_the_width(clock: Clock, width: int, device: str) -> None:
    """The other points along H."""
    clock(item(width), "ours", ours(width, HIDDEN, device), rounds=10)


@pytest.mark.parametrize("hidden", [(16, 16), (64, 64)])
def bench_growth_with_the_inner_parameters(clock: Clock, hidden: tuple[int, int], device: str) -> None:
    """The other points along P."""
    clock(item(GROWTH_WIDTH, hidden), "ours", ours(GROWTH_WIDTH, hidden, device), rounds=10)


def compared(width: int, updates: int, device: str) -> Compared:
    """Both networks before and after the same updates, made by ours and by the plain peer."""
    chosen = settings(width)
    task = inner_problem(chosen, device)
    controller = our_controller(task, width, HIDDEN)
    peer = PlainSvg(task.parameters, width, HIDDEN, chosen.svg, device, START)
    assert controller.surrogate is not None
    peer.copy(controller.surrogate, controller.policy)
    start = flat_plain(peer)
    training, batches = InnerTraining(task, "adam", [0]), task.batches([0], "value")
    for step in range(updates):
        transition, batch = training.step(controller.rates(step, training.parameters)), batches.next()
        controller.observe(transition)
        peer.online(transition.before, transition.after, transition.rate, batch.images[0], batch.labels[0])
    ours_end, plain_end = flat_ours(controller.surrogate, controller.policy), flat_plain(peer)
    return {name: (start[name], ours_end[name], plain_end[name]) for name in start}


def test_ours_and_the_plain_peer_have_the_same_weights_after_twenty_updates(agreed: Agreed, device: str) -> None:
    agreed(item(), compared(WIDTH, UPDATES, device))
