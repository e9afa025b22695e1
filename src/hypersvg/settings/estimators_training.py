"""Settings blocks of the estimators' stages that tune the learning rate of a training on MNIST (Vicol 2023, slides)."""

from typing import Annotated, ClassVar, Self

from pydantic import Field, PositiveInt, model_validator

from hypersvg.settings.base import Block, Rate, Widths
from hypersvg.settings.tuning import Sigma

RULE = """Adam's, by contender: of 0.01, 0.03 and 0.1 the one with the best final objective (mean over starts) on the
seed 1000, which no run of up to a thousand seeds has (slides: not given). Five rates and two seeds were planned and cut
for time; full ES, which makes T/K times fewer updates, also had 0.3, since its best was at the grid's edge, as
others' still are (one-step and TBPTT at 0.01; PES and truncated ES of the stage heuristic at 0.1)."""
LogParameter = Annotated[float, Field(ge=-20, le=20)]
"""A natural logarithm, as outer parameters are."""


class Unrolled(Block):
    """The training that the stages schedule, stability and heuristic tune: a ReLU perceptron, SGD with momentum 0.9."""

    hidden: Widths = Field([16])
    """Hidden widths (slides: 784-100-100-10); one narrow layer trains four times as fast and has an optimal schedule
    that neither the lowest nor the highest rate is near."""
    batch_size: PositiveInt = 32
    """Images in a minibatch (slides: not given)."""
    evaluation_problems: PositiveInt = 4
    """Inner problems, seen by no estimator, whose mean training loss is the objective that is recorded."""


class OuterDescent(Block):
    """What the three stages have in common; unequal windows and rates that name other contenders are refused."""

    METHODS: ClassVar[tuple[str, ...]] = ()
    length: PositiveInt = 200
    """T, steps of an inner problem."""
    truncation: PositiveInt = 5
    """K, steps of a partial unroll; T is a multiple of it."""
    pairs: PositiveInt = 4
    """Antithetic pairs (slides: not given); who differentiates averages as many inner problems as there are particles,
    so that an update costs the same."""
    sigma: Sigma = 0.1
    """Standard deviation of the perturbations: influence balancing's, not tuned."""
    inner_steps: PositiveInt = 38400
    """Inner steps that every contender may spend, all particles together."""
    evaluations: PositiveInt = 24
    """Points of a contender's curve after its start; at default: one an inner problem."""
    learning_rates: dict[str, Rate]
    """Adam's, by contender."""

    @model_validator(mode="after")
    def whole(self) -> Self:
        """Refuse windows of unequal length and rates that do not name the contenders."""
        if self.length % self.truncation:
            raise ValueError(f"length {self.length} is not a multiple of truncation {self.truncation}")
        if set(self.learning_rates) != set(self.METHODS):
            raise ValueError(
                f"learning_rates must name {', '.join(self.METHODS)}, not {', '.join(self.learning_rates)}"
            )
        return self


class Schedule(OuterDescent):
    """Meta-optimizing a learning-rate schedule: α_t = e^θ0 / (1 + t/T)^(e^θ1), from two starts, by every estimator."""

    METHODS = ("es", "pes", "es_single", "full_es", "tbptt")
    length: PositiveInt = 100
    """T, steps of an inner problem (slides: 5000), and horizon of the decay (slides: 5000, so T there as well)."""
    inner_steps: PositiveInt = 19200
    """Inner steps that every contender may spend from a start, all particles together."""
    low_start: tuple[LogParameter, LogParameter] = (-5.0, -1.0)
    """(θ0, θ1) where rates are too low (slides: a start, not given in numbers)."""
    high_start: tuple[LogParameter, LogParameter] = (-1.0, -1.0)
    """(θ0, θ1) where rates are too high."""
    learning_rates: dict[str, Rate] = Field(
        {"es": 0.03, "pes": 0.03, "es_single": 0.03, "full_es": 0.1, "tbptt": 0.01}, description=RULE
    )
    rate_range: tuple[LogParameter, LogParameter] = (-6.0, 0.0)
    """θ0 of the map of the objective (slides: log initial rate from about −2 to −0.5)."""
    decay_range: tuple[LogParameter, LogParameter] = (-2.0, 3.0)
    """θ1 of the map (slides: −2 to 2 at least)."""
    points: Annotated[int, Field(ge=2, le=100)] = 11
    """Points of the map along each axis."""


class Stability(OuterDescent):
    """PES against ES-Single: meta-gradients over many inner problems, and their variance by the number of unrolls."""

    METHODS = ("pes", "es_single")
    length: PositiveInt = 200
    """T, steps of an inner problem (slides: 2000)."""
    start: LogParameter = -5.0
    """θ, the logarithm of the constant rate, at the beginning (slides: not given in numbers)."""
    learning_rates: dict[str, Rate] = Field(dict.fromkeys(METHODS, 0.03), description=RULE)
    unrolls: Annotated[list[PositiveInt], Field(min_length=2)] = Field([1, 2, 5, 10, 20, 40])
    """Partial unrolls an inner problem is cut into, T staying what it is; each divides T."""
    repeats: Annotated[int, Field(ge=2)] = 32
    """Pairs whose estimates of one inner problem's gradient have the variance that is recorded."""

    @model_validator(mode="after")
    def divisible(self) -> Self:
        """Refuse unequal unrolls."""
        for count in self.unrolls:
            if self.length % count:
                raise ValueError(f"length {self.length} cannot be cut into {count} equal unrolls")
        return self


class Heuristic(OuterDescent):
    """The one-step hypergradient against evolution strategies, all tuning a constant rate."""

    METHODS = ("one_step", "es_one_step", "es", "pes", "es_single")
    truncation: PositiveInt = 10
    """K of truncated ES, PES and ES-Single; the heuristic, and truncated ES once more, have K = 1."""
    inner_steps: PositiveInt = 28800
    """Inner steps that every contender may spend, all particles together."""
    evaluations: PositiveInt = 18
    """Points of a contender's curve after its start; at default: one an inner problem."""
    start: LogParameter = -5.0
    """θ, the logarithm of the constant rate, at the beginning (slides: not given)."""
    learning_rates: dict[str, Rate] = Field(
        {"one_step": 0.01, "es_one_step": 0.03, "es": 0.1, "pes": 0.1, "es_single": 0.03}, description=RULE
    )
