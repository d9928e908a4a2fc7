"""How a network of convolutions computes: in which layout, and in which type of number."""

from typing import Any, Literal

import torch
from stable_baselines3.common.policies import ActorCriticPolicy
from torch import Tensor

PictureFormat = Literal["contiguous", "channels_last", "bfloat16"]
FORMATS: tuple[PictureFormat, ...] = ("contiguous", "channels_last", "bfloat16")


def extract_features(
    policy: ActorCriticPolicy, observations: Tensor, picture_format: PictureFormat
) -> Any:
    """Returns what a policy's extractors make of observations, in float32.

    Args:
        policy: Stable-Baselines3's.
        observations: `(B, ...)`; only those of pictures, `(B, K, H, W)`, have a format.
        picture_format: `contiguous` takes them as they are, `channels_last` lays a pixel's
            channels side by side, `bfloat16` does so and computes convolutions and dense layer
            in bfloat16.
    """
    if picture_format == "contiguous" or observations.ndim != 4:
        return policy.extract_features(observations)
    observations = observations.contiguous(memory_format=torch.channels_last)
    if picture_format == "channels_last":
        return policy.extract_features(observations)
    with torch.autocast(observations.device.type, torch.bfloat16):
        features: Any = policy.extract_features(observations)
    if isinstance(features, tuple):  # one for the policy, one for the value
        return tuple(each.float() for each in features)
    return features.float()
