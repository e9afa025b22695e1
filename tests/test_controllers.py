"""Every controller passes the conformance suite; what each one is there for, it does."""

import itertools
from typing import get_args

import pytest
import torch
from torch import Tensor

from hypersvg.conformance import controllers
from hypersvg.conformance.controllers import SEEDS, STARTS, STEPS, Make, trained
from hypersvg.conformance.controllers import small_task as task
from hypersvg.controllers.constant import Constant
from hypersvg.controllers.estimated import Estimated, Estimator
from hypersvg.controllers.fused import FusedUpdates
from hypersvg.controllers.hypersvg import Derivative, HyperSvg
from hypersvg.controllers.plain import PlainUpdates
from hypersvg.experiments.probes import InDouble
from hypersvg.maths.random import torch_generator
from hypersvg.maths.rank_one import RankOneAdam
from hypersvg.settings.estimators import Beyond
from hypersvg.settings.methods import Svg
from hypersvg.training import Curves, InnerTraining, Transition, train

SVG = Svg(width=4, policy_learning_rate=1e-3)
DERIVATIVES: list[Derivative] = ["surrogate", "frozen", "true", "none"]


HYPERSVG: dict[str, tuple[Derivative, dict[str, object]]] = {
    **{f"hypersvg_{name}": (name, {}) for name in DERIVATIVES},
    **{f"hypersvg_{name}": ("surrogate", {"surrogate": name}) for name in ("literal", "rate_scaled")},
    **{f"hypersvg_start_{name}": ("surrogate", {"start": name}) for name in ("step_0", "warm_up")},
    **{f"hypersvg_noise_{name}": ("surrogate", {"noise": name}) for name in ("policy_action", "none", "sampled")},
    **{f"hypersvg_unroll_{name}": ("surrogate", {"unroll": name}) for name in ("teacher_forced", "literal")},
    "hypersvg_log10_input": ("surrogate", {"rate_input": "log10"}),
    "hypersvg_printed_sign": ("surrogate", {"noise": "printed_sign"}),
    "hypersvg_horizon": ("surrogate", {"online_horizon": 3}),
    "hypersvg_no_action_in_the_model": ("surrogate", {"model_action": "none"}),
    "hypersvg_narrow_policy": ("surrogate", {"policy_width": 2, "adam_epsilon": 1e-16}),
    "hypersvg_softplus": ("surrogate", {"bijection": "softplus"}),
    "hypersvg_surrogate_first_same_batch": ("surrogate", {"update_first": "surrogate", "value_batch": "same"}),
}
PLAIN = {"unroll_literal", "horizon", "no_action_in_the_model", "surrogate_first_same_batch"}


def hypersvg(derivative: Derivative, **settings: object) -> Make:
    svg = SVG.model_copy(update=settings)
    return lambda inner, seeds, starts: HyperSvg(inner, svg, seeds, torch.tensor(starts), derivative)


def estimated(estimator: Estimator) -> Make:
    beyond = Beyond(truncation=2, backpropagated=2, horizon=4)
    return lambda inner, seeds, starts: Estimated(inner, beyond, estimator, seeds, torch.tensor(starts), steps=STEPS)


CONTROLLERS: dict[str, Make] = {
    "constant": lambda inner, seeds, starts: Constant(torch.tensor(starts).repeat(len(seeds))),
    **{name: hypersvg(derivative, **settings) for name, (derivative, settings) in HYPERSVG.items()},
    **{f"estimated_{name}": estimated(name) for name in get_args(Estimator)},
}
SHARED_DRAW = ("hypersvg_noise_sampled", "a_seed_does_not_depend_on_the_seeds_beside_it")
"""One draw of ξ serves all runs."""
PROMISES = [pair for pair in itertools.product(CONTROLLERS, controllers.CHECKS) if pair != SHARED_DRAW]


@pytest.mark.parametrize(("name", "check"), PROMISES, ids=map("-".join, PROMISES))
def test_every_controller_conforms(name: str, check: str) -> None:
    controllers.CHECKS[check](CONTROLLERS[name])


