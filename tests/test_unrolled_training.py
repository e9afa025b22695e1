"""Training as an inner problem: torch.optim's steps, differentiable through them, and finite when it diverges."""

import math

import pytest
import torch
from test_training import task
from torch import Tensor, nn

from hypersvg.maths.estimators.differentiation import Backpropagation
from hypersvg.maths.estimators.evolution import pes
from hypersvg.maths.random import torch_generator
from hypersvg.tasks.learned_optimizer import DECAYS, TIMES, LearnedOptimizer
from hypersvg.tasks.unrolled import LOSS_CEILING, ConstantRate, InverseTimeDecay, MiniBatches, Rule, UnrolledTraining

P64 = torch.float64


def unrolled(rule: Rule = "momentum", length: int | None = 6, schedule: object = None) -> UnrolledTraining:
    return UnrolledTraining(MiniBatches(task(), 3), schedule or ConstantRate(), length, rule)  # type: ignore[arg-type]


@pytest.mark.parametrize("rule", ["momentum", "adam"])
def test_the_steps_are_those_of_torch_optim(rule: Rule) -> None:
    problem, rate, numbers = unrolled(rule), 0.05, torch.tensor([4])
    state = problem.start(numbers)
    weights = nn.Parameter(state["parameters"][0].clone())
    optimizer = (
        torch.optim.SGD([weights], rate, momentum=0.9) if rule == "momentum" else torch.optim.Adam([weights], rate)
    )
    for step in range(20):
        optimizer.zero_grad()
        problem.data.task.loss(weights.unsqueeze(0), problem.data.batch(numbers, step)).sum().backward()
        optimizer.step()
        state, loss = problem.advance(state, torch.full((1, 1), math.log(rate), dtype=P64))
    assert torch.allclose(state["parameters"][0], weights.detach(), rtol=1e-9, atol=1e-12)
    assert float(loss) == pytest.approx(
        float(problem.data.task.loss(weights.unsqueeze(0), problem.data.batch(numbers, 20)).detach())
    )


@pytest.mark.parametrize("rule", ["momentum", "adam"])
@pytest.mark.parametrize("schedule", [ConstantRate(), InverseTimeDecay(3.0)], ids=["constant", "decay"])
def test_the_gradient_through_the_optimizer_is_that_of_finite_differences(rule: Rule, schedule: object) -> None:
    problem = unrolled(rule, 6, schedule)
    theta = torch.tensor([-3.0, 0.2], dtype=P64)[: problem.parameters]
    estimator = Backpropagation(problem, None)
    gradient = estimator.estimate(estimator.begin(), theta)[0].gradient

    def value(theta: Tensor) -> float:
        return float(estimator.estimate(estimator.begin(), theta)[0].loss)

    for number in range(len(theta)):
        shift = torch.zeros_like(theta)
        shift[number] = 1e-5
        expected = (value(theta + shift) - value(theta - shift)) / 2e-5
        assert float(gradient[number]) == pytest.approx(expected, rel=1e-6)


def test_a_window_of_one_step_gives_the_hypergradient_of_gradient_descent() -> None:
    """Baydin et al. 2018: −lr · ∇f_{t+1}(s_{t+1}) · v_t for θ = log lr, with the momentum's v_t as direction."""
    problem, theta = unrolled(), torch.tensor([-3.0], dtype=P64)
    estimator = Backpropagation(problem, 1)
    carried = estimator.begin()
    for _ in range(3):
        estimate, carried = estimator.estimate(carried, theta)
        direction, fresh = carried.state["velocity"], carried.state["gradient"]
        expected = -math.exp(-3) * float((fresh * direction).sum())
        assert float(estimate.gradient) == pytest.approx(expected, rel=1e-10)


def test_the_decay_is_the_slides() -> None:
    theta = torch.tensor([[-1.0, 0.5]], dtype=P64)
    for step in (0, 10, 5000):
        expected = math.exp(-1) / (1 + step / 5000) ** math.exp(0.5)
        assert float(InverseTimeDecay().rate(theta, step)) == pytest.approx(expected, rel=1e-12)


