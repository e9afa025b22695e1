"""The settings of the stages that meta-train a learned optimizer and tune many hyperparameters (Vicol 2023, slides).

Both train small perceptrons on pooled images. The outer learning rates, which the slides do not give, were chosen by
one rule: a small grid, the same for every contender, on seeds 100 and 101, which no run uses, at scale `default`; the
best by the final objective, as a mean over these seeds.
"""

from typing import Annotated, Literal

from pydantic import Field, PositiveInt

from hypersvg.settings.base import Block, Rate, Rates
from hypersvg.settings.tuning import Sigma

Pooling = Literal[1, 2, 4, 7]


class Fashion(Block):
    """FashionMNIST, on which the learned optimizer and the many hyperparameters train on the slides."""

    source: Literal["auto", "fashion_mnist", "run"] = "auto"
    """auto: FashionMNIST, else the run's own images as a stamped stand-in (always where those are the digits);
    fashion_mnist: FashionMNIST or an error; run: the run's own images."""


class Learned(Block):
    """Meta-training a learned optimizer, and the ablation over σ on it."""

    inner_steps: PositiveInt = 40_000
    """Inner steps of all particles together that a contender may spend."""
    length: PositiveInt = 100
    """T, the steps of an inner problem (slides: 5000)."""
    truncation: PositiveInt = 5
    """K, the steps of an unroll (slides: 10; 5 keeps twenty unrolls in an inner problem at T = 100)."""
    pairs: PositiveInt = 8
    """Antithetic pairs, each with an inner problem of its own (slides: not given)."""
    sigma: Sigma = 0.01
    """Standard deviation of the perturbations (slides: the appropriate scale is 1e-2)."""
    rate_es: Rate = 0.003
    """Adam's learning rate for θ under truncated ES; grid 0.001, 0.003, 0.01, 0.03."""
    rate_pes: Rate = 0.003
    """The same under PES."""
    rate_es_single: Rate = 0.01
    """The same under ES-Single, for every σ of the ablation too."""
    optimizer_width: PositiveInt = 16
    """Hidden units of both layers of the learned optimizer (slides: a perceptron; not given)."""
    width: PositiveInt = 8
    """Hidden units of the perceptron that it trains (slides: not given)."""
    batch_size: PositiveInt = 32
    """Images of a minibatch."""
    pooling: Pooling = 4
    """Images are averaged over squares of so many pixels a side: 4 makes 7 × 7 of them (slides: 1)."""
    constant_rates: Rates = Field([0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0])
    """Constant rates of Adam and momentum, whose best are the learned optimizer's references."""
    problems: PositiveInt = 4
    """Inner problems, the same for everyone, whose full unrolls are the objective."""
    evaluations: PositiveInt = 20
    """Recorded objectives of a contender, beside its start."""


class Smoothing(Block):
    """The ablation over the perturbations' standard deviation; all else is the learned optimizer's."""

    inner_steps: PositiveInt = 25_000
    """Inner steps of all particles together that a contender may spend."""
    evaluations: PositiveInt = 10
    """Recorded objectives of a contender, beside its start."""


class Many(Block):
    """29 continuous and discrete hyperparameters of one training."""

    inner_steps: PositiveInt = 40_000
    """Inner steps of all particles together that a contender may spend."""
    length: PositiveInt = 100
    """T, the steps of an inner problem (slides: not given)."""
    truncation: PositiveInt = 10
    """K, the steps of an unroll (slides: not given)."""
    pairs: PositiveInt = 8
    """Antithetic pairs, each with an inner problem of its own (slides: not given)."""
    sigma: Sigma = 0.3
    """Standard deviation of the perturbations of log rates, and of logits of momenta and shares of units (slides: not
    given; chosen before any run)."""
    rate_es: Rate = 0.1
    """Adam's learning rate for θ under truncated ES; grid 0.01, 0.03, 0.1, 0.3."""
    rate_pes: Rate = 0.03
    """The same under PES."""
    rate_es_single: Rate = 0.03
    """The same under ES-Single."""
    width: PositiveInt = 12
    """Most hidden units of each of the five layers (slides: not given)."""
    batch_size: PositiveInt = 32
    """Images of a minibatch."""
    pooling: Pooling = 4
    """Images are averaged over squares of so many pixels a side: 4 makes 7 × 7 of them (slides: 1)."""
    search_log10_rate: tuple[float, float] = (-4.0, 0.0)
    """log10 of the learning rates that random search draws uniformly."""
    search_logit: tuple[Annotated[float, Field(ge=-20)], Annotated[float, Field(le=20)]] = (-3.0, 4.0)
    """Logits of the momenta and shares of units that it draws uniformly: 0.05 to 0.98."""
    problems: PositiveInt = 4
    """Inner problems, the same for everyone, whose full unrolls are the objective."""
    evaluations: PositiveInt = 20
    """Recorded objectives of a contender, beside its start."""
