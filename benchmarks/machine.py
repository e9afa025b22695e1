"""The machine that is measured on: what it is, how fast it copies, and how fast it multiplies."""

import os
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import torch
from workloads import synchronize

from hypersvg.maths.products import onednn_is_here, through_onednn

COPIED = 2**26
"""Numbers in the copied array: a quarter of a GiB of float32, far beyond every cache."""
SIDE = 2048
"""Rows and columns of the multiplied matrices."""
REPEATS = 3
CACHES = Path("/sys/devices/system/cpu/cpu0/cache")


@dataclass(frozen=True)
class Rates:
    """``copy_gb_per_s``: bytes read plus bytes written [GB/s]; ``gemm_gflop_per_s``: float32 products [GFLOP/s], by the
    quicker of PyTorch's libraries."""

    copy_gb_per_s: float
    gemm_gflop_per_s: float


def measured(device: str) -> Rates:
    """One reading, the best of :data:`REPEATS`."""
    source, target = torch.ones(COPIED, device=device), torch.zeros(COPIED, device=device)
    copying = best(lambda: target.copy_(source), device)
    left, right = torch.randn(2, 1, SIDE, SIDE, device=device)
    product = torch.empty(1, SIDE, SIDE, device=device)
    multiplying = best(lambda: torch.bmm(left, right, out=product), device)
    if onednn_is_here(device):
        multiplying = min(multiplying, best(lambda: through_onednn(left, right), device))
    return Rates(2 * 4 * COPIED / copying / 1e9, 2 * SIDE**3 / multiplying / 1e9)


def best(work: Callable[[], object], device: str) -> float:
    """Shortest wall time [s] after a warm one."""
    seconds = []
    for _ in range(REPEATS + 1):
        synchronize(device)
        started = time.perf_counter()
        work()
        synchronize(device)
        seconds.append(time.perf_counter() - started)
    return min(seconds[1:])


def summary(readings: Sequence[Rates]) -> dict[str, Any]:
    """Median of all readings of a run, as the times are medians, and their range: how steady the machine was."""
    found: dict[str, Any] = {}
    for name in ("copy_gb_per_s", "gemm_gflop_per_s"):
        values = sorted(getattr(one, name) for one in readings)
        found[name] = round(statistics.median(values), 2)
        found[f"{name}_range"] = [round(values[0], 2), round(values[-1], 2)]
    return found


def describe(device: str, readings: Sequence[Rates]) -> dict[str, Any]:
    """The ``machine`` block of every object in benchmarks.json, but for date and revision."""
    return {
        "device": torch.cuda.get_device_name() if device == "cuda" else "cpu",
        "cpu": cpu_model(),
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "caches": caches(),
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "instruction_set": torch.backends.cpu.get_cpu_capability(),
        "huge_pages": os.environ.get("GLIBC_TUNABLES", ""),
        **summary(readings),
    }


def cpu_model() -> str:
    """The processor's own name where the system tells it, else its architecture."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def caches() -> dict[str, str]:
    """Size of every cache that the first core sees, by level and kind; empty where the system does not tell."""
    found = {}
    for folder in sorted(CACHES.glob("index*")):
        level, kind, size = ((folder / name).read_text().strip() for name in ("level", "type", "size"))
        found[f"L{level} {kind.lower()}"] = size
    return found
