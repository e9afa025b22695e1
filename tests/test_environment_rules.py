"""What the environment promises: Algorithm 3's arms, the action's meaning, rewards and divergence."""

import gymnasium
import numpy as np
import pytest
import torch
from environment_fixtures import ARMS, SETTINGS, images
from gymnasium.utils.env_checker import check_env
from numpy.testing import assert_array_equal
from stable_baselines3.common.env_checker import check_env as check_env_sb3

from hypersvg.environments import ENVIRONMENT_ID, Arm, HyperOptEnv, make_environment, ppo_task, rules_of
from hypersvg.environments.core import episode_seed
from hypersvg.settings import Settings
from hypersvg.training import InnerTraining


def environment(arm: Arm) -> HyperOptEnv:
    return make_environment(images(), arm, SETTINGS)


def rewards_of(env: HyperOptEnv, seed: int, action: float) -> list[float]:
    env.reset(seed=seed)
    rewards, ended = [], False
    while not ended:
        _, reward, ended, truncated, _ = env.step(np.array([action], dtype=np.float32))
        assert not truncated
        rewards.append(reward)
    return rewards


@pytest.mark.parametrize("arm", ARMS)
@pytest.mark.filterwarnings("error")
def test_both_checkers_are_content_with_the_registered_environment_without_a_warning(arm: Arm) -> None:
    name = f"hypersvg.environments:{ENVIRONMENT_ID}"
    env = gymnasium.make(name, images=images(), arm=arm, settings=SETTINGS).unwrapped
    check_env(env)
    check_env_sb3(env)


def test_the_action_spans_the_rates_affinely_in_log10() -> None:
    rules = rules_of(SETTINGS, "dense")
    rates = rules.rates(np.array([[-1.0], [0.0], [1.0], [7.0]]))
    lowest, highest = SETTINGS.ppo.lowest, SETTINGS.ppo.highest
    expected = [lowest, (lowest * highest) ** 0.5, highest, highest]
    np.testing.assert_allclose(rates.numpy(), expected, rtol=1e-6)


@pytest.mark.parametrize("action", [[np.nan], [0.0, 0.0], 0.0])
def test_an_impossible_action_is_refused_in_one_sentence(action: list[float]) -> None:
    env = environment("dense")
    env.reset(seed=0)
    with pytest.raises(ValueError, match="one finite number"):
        env.step(np.array(action, dtype=np.float32))


def test_an_unknown_arm_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="sparse_once, sparse_every, dense"):
        environment("sparse")  # type: ignore[arg-type]


@pytest.mark.parametrize("arm", ARMS)
def test_stepping_before_reset_or_after_the_end_is_refused(arm: Arm) -> None:
    env = environment(arm)
    with pytest.raises(gymnasium.error.ResetNeeded):
        env.step(env.action_space.sample())
    rewards_of(env, 0, 0.0)
    with pytest.raises(gymnasium.error.ResetNeeded):
        env.step(env.action_space.sample())


def test_sparse_every_rewards_the_last_step_alone_and_dense_every_step() -> None:
    every, dense = rewards_of(environment("sparse_every"), 3, 0.5), rewards_of(environment("dense"), 3, 0.5)
    assert len(every) == len(dense) == SETTINGS.ppo.steps
    assert every[:-1] == [0.0] * (SETTINGS.ppo.steps - 1)
    assert every[-1] == dense[-1] > 0
    assert all(reward > 0 for reward in dense)


@pytest.mark.parametrize("arm", ARMS)
def test_a_constant_action_is_a_plain_inner_training_with_that_rate(arm: Arm) -> None:
    env, task = environment(arm), ppo_task(SETTINGS, images())
    rewards = rewards_of(env, 5, 0.25)
    training = InnerTraining(task, SETTINGS.inner.optimizer, [episode_seed(5, 0)])
    for _ in range(SETTINGS.ppo.steps):
        training.step(env.episodes.rules.rates(np.array([[0.25]])))
    assert torch.equal(env.episodes.training.parameters, training.parameters)
    assert rewards[-1] == task.accuracy(training.parameters, "curve").item()


