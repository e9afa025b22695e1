"""Tuning the L2 penalty of a linear regression that gradient descent fits (Vicol 2023, "UCI regression").

The outer parameter is the logarithm of the penalty; what counts is the validation error after the last step, which the
objective ``final`` telescopes. The slides' UCI sets are not at hand: scikit-learn's regression sets stand in.
"""

from dataclasses import dataclass

import numpy as np
import torch
from sklearn.datasets import load_diabetes
from sklearn.preprocessing import PolynomialFeatures, StandardScaler
from torch import Tensor

from hypersvg.maths.estimators.unrolls import State
from hypersvg.maths.random import numpy_generator, seed_of, torch_generator


@dataclass(frozen=True)
class Regression:
    """Features ``[rows, D]`` and targets ``[rows]`` for training and validation, standardised by the training rows."""

    train: tuple[Tensor, Tensor]
    validation: tuple[Tensor, Tensor]


def diabetes(seed: int, share: float = 0.25, degree: int = 2, dtype: torch.dtype = torch.float32) -> Regression:
    """scikit-learn's diabetes set (Efron et al. 2004) with polynomial features, ``share`` of it for training.

    Few rows and many features, so that the penalty matters: 110 rows and 65 features at the defaults.
    """
    features, targets = load_diabetes(return_X_y=True)
    features = PolynomialFeatures(degree, include_bias=False).fit_transform(features)
    order = numpy_generator(seed, "diabetes").permutation(len(targets))
    cut = int(share * len(targets))
    train, validation = order[:cut], order[cut:]
    scaler = StandardScaler().fit(features[train])
    mean, spread = targets[train].mean(), targets[train].std()

    def part(rows: np.ndarray) -> tuple[Tensor, Tensor]:
        return (
            torch.as_tensor(scaler.transform(features[rows]), dtype=dtype),
            torch.as_tensor((targets[rows] - mean) / spread, dtype=dtype),
        )

    return Regression(part(train), part(validation))


@dataclass(frozen=True)
class RidgePenalty:
    """Gradient descent on mean squared error + e^θ ‖w‖² for ``length`` steps; what is paid is the validation error.

    Weights start at N(0, ``start``²), drawn from the inner problem's number. A step is plain gradient descent with
    ``rate`` divided by 1 + rate · e^θ, the penalty taken implicitly: it converges for every penalty (an explicit step
    diverges for large ones, which says nothing of the penalty).
    """

    data: Regression
    length: int | None
    seed: int
    rate: float = 0.05
    start_spread: float = 1.0
    parameters: int = 1

    def start(self, problems: Tensor) -> State:
        """Random weights ``[particles, D]``."""
        features = self.data.train[0]
        rows = {
            number: torch.randn(
                features.shape[1],
                generator=torch_generator(seed_of(self.seed, "ridge", number)),
                dtype=features.dtype,
            )
            for number in problems.tolist()
        }
        return {"weights": torch.stack([rows[number] for number in problems.tolist()]) * self.start_spread}

    def advance(self, state: State, theta: Tensor) -> tuple[State, Tensor]:
        """See :class:`~hypersvg.maths.estimators.unrolls.InnerProblem`."""
        features, targets = self.data.train
        error = state["weights"] @ features.T - targets
        slope = 2 / len(targets) * error @ features
        weights = (state["weights"] - self.rate * slope) / (1 + 2 * self.rate * theta[:, :1].exp())
        features, targets = self.data.validation
        return {"weights": weights}, (weights @ features.T - targets).square().mean(dim=1)
