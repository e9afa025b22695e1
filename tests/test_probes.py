"""The probes know the truth: the true optimizer retraced, exact derivatives, a flat landscape where ξ is inferred."""

from pathlib import Path

import numpy as np
import pytest
import torch
from test_stages import SETTINGS, images, trajectories

from hypersvg.experiments.common import inner_task
from hypersvg.experiments.job import Job
from hypersvg.experiments.learner import Learner, Recorded
from hypersvg.experiments.probes import STEP, Chains, Probe, difference, doubled
from hypersvg.experiments.trajectories import open_states
from hypersvg.schema.offline import TRAJECTORIES
from hypersvg.settings import Settings
from hypersvg.tables import read_table

__all__ = ["images", "trajectories"]
UNROLL = 5


def probe_of(images: Path, trajectories: Path, **svg: object) -> Probe:
    settings = Settings.model_validate({**SETTINGS.model_dump(), "svg": {**SETTINGS.svg.model_dump(), **svg}})
    job = Job(settings, f"T{UNROLL:02d}", (1,), trajectories, images, trajectories)
    table = read_table(trajectories / "trajectories.parquet", TRAJECTORIES)
    data = Recorded(open_states(trajectories)[1], table[table["seed"] == 1].reset_index(drop=True), "cpu")
    learner = Learner(job, inner_task(job), data, 1, UNROLL)
    for iteration in range(1, 5):
        learner.iterate(iteration)
    return learner.probe()


@pytest.fixture(scope="module")
def probe(images: Path, trajectories: Path) -> Probe:
    return probe_of(images, trajectories, surrogate_learning_rate=0.01)


def test_the_true_optimizer_retraces_the_recorded_trajectories(probe: Probe) -> None:
    reached = probe.truth()(probe.rates[0, :, 0].double().log())
    assert torch.allclose(reached.float(), probe.states[0, :, -1], atol=1e-5)


def test_differences_of_the_truth_are_its_linear_dependence_on_the_last_rate(probe: Probe) -> None:
    one = Probe(
        probe.job, probe.task, probe.surrogate, probe.states[:, :, :2], probe.rates[:, :, :1], probe.seeds, probe.seed
    )
    slope = difference(one.truth(), one.rates[0, :, 0].double().log()).slope
    change = (one.states[0, :, 1] - one.states[0, :, 0]).double()  # s' − s is linear in the rate: d/d ln a = s' − s
    assert torch.allclose(slope, change * np.sinh(STEP) / STEP, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("noise", ["recorded_action", "none", "sampled"])
def test_differences_through_the_surrogate_equal_its_gradient(probe: Probe, noise: str) -> None:
    surrogate = doubled(probe.surrogate)
    reach = Chains(probe, surrogate).reach(noise)  # type: ignore[arg-type]
    log_rates = probe.rates[0, :, 0].double().log().requires_grad_(True)
    weights = torch.randn(probe.task.parameters, dtype=torch.float64)
    (exact,) = torch.autograd.grad((reach(log_rates) @ weights).sum(), log_rates)
    with torch.no_grad():
        approximate = difference(reach, log_rates).slope @ weights
    assert torch.allclose(exact, approximate, rtol=1e-4, atol=1e-10)


def test_errors_are_their_definitions_in_a_plain_loop(probe: Probe) -> None:
    errors = probe.tables()["surrogate_errors"].set_index(["trajectory", "step"])
    states, rates, size = probe.states[0], probe.rates[0], probe.task.parameters
    for trajectory in range(len(states)):
        free = states[trajectory, 0]
        for step in range(1, UNROLL + 1):
            rate, row = rates[trajectory, 0].view(1, 1), errors.loc[(trajectory, step)]
            before, after = states[trajectory, step - 1], states[trajectory, step]
            predicted = probe.surrogate(before.view(1, 1, -1), rate).flatten()
            free = probe.surrogate(free.view(1, 1, -1), rate).flatten()
            expected = [
                ((one - other) ** 2).sum().item() / size
                for one, other in ((predicted, after), (before, after), (free, after), (states[trajectory, 0], after))
            ]
            columns = ["one_step_error", "one_step_persistence", "free_error", "free_persistence"]
            assert row[columns].tolist() == pytest.approx(expected, rel=1e-4)
            assert -1 <= row.derivative_cosine <= 1


def test_the_true_direction_is_its_own_cosine_and_the_truth_meets_the_recorded_loss(probe: Probe) -> None:
    gradients = probe.tables()["surrogate_gradients"]
    true = gradients[gradients.kind == "true"]
    assert true.state_cosine.tolist() == pytest.approx([1.0] * len(true))
    assert set(gradients.kind) == {"true", "counterfactual", "mean", "sampled"}
    sampled = gradients[gradients.kind == "sampled"].groupby("trajectory").state_cosine.nunique()
    assert (sampled > 1).all()


def test_the_landscape_is_flat_where_the_noise_is_inferred_and_true_elsewhere(probe: Probe) -> None:
    landscapes = probe.tables()["landscapes"]
    inferred = landscapes[landscapes.kind == "inferred"].groupby("trajectory").loss
    assert (inferred.max() - inferred.min() < 1e-5).all()
    recorded = probe.task.validation_loss(probe.states[0, :, -1])
    assert inferred.first().tolist() == pytest.approx(recorded.tolist(), rel=1e-5)
    true = landscapes[landscapes.kind == "true"].groupby("trajectory").loss
    assert (true.max() - true.min() > 1e-3).all()
    assert landscapes.loss.between(0, 1e3).all()


def test_a_surrogate_that_is_persistence_predicts_no_change_and_has_no_derivative(
    images: Path,
    trajectories: Path,
) -> None:
    still = probe_of(images, trajectories, surrogate_learning_rate=1e-12).tables()
    errors = still["surrogate_errors"]
    assert errors.one_step_error.tolist() == pytest.approx(errors.one_step_persistence.tolist(), rel=1e-4)
    assert errors.derivative_ratio.max() < 1e-3
