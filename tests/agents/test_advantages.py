import numpy as np
import pytest
import torch
from gymnasium import spaces
from stable_baselines3.common.buffers import RolloutBuffer

from pbrl.agents.advantages import generalized_advantages


@pytest.fixture
def rollout():
    rng = np.random.default_rng(0)
    rewards, values = rng.normal(size=(2, 20, 3)).astype(np.float32)
    last_values = rng.normal(size=3).astype(np.float32)
    return rewards, values, last_values, rng.random((20, 3)) < 0.2


def test_by_hand():
    rewards = np.array([[1.0], [2.0]], np.float32)
    values = np.array([[0.5], [1.0]], np.float32)
    ended = np.zeros((2, 1), bool)
    advantages = generalized_advantages(rewards, values, np.array([4.0]), ended, 0.5, 0.5)
    # The last: 2 + .5 * 4 - 1 = 3. The first: 1 + .5 * 1 - .5 = 1, plus .5 * .5 * 3.
    np.testing.assert_allclose(advantages, [[1.75], [3.0]])


def test_equals_sb3(rollout):
    rewards, values, last_values, ended = rollout
    box = spaces.Box(-1, 1, (1,))
    buffer = RolloutBuffer(20, box, box, "cpu", gae_lambda=0.9, gamma=0.97, n_envs=3)
    buffer.rewards, buffer.values = rewards.copy(), values.copy()
    buffer.episode_starts[1:] = ended[:-1]
    buffer.compute_returns_and_advantage(torch.from_numpy(last_values), ended[-1])
    ours = generalized_advantages(rewards, values, last_values, ended, 0.97, 0.9)
    np.testing.assert_allclose(ours, buffer.advantages, rtol=1e-6, atol=1e-6)
    assert ours.dtype == np.float32


def test_lambda_one_is_the_discounted_return_less_the_value(rollout):
    rewards, values, last_values, _ = rollout
    never = np.zeros(rewards.shape, bool)
    advantages = generalized_advantages(rewards, values, last_values, never, 0.9, 1.0)
    expected = sum(0.9**k * rewards[k] for k in range(20)) + 0.9**20 * last_values - values[0]
    np.testing.assert_allclose(advantages[0], expected, rtol=1e-5)


def test_nothing_is_carried_over_an_episodes_end(rollout):
    rewards, values, last_values, ended = rollout
    ended[9] = True
    changed = rewards.copy()
    changed[10:] += 100.0
    before, after = (
        generalized_advantages(r, values, last_values, ended, 0.99, 0.95)
        for r in (rewards, changed)
    )
    np.testing.assert_array_equal(before[:10], after[:10])
