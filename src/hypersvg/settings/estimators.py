"""The settings blocks of the group ``estimators``: gradient estimators of unrolled computation (Vicol 2023, slides)."""

from typing import Annotated

from pydantic import Field, PositiveInt

from hypersvg.settings.base import Block, Rate
from hypersvg.settings.tuning import Sigma


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
    points: PositiveInt = 60
    """Recorded values of θ beside the first."""


class Beyond(Block):
    """The estimators as choosers of the thesis's learning rate, beside HyperSVG, at equal budgets.

    None of it was tuned: step, σ and window follow from the distance between the starting rates, as their lines say.
    """

    budgets: Annotated[list[PositiveInt], Field(min_length=1)] = Field([50, 200, 800])
    """Inner steps spent on searching a rate, after which a fresh training of online.steps judges it; 50 is the longest
    bandit's."""
    svg_budgets: Annotated[list[PositiveInt], Field(min_length=1)] = Field([50, 200])
    """The budgets that HyperSVG's bandits search with as well (each of their inner steps is a surrogate update too)."""
    pairs: PositiveInt = 1
    """Antithetic pairs: the fewest, so that small budgets leave several updates."""
    sigma: Sigma = 0.3
    """Standard deviation of the perturbations of ln rate: as large as one update."""
    truncation: PositiveInt = 5
    """K, steps of a window of truncated ES, PES and ES-Single."""
    backpropagated: PositiveInt = 10
    """K of the K-step hypergradient through the true optimizer."""
    horizon: PositiveInt = 20
    """Steps of the inner problems that full ES unrolls whole: those of Bayesian optimization (section 4.3.3)."""
    learning_rate: Annotated[float, Field(gt=0, le=10)] = 0.3
    """Adam's, on ln rate: from the worst start, 1e-5, to 1e-2 it is about 23 updates."""
    lowest: Rate = 1e-7
    """Rates below this are cut, as HyperSVG's are."""
    highest: Rate = 1.0
    """Rates above this are cut, as HyperSVG's are."""
