"""The rates of the machine that a job can reach, and the shortest time that counted work takes at them.

Rates are those of ``make bench``, measured with all cores. A job runs on ``run.threads`` of them: its GEMM rate is that
share of the measured one. The copy bandwidth is not scaled: a job beside which nothing runs could have all of it. Nor
is a GPU's, which one job takes whole.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from hypersvg.pipeline.benchmarks import FILES
from hypersvg.settings import Settings


@dataclass(frozen=True)
class Rates:
    """What a job of the run can reach: ``gemm_gflop_per_s`` [GFLOP/s], ``copy_gb_per_s`` [GB/s]."""

    gemm_gflop_per_s: float
    copy_gb_per_s: float


@dataclass(frozen=True)
class Work:
    """What must be multiplied and what must be moved."""

    flop: int = 0
    bytes: int = 0

    def __add__(self, other: "Work") -> "Work":
        return Work(self.flop + other.flop, self.bytes + other.bytes)

    def __mul__(self, times: int) -> "Work":
        return Work(self.flop * times, self.bytes * times)

    def seconds(self, rates: Rates) -> float:
        """The longer of both, as a perfect program does them at the same time."""
        return max(self.flop / rates.gemm_gflop_per_s, self.bytes / rates.copy_gb_per_s) / 1e9


def rates_of(root: Path, settings: Settings) -> Rates | None:
    """The rates behind the committed benchmarks of the run's device; ``None`` where there are none."""
    device = "cuda" if settings.run.device == "cuda" else "cpu"
    file = root / FILES[device].json
    lines = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else []
    if not lines:
        return None
    machine = lines[0]["machine"]
    share = min(1.0, settings.run.threads / machine["threads"]) if device == "cpu" else 1.0
    return Rates(share * machine["gemm_gflop_per_s"], machine["copy_gb_per_s"])
