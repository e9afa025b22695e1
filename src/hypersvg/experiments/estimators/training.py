"""What the stages that tune a training on MNIST share: the inner problem, the estimators, budgets, the objective."""

import torch
from torch import Tensor

from hypersvg.experiments.common import resolved_device
from hypersvg.experiments.estimators.outer import Contender, Evaluate
from hypersvg.experiments.job import Job
from hypersvg.images import load_images
from hypersvg.maths.estimators.differentiation import Backpropagation
from hypersvg.maths.estimators.evolution import Evolution, TruncatedEvolution
from hypersvg.maths.estimators.unrolls import GradientEstimator, Windows
from hypersvg.maths.network import Network
from hypersvg.maths.random import seed_of
from hypersvg.settings.estimators_training import OuterDescent
from hypersvg.tasks.classification import Classification
from hypersvg.tasks.unrolled import MiniBatches, Schedule, UnrolledTraining

NAMES = ("log_rate", "log_decay")
"""Outer parameters of a schedule: natural logarithms of the (initial) rate and of the decay's exponent."""


def classification(job: Job) -> Classification:
    """The slides' perceptron at the job's widths, on the job's images with pixels in [0, 1]."""
    settings, device = job.settings, resolved_device(job.settings)
    images = load_images(job.images_file, "unit", device, settings.data.validation)
    network = Network((images.train.images.shape[1], *settings.unrolled.hidden, 10), "relu", "he_uniform")
    return Classification(network, images, settings.unrolled.batch_size, settings.data.curve_images, device)


def tuned(task: Classification, seed: int, schedule: Schedule, length: int) -> UnrolledTraining:
    """The inner problems of a seed, the same for every estimator."""
    return UnrolledTraining(MiniBatches(task, seed_of(seed, "tuned")), schedule, length)


def judged_on(task: Classification, seed: int, schedule: Schedule, length: int) -> UnrolledTraining:
    """The inner problems of a seed that no estimator has seen."""
    return UnrolledTraining(MiniBatches(task, seed_of(seed, "judged")), schedule, length)


def estimator(name: str, problem: UnrolledTraining, budget: OuterDescent, truncation: int) -> GradientEstimator:
    """An estimator of the mean loss's gradient; all its particles are in one inner problem.

    Who differentiates has none to perturb: each of as many particles has an inner problem of its own.
    """
    pairs, sigma = budget.pairs, budget.sigma
    if name == "es":
        return TruncatedEvolution(problem, pairs, sigma, truncation, objective="mean", shared=True)
    if name in ("tbptt", "one_step"):
        return Backpropagation(problem, truncation, "mean", 2 * pairs)
    whole = None if name == "full_es" else truncation
    return Evolution(problem, pairs, sigma, whole, 1 if name == "pes" else None, "mean", shared=True)


def updates_within(name: str, budget: OuterDescent, truncation: int) -> int:
    """How many updates the budget of inner steps pays for, at least one; truncated ES also pays its mean run."""
    particles = 2 * budget.pairs + (name == "es")
    return max(1, budget.inner_steps // (particles * (budget.length if name == "full_es" else truncation)))


def contender(
    name: str,
    problem: UnrolledTraining,
    budget: OuterDescent,
    start: tuple[float, ...],
    setting: str = "-",
    truncation: int | None = None,
    rate: str = "",
) -> Contender:
    """One line of a figure, descending with Adam at the learning rate that ``rate`` (``name``) has in the settings."""
    window = truncation or budget.truncation
    updates = updates_within(name, budget, window)
    return Contender(
        name,
        estimator(name, problem, budget, window),
        torch.tensor(start, dtype=torch.float64),
        updates,
        budget.learning_rates[rate or name],
        "adam",
        setting,
        NAMES[: len(start)],
    )


def objective(problem: UnrolledTraining, count: int) -> Evaluate:
    """Mean training loss [nats] over all steps of ``count`` inner problems under θ itself; see :func:`judged_on`."""
    windows = Windows(problem, None, "mean")

    @torch.no_grad()
    def mean_loss(theta: Tensor) -> float:
        begun = windows.begin(0, count)
        return float(windows.run(begun.state, begun.paid, theta.expand(count, -1), problem.length or 0)[1].mean())

    return mean_loss


@torch.no_grad()
def objectives(problem: UnrolledTraining, count: int, thetas: Tensor) -> Tensor:
    """:func:`objective` at many ``thetas [n, P]`` side by side, ``[n]``."""
    windows, total = Windows(problem, None, "mean", shared=True), torch.zeros(len(thetas), dtype=torch.float64)
    for number in range(count):
        begun = windows.begin(number, len(thetas))
        total += windows.run(begun.state, begun.paid, thetas, problem.length or 0)[1].cpu()
    return total / count
