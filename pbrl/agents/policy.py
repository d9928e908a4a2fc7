"""What an SB3 actor-critic policy computes, as functions without side effects.

SB3's own methods leave their distribution behind in the policy and draw noise from torch's global
generator. These do neither, so that they can be differentiated and compiled as functions, and so
that all noise comes from one generator. Diagonal Gaussian and categorical policies are covered.
"""

import math

import torch
from stable_baselines3.common.distributions import (
    CategoricalDistribution,
    DiagGaussianDistribution,
)
from stable_baselines3.common.policies import ActorCriticPolicy
from torch import Tensor, nn

from pbrl.errors import ConfigError


class Heads(nn.Module):
    """A policy's forward pass up to its heads.

    A module, because `torch.func.functional_call` calls modules.
    """

    def __init__(self, policy: ActorCriticPolicy) -> None:
        """Refers to `policy`, whose parameters stay its own.

        Raises:
            ConfigError: the policy's distribution is not supported.
        """
        super().__init__()
        kind = type(policy.action_dist)
        if kind not in (DiagGaussianDistribution, CategoricalDistribution):
            raise ConfigError(
                f"PreferencePPO cannot act with a {kind.__name__}: it supports Box and Discrete "
                "action spaces, without state-dependent exploration (use_sde)."
            )
        self.policy = policy

    @property
    def gaussian(self) -> bool:
        """Whether actions are continuous."""
        return isinstance(self.policy.action_dist, DiagGaussianDistribution)

    def forward(self, observations: Tensor) -> tuple[Tensor, Tensor]:
        """Returns means or logits (B, A) and values (B,) for observations (B, ...)."""
        policy = self.policy
        features = policy.extract_features(observations)
        if policy.share_features_extractor:
            features = (features, features)
        latent_policy = policy.mlp_extractor.forward_actor(features[0])
        latent_value = policy.mlp_extractor.forward_critic(features[1])
        return policy.action_net(latent_policy), policy.value_net(latent_value).squeeze(-1)

    def actor(self, observations: Tensor) -> Tensor:
        """Returns means or logits (B, A) alone."""
        policy = self.policy
        features = super(ActorCriticPolicy, policy).extract_features(
            observations, policy.pi_features_extractor
        )
        return policy.action_net(policy.mlp_extractor.forward_actor(features))

    def critic(self, observations: Tensor) -> Tensor:
        """Returns values (B,) alone."""
        return self.policy.predict_values(observations).squeeze(-1)


def log_likelihood(head: Tensor, actions: Tensor, log_std: Tensor | None) -> Tensor:
    """Returns the log-probability (B,) of actions.

    Args:
        head: (B, A) means or, where `log_std` is None, logits.
        actions: (B, A) float32 before clipping, or (B,) int64.
        log_std: (A,) of a Gaussian policy, else None.
    """
    if log_std is None:
        return torch.log_softmax(head, -1).gather(-1, actions.unsqueeze(-1)).squeeze(-1)
    scores = (actions - head) * torch.exp(-log_std)
    return -(0.5 * scores.square() + log_std + 0.5 * math.log(2 * math.pi)).sum(-1)


def mean_entropy(head: Tensor, log_std: Tensor | None) -> Tensor:
    """Returns the policy's entropy, (), the mean over the batch `head` (B, A) comes from."""
    if log_std is None:
        log_probabilities = torch.log_softmax(head, -1)
        return -(log_probabilities.exp() * log_probabilities).sum(-1).mean()
    return (log_std + 0.5 * math.log(2 * math.pi * math.e)).sum()


def sample(head: Tensor, noise: Tensor, log_std: Tensor | None) -> Tensor:
    """Returns actions, (B, A) float32 or (B,) int64.

    Args:
        head: (B, A) means or logits.
        noise: (B, A), standard normal for means and Gumbel for logits: the largest of logits
            plus Gumbel noise is a draw from their softmax.
        log_std: (A,) of a Gaussian policy, else None.
    """
    if log_std is None:
        return (head + noise).argmax(-1)
    return head + noise * log_std.exp()
