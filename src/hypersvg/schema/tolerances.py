"""How far a number may move before ``make check`` calls it drift: a kind for every column, each with its reason.

On the same machine class (CPU capability and processor, versions, threads, device) every column but seconds must be
equal to the last bit: the same seeds give the same bytes. The kinds say what remains to be compared on another class,
whose kernels add in another order. No stage imports this module, so that a tolerance makes nothing run again.
"""

from dataclasses import dataclass
from typing import Literal

Measure = Literal["value", "log10", "share positive", "share diverged"]


@dataclass(frozen=True)
class Kind:
    """What numbers of one kind are on another machine class.

    ``measures`` are what is averaged over rows and seeds and compared by the interval of the seeds; none: nothing is.
    ``floor`` is the move of such a mean that passes however small the interval, ``ceiling`` the one that fewer than six
    seeds cannot excuse however wide it is. ``settled`` values must be equal row by row (to a relative 1e-6) everywhere.
    """

    name: str
    why: str
    measures: tuple[Measure, ...] = ()
    floor: float = 0.0
    ceiling: float = float("inf")
    settled: bool = False


SETTLED = Kind(
    "settled",
    "follows from settings and random generators without any training; only the last bits of a power or a logarithm "
    "differ between instruction sets",
    settled=True,
)
ACCURACY = Kind(
    "accuracy",
    "a share of images; half a point is one image of the 200 that the smallest curves are measured on, ten points are "
    "what parts the methods",
    ("value",),
    floor=0.005,
    ceiling=0.1,
)
SCORE = Kind(
    "score", "a cosine, or a number of order one; a hundredth cannot be seen in any figure", ("value",), 0.01, 0.5
)
MAGNITUDE = Kind(
    "magnitude",
    "positive, over decades, and skewed: compared as log10; a hundredth is 2 %, less than a printed digit; a decade is "
    "a search that settles on the next best rate",
    ("log10",),
    floor=0.01,
    ceiling=1.0,
)
SIGNED = Kind(
    "signed",
    "heavy tails on both sides, so that a mean says nothing: compared by the share of positive ones and by log10 of "
    "the size; a hundredth as for scores and magnitudes",
    ("share positive", "log10"),
    floor=0.01,
    ceiling=0.5,
)
STATUS = Kind(
    "status",
    "whether a run diverges can hang on its last bits; the share that does may not move beyond the seeds' interval, "
    "nor by more than a hundredth where no seed differs",
    ("share diverged",),
    floor=0.01,
    ceiling=0.5,
)
SECONDS = Kind(
    "seconds",
    "wall time: never compared as such; who is slower than grid search must stay so unless the ratio moved by less "
    "than a factor of two, which is what a busy machine does to one",
)

KINDS: dict[str, Kind] = {
    **dict.fromkeys(("split", "phase", "optimizer", "batch_size", "initialisation", "activation"), SETTLED),
    **dict.fromkeys(("scaling", "length", "source", "thesis_accuracy", "steps", "episodes"), SETTLED),
    **dict.fromkeys(("inner_steps", "evaluations", "surrogate_updates", "trajectories", "factor"), SETTLED),
    **dict.fromkeys(("val_accuracy", "test_accuracy", "quoted_accuracy", "mean_accuracy", "eval_accuracy"), ACCURACY),
    **dict.fromkeys(("best_so_far", "top20"), ACCURACY),
    **dict.fromkeys(("value_inferred", "value_counterfactual", "value_mean", "value_true"), ACCURACY),
    **dict.fromkeys(("derivative_cosine", "state_cosine", "iterate"), SCORE),
    **dict.fromkeys(("rate", "start", "train_loss", "loss", "objective", "model_loss"), MAGNITUDE),
    **dict.fromkeys(("held_out_loss", "persistence_loss", "one_step_error", "one_step_persistence"), MAGNITUDE),
    **dict.fromkeys(("free_error", "free_persistence", "derivative_ratio", "td_error", "value_loss"), MAGNITUDE),
    **dict.fromkeys(("one_step_rmse", "rollout_rmse", "final_rmse", "variance"), MAGNITUDE),
    **dict.fromkeys(("policy_loss", "gradient", "learned", "true", "value", "estimate"), SIGNED),
    "status": STATUS,
    "seconds": SECONDS,
}
"""The kind of every column that names no row, in whichever table."""

DRAWN_RATES = ("trajectories", "shortlist", "surrogate_gradients", "toy_rollouts")
"""Tables whose rates are drawn or given; in all others a training or a search had a hand in them."""

REPLICATES = ("seed", "run", "trajectory", "draw", "row", "start", "rate", "repeat")
"""Keys that a mean of another class is taken over: seeds, and strata inside a seed."""
PROGRESS = ("step", "iteration", "update", "evaluation")
"""Keys that count upwards: a mean is taken over all of them, and one at the last."""


def kind_of(table: str, column: str) -> Kind:
    """The kind of a column of the schema ``table``; ``KeyError`` for one that has none."""
    return SETTLED if column == "rate" and table in DRAWN_RATES else KINDS[column]
