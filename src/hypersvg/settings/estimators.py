"""The settings blocks of the group ``estimators``: gradient estimators of unrolled computation (Vicol 2023, slides)."""

from typing import Annotated

from pydantic import Field, PositiveInt

from hypersvg.settings.base import Block

Sigma = Annotated[float, Field(gt=0, le=100)]


class Influence(Block):
    """Influence balancing: one outer parameter whose first influence has the wrong sign."""

    updates: PositiveInt = 3000
    """Updates of θ, each after an unroll of one step (K = 1)."""
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 1e-4
    """Of plain gradient descent on θ."""
    sigma: Sigma = 0.1
    """Standard deviation of the perturbations."""
    few_pairs: PositiveInt = 5
    """Antithetic pairs of the contenders with few particles, where the estimators' variances tell."""
    many_pairs: PositiveInt = 500
    """Antithetic pairs of those with many: the slides' thousand particles."""
    evaluate_every: PositiveInt = 50
    """Updates between two recorded values of θ."""
