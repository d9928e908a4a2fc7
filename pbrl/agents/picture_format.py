"""How a network of convolutions computes: in which layout, and in which type of number."""

from typing import Any, Literal

import torch
from gymnasium import spaces
from stable_baselines3.common.policies import ActorCriticPolicy
from stable_baselines3.common.torch_layers import NatureCNN
from torch import Tensor

from pbrl.agents.nature_cnn import blocks, nature_features, prepare_weights
from pbrl.errors import ConfigError

PictureFormat = Literal["contiguous", "channels_last", "bfloat16"]
FORMATS: tuple[PictureFormat, ...] = ("contiguous", "channels_last", "bfloat16")


def is_picture(space: spaces.Space) -> bool:
    """Returns whether observations are pictures, `(K, H, W)`."""
    return len(space.shape or ()) == 3


def check_format(policy: ActorCriticPolicy, picture_format: PictureFormat) -> None:
    """Refuses a format in which a policy cannot compute.

    Raises:
        ConfigError: Its network is not the one of Mnih et al. 2015, on pictures from 0 to 255.
    """
    sees_pictures = is_picture(policy.observation_space)
    fits = isinstance(policy.features_extractor, NatureCNN) and policy.share_features_extractor
    if picture_format != "contiguous" and sees_pictures and not (fits and policy.normalize_images):
        raise ConfigError(
            f"picture_format is {picture_format!r}, but only Stable-Baselines3's NatureCNN, shared "
            "and on pictures of 0 to 255, computes so: take 'contiguous', or its CnnPolicy."
        )


def arrange(observations: Tensor, picture_format: PictureFormat) -> Tensor:
    """Returns observations `(B, ...)` in the order in which a format computes with them."""
    if picture_format == "contiguous" or observations.ndim != 4:
        return observations
    return blocks(observations)


def prepare_extractor(
    policy: ActorCriticPolicy, weights: dict[str, Tensor], picture_format: PictureFormat
) -> None:
    """Puts an extractor's weights into the type and order in which a format computes with them.

    Args:
        policy: Stable-Baselines3's.
        weights: Of its extractor, by their names in it; changed in place.
        picture_format: See `extract_features`.
    """
    dtype = torch.bfloat16 if picture_format == "bfloat16" else torch.float32
    network: Any = policy.features_extractor
    prepare_weights(network, weights, dtype)


def extract_features(
    policy: ActorCriticPolicy, arranged: Tensor, picture_format: PictureFormat
) -> Any:
    """Returns what a policy's extractors make of observations, in float32.

    Args:
        policy: Stable-Baselines3's, its extractor's weights prepared unless in `contiguous`.
        arranged: `(B, ...)` from `arrange`; only pictures have a format.
        picture_format: `contiguous` computes as Stable-Baselines3 does, `channels_last` with a
            place's channels side by side, `bfloat16` does so and computes convolutions and dense
            layer in bfloat16.
    """
    if picture_format == "contiguous" or arranged.ndim != 4:
        return policy.extract_features(arranged)
    network: Any = policy.features_extractor
    return nature_features(network, arranged)
