"""Adam on matrices whose gradient is an outer product: what a batch of one state gives, and never stored here.

A step reads and writes weights and moments once, and takes the products that the algorithm needs of the old or the
new weights on the way.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from hypersvg.maths.kernels import Kernel, compiled, constants_of, run_rows
from hypersvg.maths.resume import State, fill


@compiled
def moved(weight: Any, mean: Any, square: Any, gradient: Any, constants: Any) -> Any:
    """One entry's new weight and moments."""
    decay1, decay2, keep1, keep2, step, root, epsilon = constants
    mean = decay1 * mean + keep1 * gradient
    square = decay2 * square + keep2 * gradient * gradient
    return weight - step * mean / (np.sqrt(square) * root + epsilon), mean, square


@compiled
def rows_before(
    weight: Any,
    first: Any,
    second: Any,
    left: Any,
    right: Any,
    seen: Any,
    out: Any,
    constants: Any,
    start: int,
    stop: int,
) -> None:
    """Rows ``start`` … ``stop`` − 1 of :meth:`RankOneAdam.step_before`; row i belongs to run i // H."""
    for row in range(start, stop):
        run, line = row // weight.shape[1], row % weight.shape[1]
        weights, means, squares = weight[run, line], first[run, line], second[run, line]
        scale, across, one, other = left[run, line], right[run], seen[run, 0], seen[run, 1]
        total = another = weights.dtype.type(0)
        for column in range(weights.size):
            old = weights[column]
            total += old * one[column]
            another += old * other[column]
            weights[column], means[column], squares[column] = moved(
                old, means[column], squares[column], scale * across[column], constants
            )
        out[run, 0, line] = total
        out[run, 1, line] = another


@compiled
def rows_after(
    weight: Any,
    first: Any,
    second: Any,
    left: Any,
    right: Any,
    seen: Any,
    out: Any,
    constants: Any,
    start: int,
    stop: int,
) -> None:
    """Rows ``start`` … ``stop`` − 1 of :meth:`RankOneAdam.step_after`."""
    for row in range(start, stop):
        run, line = row // weight.shape[1], row % weight.shape[1]
        weights, means, squares = weight[run, line], first[run, line], second[run, line]
        scale, across, one = left[run, line], right[run], seen[run]
        total = weights.dtype.type(0)
        for column in range(weights.size):
            new, means[column], squares[column] = moved(
                weights[column], means[column], squares[column], scale * across[column], constants
            )
            weights[column] = new
            total += new * one[column]
        out[run, line] = total


class RankOneAdam:
    """Adam (Kingma & Ba 2015, Algorithm 1; ε as in ``torch.optim.Adam``) of ``weight [runs, H, P]``, in place.

    The plain twin is ``torch.optim.Adam`` with the gradient ``left[:, :, None] * right[:, None]``; both agree to
    rounding.
    """

    def __init__(self, weight: Tensor, rate: float, epsilon: float) -> None:
        self.weight, self.rate, self.epsilon, self.steps = weight.detach(), rate, epsilon, 0
        self.first, self.second = torch.zeros_like(self.weight), torch.zeros_like(self.weight)

    def step_before(self, left: Tensor, right: Tensor, seen: Tensor) -> Tensor:
        """A step with the gradient ``left [runs, H]`` ⊗ ``right [runs, P]``.

        Returns the products of the old weights with ``seen [runs, 2, P]``, ``[runs, 2, H]``.
        """
        return self.step(rows_before, left, right, seen, left.new_empty(len(left), 2, left.shape[1]))

    def step_after(self, left: Tensor, right: Tensor, seen: Tensor) -> Tensor:
        """The same step; returns the products of the new weights with ``seen [runs, P]``, ``[runs, H]``."""
        return self.step(rows_after, left, right, seen, torch.empty_like(left))

    def step(self, kernel: Kernel, left: Tensor, right: Tensor, seen: Tensor, out: Tensor) -> Tensor:
        """One step by ``kernel``, which fills ``out``."""
        self.steps += 1
        tensors = [self.weight, self.first, self.second, left, right, seen, out]
        run_rows(kernel, left.numel(), tensors, self.constants())
        return out

    def state(self) -> State:
        """See :class:`hypersvg.maths.resume.Resumable`; the weight is its owner's to keep."""
        return {"steps": self.steps, "first": self.first, "second": self.second}

    def load(self, state: State) -> None:
        """See :class:`hypersvg.maths.resume.Resumable`."""
        self.steps = state["steps"]
        fill([self.first, self.second], [state["first"], state["second"]])

    def constants(self) -> tuple[Any, ...]:
        """β₁, β₂, 1 − β₁, 1 − β₂, the corrected step size, the root's correction and ε."""
        step, root = self.rate / (1 - 0.9**self.steps), (1 - 0.999**self.steps) ** -0.5
        return constants_of(self.weight, 0.9, 0.999, 1 - 0.9, 1 - 0.999, step, root, self.epsilon)
