"""The settings blocks of the stages that tune trainings by gradient estimators (group ``estimators``)."""

from typing import Annotated

from pydantic import Field, PositiveInt

from hypersvg.settings.base import Block

Sigma = Annotated[float, Field(gt=0, le=100)]
Theta = Annotated[float, Field(ge=-20, le=20)]


class Descended(Block):
    """What all of them share: particles, windows and a budget of inner steps that is the same for every contender."""

    truncation: PositiveInt = 10
    """K, steps of an unroll (slides: 10)."""
    pairs: PositiveInt = 4
    """Antithetic pairs of an estimate."""
    sigma: Sigma = 0.1
    """Standard deviation of the perturbations."""
    learning_rate: Annotated[float, Field(gt=0, le=10)] = 0.05
    """Adam's, on the outer parameters."""
    budget: PositiveInt = 24_000
    """Inner steps of every contender, of all its particles together."""
    judges: PositiveInt = 4
    """Inner problems, used by no estimator, on which outer parameters are judged; never charged."""
    points: PositiveInt = 20
    """Recorded evaluations of every contender beside the first."""


class Ridge(Descended):
    """The L2 penalty of a linear regression that gradient descent fits; scikit-learn's diabetes set."""

    starts: list[Theta] = Field([-6.0, -2.0, 2.0], min_length=1)
    """Random initializations of the slides: starts of the penalty's logarithm."""
    length: PositiveInt = 500
    """T, steps of gradient descent."""
    sigma: Sigma = 0.3
    """Standard deviation of the perturbations of the logarithm."""
    budget: PositiveInt = 160_000
    """Inner steps of every contender: they are cheap here."""


class Copying(Descended):
    """The copy task of an LSTM with K = 1; an inner problem has twice as many steps as the string has bits."""

    short: PositiveInt = 2
    """Bits of the short string."""
    long: PositiveInt = 5
    """Bits of the long string."""
    hidden: PositiveInt = 16
    """Units of the LSTM."""
    strings: PositiveInt = 16
    """Strings that a particle reads at once."""
    truncation: PositiveInt = 1
    """K, steps of an unroll."""
    pairs: PositiveInt = 32
    """Antithetic pairs of an estimate."""
    learning_rate: Annotated[float, Field(gt=0, le=10)] = 0.01
    """Adam's, on the LSTM's weights."""
    budget: PositiveInt = 120_000
    """Inner steps of every contender: a step of a small LSTM is cheap."""
