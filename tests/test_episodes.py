import numpy as np
import pytest

from pbrl.episodes import EpisodeReturns


def test_an_episode_across_rollouts_by_hand():
    returns = EpisodeReturns(num_envs=2)
    assert returns.mean() is None
    rewards = np.array([[1.0, 10], [2, 20], [4, 40]])
    ended = np.array([[False, False], [True, False], [False, False]])
    returns.add(rewards, ended)
    assert returns.mean() == 3
    returns.add(rewards, ended=np.array([[True, False], [False, False], [False, True]]))
    # Environment 0: 4 + 1; environment 1: 70 + 70.
    assert returns.mean() == pytest.approx((3 + 5 + 140) / 3)
    assert returns.mean(last=1) == 140


def test_two_ends_in_one_rollout():
    returns = EpisodeReturns(num_envs=1)
    returns.add(np.array([[1.0], [2], [4], [8]]), np.array([[True], [False], [True], [False]]))
    assert returns.mean() == (1 + 6) / 2


def test_an_episode_with_unknown_rewards_is_not_remembered():
    returns = EpisodeReturns(num_envs=1)
    returns.add(np.array([[np.nan], [2.0], [3.0]]), np.array([[False], [True], [True]]))
    assert returns.mean() == 3


def test_only_the_window_counts():
    returns = EpisodeReturns(num_envs=1, window=2)
    returns.add(np.array([[100.0], [2.0], [4.0]]), np.ones((3, 1), bool))
    assert returns.mean() == 3


def test_it_goes_on_from_its_state():
    returns, other = EpisodeReturns(num_envs=1), EpisodeReturns(num_envs=1)
    returns.add(np.array([[1.0], [2.0]]), np.array([[True], [False]]))
    other.set_state(returns.state())
    for counts in (returns, other):
        counts.add(np.array([[4.0]]), np.array([[True]]))
    assert other.mean() == returns.mean() == 3.5
