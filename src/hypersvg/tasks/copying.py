"""The copy task of the slides (Vicol 2023): a recurrent network repeats a bit string after having read all of it.

Here the outer parameters are the network's weights and the inner problem is a sequence: "0 1 1 0 – – – –" in, and
"– – – – 0 1 1 0" out. Nothing is paid while reading, so that unrolls shorter than the string cannot learn it.
"""

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor
from torch.nn import functional

from hypersvg.maths.estimators.unrolls import State
from hypersvg.maths.random import seed_of, torch_generator

SYMBOLS = 3
"""Zero, one, and "now speak"."""


@dataclass(frozen=True)
class CopyTask:
    """An LSTM (Hochreiter & Schmidhuber 1997) with ``hidden`` units and a linear read-out of the bit's logit.

    θ holds, in this order: input weights ``[SYMBOLS, 4H]``, recurrent weights ``[H, 4H]``, gate biases ``[4H]`` (input,
    forget, cell, output), read-out ``[H]`` and its bias. ``bits`` is the string's length, the inner problem has twice
    as many steps. Every particle reads ``strings`` strings at once, which an inner problem's number fixes. The loss is
    the strings' mean cross-entropy [nats] of a bit while speaking, and 0 while reading.
    """

    bits: int
    seed: int
    hidden: int = 32
    strings: int = 16
    dtype: torch.dtype = torch.float32

    @property
    def length(self) -> int:
        """Reading and speaking."""
        return 2 * self.bits

    @property
    def sizes(self) -> list[int]:
        """Lengths of θ's parts."""
        return [SYMBOLS * 4 * self.hidden, self.hidden * 4 * self.hidden, 4 * self.hidden, self.hidden, 1]

    @property
    def parameters(self) -> int:
        """P."""
        return sum(self.sizes)

    def initial(self, generator: torch.Generator) -> Tensor:
        """A start for θ: U(±1/√H) as PyTorch's, forget biases 1 (Jozefowicz et al. 2015)."""
        bound = self.hidden**-0.5
        theta: Tensor = (2 * torch.rand(self.parameters, generator=generator, dtype=self.dtype) - 1) * bound
        gates = sum(self.sizes[:2])
        theta[gates + self.hidden : gates + 2 * self.hidden] = 1
        return theta

    def start(self, problems: Tensor) -> State:
        """Empty memories and the strings ``[particles, strings, bits]``."""
        drawn = {
            number: torch.randint(
                2, (self.strings, self.bits), generator=torch_generator(seed_of(self.seed, "copy", number))
            )
            for number in problems.tolist()
        }
        empty = torch.zeros(len(problems), self.strings, self.hidden, dtype=self.dtype)
        strings = torch.stack([drawn[number] for number in problems.tolist()])
        return {"hidden": empty, "cell": empty.clone(), "strings": strings, "step": torch.zeros_like(problems)}

    def advance(self, state: State, theta: Tensor) -> tuple[State, Tensor]:
        """See :class:`~hypersvg.maths.estimators.unrolls.InnerProblem`."""
        step, strings = int(state["step"][0]), state["strings"]
        reading = step < self.bits
        symbol = strings[:, :, step] if reading else torch.full_like(strings[:, :, 0], SYMBOLS - 1)
        hidden, cell, logit = self.cell_step(theta, symbol, state["hidden"], state["cell"])
        following = {"hidden": hidden, "cell": cell, "strings": strings, "step": state["step"] + 1}
        if reading:
            return following, 0 * theta[:, 0]  # nothing is owed to θ, which backpropagation must be able to tell
        bit = strings[:, :, step - self.bits].to(logit.dtype)
        return following, functional.binary_cross_entropy_with_logits(logit, bit, reduction="none").mean(dim=1)

    def cell_step(self, theta: Tensor, symbol: Tensor, hidden: Tensor, cell: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """New hidden and cell states ``[particles, strings, H]`` and the read-out's logit ``[particles, strings]``."""
        cuts = [0, *torch.tensor(self.sizes).cumsum(0).tolist()]
        into, across, bias, out, shift = (theta[:, first:last] for first, last in pairwise(cuts))
        particles, width = len(theta), self.hidden
        chosen = into.view(particles, SYMBOLS, 4 * width).gather(1, symbol.unsqueeze(2).expand(-1, -1, 4 * width))
        gates = chosen + torch.bmm(hidden, across.view(particles, width, 4 * width)) + bias.unsqueeze(1)
        entry, forget, proposal, exit_ = gates.chunk(4, dim=2)
        cell = forget.sigmoid() * cell + entry.sigmoid() * proposal.tanh()
        hidden = exit_.sigmoid() * cell.tanh()
        return hidden, cell, torch.bmm(hidden, out.unsqueeze(2)).squeeze(2) + shift
