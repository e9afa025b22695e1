"""The toy task of Metz 2021: the true optimizer is exact, and the imitation is judged against the truth."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from hypersvg.experiments.job import Job, Tables
from hypersvg.experiments.toy import draw, run
from hypersvg.maths.toy import LARGEST_ITERATE, Imitation, inner_gradient, inner_loss, true_rollout
from hypersvg.schema import TABLES
from hypersvg.settings.overlay import validated
from hypersvg.tables import write_table

SMALL = {"trajectories": 200, "steps": 50, "updates": 3000, "batch_size": 128, "learning_rate": 0.01}


def stage(folder: Path, seeds: tuple[int, ...] = (0, 1), **toy: object) -> Tables:
    return run(Job(validated({"toy": {**SMALL, **toy}}), "all", seeds, folder))


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Small matrices: more threads only wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    return stage(tmp_path_factory.mktemp("toy"))


def test_the_gradient_is_the_central_difference_of_the_loss_in_float64():
    x = torch.linspace(-12, 12, 4001, dtype=torch.float64)
    difference = (inner_loss(x + 1e-6) - inner_loss(x - 1e-6)) / 2e-6
    torch.testing.assert_close(inner_gradient(x), difference, rtol=1e-7, atol=1e-8)


def test_the_loss_has_its_global_minimum_near_minus_a_half_and_one_local_minimum_right_of_it():
    x = torch.linspace(-10, 10, 200_001, dtype=torch.float64)
    loss = inner_loss(x)
    lower = (loss[1:-1] < loss[:-2]) & (loss[1:-1] < loss[2:])
    minima = x[1:-1][lower]
    best = x[loss.argmin()]
    assert abs(best + 0.5) < 0.1
    assert len(minima) == 2
    assert minima[1] == pytest.approx(1.2446, abs=1e-3)
    assert inner_loss(torch.tensor(-4.0, dtype=torch.float64)) == pytest.approx(
        np.log(16 + 1 + np.sin(-12)) + 1.5, rel=1e-12
    )


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_true_rollouts_are_those_of_torch_optim_sgd(momentum):
    starts = torch.tensor([-8.0, -4.0, 0.3, 7.0], dtype=torch.float64)
    rates = torch.tensor([0.001, 0.03, 0.01, 0.05], dtype=torch.float64)
    paths = true_rollout(starts, rates, 50, momentum)
    for path, start, rate in zip(paths, starts, rates, strict=True):
        x = start.clone().requires_grad_(True)
        optimizer = torch.optim.SGD([x], lr=float(rate), momentum=momentum)
        expected = [x.item()]
        for _ in range(50):
            optimizer.zero_grad()
            inner_loss(x).backward()
            optimizer.step()
            expected.append(x.item())
        np.testing.assert_allclose(path.numpy(), expected, rtol=0, atol=1e-9)


def test_momentum_adds_the_whole_gradient_to_nine_tenths_of_the_velocity():
    path = true_rollout(torch.tensor([-4.0]), torch.tensor([0.1]), 2, 0.9)[0]
    first = inner_gradient(torch.tensor(-4.0))
    second = 0.9 * first + inner_gradient(-4.0 - 0.1 * first)
    torch.testing.assert_close(path, torch.stack([torch.tensor(-4.0), -4 - 0.1 * first, -4 - 0.1 * (first + second)]))


def test_starts_and_rates_fill_their_ranges_and_differ_between_seeds():
    settings = validated({"toy": {"trajectories": 2000, "steps": 1, "log_rate_range": [-3, -1]}}).toy
    data = draw(settings, (0, 1), 0.9)
    starts, logs = data.paths[:, :, 0], data.rates.log10()
    assert -10 <= starts.min() < -9.9
    assert 9.9 < starts.max() <= 10
    assert -3.0001 <= logs.min() < -2.99
    assert -1.01 < logs.max() <= -0.9999
    assert abs(logs.mean() + 2) < 0.05
    assert not torch.equal(data.rates[0], data.rates[1])


def test_the_held_out_trajectories_are_a_fifth_and_not_trained_on(tables):
    data = draw(validated({"toy": SMALL}).toy, (0,), 0.0)
    train, held_out = data.parted(40)
    assert held_out.rates.shape == (1, 40)
    assert not set(train.rates.flatten().tolist()) & set(held_out.rates.flatten().tolist())
    assert (tables["toy_errors"].trajectories == 40).all()


def errors_of(tables: Tables, momentum: float, column: str) -> pd.DataFrame:
    errors = tables["toy_errors"]
    return errors[errors.momentum == momentum].pivot(index="seed", columns="model", values=column)


def test_without_momentum_the_imitation_beats_persistence_in_one_step_and_in_whole_rollouts(tables):
    one_step = errors_of(tables, 0.0, "one_step_rmse")
    assert (one_step.imitation < one_step.persistence).all()
    for column in ("rollout_rmse", "final_rmse"):
        mean = errors_of(tables, 0.0, column).mean()
        assert mean.imitation < mean.persistence, column


def test_an_untrained_imitation_does_not_beat_persistence(tmp_path):
    errors = errors_of(stage(tmp_path, updates=1), 0.0, "one_step_rmse")
    assert (errors.imitation > errors.persistence).all()


def test_persistence_is_the_error_of_standing_still(tables):
    data = draw(validated({"toy": SMALL}).toy, (0, 1), 0.9)
    true = data.parted(40)[1].paths.double()
    moved = (true[:, :, 1:] - true[:, :, :1]).square().mean(dim=(1, 2)).sqrt()
    stepped = (true[:, :, 1:] - true[:, :, :-1]).square().mean(dim=(1, 2)).sqrt()
    assert errors_of(tables, 0.9, "rollout_rmse").persistence.tolist() == pytest.approx(moved.tolist(), rel=1e-6)
    assert errors_of(tables, 0.9, "one_step_rmse").persistence.tolist() == pytest.approx(stepped.tolist(), rel=1e-6)


def test_every_rollout_is_there_starts_at_its_start_and_has_the_loss_of_its_iterate(tables):
    rollouts = tables["toy_rollouts"]
    assert len(rollouts) == 2 * 2 * 4 * 2 * 51
    assert (rollouts[rollouts.step == 0].iterate == rollouts[rollouts.step == 0].start).all()
    assert 7.0 in set(rollouts.start)
    np.testing.assert_allclose(rollouts.loss, inner_loss(torch.tensor(rollouts.iterate.to_numpy())).numpy())
    true = rollouts[(rollouts.source == "true") & (rollouts.start == 7) & (rollouts.momentum == 0.9)]
    rate = validated({"toy": SMALL}).toy.evaluation_rate
    expected = true_rollout(torch.tensor([7.0]), torch.tensor([rate]), 50, 0.9)[0]
    for _, one in true.groupby("seed"):
        np.testing.assert_array_equal(one.sort_values("step").iterate, expected.double().numpy())


def test_a_runaway_imitation_keeps_finite_losses():
    model = Imitation.of([32, 32], 10.0, (-2.0, -0.5))
    weights = 5 * model.network.init(1, torch.Generator().manual_seed(0))
    path = model.rollout(weights, torch.tensor([[7.0]]), torch.tensor([[0.1]]), 200)
    assert path.abs().max() == LARGEST_ITERATE
    assert torch.isfinite(inner_loss(path)).all()


def test_a_seed_gets_the_same_imitation_alone_and_in_a_block(tmp_path):
    keys = ["seed", "momentum", "model"]
    alone = stage(tmp_path, seeds=(1,), updates=50)["toy_errors"].set_index(keys)
    block = stage(tmp_path, seeds=(0, 1, 2), updates=50)["toy_errors"].set_index(keys)
    pd.testing.assert_frame_equal(alone, block.loc[alone.index], rtol=1e-3)


def test_same_seeds_give_the_same_bytes(tmp_path):
    once, again = (stage(tmp_path, updates=50) for _ in range(2))
    for name, frame in once.items():
        for folder, rows in (("a", frame), ("b", again[name])):
            write_table(rows, TABLES[name], tmp_path / folder / f"{name}.parquet")
        first, second = ((tmp_path / folder / f"{name}.parquet").read_bytes() for folder in ("a", "b"))
        assert first == second
