"""The anchored chain and the one-pass model loss against their plain twins, in float64."""

import pytest
import torch
from test_svg import BATCH, FORMS, HORIZON, P, models, recorded, value

from hypersvg.maths.random import torch_generator
from hypersvg.maths.surrogate import Policy, RateInput, Surrogate, SurrogateForm
from hypersvg.maths.svg import Noise, Reading, one_step, squared_error, unrolled
from hypersvg.maths.unroll import Pass, applies, chained, free_anchors, inner_of, recorded_anchors

P64 = torch.float64
EVERY_FORM = pytest.mark.parametrize(
    ("form", "rate_input"), [*((form, "raw") for form in FORMS), ("residual", "log10")]
)


def with_biases(form: SurrogateForm, rate_input: RateInput) -> tuple[Surrogate, Policy]:
    surrogate, policy = models(form, rate_input)
    surrogate.output_bias.data.normal_(generator=torch_generator(6, "bias"))
    surrogate.hidden_bias.data.normal_(generator=torch_generator(7, "bias"))
    return surrogate, policy


@EVERY_FORM
@pytest.mark.parametrize("noise", ["recorded_action", "none"])
@pytest.mark.parametrize("uses", [0, 100], ids=["through the weights", "through their product"])
def test_the_anchored_chain_equals_the_plain_unroll_in_value_and_gradient(
    form: SurrogateForm, rate_input: RateInput, noise: Noise, uses: int
) -> None:
    surrogate, policy = with_biases(form, rate_input)
    states, rates, images, labels = recorded()
    assert applies(Reading(noise=noise))
    plain = unrolled(surrogate.detached(), policy, states, rates, Reading(noise=noise))[0][-1]
    once = Pass.over(surrogate, states, rates)
    anchors = recorded_anchors(once) if noise == "recorded_action" else free_anchors(once)
    quick = chained(surrogate, anchors, policy(states[:, :, 0]), inner_of(surrogate, uses))
    assert torch.allclose(quick, plain, rtol=1e-12, atol=1e-14)
    gradients = [torch.autograd.grad(value(final, images, labels), policy.weights) for final in (plain, quick)]
    for one, other in zip(*gradients, strict=True):
        assert float((one - other).norm() / one.norm()) < 1e-10


@EVERY_FORM
def test_the_anchored_chain_takes_given_noise(form: SurrogateForm, rate_input: RateInput) -> None:
    surrogate, policy = with_biases(form, rate_input)
    states, rates, *_ = recorded()
    generator = torch_generator(8, "noise")
    noise = torch.stack([0.1 * torch.randn(1, BATCH, P, generator=generator, dtype=P64) for _ in range(HORIZON)], dim=2)
    drawn = unrolled(
        surrogate.detached(), policy, states, rates, Reading(noise="sampled"), None, torch_generator(8, "noise")
    )[0][-1]
    anchors = free_anchors(Pass.over(surrogate, states, rates), noise)
    quick = chained(surrogate, anchors, policy(states[:, :, 0]), inner_of(surrogate, 1))
    assert torch.allclose(quick, drawn, rtol=1e-12, atol=1e-14)


@EVERY_FORM
def test_the_model_loss_of_one_pass_equals_autograds_in_value_and_gradient(
    form: SurrogateForm, rate_input: RateInput
) -> None:
    surrogate, _ = with_biases(form, rate_input)
    states, rates, *_ = recorded()
    loss = squared_error(one_step(surrogate, states, rates), states)
    expected = torch.autograd.grad(loss.sum(), surrogate.weights, allow_unused=True)
    once = Pass.over(surrogate, states, rates)
    error = once.error()
    assert torch.allclose(once.loss(error), loss, rtol=1e-12)
    for gradient, truth in zip(once.gradients(error), expected, strict=True):
        assert torch.allclose(gradient, torch.zeros_like(gradient) if truth is None else truth, rtol=1e-10, atol=1e-14)


def test_the_recorded_action_leads_the_anchored_chain_to_the_recorded_state() -> None:
    surrogate, _ = with_biases("residual", "raw")
    states, rates, *_ = recorded()
    rates = rates[:, :, :1].expand_as(rates).contiguous()
    anchors = recorded_anchors(Pass.over(surrogate, states, rates))
    reached = chained(surrogate, anchors, rates[:, :, 0], inner_of(surrogate, 1))
    assert torch.allclose(reached, states[:, :, -1], rtol=0, atol=1e-14)


@pytest.mark.parametrize(
    "reading",
    [Reading(actions="every_step"), Reading(noise="policy_action"), Reading(unroll="teacher_forced")],
    ids=str,
)
def test_other_readings_keep_the_plain_unroll(reading: Reading) -> None:
    assert not applies(reading)
