"""Inner problems on small images, who descends on them, and what outer parameters are worth: for several stages."""

from dataclasses import replace

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from hypersvg.experiments.estimators.outer import Contender, Evaluate
from hypersvg.experiments.job import Job
from hypersvg.images import Images, Split, load_images
from hypersvg.maths.estimators.evolution import TruncatedEvolution, es_single, pes
from hypersvg.maths.estimators.unrolls import GradientEstimator, InnerProblem, Windows
from hypersvg.maths.network import Network
from hypersvg.maths.random import seed_of
from hypersvg.settings.estimators_meta import Learned, Many
from hypersvg.tasks.classification import Classification
from hypersvg.tasks.unrolled import MiniBatches

SIDE = 28
"""Pixels of a side of an image."""


def pooled(images: Tensor, factor: int) -> Tensor:
    """Images ``[count, 784]`` averaged over squares of ``factor`` pixels a side: ``[count, (28 / factor)²]``."""
    return avg_pool2d(images.view(-1, 1, SIDE, SIDE), factor).flatten(1)


def pooled_images(job: Job, factor: int, dtype: torch.dtype = torch.float32) -> Images:
    """The job's images, pooled, with pixels of ``dtype`` in [0, 1]."""
    images = load_images(job.images_file, validation=job.settings.data.validation)

    def small(split: Split) -> Split:
        return replace(split, images=pooled(split.images, factor).to(dtype))

    return Images(small(images.train), small(images.validation), small(images.test), images.source)


def classification(images: Images, hidden: tuple[int, ...], batch_size: int) -> Classification:
    """A perceptron of ReLU units on ``images``."""
    sizes = (images.train.images.shape[1], *hidden, 10)
    return Classification(Network(sizes, activation="relu"), images, batch_size, curve_images=1000)


def learning(task: Classification, seed: int) -> MiniBatches:
    """The inner problems of a seed that estimators learn on."""
    return MiniBatches(task, seed)


def judging(task: Classification, seed: int) -> MiniBatches:
    """The inner problems of a seed on which everyone is judged, and nobody learns."""
    return MiniBatches(task, seed_of(seed, "evaluation"))


@torch.no_grad()
def unroll_losses(problem: InnerProblem, thetas: Tensor, count: int) -> Tensor:
    """Mean loss ``[candidates]`` of full unrolls at every row of ``thetas [candidates, P]``, problems 0 … count − 1."""
    numbers = torch.arange(count).repeat_interleave(len(thetas))
    state = problem.start(numbers)
    paid = torch.zeros(len(numbers), dtype=state["parameters"].dtype)
    windows = Windows(problem, None, "mean")
    _, loss, _ = windows.run(state, paid, thetas.repeat(count, 1), problem.length or 1)
    return loss.view(count, -1).mean(dim=0)


def mean_unroll_loss(problem: InnerProblem, count: int) -> Evaluate:
    """The objective: :func:`unroll_losses` of one θ."""
    return lambda theta: float(unroll_losses(problem, theta.unsqueeze(0), count))


def evolutions(
    problem: InnerProblem, theta: Tensor, block: Learned | Many, names: tuple[str, ...] = ()
) -> list[Contender]:
    """Truncated ES, PES and ES-Single from ``theta``, each with its own learning rate and as many inner steps."""
    pairs, sigma, truncation = block.pairs, block.sigma, block.truncation
    found: list[tuple[str, GradientEstimator, int, float]] = [
        ("es", TruncatedEvolution(problem, pairs, sigma, truncation), 2 * pairs + 1, block.rate_es),
        ("pes", pes(problem, pairs, sigma, truncation), 2 * pairs, block.rate_pes),
        ("es_single", es_single(problem, pairs, sigma, truncation), 2 * pairs, block.rate_es_single),
    ]
    return [
        Contender(name, estimator, theta, block.inner_steps // (particles * truncation), rate, "adam", names=names)
        for name, estimator, particles, rate in found
    ]
