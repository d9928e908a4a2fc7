"""What acting needs besides stepping: noise, and what the policy thought of a rollout."""

from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from torch import Tensor

from pbrl.agents.policy import Apply, Weights, log_likelihood
from pbrl.agents.recording import Recording, flatten


def draw_noise(
    rng: np.random.Generator, shape: tuple[int, ...], action_space: spaces.Space
) -> Tensor:
    """Returns a rollout's noise (T, N, A) for `sample`: normal, or Gumbel for discrete actions."""
    draw = rng.standard_normal if isinstance(action_space, spaces.Box) else rng.gumbel
    return torch.from_numpy(draw(size=shape).astype(np.float32))


@torch.no_grad()
def evaluate(recording: Recording, apply: Apply, weights: Weights, last_observations: Any) -> None:
    """Fills in the values and log-probabilities of a rollout under the policy that acted.

    Args:
        recording: of the rollout.
        apply: the policy, see `policy_function`.
        weights: that it acted with.
        last_observations: (N, ...), after the last step.
    """
    device = weights.vector.device

    def values(observations: Any) -> np.ndarray:
        """Returns values (B,) of observations (B, ...)."""
        tensor = torch.as_tensor(observations, device=device)
        return apply(*weights, tensor).values.cpu().numpy()

    heads = apply(*weights, flatten(recording.rollout.observations, device))
    log_probs = log_likelihood(heads, flatten(recording.actions, device))
    num_steps, num_envs = recording.values.shape
    recording.values[:] = heads.values.cpu().reshape(num_envs, num_steps).T
    recording.log_probs[:] = log_probs.cpu().reshape(num_envs, num_steps).T
    recording.last_values[:] = values(last_observations)
    recording.final_values[:] = 0
    if recording.final_observations:
        finals = values(np.stack(recording.final_observations))
        recording.final_values[recording.rollout.truncated] = finals
    recording.complete = True
