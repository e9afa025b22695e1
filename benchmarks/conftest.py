"""Benchmarks run on one device with all cores; the rates of the machine are read before each of them."""

import gc
import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from floors import Item
from machine import Rates, describe, measured
from roles import Agreed, Beside, Clock, Compared, Role
from torch import Tensor
from workloads import synchronize

READINGS = pytest.StashKey[list[Rates]]()
AGREEMENT = pytest.StashKey[dict[str, Any]]()
PEERS = pytest.StashKey[list[dict[str, Any]]]()
OF_WEIGHTS = 1e-5
OF_MOVEMENT = 1e-2
"""The policy moves by 1e-5 of its weights, of which float32 resolves a part in a few hundred."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--device``: where every benchmark of this session runs; ``--learned-optimization``: the peer's Python."""
    parser.addoption("--device", choices=("cpu", "cuda"), default="cpu", help="cpu with all cores, or cuda")
    parser.addoption("--learned-optimization", default="", help="Python of an environment with learned_optimization")


def pytest_configure(config: pytest.Config) -> None:
    """Take all cores; refuse a GPU or a Python that is not there."""
    if config.getoption("--device") == "cuda" and not torch.cuda.is_available():
        raise pytest.UsageError("DEVICE=cuda: PyTorch sees no GPU here; use DEVICE=cpu")
    python = config.getoption("--learned-optimization")
    if python and not shutil.which(python):
        raise pytest.UsageError(f"LEARNED_OPTIMIZATION={python}: there is no such Python")
    torch.set_num_threads(os.cpu_count() or 1)


@pytest.fixture(scope="session")
def device(request: pytest.FixtureRequest) -> str:
    """``cpu`` or ``cuda``."""
    return str(request.config.getoption("--device"))


@pytest.fixture
def learned_optimization(request: pytest.FixtureRequest) -> str:
    """The Python of an environment that has learned_optimization; skips where none is named."""
    python = str(request.config.getoption("--learned-optimization"))
    if not python:
        pytest.skip("no LEARNED_OPTIMIZATION=<python>; benchmarks/learned_optimization_peer.py says how to make one")
    return python


@pytest.fixture
def beside(request: pytest.FixtureRequest) -> Beside:
    """``beside(lines)``: the times of another library go into the JSON."""
    return request.config.stash.setdefault(PEERS, []).extend


@pytest.fixture
def agreed(request: pytest.FixtureRequest) -> Agreed:
    """``agreed(item, weights)``: refuse weights that differ; how much they do goes into the JSON."""

    def checked(item: Item, networks: Compared) -> None:
        found = request.config.stash.setdefault(AGREEMENT, {})
        found[item.name] = {name: differences(*weights) for name, weights in networks.items()}
        for name, difference in found[item.name].items():
            assert difference["of_weights"] <= OF_WEIGHTS, name
            assert difference["of_movement"] <= OF_MOVEMENT, name

    return checked


@torch.no_grad()
def differences(start: Tensor, ours: Tensor, plain: Tensor) -> dict[str, float]:
    """Norm of the difference of all weights of a network, over their norm and over the norm of their movement."""
    apart = float((ours - plain).norm())
    return {"of_weights": apart / float(plain.norm()), "of_movement": apart / float((plain - start).norm())}


@pytest.hookimpl
def pytest_benchmark_update_json(config: pytest.Config, output_json: dict[str, Any]) -> None:
    """Put the machine, its rates, how well ours and the peers agree, and other libraries' times into the JSON."""
    output_json["hypersvg"] = {
        "machine": describe(str(config.getoption("--device")), config.stash[READINGS]),
        "agreement": config.stash.get(AGREEMENT, {}),
        "peers": config.stash.get(PEERS, []),
    }


@pytest.fixture
def clock(request: pytest.FixtureRequest, benchmark: Any, device: str) -> Iterator[Clock]:
    """``clock(item, role, work, rounds)``: time ``work`` after one warm round, a GPU's queue included.

    The machine's rates are read before every benchmark, so that they are rates of the same minutes.
    """
    request.config.stash.setdefault(READINGS, []).append(measured(device))

    def timed(item: Item, role: Role, work: Callable[[], object], rounds: int, iterations: int = 1) -> None:
        def whole() -> None:
            work()
            synchronize(device)

        benchmark.extra_info.update(item.facts(), role=role)
        benchmark.pedantic(whole, rounds=rounds, iterations=iterations, warmup_rounds=1)

    gc.collect()
    yield timed
    gc.collect()
