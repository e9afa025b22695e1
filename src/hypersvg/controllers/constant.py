"""Fixed learning rates: grid search, random search, Bayesian optimization and the bandits after their warm-up."""

from dataclasses import dataclass

from torch import Tensor

from hypersvg.maths.resume import State
from hypersvg.training import Transition


@dataclass(frozen=True)
class Constant:
    """The same ``rate [runs]`` at every step."""

    rate: Tensor

    def rates(self, step: int, parameters: Tensor) -> Tensor:
        """See :class:`hypersvg.training.Controller`."""
        return self.rate

    def observe(self, transition: Transition) -> None:
        """Nothing to learn."""

    def state(self) -> State:
        """Nothing changes."""
        return {}

    def load(self, state: State) -> None:
        """Nothing to go on from."""
