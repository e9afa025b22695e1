"""What the ppo stage promises: its tables, its diagnostics, repeatability, and that a clear optimum is found."""

import random
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from environment_fixtures import ARMS, SETTINGS, images
from pandas.testing import assert_frame_equal
from safetensors.torch import save_file
from stable_baselines3.common.buffers import RolloutBuffer
from stable_baselines3.common.callbacks import BaseCallback

from hypersvg.environments import Arm, make_environment, ppo_task
from hypersvg.environments import agent as agents
from hypersvg.environments.agent import TdError, WholeRollout, make_agent, mean_td_error, own_global_randomness
from hypersvg.experiments.job import Job, Tables
from hypersvg.experiments.ppo import EVALUATION_EPISODES, evaluation_seeds, run
from hypersvg.images import Split, load_images
from hypersvg.maths.random import seed_of
from hypersvg.schema import TABLES
from hypersvg.training import InnerTraining


@pytest.fixture(scope="module")
def images_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "images.safetensors"

    def tensors(name: str, split: Split) -> dict[str, torch.Tensor]:
        pixels = (split.images * 255).to(torch.uint8)
        return {f"{name}_images": pixels, f"{name}_labels": split.labels.to(torch.uint8)}

    whole = images()
    splits = {"train": whole.train, "validation": whole.validation, "test": whole.test}
    named = {key: value for name, split in splits.items() for key, value in tensors(name, split).items()}
    save_file(named, path, {"source": "synthetic"})
    return path


def outcome(images_file: Path, arm: str, seeds: tuple[int, ...] = (0, 1)) -> Tables:
    return run(Job(SETTINGS, arm, seeds, images_file.parent, images=images_file))


@pytest.mark.parametrize("arm", ARMS)
def test_an_arm_writes_whole_tables_and_the_same_ones_twice(images_file: Path, arm: Arm) -> None:
    tables = outcome(images_file, arm)
    again = outcome(images_file, arm)
    assert set(tables) == {"ppo_updates", "runs"}
    for name, frame in tables.items():
        checked = TABLES[name].checked(frame, "test")
        assert_frame_equal(checked, TABLES[name].checked(again[name], "test"), check_exact=True)
        assert checked.drop(columns="start", errors="ignore").notna().all(axis=None)
    updates = tables["ppo_updates"]
    assert set(zip(updates["seed"], updates["update"], strict=True)) == {(s, u) for s in (0, 1) for u in (1, 2, 3)}
    assert updates.episodes.tolist() == [3, 6, 9] * 2
    assert updates.rate.between(SETTINGS.ppo.lowest, SETTINGS.ppo.highest).all()
    runs = tables["runs"]
    assert runs.method.tolist() == [f"ppo_{arm}"] * 2 + [f"ppo_{arm}_constant"] * 2
    assert runs.rate.tolist()[:2] == runs.rate.tolist()[2:]
    assert runs.inner_steps.eq(3 * 3 * 4).all()
    assert runs.evaluations.eq(9 * (4 if arm == "dense" else 1)).all()


def test_a_seed_is_the_same_alone_and_in_a_block(images_file: Path) -> None:
    block, alone = outcome(images_file, "sparse_once"), outcome(images_file, "sparse_once", (1,))
    updates = block["ppo_updates"]
    assert_frame_equal(updates[updates.seed == 1].reset_index(drop=True), alone["ppo_updates"], check_exact=True)
    assert not updates[updates.seed == 0].eval_accuracy.equals(alone["ppo_updates"].eval_accuracy)


def test_another_clipping_parameter_is_sparse_once_with_that_parameter(images_file: Path) -> None:
    same = SETTINGS.model_copy(update={"ppo": SETTINGS.ppo.model_copy(update={"clip": 0.3})})
    plain = run(Job(same, "sparse_once", (0,), images_file.parent, images=images_file))["ppo_updates"]
    other = outcome(images_file, "clip030", (0,))["ppo_updates"]
    assert set(other["arm"]) == {"clip030"}
    assert_frame_equal(other.drop(columns="arm"), plain.drop(columns="arm"), check_exact=True)


@pytest.mark.parametrize(("method", "steps"), [("ppo_fixed", "steps"), ("ppo_fixed_long", "long_steps")])
def test_the_fixed_arm_is_plain_training_with_that_rate(images_file: Path, method: str, steps: str) -> None:
    runs = outcome(images_file, "fixed", (0,))["runs"]
    runs = runs[runs.method == method]
    job = Job(SETTINGS, "fixed", (0,), images_file.parent, images=images_file)
    task = ppo_task(SETTINGS, load_images(images_file))
    for seeds, column, split in (
        (evaluation_seeds(0), "quoted_accuracy", "validation"),
        (job.fresh_seeds(0), "val_accuracy", "validation"),
        (job.fresh_seeds(0), "test_accuracy", "test"),
    ):
        training = InnerTraining(task, SETTINGS.inner.optimizer, seeds)
        for _ in range(getattr(SETTINGS.ppo, steps)):
            training.step(torch.full((len(seeds),), SETTINGS.ppo.fixed_rate))
        assert runs[column].item() == pytest.approx(task.accuracy(training.parameters, split).mean().item(), abs=1e-6)
    assert runs.rate.item() == pytest.approx(SETTINGS.ppo.fixed_rate)


