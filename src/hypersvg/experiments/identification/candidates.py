"""The candidates: every combination of what the thesis leaves open about its inner training."""

from dataclasses import asdict, dataclass, fields
from itertools import product
from typing import Literal, Self, get_args

from hypersvg.maths.network import Activation, Initialisation
from hypersvg.maths.optimizers import OptimizerName

Scaling = Literal["unit", "standardised"]
Length = Literal["100", "200", "epoch"]

ALL = 1_000_000
"""The batch size that means all training images."""
BATCHES = (32, 64, 128, 256, 512, 1024)
STEPS = {"100": 100, "200": 200}
TRAINING_IMAGES = 50_000
"""Training images of MNIST after a sixth is held out, for names and costs."""


@dataclass(frozen=True, order=True)
class Protocol:
    """How the inner network is trained, but for how long; ``batch_size`` is :data:`ALL` for full batches."""

    optimizer: OptimizerName = "adam"
    batch_size: int = 512
    initialisation: Initialisation = "he_uniform"
    activation: Activation = "elu"
    scaling: Scaling = "unit"

    @property
    def full(self) -> bool:
        """Whether a minibatch is the whole training set."""
        return self.batch_size == ALL

    @property
    def batch(self) -> str:
        """Batch size as printed."""
        return "full" if self.full else str(self.batch_size)

    @property
    def name(self) -> str:
        """Unique name."""
        return f"{self.optimizer}-{self.batch}-{self.initialisation}-{self.activation}-{self.scaling}"


@dataclass(frozen=True, order=True)
class Candidate(Protocol):
    """A protocol and its length: a number of steps, or one pass over the training images."""

    length: Length = "100"

    @property
    def protocol(self) -> Protocol:
        """The candidate without its length."""
        return Protocol(*(getattr(self, field.name) for field in fields(Protocol)))

    @property
    def name(self) -> str:
        """Unique name."""
        return f"{self.protocol.name}-{self.length}"

    def steps(self, images: int = TRAINING_IMAGES) -> int:
        """Steps of a training on that many images; an incomplete last minibatch is dropped."""
        return STEPS.get(self.length) or max(1, images // self.batch_size)

    @property
    def cost(self) -> int:
        """Training images seen: batch × steps."""
        return min(self.batch_size, TRAINING_IMAGES) * self.steps()

    @property
    def limit(self) -> Self:
        """The same candidate with the largest minibatches, of which full batches are the limit."""
        return type(self)(**{**asdict(self), "batch_size": max(BATCHES)})

    @property
    def thesis_network(self) -> bool:
        """Table 4.3, MNIST (SVG): He uniform and ELU; and 100 steps, the length that Table 4.2 gives."""
        return (self.initialisation, self.activation, self.length) == ("he_uniform", "elu", "100")

    @property
    def literal(self) -> bool:
        """The text's own reading: Table 4.3's network trained by plain SGD; it gives neither batch nor scaling."""
        return self.thesis_network and self.optimizer == "sgd"


def combinations(batches: tuple[int, ...]) -> tuple[Candidate, ...]:
    """All candidates with these batch sizes."""
    networks = product(get_args(Initialisation), get_args(Activation), get_args(Scaling), get_args(Length))
    return tuple(
        Candidate(optimizer, batch, *network)
        for (optimizer, batch), network in product(product(get_args(OptimizerName), batches), list(networks))
    )


MINIBATCH = combinations(BATCHES)
FULL = combinations((ALL,))


def described(candidate: Protocol) -> dict[str, str]:
    """Columns of a table: name and parts, batch size as printed."""
    parts = {**asdict(candidate), "batch_size": candidate.batch}
    return {"candidate": candidate.name, **{key: str(value) for key, value in parts.items()}}


def from_parts(parts: dict[str, object]) -> Candidate:
    """The candidate of ``described`` columns; raises ``ValueError`` for one that is not in the list."""
    size = str(parts["batch_size"])
    batch = ALL if size == "full" else int(size)
    named = {field.name: str(parts[field.name]) for field in fields(Candidate) if field.name != "batch_size"}
    found = [one for one in (*MINIBATCH, *FULL) if one.batch_size == batch and matches(one, named)]
    if not found:
        raise ValueError(f"{dict(parts)} is no candidate of hypersvg.experiments.identification.candidates")
    return found[0]


def matches(candidate: Candidate, parts: dict[str, str]) -> bool:
    """Whether the candidate has these parts."""
    return all(getattr(candidate, name) == value for name, value in parts.items())
