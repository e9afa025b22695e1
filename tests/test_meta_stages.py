"""Learned optimizer and many hyperparameters as stages: starts, prices and judges that contenders have in common."""

from dataclasses import replace
from typing import cast

import numpy as np
import pandas as pd
import pytest
import torch
from test_training import task

from hypersvg.claims.metrics.estimators import log_progress, log_ratio_to_best_rate
from hypersvg.exhibits.estimators.learned import sigma_of
from hypersvg.experiments.estimators import learned, many, smoothing
from hypersvg.experiments.estimators.pooled import pooled, unroll_losses
from hypersvg.experiments.job import Job
from hypersvg.images import Images, Split
from hypersvg.maths.network import Network
from hypersvg.maths.random import torch_generator
from hypersvg.reading.results import Levels, Results
from hypersvg.settings import Settings
from hypersvg.settings.overlay import validated
from hypersvg.tasks.classification import Classification
from hypersvg.tasks.learned_optimizer import STEP, LearnedOptimizer
from hypersvg.tasks.many_hyperparameters import ManyHyperparameters
from hypersvg.tasks.unrolled import ConstantRate, MiniBatches, UnrolledTraining

SMALL = validated(
    {
        "learned": {"inner_steps": 400, "length": 8, "truncation": 2, "pairs": 2, "optimizer_width": 4, "problems": 3},
        "many": {"inner_steps": 400, "length": 8, "truncation": 2, "pairs": 2, "width": 4, "problems": 2},
    }
)


@pytest.fixture
def job(tmp_path: object) -> Job:
    return Job(SMALL, "all", (0,), tmp_path)  # type: ignore[arg-type]


def five_layers() -> Classification:
    return replace(task(dtype=torch.float32), network=Network((20, 4, 4, 4, 4, 4, 10), activation="relu"))


def test_pooling_averages_squares_of_pixels() -> None:
    image = torch.rand(3, 784, generator=torch_generator(0))
    small = pooled(image, 4).view(3, 7, 7)
    square = image.view(3, 28, 28)[1, 8:12, 20:24]
    assert float(small[1, 2, 5]) == pytest.approx(float(square.mean()), rel=1e-6)
    assert torch.equal(pooled(image, 1), image)


def test_candidates_judged_together_are_worth_what_they_are_alone() -> None:
    problem = UnrolledTraining(MiniBatches(task(), 3), ConstantRate(), 6)
    rates = torch.tensor([[0.3], [0.01], [0.05]], dtype=torch.float64).log()
    together = unroll_losses(problem, rates, 2)
    alone = torch.cat([unroll_losses(problem, row.unsqueeze(0), 2) for row in rates])
    assert torch.allclose(together, alone, rtol=1e-12)


def test_the_objective_is_the_mean_loss_of_whole_unrolls_over_problems_and_steps() -> None:
    problem = UnrolledTraining(MiniBatches(task(), 3), ConstantRate(), 5)
    theta = torch.tensor([[-3.0]], dtype=torch.float64)
    losses = []
    for number in range(3):
        state = problem.start(torch.tensor([number]))
        for _ in range(5):
            state, loss = problem.advance(state, theta)
            losses.append(float(loss))
    assert float(unroll_losses(problem, theta, 3)) == pytest.approx(np.mean(losses), rel=1e-12)


def test_nobody_is_judged_on_a_problem_that_it_learned_on() -> None:
    learning, judging = learned.learning(task(), 0), learned.judging(task(), 0)
    first = learning.start(torch.arange(5))["parameters"]
    second = judging.start(torch.arange(5))["parameters"]
    assert not (first.unsqueeze(1) == second.unsqueeze(0)).all(dim=2).any()


@pytest.mark.parametrize("stage", ["learned", "many"])
def test_contenders_start_together_and_spend_as_many_inner_steps(job: Job, stage: str) -> None:
    inner = five_layers() if stage == "many" else task(dtype=torch.float32)
    found = {"learned": learned.contenders, "many": many.contenders}[stage](job, inner, 0)
    budget = getattr(SMALL, stage).inner_steps
    for contender in found:
        carried, spent = contender.estimator.begin(), 0
        estimate, _ = contender.estimator.estimate(carried, contender.theta, torch_generator(0))
        spent = estimate.inner_steps * contender.updates
        assert budget - estimate.inner_steps < spent <= budget
        assert torch.equal(contender.theta, found[0].theta)


def test_a_learned_optimizer_without_weights_leaves_the_network_alone_and_a_bias_moves_it_by_its_step() -> None:
    problem = LearnedOptimizer(MiniBatches(task(), 0), 4, hidden=3)
    theta = torch.zeros(2, problem.parameters, dtype=torch.float64)
    theta[1, -2] = 1.0
    before = problem.start(torch.tensor([0, 0]))
    after, _ = problem.advance(before, theta)
    assert torch.equal(after["parameters"][0], before["parameters"][0])
    moved = before["parameters"][1] - after["parameters"][1]
    assert torch.allclose(moved, torch.full_like(moved, STEP), rtol=1e-9)


