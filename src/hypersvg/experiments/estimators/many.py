"""Stage *many*: 29 continuous and discrete hyperparameters, tuned by ES, PES, ES-Single, random search (Vicol 2023)."""

import pandas as pd
import torch
from torch import Tensor

from hypersvg.experiments.estimators.outer import Contender, Evaluate, compete
from hypersvg.experiments.estimators.pooled import (
    classification,
    evolutions,
    judging,
    learning,
    mean_unroll_loss,
    pooled_images,
    unroll_losses,
)
from hypersvg.experiments.job import Job, Tables
from hypersvg.maths.random import torch_generator
from hypersvg.tasks.classification import Classification
from hypersvg.tasks.many_hyperparameters import ManyHyperparameters
from hypersvg.tasks.unrolled import MiniBatches

LAYERS = 5
"""Hidden layers (slides: a 5-layer perceptron, and 29 hyperparameters, which five hidden layers have)."""
DRAWS_AT_ONCE = 25
"""Draws of random search that are unrolled side by side."""


def run(job: Job) -> Tables:
    """``outer_curves`` and ``outer_parameters`` of every contender; random search has no parameters of its own."""
    many = job.settings.many
    images = pooled_images(job, many.pooling)
    task = classification(images, (many.width,) * LAYERS, many.batch_size)
    tables = compete(
        job, lambda seed: contenders(job, task, seed), lambda seed: judge(job, task, seed), many.evaluations
    )
    searches = [random_search(job, task, seed) for seed in job.seeds]
    curves = pd.concat([tables["outer_curves"], *searches], ignore_index=True)
    return {"outer_curves": curves, "outer_parameters": tables["outer_parameters"]}


def problem_of(job: Job, data: MiniBatches) -> ManyHyperparameters:
    """The inner problem on ``data``."""
    return ManyHyperparameters(data, job.settings.many.length)


def judge(job: Job, task: Classification, seed: int) -> Evaluate:
    """Mean loss of full unrolls on the inner problems that everyone is judged by."""
    return mean_unroll_loss(problem_of(job, judging(task, seed)), job.settings.many.problems)


def names() -> tuple[str, ...]:
    """What the 29 outer parameters are called, in their order."""
    tensors = [f"{kind} {layer}" for layer in range(1, LAYERS + 2) for kind in ("weight", "bias")]
    rates, momenta = ([f"{what} {tensor}" for tensor in tensors] for what in ("log rate", "logit momentum"))
    return (*rates, *momenta, *(f"logit units {layer}" for layer in range(1, LAYERS + 1)))


def contenders(job: Job, task: Classification, seed: int) -> list[Contender]:
    """The evolution strategies, from one start."""
    problem = problem_of(job, learning(task, seed))
    return evolutions(problem, problem.initial(), job.settings.many, names())


def draws(job: Job, count: int, seed: int, problem: ManyHyperparameters) -> Tensor:
    """θ of random search ``[count, 29]``: rates log-uniform, logits of momenta and of shares of units uniform."""
    many, rates = job.settings.many, len(problem.tensors)
    unit = torch.rand(count, problem.parameters, generator=torch_generator(seed, "random search"))
    (slow, fast), (low, high) = many.search_log10_rate, many.search_logit
    logarithms = (slow + (fast - slow) * unit[:, :rates]) * torch.log(torch.tensor(10.0))
    return torch.cat([logarithms, low + (high - low) * unit[:, rates:]], dim=1)


def random_search(job: Job, task: Classification, seed: int) -> pd.DataFrame:
    """Best objective so far after every draw; a draw is charged the full unrolls that judge it."""
    many, problem = job.settings.many, problem_of(job, judging(task, seed))
    price = many.problems * many.length
    thetas = draws(job, max(1, many.inner_steps // price), seed, problem)
    parts = torch.split(thetas, DRAWS_AT_ONCE)
    losses = torch.cat([unroll_losses(problem, part, many.problems) for part in parts])
    frame = pd.DataFrame({"update": range(1, len(losses) + 1), "objective": losses.double().cummin(dim=0).values})
    steps = frame["update"] * price
    return frame.assign(method="random_search", setting="-", seed=seed, inner_steps=steps, status="ok")