def test_the_observation_is_the_parameters_and_the_share_of_the_episode_that_is_over() -> None:
    env = environment("sparse_every")
    first, _ = env.reset(seed=1)
    second, *_ = env.step(np.zeros(1, dtype=np.float32))
    assert_array_equal(second[:-1], env.episodes.training.parameters[0].numpy())
    assert first.dtype == np.float32
    assert (first[-1], second[-1]) == (0.0, np.float32(1 / SETTINGS.ppo.steps))


@pytest.mark.parametrize("arm", ARMS)
def test_only_accuracies_that_a_reward_needs_are_measured(arm: Arm, monkeypatch: pytest.MonkeyPatch) -> None:
    env, measured = environment(arm), []
    accuracy = env.episodes.accuracy
    monkeypatch.setattr(env.episodes, "accuracy", lambda split: measured.append(split) or accuracy(split))
    rewards_of(env, 0, 0.0)
    assert measured == ["curve"] * (SETTINGS.ppo.steps if arm == "dense" else 1)
    assert len(measured) == env.episodes.rules.rewards


def reading(**ppo: object) -> Settings:
    return SETTINGS.model_copy(update={"ppo": SETTINGS.ppo.model_copy(update=ppo)})


def test_a_mean_reward_is_the_mean_of_the_dense_rewards_and_costs_as_many_evaluations() -> None:
    dense = rewards_of(environment("dense"), 3, 0.5)
    for arm in ("sparse_once", "sparse_every"):
        env = HyperOptEnv(ppo_task(SETTINGS, images()), reading(reward_of="mean"), arm)
        *others, last = rewards_of(env, 3, 0.5)
        assert others == [0.0] * len(others)
        assert last == pytest.approx(np.mean(dense))
        assert env.episodes.rules.rewards == SETTINGS.ppo.steps


def test_a_loss_reward_is_minus_the_cross_entropy_and_the_accuracy_is_still_told() -> None:
    env = HyperOptEnv(ppo_task(SETTINGS, images()), reading(reward="negative_loss"), "sparse_once")
    env.reset(seed=3)
    _, reward, ended, _, info = env.step(np.array([0.5], dtype=np.float32))
    training = env.episodes.training
    assert ended
    assert reward == pytest.approx(-training.task.validation_loss(training.parameters).item())
    assert info["accuracy"] == pytest.approx(training.task.accuracy(training.parameters, "curve").item())


def test_a_linear_action_spans_the_rates_linearly_and_time_can_be_hidden() -> None:
    env = HyperOptEnv(ppo_task(SETTINGS, images()), reading(action_scale="linear", observe_time=False), "dense")
    rules, ppo = env.episodes.rules, SETTINGS.ppo
    middle = (ppo.lowest + ppo.highest) / 2
    assert rules.rates(np.array([[-1.0], [0.0], [1.0]])).tolist() == pytest.approx([ppo.lowest, middle, ppo.highest])
    env.reset(seed=1)
    observation, *_ = env.step(np.zeros(1, dtype=np.float32))
    assert observation[-1] == 0.0


def test_a_reset_without_a_seed_goes_on_to_a_new_inner_training() -> None:
    env = environment("sparse_once")
    first, _ = env.reset(seed=4)
    second, _ = env.reset()
    again, _ = env.reset(seed=4)
    assert not np.array_equal(first, second)
    assert_array_equal(first, again)


def test_a_diverged_training_gets_the_floor_and_a_flag_and_stays_finite() -> None:
    env = environment("dense")
    env.reset(seed=0)
    env.episodes.training.parameters = torch.full_like(env.episodes.training.parameters, 1e38)
    observation, reward, ended, _, info = env.step(np.ones(1, dtype=np.float32))
    assert (reward, info["diverged"], ended) == (0.0, True, False)
    assert np.isfinite(observation).all()