def test_constant_rates_are_judged_on_the_problems_of_the_learned_optimizer(job: Job) -> None:
    inner, settings = task(dtype=torch.float32), SMALL.learned
    rows = learned.constant_rates(job, inner, 0, "adam")
    assert [row["rate"] for row in rows] == settings.constant_rates
    problem = UnrolledTraining(learned.judging(inner, 0), ConstantRate(), settings.length, "adam")
    alone = unroll_losses(problem, torch.tensor([[settings.constant_rates[2]]]).log(), settings.problems)
    assert rows[2]["objective"] == pytest.approx(float(alone), rel=1e-5)


def test_the_smallest_perturbation_is_lost_neither_in_single_nor_in_double_precision(job: Job) -> None:
    tasks = {kind: task(dtype=kind) for kind in (torch.float32, torch.float64)}
    found = {each.setting: each for each in smoothing.contenders(job, tasks, 0, 2)}
    assert len(found) == len(smoothing.SIGMAS) + 1
    for setting, dtype in ((smoothing.label(1e-6), torch.float32), (smoothing.DOUBLE, torch.float64)):
        contender = found[setting]
        carried = contender.estimator.begin()
        estimate, following = contender.estimator.estimate(carried, contender.theta, torch_generator(0))
        epsilon = following.memory["epsilon"]
        assert contender.theta.dtype == following.state["parameters"].dtype == dtype
        assert bool((contender.theta + epsilon != contender.theta - epsilon).float().mean() > 0.9)
        assert bool(estimate.gradient.any())


def test_every_hyperparameter_has_a_name_and_search_draws_it_from_its_range(job: Job) -> None:
    problem = ManyHyperparameters(MiniBatches(five_layers(), 0), 4)
    assert len(many.names()) == len(set(many.names())) == problem.parameters == 29
    drawn, settings = many.draws(job, 500, 0, problem), Settings().many
    rates, logits = drawn[:, :12] / np.log(10), drawn[:, 12:]
    for part, (low, high) in ((rates, settings.search_log10_rate), (logits, settings.search_logit)):
        assert low <= float(part.min()) < low + 0.02 * (high - low)
        assert high - 0.02 * (high - low) < float(part.max()) <= high + 1e-5


def test_random_search_keeps_its_best_and_pays_for_whole_unrolls(job: Job) -> None:
    inner, settings = five_layers(), SMALL.many
    frame = many.random_search(job, inner, 0)
    price = settings.problems * settings.length
    assert frame.inner_steps.tolist() == [price * (draw + 1) for draw in range(settings.inner_steps // price)]
    assert frame.objective.is_monotonic_decreasing
    problem = ManyHyperparameters(many.judging(inner, 0), settings.length)
    thetas = many.draws(job, len(frame), 0, problem)
    alone = [float(unroll_losses(problem, theta.unsqueeze(0), settings.problems)) for theta in thetas]
    assert frame.objective.iloc[-1] == pytest.approx(min(alone), rel=1e-5)


def test_images_are_pooled_in_every_split(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    from hypersvg.experiments.estimators import pooled as module

    split = Split(torch.rand(4, 784), torch.zeros(4, dtype=torch.int64))
    monkeypatch.setattr(module, "load_images", lambda path, validation: Images(split, split, split, "mnist"))
    found = module.pooled_images(replace(job, images=job.folder), 7, torch.float64)
    assert {part.images.shape for part in (found.train, found.validation, found.test)} == {(4, 16)}
    assert found.train.images.dtype == torch.float64


def test_figures_read_every_perturbation_from_its_label() -> None:
    assert [sigma_of(smoothing.label(sigma)) for sigma in smoothing.SIGMAS] == list(smoothing.SIGMAS)
    assert sigma_of(smoothing.DOUBLE) == smoothing.SIGMAS[0]


def test_a_learned_optimizer_is_compared_with_the_best_rate_of_the_same_seed() -> None:
    curves = pd.DataFrame({"seed": [0, 0, 1, 1], "update": [0, 3, 0, 3], "objective": [4.0, 2.0, 4.0, 1.0]})
    rates = pd.DataFrame({"seed": [0, 0, 1, 1], "rate": [0.1, 1.0] * 2, "objective": [0.2, 5.0, 7.0, 1.0]})
    tables = {"learned_curves": curves, "learned_rates": rates}

    class Run:
        seeds = (0, 1)

        def complete(self, name: str, levels: Levels) -> pd.DataFrame:
            frame = tables[name]
            return frame[frame["update"].isin(levels["update"])] if "update" in levels else frame

    run = cast(Results, Run())
    assert log_ratio_to_best_rate(run, "learned", "es_single", "adam").data.tolist() == pytest.approx([1.0, 0.0])
    assert log_progress(run, "learned", "es_single").data.tolist() == pytest.approx(np.log10([0.5, 0.25]).tolist())
