"""What must be moved or multiplied, counted from the shapes. Seconds come from the rates of the same run.

H is the hidden width of surrogate and policy, P the number of inner parameters; numbers are float32.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

NUMBER = 4
"""Bytes of a float32."""
UPDATE = 6
"""Passes of an Adam step over an array: weight and both moments, read and written once each."""


@dataclass(frozen=True)
class Item:
    """One line of the table: what is timed, what it must move (``bytes``) or multiply (``flop``), and its goals.

    ``vs_plain`` is how often faster than the plain peer it should be at least, ``vs_floor`` how many times the floor
    it may take at most. ``series`` names the growth curves that the item is a point of: (what, along which size, size).
    """

    name: str
    work: str
    bytes: int | None = None
    flop: int | None = None
    vs_plain: float | None = None
    vs_floor: float | None = None
    series: Sequence[tuple[str, str, int]] = field(default=())

    def facts(self) -> dict[str, Any]:
        """What ``hypersvg bench`` reads back from the JSON."""
        return {
            "item": self.name,
            "work": {"what": self.work, "bytes": self.bytes, "flop": self.flop},
            "goal": {"vs_plain": self.vs_plain, "vs_floor": self.vs_floor},
            "series": [list(point) for point in self.series],
        }


def parameters(hidden: tuple[int, int]) -> int:
    """P of 784-h-h-10."""
    first, second = hidden
    return 785 * first + (first + 1) * second + (second + 1) * 10


def online_bytes(width: int, size: int) -> int:
    """An online update on one state.

    The surrogate's first layer [H, P + 1] is read once forward (its input is data, so no gradient passes back through
    it) and the output layer [P, H] once forward and once backward; the policy's first layer [H, P] once forward. All
    weights, biases included, take part in an Adam step. The weight gradients of a batch of one are outer products of
    two vectors, and need no memory traffic of their own.
    """
    first, output, policy = (size + 2) * width, (width + 1) * size, size * width + 2 * width + 1
    return NUMBER * ((1 + UPDATE) * first + (2 + UPDATE) * output + (1 + UPDATE) * policy)


def unroll_flop(width: int, size: int, batch: int, steps: int) -> int:
    """An offline iteration, the policy through the chained unroll and the model loss, the cheaper way."""
    return min(count(width, size, batch, steps) for count in (chained_flop, hidden_flop))


def chained_flop(width: int, size: int, batch: int, steps: int) -> int:
    """The unroll through all P numbers, step by step. One layer on ``batch`` states is 2·batch·P·H.

    Model loss on batch·steps transitions, whose predictions also give the noise ξ: two layers forward, the gradients
    of both weights, and of the hidden layer through the output weight (5). Unroll: two layers forward a step, and both
    back, but for the first layer at step 0, whose input is data (4·steps − 1). Policy: forward, and the gradient of its
    weight (2). Adam's own traffic is not counted.
    """
    return 2 * batch * size * width * (5 * steps + 4 * steps - 1 + 2)


def hidden_flop(width: int, size: int, batch: int, steps: int) -> int:
    """The unroll in the hidden layer (:mod:`hypersvg.maths.unroll`), cheaper at small widths.

    Model loss and policy as in :func:`chained_flop`; the product W₂W₁ᵀ [H, H], once; W₁s_T (all other W₁s_t are the
    model loss's), W₂ at the end of the chain, and W₂ back (3); a product [H, H] a step but the first, forward and back.
    """
    layers = 2 * batch * size * width * (5 * steps + 3 + 2)
    return layers + 2 * width**2 * size + 2 * (steps - 1) * 2 * batch * width**2


def inner_flop(runs: int, batch: int, hidden: tuple[int, int] = (32, 32)) -> int:
    """One step of every run: the first layer forward and its weight's gradient, the others also their input's."""
    first, second = hidden
    return runs * 2 * batch * (2 * 784 * first + 3 * (first * second + second * 10))


def evaluation_flop(runs: int, count: int, hidden: tuple[int, int] = (32, 32)) -> int:
    """The class scores of ``count`` images by every run."""
    first, second = hidden
    return runs * 2 * count * (784 * first + first * second + second * 10)
