"""SVG(∞) against central differences in float64, and the identities of noise inference."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from hypersvg.maths.network import Network
from hypersvg.maths.random import torch_generator
from hypersvg.maths.surrogate import Policy, RateInput, Surrogate, SurrogateForm
from hypersvg.maths.svg import Reading, one_step, squared_error, unrolled, with_inferred_noise

NETWORK = Network(sizes=(3, 4, 2), activation="elu")
P, HORIZON, BATCH, WIDTH = NETWORK.parameters, 3, 2, 5
FORMS: list[SurrogateForm] = ["literal", "residual", "rate_scaled"]


def models(form: SurrogateForm = "residual", rate_input: RateInput = "raw") -> tuple[Surrogate, Policy]:
    generators = [torch_generator(0, "test")]
    surrogate = Surrogate.create(form, rate_input, "he_uniform", P, WIDTH, generators, dtype=torch.float64)
    start = torch.tensor([0.05], dtype=torch.float64)
    return surrogate, Policy.create("exp", (1e-9, 1e3), start, P, WIDTH, generators)


def recorded() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    generator = torch_generator(1, "test")
    states = torch.randn(1, BATCH, HORIZON + 1, P, generator=generator, dtype=torch.float64) * 0.3
    rates = 10 ** (-2 * torch.rand(1, BATCH, HORIZON, generator=generator, dtype=torch.float64))
    images = torch.randn(1, 6, 3, generator=generator, dtype=torch.float64)
    labels = torch.randint(2, (1, 6), generator=generator)
    return states, rates, images, labels


def value(final: Tensor, images: Tensor, labels: Tensor) -> Tensor:
    return NETWORK.loss(final.flatten(0, 1), images, labels).mean()


def frozen_noise_value(surrogate: Surrogate, policy: Policy, reading: Reading) -> Callable[[], float]:
    """v_T by a plain loop over the models' present weights, every ξ a number inferred once, now."""
    states, rates, images, labels = recorded()
    noises: list[Tensor] = []

    def rollout() -> Tensor:
        state = states[:, :, 0]
        action = policy(state)
        for step in range(HORIZON):
            if reading.unroll == "teacher_forced":
                state = states[:, :, step]
            if step and reading.actions == "every_step":
                action = policy(state)
            if len(noises) <= step:
                recorded_action = reading.noise == "recorded_action"
                at = (states[:, :, step], rates[:, :, step]) if recorded_action else (state, action)
                noises.append(inferred_noise(states[:, :, step + 1], surrogate(*at), reading.sigma))
            state = surrogate(state, action) + reading.sigma * noises[step]
        return state

    def function() -> float:
        with torch.no_grad():
            return float(value(rollout(), images, labels))

    function()
    return function


def inferred_noise(following: Tensor, prediction: Tensor, sigma: float) -> Tensor:
    """ξ of Algorithm 4."""
    return ((following - prediction) / sigma).detach()


def svg_value(surrogate: Surrogate, policy: Policy, reading: Reading) -> Tensor:
    states, rates, images, labels = recorded()
    return value(unrolled(surrogate, policy, states, rates, reading)[0][-1], images, labels)


def central_differences(function: Callable[[], float], weight: Tensor, step: float = 1e-5) -> Tensor:
    flat, gradient = weight.data.view(-1), torch.zeros(weight.numel(), dtype=torch.float64)
    for index in range(len(flat)):
        kept = float(flat[index])
        flat[index] = kept + step
        above = function()
        flat[index] = kept - step
        gradient[index] = (above - function()) / (2 * step)
        flat[index] = kept
    return gradient.view(weight.shape)


def assert_close(gradient: Tensor, truth: Tensor) -> None:
    assert float(truth.norm()) > 0
    assert float((gradient - truth).norm() / truth.norm()) < 1e-6


READINGS = [
    Reading(),
    Reading(actions="every_step"),
    Reading(noise="policy_action"),
    Reading(noise="policy_action", actions="every_step"),
    Reading(unroll="teacher_forced"),
    Reading(unroll="teacher_forced", noise="policy_action"),
]


@pytest.mark.parametrize(("form", "rate_input"), [*((form, "raw") for form in FORMS), ("residual", "log10")])
@pytest.mark.parametrize("reading", READINGS, ids=str)
def test_policy_and_model_gradients_equal_central_differences_with_frozen_noise(
    form: SurrogateForm, rate_input: RateInput, reading: Reading
) -> None:
    surrogate, policy = models(form, rate_input)
    function = frozen_noise_value(surrogate, policy, reading)
    weights = [policy.output_weight, policy.hidden_bias, policy.input_weight, surrogate.output_weight]
    gradients = torch.autograd.grad(svg_value(surrogate, policy, reading), weights)
    for weight, gradient in zip(weights, gradients, strict=True):
        assert_close(gradient, central_differences(function, weight))


@pytest.mark.parametrize("form", FORMS)
def test_model_loss_gradient_equals_central_differences(form: SurrogateForm) -> None:
    surrogate, _ = models(form)
    states, rates, *_ = recorded()

    def loss() -> Tensor:
        return squared_error(one_step(surrogate, states, rates), states).sum()

    gradients = torch.autograd.grad(loss(), [surrogate.output_bias, surrogate.input_weight])
    for weight, gradient in zip([surrogate.output_bias, surrogate.input_weight], gradients, strict=True):
        assert_close(gradient, central_differences(lambda: float(loss().detach()), weight))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_noise_inference_returns_the_recorded_next_state_to_the_bit(dtype: torch.dtype) -> None:
    generator = torch_generator(2, "bits")
    following = torch.randn(1000, generator=generator, dtype=dtype)
    prediction = torch.randn(1000, generator=generator, dtype=dtype).requires_grad_(True)
    assert torch.equal(with_inferred_noise(following, prediction, prediction), following)


