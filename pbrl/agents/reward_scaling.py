"""Scaling of rewards by the spread of their discounted sums, as SB3's VecNormalize does it.

Departures: the statistics move once per rollout, before it is scaled, so that all steps of a
rollout have their rewards on one scale. As VecNormalize's they are of all rewards so far, also of
those that earlier predictors gave; predictors normalise their own output afresh at each fit.
"""

import numpy as np
from stable_baselines3.common.running_mean_std import RunningMeanStd


def scale_rewards(
    rewards: np.ndarray,
    ended: np.ndarray,
    gamma: float,
    running_returns: np.ndarray,
    statistics: RunningMeanStd,
) -> np.ndarray:
    """Returns rewards (T, N) on a scale on which their discounted sums have deviation 1.

    Args:
        rewards: (T, N).
        ended: (T, N) bool, the episode ended with the step.
        gamma: discount per step.
        running_returns: (N,) discounted sums so far, moved on in place.
        statistics: of all discounted sums so far, moved on in place.
    """
    sums = np.empty(rewards.shape)
    for t, reward in enumerate(rewards):
        sums[t] = running_returns * gamma + reward
        running_returns[:] = np.where(ended[t], 0.0, sums[t])
    statistics.update(sums.reshape(-1))
    return np.clip(rewards / np.sqrt(statistics.var + 1e-8), -10.0, 10.0)