def test_a_policy_steers_by_its_derivative_and_an_untrained_one_stays() -> None:
    moved = {name: trained(hypersvg(name)).rate for name in DERIVATIVES}
    same_start = {tuple(rates[0].tolist()) for rates in moved.values()}
    assert len(same_start) == 1, "all arms start from the same policy"
    last = {tuple(rates[-1].tolist()) for rates in moved.values()}
    assert len(last) == len(DERIVATIVES), "and each learns through something else"


def test_true_derivative_raises_a_rate_that_is_far_too_small() -> None:
    inner = task()
    controller = HyperSvg(
        inner, SVG.model_copy(update={"policy_learning_rate": 1e-4}), [0], torch.tensor([1e-5]), "true"
    )
    rates = train(InnerTraining(inner, "adam", [0]), controller, 20).rate
    assert float(rates[-1]) > float(rates[0])


def test_the_surrogate_learns_the_transitions_it_sees() -> None:
    inner = task()
    controller = HyperSvg(inner, SVG, [0], torch.tensor([0.01]))
    transition = InnerTraining(inner, "adam", [0]).step(torch.tensor([0.01]))
    assert controller.surrogate is not None

    def error() -> float:
        before = transition.before.unsqueeze(1)
        predicted = controller.surrogate(before, transition.rate.unsqueeze(1))  # type: ignore[misc]
        return float((predicted.squeeze(1) - transition.after).square().mean().detach())

    first = error()
    for _ in range(200):
        controller.observe(transition)
    assert error() < 0.5 * first


def test_warm_up_mode_holds_the_starting_rate_and_step_0_gives_it_once() -> None:
    inner = task()
    svg = SVG.model_copy(update={"start": "warm_up"})
    controller = HyperSvg(inner, svg, [0], torch.tensor([0.1]), "none", warm_up=3)
    rates = train(InnerTraining(inner, "adam", [0]), controller, 5).rate[:, 0]
    assert torch.allclose(rates[:3], torch.tensor(0.1))
    assert float(rates[3]) < 0.05
    once = trained(hypersvg("none", start="step_0")).rate
    assert torch.allclose(once[0], torch.tensor(STARTS * 2))
    assert float(once[1, 0]) < 0.05


def steered(derivative: Derivative, **settings: object) -> HyperSvg:
    inner = task()
    controller = HyperSvg(inner, SVG.model_copy(update=settings), SEEDS, torch.tensor(STARTS), derivative)
    train(InnerTraining(inner, "adam", SEEDS, len(STARTS)), controller, STEPS)
    return controller


def test_the_true_derivative_learns_from_the_hypergradient_that_is_recorded_as_true() -> None:
    learned, true = torch.stack(steered("true").hypergradients).unbind(dim=1)
    assert learned.shape == (STEPS, len(SEEDS) * len(STARTS))
    assert torch.allclose(learned, true, rtol=1e-4, atol=1e-8)


def test_the_true_hypergradient_is_a_central_difference_of_the_step() -> None:
    inner, width = task(), 1e-2
    controller = HyperSvg(inner, SVG, [0], torch.tensor([0.01]), "true")
    batch = inner.batches([0], "value").next()
    training = InnerTraining(inner, "adam", [0])
    rate = controller.rates(0, training.parameters)
    controller.observe(training.step(rate))
    losses = []
    for factor in (1 + width, 1 - width):
        other = InnerTraining(inner, "adam", [0])
        losses.append(inner.loss(other.step(rate * factor).after, batch))
    slope = (losses[0] - losses[1]) / (2 * width)
    assert controller.hypergradients[0][1].item() == pytest.approx(slope.item(), rel=1e-3)


def test_a_surrogate_that_sees_no_action_keeps_its_rate_weight() -> None:
    blind, seeing = (steered("surrogate", model_action=name) for name in ("none", "recorded"))
    fresh = HyperSvg(task(), SVG, SEEDS, torch.tensor(STARTS), "surrogate")
    for controller, equal in ((blind, True), (seeing, False)):
        assert controller.surrogate is not None
        assert fresh.surrogate is not None
        assert torch.equal(controller.surrogate.rate_weight, fresh.surrogate.rate_weight) is equal


