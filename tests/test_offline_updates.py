"""One iteration of Algorithm 6: the one that computes nothing twice equals the plain one."""

import pytest
import torch

from hypersvg.conformance.controllers import small_task
from hypersvg.experiments.offline_updates import OnePassUpdates, PlainUpdates, Updates, updates_of
from hypersvg.experiments.probes import InDouble
from hypersvg.maths.random import torch_generator
from hypersvg.maths.surrogate import Policy, Surrogate
from hypersvg.settings.methods import Svg

HORIZON, BATCH = 4, 3
INNER = InDouble(small_task(torch.float64))
SVG = Svg(width=5, surrogate_learning_rate=1e-3, policy_learning_rate=1e-3)
ONE_PASS: dict[str, dict[str, object]] = {
    "default": {},
    "literal": {"surrogate": "literal", "surrogate_output": "he_uniform"},
    "rate scaled": {"surrogate": "rate_scaled"},
    "log10 input": {"rate_input": "log10"},
    "no noise": {"noise": "none"},
    "behaviour cloning": {"behaviour_cloning": 0.3},
    "narrow policy": {"policy_width": 2},
}
PLAIN: dict[str, dict[str, object]] = {
    "mean value": {"value": "mean"},
    "sampled noise": {"noise": "sampled"},
    "printed sign": {"noise": "printed_sign"},
    "noise at the policy's action": {"noise": "policy_action"},
    "an action a step": {"actions": "every_step"},
    "teacher forced": {"unroll": "teacher_forced"},
    "literal unroll": {"unroll": "literal"},
    "no action in the model": {"model_action": "none"},
    "surrogate first": {"update_first": "surrogate"},
}


def models(svg: Svg) -> tuple[Surrogate, Policy]:
    generators = [torch_generator(0, "models")]
    surrogate = Surrogate.create(
        svg.surrogate,
        svg.rate_input,
        svg.surrogate_output,
        INNER.parameters,
        svg.width,
        generators,
        dtype=torch.float64,
    )
    start = torch.tensor([0.01], dtype=torch.float64)
    return surrogate, Policy.create(
        "exp", (1e-7, 1.0), start, INNER.parameters, svg.policy_width or svg.width, generators
    )


def updated(updates: Updates, iterations: int = 4) -> list[float]:
    generator, batches = torch_generator(1, "trajectories"), INNER.batches([0], "value")
    losses = []
    for _ in range(iterations):
        states = torch.randn(1, BATCH, HORIZON + 1, INNER.parameters, generator=generator, dtype=torch.float64) * 0.2
        rates = 10 ** (-3 * torch.rand(1, BATCH, 1, generator=generator, dtype=torch.float64)).expand(1, BATCH, HORIZON)
        losses.append(float(updates(states, rates.contiguous(), batches.next())))
    return losses


@pytest.mark.parametrize("name", ONE_PASS)
def test_nothing_computed_twice_gives_the_plain_updates(name: str) -> None:
    svg = SVG.model_copy(update=ONE_PASS[name])
    (surrogate, policy), (twin_surrogate, twin_policy) = models(svg), models(svg)
    quick = updates_of(INNER, svg, surrogate, policy, torch_generator(2, "noise"))
    assert isinstance(quick, OnePassUpdates)
    plain = PlainUpdates(INNER, svg, twin_surrogate, twin_policy, torch_generator(2, "noise"))
    assert updated(quick) == pytest.approx(updated(plain), rel=1e-10)
    twins = [*twin_surrogate.weights, *twin_policy.weights]
    for weight, twin in zip([*surrogate.weights, *policy.weights], twins, strict=True):
        assert torch.allclose(weight, twin, rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("name", PLAIN)
def test_other_readings_are_updated_plainly_and_move_surrogate_and_policy(name: str) -> None:
    svg = SVG.model_copy(update=PLAIN[name])
    surrogate, policy = models(svg)
    before = [weight.detach().clone() for weight in (surrogate.output_weight, policy.input_weight)]
    plain = updates_of(INNER, svg, surrogate, policy, torch_generator(2, "noise"))
    assert not isinstance(plain, OnePassUpdates)
    updated(plain, 2)
    assert not torch.equal(surrogate.output_weight, before[0])
    assert torch.equal(policy.input_weight, before[1]) == (svg.unroll == "literal")
