"""How well trainings of several seeds explain the thesis's rows (:data:`hypersvg.thesis.PROTOCOL_ROWS`).

A sample is an array ``[seeds, rows]`` of accuracies in [0, 1], one column a row of the thesis.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats
from scipy.special import logsumexp

from hypersvg.statistics import log_density_of_maximum, student_predictive
from hypersvg.thesis import Row

Array = NDArray[np.float64]

FLOOR = 0.01
"""Standard deviation that is added to the seeds' own, in accuracy: one point, fixed before any score was seen.

It stands for what another program differs in although its protocol is the same: the unknown validation images (half a
point between MNIST's validation and test images, a quarter of a point from drawing 10,000 of them), the framework's
defaults (first biases, epsilon, the last incomplete minibatch) and rates printed with three digits.
"""

SPREADS = ((1e-4, 0.04), (0.08, 0.006), (math.inf, 0.04))
"""Rate up to which, and standard deviation over seeds there, of 100 steps of Adam: a hardly trained network scores what
its first weights happen to, large rates are unstable."""

NEAR = math.log(100)
"""Log-likelihood difference within which two protocols are not told apart, fixed before any score was seen."""


def log_likelihoods(sample: Array, rows: Sequence[Row], density: "Density | None" = None) -> Array:
    """Predictive log density of every row ``[rows]``, by ``density`` (:func:`log_density`); NaN for one seed."""
    if len(sample) < 2:
        return np.full(len(rows), math.nan)
    one = density or log_density
    return np.array([float(one(row.accuracy, draws, row.best_of)) for draws, row in zip(sample.T, rows, strict=True)])


def log_density(x: ArrayLike, draws: Array, best_of: int, floor: float = FLOOR) -> Array:
    """Predictive log density at ``x`` of a run, or of the best of some runs, given a draw a seed.

    A run: Student's t, widened by ``floor``. The best of some runs at one rate: the largest of as many draws of the
    seeds' own spread (6 F⁵ f), shifted by a normal of standard deviation ``floor``, because what the floor stands for
    is common to the runs of one program.
    """
    if best_of == 1:
        return student_predictive(x, draws, floor)[0]
    shifts = np.linspace(-8, 8, 401) * floor
    weights = -0.5 * (shifts / floor) ** 2
    own = log_density_of_maximum(np.subtract.outer(x, shifts), draws, floor / 20, best_of)
    return np.asarray(logsumexp(own + weights, axis=-1) - logsumexp(weights))


def log_density_apart(x: ArrayLike, draws: Array, best_of: int) -> Array:
    """The same with the floor drawn anew in each of the best-of runs, as a check: its best is a point higher."""
    if best_of == 1:
        return student_predictive(x, draws, FLOOR)[0]
    return log_density_of_maximum(x, draws, FLOOR, best_of)


def fixed_scale(sample: Array, rows: Sequence[Row]) -> float:
    """Log-likelihood of the rows for one or two seeds, whose own spread is not known: one of :data:`SPREADS` instead.

    Student's t with five degrees of freedom, which forgives a single strange row.
    """
    spread = np.array([spread_at(row.rate) for row in rows])
    scale = np.sqrt((spread**2 + FLOOR**2) * (1 + 1 / len(sample)))
    return float((stats.t.logpdf(misses(sample, rows) / scale, 5) - np.log(scale)).sum())


def spread_at(rate: float) -> float:
    """The typical standard deviation over seeds at a rate."""
    return next(spread for highest, spread in SPREADS if rate <= highest)


Density = Callable[[ArrayLike, Array, int], Array]


def misses(sample: Array, rows: Sequence[Row]) -> Array:
    """Mean accuracy over seeds minus the thesis's, ``[rows]``."""
    return np.asarray(sample.mean(axis=0) - np.array([row.accuracy for row in rows]))


def rmse(sample: Array, rows: Sequence[Row]) -> float:
    """Root mean square of :func:`misses`; the best of six counts like a single run (at most half a point)."""
    return float(np.sqrt(np.mean(misses(sample, rows) ** 2)))
