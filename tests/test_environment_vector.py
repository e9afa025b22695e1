"""The natively batched environment is many scalar environments, only faster."""

from typing import Any

import gymnasium
import numpy as np
import pytest
from environment_fixtures import ARMS, SETTINGS, images
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from numpy.testing import assert_array_equal
from stable_baselines3.common.vec_env import VecEnv

from hypersvg.environments import ENVIRONMENT_ID, Arm, HyperOptVectorEnv, make_environment, make_vector_environment
from hypersvg.environments.sb3 import StableBaselinesVecEnv

SEEDS = [11, 3, 2**40]


def batched(arm: Arm) -> HyperOptVectorEnv:
    return make_vector_environment(len(SEEDS), images(), arm, SETTINGS)


def actions(env: HyperOptVectorEnv, episodes: int = 2) -> list[np.ndarray]:
    env.action_space.seed(0)
    return [env.action_space.sample() for _ in range(episodes * env.episodes.rules.decisions)]


def assert_same(left: Any, right: Any) -> None:
    """Equal arrays, dictionaries of arrays, or object arrays of arrays."""
    if isinstance(left, dict):
        assert left.keys() == right.keys()
        for key in left:
            assert_same(left[key], right[key])
    elif left.dtype == object:
        for one, other in zip(left, right, strict=True):
            assert_array_equal(one, other)
    else:
        assert left.dtype == right.dtype
        assert_array_equal(left, right)


@pytest.mark.parametrize("arm", ARMS)
def test_entry_i_equals_the_scalar_environment_with_its_seed_over_two_episodes(arm: Arm) -> None:
    env = batched(arm)
    plan = actions(env)
    observation, _ = env.reset(seed=SEEDS)
    steps = [env.step(action) for action in plan]
    for i, seed in enumerate(SEEDS):
        scalar = make_environment(images(), arm, SETTINGS)
        assert_array_equal(scalar.reset(seed=seed)[0], observation[i])
        for action, (batch_observation, reward, terminated, truncated, infos) in zip(plan, steps, strict=True):
            own, own_reward, own_end, own_cut, own_info = scalar.step(action[i])
            final = infos["final_obs"][i] if own_end else batch_observation[i]
            info = infos["final_info"] if own_end else infos
            assert_array_equal(own, final)
            assert (own_reward, own_end, own_cut) == (reward[i], terminated[i], truncated[i])
            assert own_info == {name: info[name][i] for name in own_info}
            if own_end:
                assert_array_equal(scalar.reset()[0], batch_observation[i])


@pytest.mark.parametrize("arm", ARMS)
def test_it_answers_in_the_form_of_gymnasiums_own_vector_environment(arm: Arm) -> None:
    env = batched(arm)
    sync = SyncVectorEnv(
        [lambda: make_environment(images(), arm, SETTINGS)] * len(SEEDS), autoreset_mode=AutoresetMode.SAME_STEP
    )
    assert env.observation_space == sync.observation_space
    assert env.action_space == sync.action_space
    assert env.metadata["autoreset_mode"] == sync.metadata["autoreset_mode"]
    assert_same(env.reset(seed=7)[0], sync.reset(seed=7)[0])
    for action in actions(env):
        for native, own in zip(env.step(action), sync.step(action), strict=True):
            assert_same(native, own)


def test_make_vec_gives_the_batched_environment() -> None:
    env = gymnasium.make_vec(f"hypersvg.environments:{ENVIRONMENT_ID}", 2, images=images(), settings=SETTINGS)
    assert isinstance(env, HyperOptVectorEnv)
    assert env.num_envs == 2


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [({"seed": [1]}, "1 seeds were given to 3"), ({"options": {"reset_mask": np.ones(3, dtype=bool)}}, "reset_mask")],
)
def test_impossible_resets_are_refused_in_one_sentence(arguments: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        batched("dense").reset(**arguments)


def test_too_few_actions_are_refused() -> None:
    env = batched("dense")
    env.reset(seed=0)
    with pytest.raises(ValueError, match="1 actions were given to 3"):
        env.step(np.zeros((1, 1), dtype=np.float32))


def test_a_seed_of_none_goes_on_where_the_entry_is() -> None:
    env = batched("sparse_once")
    first, _ = env.reset(seed=SEEDS)
    mixed, _ = env.reset(seed=[SEEDS[0], None, None])
    assert_array_equal(mixed[0], first[0])
    assert not np.array_equal(mixed[1], first[1])


@pytest.mark.parametrize("arm", ARMS)
def test_the_stable_baselines_dress_hands_over_the_same_rewards_and_last_observations(arm: Arm) -> None:
    dressed: VecEnv = StableBaselinesVecEnv(batched(arm))
    plain = batched(arm)
    seeds = dressed.seed(5)
    assert len(set(seeds)) == len(SEEDS)
    assert_array_equal(dressed.reset(), plain.reset(seed=list(seeds))[0])
    for action in actions(plain, episodes=1):
        observation, reward, done, rows = dressed.step(action)
        own, own_reward, own_end, _, infos = plain.step(action)
        assert_array_equal(observation, own)
        assert_array_equal(reward, own_reward.astype(np.float32))
        assert_array_equal(done, own_end)
    assert done.all()
    for row, final in zip(rows, infos["final_obs"], strict=True):
        assert_array_equal(row["terminal_observation"], final)
        assert row["TimeLimit.truncated"] is False


def test_seeds_that_follow_each_other_share_no_inner_training() -> None:
    dressed = StableBaselinesVecEnv(batched("dense"))
    assert not set(dressed.seed(0)) & set(dressed.seed(1))


@pytest.mark.parametrize("arm", ARMS)
def test_another_environment_goes_on_with_the_same_episodes(arm: Arm) -> None:
    env, other = batched(arm), batched(arm)
    env.reset(seed=SEEDS)
    plan = actions(env, episodes=3)
    decisions = env.episodes.rules.decisions
    for action in plan[:decisions]:
        env.step(action)
    other.load(env.state())
    assert_same(other.episodes.observation(), env.episodes.observation())
    for action in plan[decisions:]:
        for one, two in zip(env.step(action), other.step(action), strict=True):
            assert_same(one, two)


def test_an_environment_within_an_episode_has_no_state_to_keep() -> None:
    env = batched("dense")
    env.reset(seed=SEEDS)
    env.step(actions(env)[0])
    with pytest.raises(ValueError, match="at the beginning of an episode"):
        env.state()
