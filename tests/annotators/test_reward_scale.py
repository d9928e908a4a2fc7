"""Shift and scale: by hand, by law, and against the tasks themselves."""

import numpy as np
import pytest

import envs
from pbrl.annotators import REWARD_SCALES, RewardScale


def test_by_hand():
    rewards = np.array([[1.0, -2.0, 4.0], [0.0, 0.0, -1.0]])
    returns = RewardScale(shift=2.0, scale=0.5).returns(rewards)
    np.testing.assert_allclose(returns, [0.5 * (3 + 6), 0.5 * (-1 + 6)])


def test_left_out_it_is_the_plain_return():
    rewards = np.random.default_rng(0).normal(size=(5, 2, 7))
    np.testing.assert_array_equal(RewardScale().returns(rewards), rewards.sum(-1))


def test_every_task_of_the_suite_has_one():
    assert set(REWARD_SCALES) == set(envs.TASKS)


@pytest.mark.parametrize("env_id", REWARD_SCALES)
def test_random_play_earns_nothing_on_average_and_less_than_a_good_agent(env_id: str):
    steps = envs.describe(env_id).episode_steps
    task = envs.make_task(env_id, 40 if steps < 100 else 8)
    try:
        task.reset(seed=0)
        space, rng = task.single_action_space, np.random.default_rng(0)
        shape = (steps, task.num_envs, *space.shape)
        actions = rng.normal(size=shape).clip(space.low, space.high).astype(space.dtype)
        rewards = np.array([task.step(action)[1] for action in actions])  # (T, N)
    finally:
        task.close()
    per_step = REWARD_SCALES[env_id].returns(rewards.T) / steps  # (N,)
    assert abs(per_step.mean()) < 0.4  # the untrained policy moves less, or falls later
    assert per_step.max() < 1
