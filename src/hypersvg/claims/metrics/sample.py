"""What a metric returns, and how tables become arrays with seeds on the first axis."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hypersvg.reading.results import Results
from hypersvg.statistics import Statistic, cluster_mean

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Sample:
    """Data ``[seeds, ...]`` and the statistic of it that a claim is about (by default the mean over seeds)."""

    data: Array
    statistic: Statistic = cluster_mean

    @property
    def value(self) -> float:
        """The statistic."""
        return self.statistic(self.data)


Metric = Callable[..., Sample]
"""``metric(results, **parameters)``; reads tables of the run alone."""


def by_seed(frame: pd.DataFrame, value: str, strata: Sequence[str] = ()) -> Array:
    """``value [seeds, strata]``: the mean of the rows of each seed and stratum, strata in sorted order."""
    means = frame.groupby(["seed", *strata], sort=True)[value].mean()
    wide = means.unstack(list(strata)) if strata else means.to_frame()
    return np.asarray(wide.to_numpy(), dtype=np.float64)


def one_method(results: Results, table: str, method: str, value: str) -> Array:
    """``value [seeds]`` of a method that has one finished run a seed."""
    frame = results.complete(table, {"seed": results.seeds, "method": [method]})
    return by_seed(frame, value)[:, 0]
