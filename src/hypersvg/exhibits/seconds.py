"""Measured wall time: of a run, of every step of a curve, of a piece of a long search."""

from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from hypersvg.reading.methods import warm_up
from hypersvg.reading.results import Results
from hypersvg.settings import Settings

LIKE_GRID = ("grid_long", "random_rate", "adam_default", "best_constant")
"""Methods that were not timed: at constant rates a step is a step of the true optimizer and nothing else."""
CONSTANT = ("grid", "random", *LIKE_GRID)


@dataclass(frozen=True)
class Clock:
    """Seconds from the table ``runtimes``: medians over its repeats, one unbatched run at a time."""

    results: Results

    @property
    def settings(self) -> Settings:
        """The run's settings."""
        return self.results.settings

    @cached_property
    def table(self) -> pd.DataFrame:
        """Median seconds and factor by method and part."""
        groups = self.results.table("runtimes").groupby(["method", "part"])
        return groups.agg(seconds=("seconds", "median"), factor=("factor", "first"))

    def value(self, column: str, method: str, part: str) -> float:
        """One number of the table; raises :class:`~hypersvg.tables.TableError` where the piece was not timed."""
        self.results.complete("runtimes", {"method": [method], "part": [part], "repeat": [1]})
        return float(self.table[column][method, part])

    def piece(self, method: str, part: str = "whole") -> float:
        """Seconds of one timed run or piece."""
        return self.value("seconds", method, part)

    def factor(self, method: str, part: str) -> float:
        """How often a whole search has the piece."""
        return self.value("factor", method, part)

    def step(self, method: str = "grid") -> float:
        """Seconds of a step of a method that does the same at every step."""
        return self.piece("grid" if method in LIKE_GRID else method) / self.settings.runtimes.steps

    def steps(self, method: str) -> tuple[float, float]:
        """Seconds of a warm-up step (0 without a warm-up) and of a step after it.

        A bandit's main phase takes a step of grid search; what its whole run took beyond that is spread over the
        warm-up. The warm-up of a bandit's control arm takes the steps of the arm that steers all the way.
        """
        warm = warm_up(method)
        if not warm:
            return 0.0, self.step(method)
        bandit, _, part = method.partition("_")
        if part:
            return self.step(f"adaptive_{part}"), self.step()
        beyond = self.piece(bandit) - self.settings.runtimes.steps * self.step()
        return max(beyond / warm, self.step()), self.step()

    def after(self, method: str, step: "pd.Series[float]") -> "pd.Series[float]":
        """Seconds from the start of a run, warm-up included, to the end of its inner steps ``step``."""
        slow, plain = self.steps(method)
        warming = step.clip(upper=warm_up(method))
        return slow * warming + plain * (step - warming)

    def run(self, method: str) -> float:
        """Seconds of one whole run as long as the run's online trainings."""
        length = warm_up(method) + self.settings.online.steps
        return float(self.after(method, pd.Series([float(length)])).iloc[0])
