"""Generalised advantage estimation.

Schulman et al., *High-Dimensional Continuous Control Using Generalized Advantage Estimation*,
ICLR 2016 (arXiv 1506.02438), equation 16, as Stable-Baselines3 computes it.
"""

import numpy as np


def generalized_advantages(
    rewards: np.ndarray,
    values: np.ndarray,
    last_values: np.ndarray,
    ended: np.ndarray,
    gamma: float,
    gae_lambda: float,
) -> np.ndarray:
    """Returns the advantages of a rollout.

    A reward that ends an episode by a time limit must already contain `gamma` times the value of
    the final observation: nothing is carried over an episode's end here.

    Args:
        rewards: (T, N).
        values: (T, N), of the observations before the steps.
        last_values: (N,), of the observations after the last step.
        ended: (T, N) bool, the episode ended with the step.
        gamma: discount per step.
        gae_lambda: weight of longer estimates, 0 to 1.

    Returns:
        (T, N) float32; added to `values` they are the value function's targets.
    """
    advantages = np.empty_like(values)
    following = last_values
    carried = np.zeros_like(last_values)
    goes_on = 1.0 - ended.astype(np.float32)
    for t in reversed(range(len(rewards))):
        error = rewards[t] + gamma * following * goes_on[t] - values[t]
        carried = error + gamma * gae_lambda * goes_on[t] * carried
        advantages[t] = carried
        following = values[t]
    return advantages
