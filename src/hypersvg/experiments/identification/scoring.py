"""Which candidates does a sample of seeds reject? By exchangeability, without a model of the noise.

If the thesis's rows came from a candidate, they would be one more seed of it: among m + 1 exchangeable vectors the
thesis's is as likely as any to be the strangest. Every vector is scored by its predictive log-likelihood given the
other m (full conformal prediction, Vovk et al. 2005, ch. 2), and p = (1 + #{own seeds that score no higher}) / (m + 1)
has P(p ≤ α) ≤ α. The score need not be right for this to hold; Student's t with the floor of :mod:`hypersvg.likelihood`
makes it look at misses that matter.
"""

import numpy as np

from hypersvg.likelihood import FLOOR, Array
from hypersvg.statistics import student_predictive

LEVEL = 0.05
"""A candidate with a smaller p is rejected; with 20 seeds that is the thesis scoring below every own seed (1/21)."""


def bag_scores(bag: Array) -> Array:
    """Sum over rows of the predictive log density of each vector given the others; ``bag [vectors, rows]``."""
    others = ~np.eye(len(bag), dtype=bool)
    scores = [
        [float(student_predictive(row[index], row[others[index]], FLOOR)[0]) for row in bag.T]
        for index in range(len(bag))
    ]
    return np.asarray(np.array(scores).sum(axis=1))


def p_value(sample: Array, thesis: Array) -> float:
    """Share of the vectors of ``sample [m, rows]`` and ``thesis [rows]`` that score no higher than the thesis."""
    scores = bag_scores(np.vstack([sample, thesis]))
    return float((scores <= scores[-1]).mean())


def unpaired(sample: Array) -> Array:
    """Every column shifted by its own number of seeds: rows of one vector then share no initial parameters.

    Whether the thesis's rows share them is not known; the p-value is given for both.
    """
    return np.stack([np.roll(column, shift) for shift, column in enumerate(sample.T)], axis=1)


def rejected(p: float) -> bool:
    """At :data:`LEVEL`."""
    return p < LEVEL
