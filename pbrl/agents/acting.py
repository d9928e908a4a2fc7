"""What acting needs besides stepping: noise, and what the policy thought of a rollout."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from torch import Tensor

from pbrl.agents.picture_format import PictureFormat, arrange
from pbrl.agents.policy import Apply, Heads, Weights, log_likelihood
from pbrl.agents.recording import Recording, flatten

PART = 256
"""Pictures that go through the network at once where they are many."""


@dataclass(frozen=True, slots=True)
class Mind:
    """A policy, to be asked about many observations at once."""

    apply: Apply
    """See `PolicyFunction`."""
    compiled: Apply
    """The same, compiled for `PART` pictures."""
    picture_format: PictureFormat
    """In which it computes."""

    def answer(self, weights: Weights, arranged: Tensor) -> Heads:
        """Returns its answer to `(B, ...)` observations.

        Numbers go through at once, in small networks; of pictures whole parts are compiled, and
        what is left over runs as it is, since it may be of any size.
        """
        if arranged.ndim != 4:
            return self.apply(*weights, arranged)
        heads = [
            (self.compiled if len(part) == PART else self.apply)(*weights, part)
            for part in arranged.split(PART)
        ]
        actor, values, log_std = zip(*heads, strict=True)
        return Heads(torch.cat(actor), torch.cat(values), log_std[0])


def draw_noise(
    rng: np.random.Generator, shape: tuple[int, ...], action_space: spaces.Space
) -> Tensor:
    """Returns a rollout's noise (T, N, A) for `sample`: normal, or Gumbel for discrete actions."""
    draw = rng.standard_normal if isinstance(action_space, spaces.Box) else rng.gumbel
    return torch.from_numpy(draw(size=shape).astype(np.float32))


@torch.no_grad()
def evaluate(recording: Recording, mind: Mind, weights: Weights, last_observations: Any) -> None:
    """Fills in the values and log-probabilities of a rollout under the policy that acted.

    Args:
        recording: of the rollout.
        mind: the policy.
        weights: that it acted with.
        last_observations: (N, ...), after the last step.
    """
    device = weights.vector.device

    def values(observations: Any) -> np.ndarray:
        """Returns values (B,) of observations (B, ...)."""
        tensor = torch.as_tensor(observations, device=device)
        return mind.answer(weights, arrange(tensor, mind.picture_format)).values.cpu().numpy()

    observations = flatten(recording.rollout.observations, device)
    recording.arranged = arrange(observations, mind.picture_format)
    heads = mind.answer(weights, recording.arranged)
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
