"""What must be moved or multiplied, counted from the shapes: pure numbers, no tensors.

H is the hidden width of the surrogate, P the number of inner parameters; numbers are float32. A product of [m, k] with
[k, n] is 2·m·k·n FLOPs; Adam's and the activations' arithmetic is not counted. Everything is a floor: what a perfect
program could not leave out.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

INPUTS, CLASSES = 784, 10
"""Pixels of an image and classes."""
HIDDEN = (32, 32)
"""Hidden widths of the inner network (Table 4.3)."""
NUMBER = 4
"""Bytes of a float32."""
UPDATE = 6
"""Passes of an Adam step over an array: weight and both moments, read and written once each."""

LearnsThrough = Literal["surrogate", "frozen", "true", "none"]
"""What an online policy learns through (:data:`hypersvg.controllers.hypersvg.Derivative`)."""


def parameters(hidden: Sequence[int]) -> int:
    """P of 784-h-…-10."""
    return perceptron_parameters((INPUTS, *hidden, CLASSES))


def perceptron_parameters(sizes: Sequence[int]) -> int:
    """Weights and biases of a perceptron of layer sizes ``sizes``."""
    return sum((inputs + 1) * outputs for inputs, outputs in pairwise(sizes))


def online_bytes(width: int, size: int, learns: LearnsThrough = "surrogate", policy_width: int | None = None) -> int:
    """An online update on one state.

    The surrogate's first layer [H, P + 1] is read once forward (its input is data, so no gradient passes back through
    it) and the output layer [P, H] once forward and once backward; the policy's first layer [H, P] once forward. All
    weights, biases included, take part in an Adam step. The weight gradients of a batch of one are outer products of
    two vectors, and need no memory traffic of their own. A ``frozen`` surrogate is read and not updated; the ``true``
    derivative needs none; a policy that learns from ``none`` is read forward.
    """
    first, output = (size + 2) * width, (width + 1) * size
    policy = size * (policy_width or width) + 2 * (policy_width or width) + 1
    surrogate = {"surrogate": (1 + UPDATE) * first + (2 + UPDATE) * output, "frozen": first + 2 * output}
    return NUMBER * (surrogate.get(learns, 0) + (1 if learns == "none" else 1 + UPDATE) * policy)


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


def inner_flop(runs: int, batch: int, hidden: Sequence[int] = HIDDEN) -> int:
    """One step of every run."""
    return runs * gradient_flop(batch, (INPUTS, *hidden, CLASSES))


def window_flop(particles: int, steps: int, batch: int, hidden: Sequence[int] = HIDDEN) -> int:
    """A window of ``steps`` steps of an evolution strategy: a gradient a particle and step, and its loss with it."""
    return steps * inner_flop(particles, batch, hidden)


def evaluation_flop(runs: int, count: int, hidden: Sequence[int] = HIDDEN) -> int:
    """The class scores of ``count`` images by every run."""
    return runs * forward_flop(count, (INPUTS, *hidden, CLASSES))


def gradient_flop(batch: int, sizes: Sequence[int]) -> int:
    """A perceptron's gradient: the first layer forward and its weight's gradient, the others also their input's."""
    first, *others = (inputs * outputs for inputs, outputs in pairwise(sizes))
    return 2 * batch * (2 * first + 3 * sum(others))


def forward_flop(batch: int, sizes: Sequence[int]) -> int:
    """A perceptron's output."""
    return 2 * batch * sum(inputs * outputs for inputs, outputs in pairwise(sizes))