def test_chain_under_noise_inferred_at_the_policys_action_reproduces_the_trajectory_to_the_bit() -> None:
    surrogate, policy = models()
    states, rates, *_ = recorded()
    reached, _ = unrolled(surrogate, policy, states, rates, Reading(noise="policy_action", actions="every_step"))
    assert torch.equal(reached[-1], states[:, :, -1])


@pytest.mark.parametrize("reading", READINGS, ids=str)
def test_sigma_cancels_in_value_and_gradient(reading: Reading) -> None:
    surrogate, policy = models()
    outcomes = []
    for sigma in (0.1, 7.3):
        other = Reading(reading.unroll, reading.noise, reading.actions, sigma)
        outcome = svg_value(surrogate, policy, other)
        outcomes.append((outcome, torch.autograd.grad(outcome, policy.input_weight)[0]))
    assert torch.equal(outcomes[0][0], outcomes[1][0])
    assert torch.equal(outcomes[0][1], outcomes[1][1])


def test_sigma_acts_where_the_noise_is_sampled() -> None:
    surrogate, policy = models()
    states, rates, *_ = recorded()
    readings = [Reading(noise="sampled", sigma=sigma) for sigma in (0.1, 0.2)]
    finals = [
        unrolled(surrogate, policy, states, rates, reading, None, torch_generator(3, "ξ"))[0][-1]
        for reading in readings
    ]
    none = unrolled(surrogate, policy, states, rates, Reading(noise="none"))[0][-1]
    assert not torch.equal(finals[0], finals[1])
    assert not torch.equal(finals[0], none)


@pytest.mark.parametrize("noise", ["recorded_action", "policy_action"])
def test_teacher_forced_gradient_is_that_of_the_last_transition_alone(noise: str) -> None:
    surrogate, policy = models()
    states, rates, images, labels = recorded()
    reading = Reading(unroll="teacher_forced", noise=noise, actions="every_step")  # type: ignore[arg-type]
    whole = unrolled(surrogate, policy, states, rates, reading)[0][-1]
    last = unrolled(surrogate, policy, states[:, :, -2:], rates[:, :, -1:], reading)[0][-1]
    gradients = [
        torch.autograd.grad(value(final, images, labels), policy.weights, allow_unused=True) for final in (whole, last)
    ]
    for one, other in zip(*gradients, strict=True):
        assert torch.allclose(one, other, rtol=1e-10, atol=1e-14)


def test_literal_reading_of_algorithm_5_gives_no_gradient() -> None:
    surrogate, policy = models()
    gradient = torch.autograd.grad(svg_value(surrogate, policy, Reading(unroll="literal")), policy.input_weight)[0]
    assert float(gradient.abs().max()) == 0.0


def test_the_printed_sign_doubles_the_step_beyond_the_recorded_state_and_keeps_its_derivative() -> None:
    surrogate, policy = models()
    states, rates, *_ = recorded()
    mean, printed = (
        unrolled(surrogate, policy, states, rates, Reading(noise=noise))[0][0]  # type: ignore[arg-type]
        for noise in ("none", "printed_sign")
    )
    assert torch.allclose(printed, 2 * mean - states[:, :, 1], rtol=1e-12, atol=1e-14)
    slopes = [torch.autograd.grad(state.sum(), policy.input_weight, retain_graph=True)[0] for state in (mean, printed)]
    assert torch.allclose(slopes[0], slopes[1], rtol=1e-12)


def test_runs_never_mix() -> None:
    """Two stacked surrogates and policies give each run what it would get alone."""
    generators = [torch_generator(seed, "stack") for seed in (4, 5)]
    together = Surrogate.create("residual", "raw", "he_uniform", P, WIDTH, generators, dtype=torch.float64)
    alone = Surrogate.create(
        "residual", "raw", "he_uniform", P, WIDTH, [torch_generator(5, "stack")], dtype=torch.float64
    )
    states, rates, *_ = recorded()
    doubled = torch.cat([states, states])
    both = one_step(together, doubled, torch.cat([rates, rates]))
    assert torch.allclose(both[1:], one_step(alone, states, rates), rtol=1e-12)


@pytest.mark.parametrize("bijection", ["exp", "softplus"])
def test_policy_that_says_nothing_returns_its_starting_rate_and_bounds_pass_gradients(bijection: str) -> None:
    start = torch.tensor([1e-3, 0.2], dtype=torch.float64)
    generators = [torch_generator(seed, "bounds") for seed in (0, 1)]
    policy = Policy.create(bijection, (1e-4, 0.1), start, P, WIDTH, generators)  # type: ignore[arg-type]
    policy.output_weight.data.zero_()
    rates = policy(torch.zeros(2, 1, P, dtype=torch.float64))
    assert torch.allclose(rates[:, 0], torch.tensor([1e-3, 0.1], dtype=torch.float64))
    rates.sum().backward()
    assert bool((policy.output_bias.grad.abs() > 0).all())  # type: ignore[union-attr]


def test_residual_surrogate_with_a_zero_output_layer_starts_as_persistence() -> None:
    surrogate = Surrogate.create("residual", "raw", "zero", P, WIDTH, [torch_generator(0, "zero")], dtype=torch.float64)
    states, rates, *_ = recorded()
    assert torch.equal(one_step(surrogate, states, rates), states[:, :, :-1])