def test_a_horizon_of_one_is_the_last_transition_and_a_longer_one_another_gradient() -> None:
    one, three = steered("surrogate").hypergradients, steered("surrogate", online_horizon=3).hypergradients
    assert torch.equal(one[0], three[0])
    assert not torch.equal(one[3][0], three[3][0])


def in_double(name: str, fuse: bool, steps: int = STEPS) -> tuple[HyperSvg, Curves]:
    derivative, settings = HYPERSVG[name]
    inner, svg = InDouble(task(torch.float64)), SVG.model_copy(update=settings)
    starts = torch.tensor(STARTS, dtype=torch.float64)
    controller = HyperSvg(inner, svg, SEEDS, starts, derivative, warm_up=2, fuse=fuse)
    return controller, train(InnerTraining(inner, "adam", SEEDS, len(STARTS)), controller, steps)


@pytest.mark.parametrize("name", [name for name in HYPERSVG if name.removeprefix("hypersvg_") not in PLAIN])
def test_the_fused_updates_equal_the_plain_ones(name: str) -> None:
    (one, curves), (other, expected) = in_double(name, True), in_double(name, False)
    assert isinstance(one.update, FusedUpdates) == (one.derivative != "none")
    assert isinstance(other.update, PlainUpdates) == (one.derivative != "none")
    assert torch.allclose(curves.rate, expected.rate, rtol=1e-9)
    for weights, twins in ((one.policy, other.policy), (one.surrogate, other.surrogate)):
        for weight, twin in zip(weights.weights if weights else [], twins.weights if twins else [], strict=True):
            assert torch.allclose(weight, twin, rtol=1e-8, atol=1e-12)
    assert len(one.hypergradients) == len(other.hypergradients)
    for gradient, twin in zip(one.hypergradients, other.hypergradients, strict=True):
        assert torch.allclose(gradient, twin, rtol=1e-7, atol=1e-12)


@pytest.mark.parametrize("name", sorted(PLAIN))
def test_readings_that_the_fused_updates_do_not_know_keep_the_plain_ones(name: str) -> None:
    assert isinstance(in_double(f"hypersvg_{name}", True, 1)[0].update, PlainUpdates)


@pytest.mark.parametrize("derivative", ["surrogate", "frozen", "true"])
def test_rates_asked_for_elsewhere_do_not_disturb_the_steering(derivative: Derivative) -> None:
    inner, starts = task(), torch.tensor(STARTS)
    quiet, asked = (HyperSvg(inner, SVG, SEEDS, starts, derivative) for _ in range(2))

    def look(transition: Transition) -> None:
        asked.last_action(transition.before)

    one = train(InnerTraining(inner, "adam", SEEDS, len(STARTS)), quiet, STEPS)
    two = train(InnerTraining(inner, "adam", SEEDS, len(STARTS)), asked, STEPS, after_step=look)
    assert torch.allclose(one.rate, two.rate, rtol=1e-4)


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_rank_one_adam_is_adam_on_the_outer_product_whatever_the_threads(threads: int, dtype: torch.dtype) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        check_rank_one(dtype)
    finally:
        torch.set_num_threads(before)


def check_rank_one(dtype: torch.dtype) -> None:
    generator = torch_generator(0, "rank one")

    def drawn(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator, dtype=dtype)

    weight = drawn(3, 5, 67)
    twin, near = weight.clone().requires_grad_(True), torch.finfo(dtype).eps * 100
    fast, plain = RankOneAdam(weight, 1e-2, 1e-8), torch.optim.Adam([twin], lr=1e-2)
    for step in range(20):
        left, right, seen = drawn(3, 5) * 10.0 ** (step % 7 - 5), drawn(3, 67), drawn(3, 2, 67)
        old = torch.einsum("rhp,rkp->rkh", twin.detach(), seen)
        twin.grad = left.unsqueeze(2) * right.unsqueeze(1)
        plain.step()
        if step % 2:
            assert torch.allclose(fast.step_before(left, right, seen), old, rtol=near, atol=near)
        else:
            new = torch.einsum("rhp,rp->rh", twin.detach(), seen[:, 0])
            assert torch.allclose(fast.step_after(left, right, seen[:, 0].contiguous()), new, rtol=near, atol=near)
    assert torch.allclose(weight, twin.detach(), rtol=near, atol=near)
