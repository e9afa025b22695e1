"""The inner loop over R runs, with one shared data stream and with one stream a run, and the evaluation of R runs."""

from collections.abc import Callable

import pytest
import torch
from floors import Item
from plain import PlainLoop
from roles import Clock, Role
from workloads import HELD_OUT, images, inner_problem, settings

from hypersvg.maths.costs import evaluation_flop, inner_flop
from hypersvg.training import InnerTraining

RUNS = (1, 8, 64, 512)
GOAL_RUNS = 64
BATCH, SMALL_BATCH = 256, 100
ITERATIONS = {1: 50, 8: 20, 64: 3, 512: 1}
"""Steps a timed round."""
RATE = 1e-3
OF_GEMM = 0.6
"""Share of the GEMM rate that 64 runs should reach."""


def item(runs: int, batch: int, shared: bool) -> Item:
    """The line of one number of runs."""
    streams = "one stream" if shared else "a stream a run"
    floor = 1 / OF_GEMM if batch == BATCH and runs == GOAL_RUNS else None
    faster = 8.0 if batch == SMALL_BATCH else None
    series = [(f"inner loop, batch {BATCH}, {streams}", "runs R", runs)] if batch == BATCH else []
    return Item(
        f"inner loop, R = {runs}, batch {batch}, {streams}",
        "one training step of every run of 784-32-32-10: minibatch, gradient, Adam",
        flop=inner_flop(runs, batch),
        vs_plain=faster,
        vs_floor=floor,
        series=series,
    )


def ours(runs: int, batch: int, shared: bool, device: str) -> Callable[[], object]:
    """:meth:`InnerTraining.step`."""
    task = inner_problem(settings(batch=batch), device)
    training = InnerTraining(task, "adam", [0], runs) if shared else InnerTraining(task, "adam", list(range(runs)))
    rate = torch.full((runs,), RATE, device=device)
    return lambda: training.step(rate)


def plain(runs: int, batch: int, shared: bool, device: str) -> Callable[[], object]:
    """A Python loop over runs."""
    train = images(device).train
    return PlainLoop(runs, batch, shared, train.images, train.labels).step


MAKERS = {"ours": ours, "plain": plain}


@pytest.mark.parametrize("role", ["ours", "plain"])
@pytest.mark.parametrize("shared", [True, False], ids=["shared", "own"])
@pytest.mark.parametrize("runs", RUNS)
def bench_inner_loop(clock: Clock, runs: int, shared: bool, role: Role, device: str) -> None:
    """The project's minibatches."""
    work = MAKERS[role](runs, BATCH, shared, device)
    clock(item(runs, BATCH, shared), role, work, rounds=5, iterations=ITERATIONS[runs])


@pytest.mark.parametrize("role", ["ours", "plain"])
@pytest.mark.parametrize("shared", [True, False], ids=["shared", "own"])
def bench_inner_loop_at_a_small_batch(clock: Clock, shared: bool, role: Role, device: str) -> None:
    """Where a Python loop pays most for its calls."""
    work = MAKERS[role](GOAL_RUNS, SMALL_BATCH, shared, device)
    clock(item(GOAL_RUNS, SMALL_BATCH, shared), role, work, rounds=7, iterations=ITERATIONS[GOAL_RUNS])


@pytest.mark.parametrize("role", ["ours", "plain"])
def bench_evaluation(clock: Clock, role: Role, device: str) -> None:
    """The accuracy of 64 runs on the validation images."""
    line = Item(
        f"evaluation, R = {GOAL_RUNS}, {HELD_OUT:,} images",
        "class scores and accuracy of every run; off the clock of the methods",
        flop=evaluation_flop(GOAL_RUNS, HELD_OUT),
    )
    task = inner_problem(settings(), device)
    parameters, held_out = task.init(range(GOAL_RUNS)), images(device).validation
    loop = PlainLoop(GOAL_RUNS, BATCH, True, held_out.images, held_out.labels)
    works: dict[str, Callable[[], object]] = {
        "ours": lambda: task.accuracy(parameters, "validation"),
        "plain": lambda: loop.evaluate(held_out.images, held_out.labels),
    }
    clock(line, role, works[role], rounds=5)
