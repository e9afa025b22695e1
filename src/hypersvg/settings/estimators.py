"""The settings blocks of the group ``estimators``: gradient estimators of unrolled computation (Vicol 2023, slides)."""

from typing import Annotated

from pydantic import Field, PositiveInt

from hypersvg.settings.base import Block

Sigma = Annotated[float, Field(gt=0, le=100)]
Pairs = Annotated[list[PositiveInt], Field(min_length=1)]


class Influence(Block):
    """Influence balancing: one outer parameter whose first influence has the wrong sign."""

    updates: PositiveInt = 3000
    """Updates of θ, each after an unroll of one step (K = 1)."""
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 1e-4
    """Of plain gradient descent on θ."""
    sigma: Sigma = 0.1
    """Standard deviation of the perturbations."""
    pairs: Pairs = Field([5, 500])
    """Antithetic pairs: few, where the estimators' variances tell, and the thousand particles of the slides."""
    evaluate_every: PositiveInt = 50
    """Updates between two recorded values of θ."""