def test_the_global_generators_are_left_as_they_were(images_file: Path) -> None:
    def drawn() -> tuple[float, float, float]:
        return random.random(), float(np.random.rand()), float(torch.rand(()))

    states = random.getstate(), np.random.get_state(), torch.get_rng_state()
    expected = drawn()
    random.setstate(states[0])
    np.random.set_state(states[1])
    torch.set_rng_state(states[2])
    outcome(images_file, "sparse_once", (0,))
    assert drawn() == expected


class Rollout(BaseCallback):
    """Keeps the actions, rewards and values of the last rollout, ``[decisions, environments]``."""

    def _on_step(self) -> bool:
        return True

    def _on_rollout_end(self) -> None:
        buffer = self.locals["rollout_buffer"]
        self.actions, self.rewards = buffer.actions.copy(), buffer.rewards.copy()
        self.values = buffer.values.copy()


@pytest.mark.parametrize("arm", ARMS)
def test_ppo_learns_from_the_rewards_of_the_scalar_environment(arm: Arm) -> None:
    with own_global_randomness():
        agent = make_agent(SETTINGS, ppo_task(SETTINGS, images()), arm, seed=4)
        seen = Rollout()
        agent.model.learn(agent.decisions_per_update, callback=seen)
    for entry in range(SETTINGS.ppo.environments):
        env = make_environment(images(), arm, SETTINGS)
        env.reset(seed=seed_of(4, "environment", entry))
        rewards = [env.step(np.clip(action, -1, 1))[1] for action in seen.actions[:, entry]]
        np.testing.assert_array_equal(seen.rewards[:, entry], np.float32(rewards))


@pytest.mark.parametrize("arm", ARMS)
def test_ppo_learns_what_it_learns_with_the_librarys_own_buffer_and_adam(
    arm: Arm, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their sums run in another order, so that float32 weights agree up to rounding, magnified by Adam."""

    def learned() -> dict[str, torch.Tensor]:
        with own_global_randomness():
            agent = make_agent(SETTINGS, ppo_task(SETTINGS, images()), arm, seed=2)
            agent.update()
        return agent.model.policy.state_dict()

    ours = learned()
    monkeypatch.setattr(agents, "WholeRollout", RolloutBuffer)
    monkeypatch.setattr(agents, "FusedAdam", torch.optim.Adam)
    for name, value in learned().items():
        torch.testing.assert_close(ours[name], value, rtol=1e-4, atol=1e-5)


def test_a_whole_rollout_holds_every_decision_beside_its_own_observation() -> None:
    with own_global_randomness():
        agent = make_agent(SETTINGS, ppo_task(SETTINGS, images()), "dense", seed=0)
        agent.update()
    buffer = agent.model.rollout_buffer
    assert isinstance(buffer, WholeRollout)
    (batch,) = buffer.get(agent.decisions_per_update)
    assert len(batch.observations) == agent.decisions_per_update
    for row, (step, entry) in enumerate(np.ndindex(buffer.buffer_size, buffer.n_envs)):
        assert np.array_equal(batch.observations[row], buffer.observations[step, entry])
        for flat, whole in ((batch.old_values, buffer.values), (batch.advantages, buffer.advantages)):
            assert flat[row].item() == whole[step, entry]


def test_a_part_of_a_whole_rollout_is_refused() -> None:
    with own_global_randomness():
        agent = make_agent(SETTINGS, ppo_task(SETTINGS, images()), "dense", seed=0)
        agent.update()
    with pytest.raises(ValueError, match="one minibatch of 12"):
        next(agent.model.rollout_buffer.get(5))


def test_the_td_error_is_its_definition_and_stops_at_the_end_of_an_episode() -> None:
    buffer = SimpleNamespace(
        rewards=np.array([[1.0], [2.0], [4.0]]),
        values=np.array([[0.5], [1.0], [3.0]]),
        episode_starts=np.array([[1.0], [0.0], [1.0]]),
        gamma=0.5,
    )
    errors = [1 + 0.5 * 1 - 0.5, 2 - 1, 4 + 0.5 * 6 - 3]
    measured = mean_td_error(buffer, np.array([6.0]), np.array([False]))  # type: ignore[arg-type]
    assert measured == pytest.approx(np.mean(errors))


def test_with_one_decision_the_td_error_is_the_distance_of_value_from_reward() -> None:
    with own_global_randomness():
        agent = make_agent(SETTINGS, ppo_task(SETTINGS, images()), "sparse_once", seed=0)
        seen, watch = Rollout(), TdError()
        agent.model.learn(agent.decisions_per_update, callback=[seen, watch])
    assert watch.td_error == pytest.approx(np.abs(seen.rewards - seen.values).mean(), rel=1e-5)


def test_a_rate_that_is_plainly_better_is_found() -> None:
    """Low rates teach nothing in four steps, so a policy that starts there must move up, with better episodes."""
    ppo = {**SETTINGS.ppo.model_dump(), "lowest": 1e-5, "highest": 0.1, "environments": 32, "learning_rate": 3e-3}
    settings = SETTINGS.model_copy(update={"ppo": SETTINGS.ppo.model_validate(ppo)})
    task = ppo_task(settings, images())
    with own_global_randomness():
        agent = make_agent(settings, task, "sparse_once", seed=0)
        start = InnerTraining(task, "adam", evaluation_seeds(0)).parameters
        observation = np.concatenate([start.numpy(), np.zeros((EVALUATION_EPISODES, 1), dtype=np.float32)], axis=1)
        before = agent.rates(observation).mean().item()
        for _ in range(30):
            agent.update()
        after = agent.rates(observation).mean().item()
    assert before == pytest.approx(1e-3, rel=0.3)
    assert after > 5 * before
