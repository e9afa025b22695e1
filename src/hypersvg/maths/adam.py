"""Adam of the learned networks (surrogates, policies, PPO's), as one fused pass over weights and moments."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor
from torch.optim.adam import adam as adam_update

from hypersvg.maths.resume import State


class FusedAdam:
    """``torch.optim.Adam(weights, lr=lr, eps=eps, fused=True)`` to the bit, through that class's functional form.

    The first use of any ``torch.optim`` class imports PyTorch's compiler, which costs a job as much as PyTorch itself.
    It has what this project and stable-baselines3 ask of an optimizer: ``param_groups`` (with ``params`` and ``lr``),
    ``zero_grad`` and ``step``, with β₁ = 0.9 and β₂ = 0.999; and it is :class:`~hypersvg.maths.resume.Resumable`.
    Weights without a gradient stay as they are, their moments too.
    """

    def __init__(self, weights: Iterable[Tensor], lr: float, eps: float) -> None:
        self.param_groups: list[dict[str, Any]] = [{"params": list(weights), "lr": lr}]
        self.eps = eps
        self.moments: dict[int, State] = {}

    @property
    def weights(self) -> list[Tensor]:
        """What it updates, in order."""
        return list(self.param_groups[0]["params"])

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for weight in self.weights:
            weight.grad = None

    @torch.no_grad()
    def step(self) -> None:
        """One update of every weight that has a gradient, in place."""
        gradients = {number: weight.grad for number, weight in enumerate(self.weights) if weight.grad is not None}
        for number in gradients.keys() - self.moments.keys():
            self.moments[number] = fresh(self.weights[number])
        states = [self.moments[number] for number in gradients]
        adam_update(
            [self.weights[number] for number in gradients],
            list(gradients.values()),
            [state["exp_avg"] for state in states],
            [state["exp_avg_sq"] for state in states],
            [],
            [state["step"] for state in states],
            fused=True,
            amsgrad=False,
            beta1=0.9,
            beta2=0.999,
            lr=self.param_groups[0]["lr"],
            weight_decay=0.0,
            eps=self.eps,
            maximize=False,
        )

    def state(self) -> State:
        """Moments and step counters by the number of the weight; rates are the settings'."""
        return {str(number): dict(state) for number, state in self.moments.items()}

    def load(self, state: State) -> None:
        """Go on from :meth:`state` of an optimizer of as many weights."""
        self.moments = {
            int(number): {name: value.clone() for name, value in kept.items()} for number, kept in state.items()
        }


def fresh(weight: Tensor) -> State:
    """Moments before the first step, named as in ``torch.optim.Adam``; the counter lies beside its weight."""
    step = torch.zeros((), dtype=torch.float32, device=weight.device)
    return {"step": step, "exp_avg": torch.zeros_like(weight), "exp_avg_sq": torch.zeros_like(weight)}
