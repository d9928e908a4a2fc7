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
def test_clips_of_random_play_earn_between_nothing_and_a_good_agents_reward(env_id: str):
    clip = round(1.5 * envs.describe(env_id).clip_fps)
    task = envs.make_task(env_id, 4)
    try:
        task.reset(seed=0)
        space, rng = task.single_action_space, np.random.default_rng(0)
        actions = rng.normal(size=(4 * clip, 4, *space.shape)).clip(space.low, space.high)
        rewards = np.array([task.step(a.astype(space.dtype))[1] for a in actions])  # (T, N)
    finally:
        task.close()
    clips = rewards.reshape(4, clip, 4).transpose(0, 2, 1)  # (clips, N, T)
    per_step = REWARD_SCALES[env_id].returns(clips) / clip
    assert per_step.min() >= 0
    assert per_step.max() <= 1.05
