"""Stage *influence*: influence balancing (Vicol 2023, slides; Tallec & Ollivier 2017), K = 1 and no resets."""

import torch
from torch import Tensor

from hypersvg.experiments.estimators.outer import Contender, compete
from hypersvg.experiments.job import Job, Tables
from hypersvg.maths.estimators.differentiation import Backpropagation, ForwardMode
from hypersvg.maths.estimators.evolution import TruncatedEvolution, es_single, pes
from hypersvg.maths.estimators.influence import InfluenceBalancing
from hypersvg.maths.estimators.unrolls import GradientEstimator

START = 0.5
"""θ at the beginning."""


def run(job: Job) -> Tables:
    """Every estimator with few and with many particles, from θ = 0.5 by plain gradient descent."""
    points = job.settings.influence.points
    return compete(job, lambda seed: contenders(job), lambda seed: long_run_loss, points)


def long_run_loss(theta: Tensor) -> float:
    """The loss ½(6θ + 1)² of the fixed point that the state has under a constant θ; 0 at θ = −1/6."""
    return float(0.5 * (6 * theta[0] + 1).square())


def contenders(job: Job) -> list[Contender]:
    """Evolution strategies with every number of particles, and the exact gradients, which have none."""
    influence, problem = job.settings.influence, InfluenceBalancing()
    sigma = influence.sigma
    found = [
        contender(job, method, estimator, setting)
        for setting, pairs in (("few particles", influence.few_pairs), ("many particles", influence.many_pairs))
        for method, estimator in (
            ("es", TruncatedEvolution(problem, pairs, sigma, 1)),
            ("pes", pes(problem, pairs, sigma, 1)),
            ("es_single", es_single(problem, pairs, sigma, 1)),
        )
    ]
    exact = (("rtrl", ForwardMode(problem, 1)), ("tbptt", Backpropagation(problem, 1)))
    return [*found, *(contender(job, method, estimator, "-") for method, estimator in exact)]


def contender(job: Job, method: str, estimator: GradientEstimator, setting: str) -> Contender:
    """One line of the figure."""
    influence = job.settings.influence
    theta = torch.tensor([START], dtype=torch.float64)
    return Contender(
        method, estimator, theta, influence.updates, influence.learning_rate, setting=setting, names=("theta",)
    )
