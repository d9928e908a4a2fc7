"""Normalisation of observations inside the policy, so that a saved agent needs no side file.

The class travels inside the SB3 zip, by value: plain Stable-Baselines3 opens it where pbrl is not
installed. So this module imports nothing of pbrl. (Code by value is bound to the Python version
that wrote it; where pbrl is installed any version opens it.)
"""

import torch
from gymnasium import spaces
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from torch import Tensor


class NormalizedObservations(BaseFeaturesExtractor):
    """Features extractor: flat observations with mean 0 and deviation 1, clipped to [-10, 10].

    For `policy_kwargs={"features_extractor_class": NormalizedObservations}`. The statistics stand
    still during a rollout and its update; `adapt` moves them in between.
    """

    mean: Tensor
    """(O,) float32 mean of all observations so far."""
    variance: Tensor
    """(O,) float32 variance of all observations so far."""
    count: Tensor
    """() float64, observations so far."""

    def __init__(self, observation_space: spaces.Box, clip: float = 10.0) -> None:
        """Starts as the identity, but for the clipping.

        Args:
            observation_space: of one environment.
            clip: largest size of a feature, in standard deviations.
        """
        size = spaces.flatdim(observation_space)
        super().__init__(observation_space, size)
        self.clip = clip
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("variance", torch.ones(size))
        self.register_buffer("count", torch.zeros((), dtype=torch.float64))

    def forward(self, observations: Tensor) -> Tensor:
        """Returns features (B, O)."""
        centred = observations.flatten(1) - self.mean
        return (centred * (self.variance + 1e-8).rsqrt()).clamp(-self.clip, self.clip)

    @torch.no_grad()
    def adapt(self, observations: Tensor) -> None:
        """Takes a rollout's observations (B, ...) into the statistics (Chan et al., 1979)."""
        batch = observations.flatten(1).double()
        mean, variance = self.mean.double(), self.variance.double()
        total = self.count + len(batch)
        change = batch.mean(0) - mean
        squares = variance * self.count + batch.var(0, correction=0) * len(batch)
        squares += change.square() * self.count * len(batch) / total
        self.mean.copy_(mean + change * len(batch) / total)
        self.variance.copy_(squares / total)
        self.count.copy_(total)
