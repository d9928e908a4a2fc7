"""What an SB3 actor-critic policy computes, as functions without side effects.

SB3's own methods leave their distribution behind in the policy and draw noise from torch's global
generator. These do neither, so that they can be differentiated and compiled as functions, and so
that all noise comes from one generator. Gaussian policies with one standard deviation per action
and categorical ones are covered.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from stable_baselines3.common.distributions import (
    CategoricalDistribution,
    DiagGaussianDistribution,
)
from stable_baselines3.common.policies import ActorCriticPolicy
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.utils import parameters_to_vector

from pbrl.agents.picture_format import (
    PictureFormat,
    check_format,
    extract_features,
    is_picture,
    prepare_extractor,
)
from pbrl.errors import ConfigError

EXTRACTOR = "policy.features_extractor."
"""Under which `_Forward` has the extractor's parameters."""


class Weights(NamedTuple):
    """All that a policy's answer depends on besides the observation."""

    vector: Tensor
    """(P,) all parameters, one after the other."""
    buffers: tuple[Tensor, ...]
    """What is not learnt by gradients, such as statistics of observations."""


class Heads(NamedTuple):
    """A policy's answer to a batch of observations."""

    actor: Tensor
    """(B, A) means, or logits of discrete actions."""
    values: Tensor
    """(B,)."""
    log_std: Tensor | None
    """(A,) log standard deviations of continuous actions, else None."""


class _Forward(nn.Module):
    """A policy's forward pass, as the module that `functional_call` needs."""

    def __init__(self, policy: ActorCriticPolicy, picture_format: PictureFormat) -> None:
        super().__init__()
        self.policy = policy
        self.picture_format: PictureFormat = picture_format

    def forward(self, arranged: Tensor) -> Heads:
        policy = self.policy
        features: Any = extract_features(policy, arranged, self.picture_format)
        shared = policy.share_features_extractor
        for_actor, for_critic = (features,) * 2 if shared else features
        actor = policy.action_net(policy.mlp_extractor.forward_actor(for_actor))
        values = policy.value_net(policy.mlp_extractor.forward_critic(for_critic))
        return Heads(actor, values.squeeze(-1), getattr(policy, "log_std", None))


OWN = (
    *("forward", "evaluate_actions", "get_distribution", "predict_values"),
    "_get_action_dist_from_latent",
)
"""Methods of a policy that are computed here as Stable-Baselines3 writes them."""

Apply = Callable[[Tensor, tuple[Tensor, ...], Tensor], Heads]
"""A policy as a function `(vector (P,), buffers, arranged (B, ...)) -> Heads`."""


class PolicyFunction:
    """A policy as a function of its weights and of observations: an `Apply`, in two steps.

    Args:
        policy: Stable-Baselines3's.
        picture_format: how convolutions compute; observations come as `arrange` makes them for it.

    Raises:
        ConfigError: the policy's distribution is not supported, or its network not in this format.
    """

    def __init__(
        self, policy: ActorCriticPolicy, picture_format: PictureFormat = "contiguous"
    ) -> None:
        check_format(policy, picture_format)
        _check_overrides(type(policy))
        kind = type(policy.action_dist)
        if kind not in (DiagGaussianDistribution, CategoricalDistribution):
            raise ConfigError(
                f"PreferencePPO cannot act with a {kind.__name__}: it supports Box and Discrete "
                "action spaces, without state-dependent exploration (use_sde)."
            )
        self._forward = _Forward(policy, picture_format)
        self._shapes = {name: p.shape for name, p in self._forward.named_parameters()}
        self._sizes = [shape.numel() for shape in self._shapes.values()]
        self._buffers = [name for name, _ in self._forward.named_buffers()]
        prepares = picture_format != "contiguous" and is_picture(policy.observation_space)
        self._prepared = [n for n in self._shapes if n.startswith(EXTRACTOR)] if prepares else []

    def prepare(self, vector: Tensor) -> tuple[Tensor, ...]:
        """Returns `(P,)` parameters with what `answer` would make of them at every call.

        Those are the extractor's of pictures, in the type and order in which they compute.
        """
        if not self._prepared:
            return (vector,)
        weights = self._named(vector)
        extractor = {name.removeprefix(EXTRACTOR): weights[name] for name in self._prepared}
        prepare_extractor(self._forward.policy, extractor, self._forward.picture_format)
        return (vector, *extractor.values())

    def answer(
        self, prepared: tuple[Tensor, ...], buffers: tuple[Tensor, ...], arranged: Tensor
    ) -> Heads:
        """Returns what the policy answers to observations `(B, ...)`."""
        state = self._named(prepared[0]) | dict(zip(self._buffers, buffers, strict=True))
        state |= dict(zip(self._prepared, prepared[1:], strict=True))
        # SB3 keeps one extractor under three names. Swapped under each of them, as tied weights
        # are by default, it would not get its own weights back.
        return functional_call(self._forward, state, (arranged,), tie_weights=False)

    def __call__(self, vector: Tensor, buffers: tuple[Tensor, ...], arranged: Tensor) -> Heads:
        """Returns what the policy with parameters `(P,)` answers to observations `(B, ...)`."""
        return self.answer(self.prepare(vector), buffers, arranged)

    def _named(self, vector: Tensor) -> dict[str, Tensor]:
        pieces = zip(self._shapes.items(), vector.split(self._sizes), strict=True)
        return {name: piece.view(shape) for (name, shape), piece in pieces}


def _check_overrides(policy: type[ActorCriticPolicy]) -> None:
    """Refuses a class of policies that computes something itself: it would act in another way."""
    own = [name for name in OWN if getattr(policy, name) is not getattr(ActorCriticPolicy, name)]
    if own:
        raise ConfigError(
            f"{policy.__name__} has {', '.join(own)} of its own, which PreferencePPO would not "
            "call: it takes policies that differ in their networks alone "
            "(features_extractor_class, net_arch, _build_mlp_extractor)."
        )


@torch.no_grad()
def read_weights(policy: ActorCriticPolicy) -> Weights:
    """Returns a policy's weights: parameters copied, buffers its own."""
    return Weights(parameters_to_vector(policy.parameters()), tuple(policy.buffers()))


def sample(heads: Heads, noise: Tensor) -> Tensor:
    """Returns actions, (B, A) float32 or (B,) int64.

    Args:
        heads: of the observations to act on.
        noise: (B, A), standard normal for means and Gumbel for logits: the largest of logits
            plus Gumbel noise is a draw from their softmax.
    """
    if heads.log_std is None:
        return (heads.actor + noise).argmax(-1)
    return heads.actor + noise * heads.log_std.exp()


def log_likelihood(heads: Heads, actions: Tensor) -> Tensor:
    """Returns the log-probability (B,) of actions, (B, A) before clipping or (B,) int64."""
    if heads.log_std is None:
        return torch.log_softmax(heads.actor, -1).gather(-1, actions.unsqueeze(-1)).squeeze(-1)
    scores = (actions - heads.actor) * torch.exp(-heads.log_std)
    return -(0.5 * scores.square() + heads.log_std + 0.5 * math.log(2 * math.pi)).sum(-1)


def mean_entropy(heads: Heads) -> Tensor:
    """Returns the policy's entropy in nats, (), the mean over the batch."""
    if heads.log_std is None:
        log_probabilities = torch.log_softmax(heads.actor, -1)
        return -(log_probabilities.exp() * log_probabilities).sum(-1).mean()
    return (heads.log_std + 0.5 * math.log(2 * math.pi * math.e)).sum()