def test_an_inner_problem_is_fixed_by_its_number() -> None:
    one, other = unrolled(), unrolled()
    first = one.start(torch.tensor([1, 1, 2, 2]))
    assert torch.equal(first["parameters"][2:], other.start(torch.tensor([2, 2]))["parameters"])
    assert torch.equal(first["parameters"][0], first["parameters"][1])
    assert not torch.equal(first["parameters"][1], first["parameters"][2])
    assert torch.equal(
        one.data.batch(torch.tensor([1, 2]), 5).labels[1], other.data.batch(torch.tensor([2]), 5).labels[0]
    )


def test_an_epoch_shows_every_image_once_and_the_next_in_another_order() -> None:
    problem, numbers = unrolled(), torch.tensor([7])
    images, size = problem.data.task.images.train.images, problem.data.task.batch_size
    steps = len(images) // size
    first, second = (
        torch.cat([problem.data.batch(numbers, step).images[0] for step in range(start, start + steps)])
        for start in (0, steps)
    )
    assert len(first.unique(dim=0)) == steps * size
    assert not torch.equal(first, second)


def test_unequal_shares_of_inner_problems_are_refused() -> None:
    with pytest.raises(ValueError, match="as many particles as the others"):
        unrolled().data.batch(torch.tensor([1, 1, 2]), 0)


def test_a_particle_that_diverges_pays_the_ceiling_and_leaves_the_others_alone() -> None:
    problem = unrolled(length=None)
    both, alone = problem.start(torch.tensor([1, 1])), problem.start(torch.tensor([1]))
    theta = torch.tensor([[700.0], [-3.0]], dtype=P64)
    for _ in range(4):
        both, loss = problem.advance(both, theta)
        alone, lone = problem.advance(alone, theta[1:])
    assert float(loss[0]) == LOSS_CEILING
    assert bool(both["parameters"].isfinite().all())
    assert float(loss[1]) == pytest.approx(float(lone), rel=1e-12)


def test_a_learned_optimizer_takes_the_perceptrons_step_and_is_differentiable() -> None:
    problem = LearnedOptimizer(MiniBatches(task(), 3), 4, hidden=3)
    theta = problem.initial(torch_generator(0)).to(P64)
    state = problem.start(torch.tensor([0]))
    values = {"value": state["parameters"][0], "gradient": state["gradient"][0]}
    values |= {f"mean {decay}": (1 - decay) * state["gradient"][0] for decay in DECAYS}
    first = [value[:160] / (value[:160].square().mean() + 1e-10).sqrt() for value in values.values()]
    place = 17  # a weight of the first layer, whose tensor has 20 x 8 entries
    seen = torch.cat([torch.stack([value[place] for value in first]), torch.tanh(-torch.ones(len(TIMES), dtype=P64))])
    layers, cut = [], 0
    for before, after in ((len(seen), 3), (3, 3), (3, 2)):
        layers.append((theta[cut : cut + before * after].view(before, after), theta[cut + before * after :][:after]))
        cut += (before + 1) * after
    assert cut == problem.parameters
    for number, (weight, bias) in enumerate(layers):
        seen = (seen.relu() if number else seen) @ weight + bias
    moved = problem.advance(state, theta.unsqueeze(0))[0]["parameters"][0, place] - state["parameters"][0, place]
    assert float(moved) == pytest.approx(-1e-3 * float(seen[0]) * math.exp(1e-3 * float(seen[1])), rel=1e-9)
    estimator = Backpropagation(problem, None)
    gradient = estimator.estimate(estimator.begin(), theta)[0].gradient
    shift = torch.zeros_like(theta)
    shift[-1] = 1e-3
    values_there = [float(estimator.estimate(estimator.begin(), theta + sign * shift)[0].loss) for sign in (1, -1)]
    assert float(gradient[-1]) == pytest.approx((values_there[0] - values_there[1]) / 2e-3, rel=1e-4, abs=1e-9)


def test_estimates_of_a_training_are_deterministic_and_finite() -> None:
    found = []
    for _ in range(2):
        problem, theta, generator = unrolled(schedule=InverseTimeDecay()), torch.tensor([-2.0, 0.0]), torch_generator(1)
        estimator = pes(problem, 4, 0.3, 2)
        carried, gradients = estimator.begin(), []
        for _ in range(5):
            estimate, carried = estimator.estimate(carried, theta, generator)
            gradients.append(estimate.gradient)
        found.append(torch.stack(gradients))
    assert torch.equal(found[0], found[1])
    assert bool(found[0].isfinite().all())
