import numpy as np
from stable_baselines3.common.running_mean_std import RunningMeanStd

from pbrl.agents.reward_scaling import scale_rewards


def test_divides_by_the_deviation_of_discounted_sums():
    rewards = np.array([[1.0, 8.0], [2.0, 4.0]])
    ended = np.array([[False, True], [False, False]])
    statistics, running = RunningMeanStd(epsilon=0.0, shape=()), np.zeros(2)
    scaled = scale_rewards(rewards, ended, 0.5, running, statistics)
    sums = [1.0, 8.0, 2.5, 4.0]  # the second environment began anew
    np.testing.assert_allclose(scaled, rewards / np.std(sums), rtol=1e-6)
    np.testing.assert_allclose(running, [2.5, 4.0])


def test_two_rollouts_carry_the_sums_and_statistics_on():
    rng = np.random.default_rng(0)
    rewards, ended = rng.normal(size=(40, 3)), rng.random((40, 3)) < 0.1
    whole, halves = (RunningMeanStd(shape=()) for _ in range(2))
    at_once, in_two = np.zeros(3), np.zeros(3)
    scale_rewards(rewards, ended, 0.9, at_once, whole)
    for half in (slice(0, 20), slice(20, 40)):
        scale_rewards(rewards[half], ended[half], 0.9, in_two, halves)
    np.testing.assert_allclose(at_once, in_two)
    np.testing.assert_allclose(whole.var, halves.var)
    assert whole.count == halves.count


def test_the_scale_of_the_task_does_not_matter_and_outliers_are_clipped():
    rng = np.random.default_rng(0)
    rewards = rng.normal(size=(200, 2))
    rewards[7, 0] = 1e4
    never = np.zeros(rewards.shape, bool)
    small, large = (
        scale_rewards(k * rewards, never, 0.0, np.zeros(2), RunningMeanStd(epsilon=0.0, shape=()))
        for k in (1.0, 1000.0)
    )
    np.testing.assert_allclose(small, large, rtol=1e-6)
    assert small.max() == 10.0
