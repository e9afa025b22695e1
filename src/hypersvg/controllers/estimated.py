"""Gradient estimators of unrolled training as choosers of the learning rate (Vicol 2023; the thesis has none of them).

The other way to a smoothed hypergradient: not through a learned model of the optimizer, but by unrolling the true one
under perturbed rates. A run's outer parameter is ln rate; the estimator trains copies of the inner problem of its own
(its particles), on initial parameters and minibatches that the run's seed fixes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor

from hypersvg.controllers.extension import Counted
from hypersvg.maths.estimators.descent import Descent
from hypersvg.maths.estimators.differentiation import Backpropagation
from hypersvg.maths.estimators.evolution import TruncatedEvolution, es_single, full_es, pes
from hypersvg.maths.estimators.unrolls import GradientEstimator, InnerProblem
from hypersvg.maths.random import seed_of, torch_generator
from hypersvg.maths.resume import State
from hypersvg.settings.estimators import Beyond
from hypersvg.tasks.base import Task
from hypersvg.tasks.classification import Classification
from hypersvg.tasks.unrolled import ConstantRate, MiniBatches, Rule, UnrolledTraining
from hypersvg.training import Transition

Estimator = Literal["es", "pes", "es_single", "full_es", "one_step", "k_step"]


def estimators(beyond: Beyond, whole: InnerProblem, short: InnerProblem) -> dict[Estimator, GradientEstimator]:
    """Every estimator by name; ``whole`` is unrolled in windows, ``short`` is what full ES unrolls at once."""
    pairs, sigma, unroll = beyond.pairs, beyond.sigma, beyond.truncation
    return {
        "es": TruncatedEvolution(whole, pairs, sigma, unroll, "perturbed", "mean"),
        "pes": pes(whole, pairs, sigma, unroll, "mean"),
        "es_single": es_single(whole, pairs, sigma, unroll, "mean"),
        "full_es": full_es(short, pairs, sigma, "mean"),
        "one_step": Backpropagation(whole, 1, "mean"),
        "k_step": Backpropagation(whole, beyond.backpropagated, "mean"),
    }


def unroll_of(beyond: Beyond, name: Estimator) -> tuple[int, int]:
    """Steps between two updates of an estimator, and the inner steps that one update is charged."""
    if name in ("one_step", "k_step"):
        steps = 1 if name == "one_step" else beyond.backpropagated
        return steps, steps
    steps = beyond.horizon if name == "full_es" else beyond.truncation
    return steps, 2 * beyond.pairs * steps


def classification(task: Task) -> Classification:
    """The classification task; raises ``ValueError`` for any other, a wrapped one with a loss of its own included.

    Particles draw its training minibatches by themselves; a task that only counts is looked behind.
    """
    while isinstance(task, Counted):
        task = task.task
    if not isinstance(task, Classification):
        raise ValueError(f"gradient estimators unroll the classification task alone, not a {type(task).__name__}")
    return task


def descents(
    task: Task, beyond: Beyond, name: Estimator, seeds: Sequence[int], starts: Tensor, rule: Rule, steps: int
) -> list[Descent]:
    """A descent in ln rate of every run, seed by seed; those of one seed share inner problems and perturbations.

    ``starts [group]`` are the starting rates; ``steps`` is the length of the whole inner problem.
    """
    inner, found = classification(task), []
    bounds = (float(torch.tensor(beyond.lowest).log()), float(torch.tensor(beyond.highest).log()))
    for seed in seeds:
        data = MiniBatches(inner, seed_of(seed, "particles"))
        whole, short = (UnrolledTraining(data, ConstantRate(), length, rule) for length in (steps, beyond.horizon))
        estimator = estimators(beyond, whole, short)[name]
        for start in starts:
            theta, generator = start.log().reshape(1), torch_generator(seed, "perturbations")
            found.append(Descent(estimator, theta, beyond.learning_rate, generator, "adam", bounds))
    return found


@dataclass
class Estimated:
    """The controller of ``len(seeds) × len(starts)`` runs: the particles train beside the main run, in step with it.

    When the main run has taken as many steps as a window has, the particles take that window, and the rate moves by one
    update of the outer optimizer. ``steps`` is the length of the main run and of the particles' inner problems.
    """

    task: Task
    settings: Beyond
    estimator: Estimator
    seeds: Sequence[int]
    starts: Tensor
    rule: Rule = "adam"
    steps: int = 100
    done: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self.descents = descents(
            self.task, self.settings, self.estimator, self.seeds, self.starts, self.rule, self.steps
        )
        self.window = unroll_of(self.settings, self.estimator)[0]

    @property
    def inner_steps(self) -> int:
        """Inner steps charged to one run so far: its own and its particles'."""
        return self.done + self.descents[0].inner_steps

    def rates(self, step: int, parameters: Tensor) -> Tensor:
        """See :class:`hypersvg.training.Controller`."""
        rates = torch.cat([descent.theta for descent in self.descents]).exp()
        return rates.clamp(self.settings.lowest, self.settings.highest).to(parameters.device)

    def observe(self, transition: Transition) -> None:
        """One update of every run's rate at the end of a window."""
        self.done += 1
        if self.done % self.window == 0:
            for descent in self.descents:
                descent.update()

    def state(self) -> State:
        """See :class:`hypersvg.maths.resume.Resumable`."""
        return {"done": self.done, "descents": [descent.state() for descent in self.descents]}

    def load(self, state: State) -> None:
        """See :class:`hypersvg.maths.resume.Resumable`."""
        self.done = state["done"]
        for descent, kept in zip(self.descents, state["descents"], strict=True):
            descent.load(kept)
