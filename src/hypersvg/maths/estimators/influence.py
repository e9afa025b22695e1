"""Influence balancing (Tallec & Ollivier 2017; Vicol 2023): a parameter whose first influence has the wrong sign."""

from dataclasses import dataclass

import torch
from torch import Tensor

from hypersvg.maths.estimators.unrolls import State

SIZE, POSITIVE = 23, 10


@dataclass(frozen=True)
class InfluenceBalancing:
    """s ← A s + θ σ with A = ½I + ½ superdiagonal, σ = +1 for ten entries, then −1 for thirteen; loss ½(s[0] − 1)².

    The state's fixed point is θ (I − A)⁻¹σ, whose first entry is 2θ Σ σ = −6θ: the long-run loss ½(6θ + 1)² has its
    optimum 0 at θ = −1/6, while one step's influence on s[0] is +1. It starts at s = 1 and never ends. The loss is that
    of the new state. θ is ``[particles, 1]``.
    """

    dtype: torch.dtype = torch.float64
    parameters: int = 1
    length: int | None = None

    def start(self, problems: Tensor) -> State:
        """All ones."""
        return {"s": torch.ones(len(problems), SIZE, dtype=self.dtype)}

    def advance(self, state: State, theta: Tensor) -> tuple[State, Tensor]:
        """See :class:`~hypersvg.maths.estimators.unrolls.InnerProblem`."""
        before = state["s"]
        shifted = torch.nn.functional.pad(before[:, 1:], (0, 1))
        sign = torch.ones(SIZE, dtype=self.dtype, device=theta.device)
        sign[POSITIVE:] = -1
        after = 0.5 * (before + shifted) + theta * sign
        return {"s": after}, 0.5 * (after[:, 0] - 1).square()
