"""PPO's update on one minibatch, as one function of tensors, the optimiser included.

Schulman et al., *Proximal Policy Optimization Algorithms*, 2017 (arXiv 1707.06347), equations 7
and 9, with the details of Stable-Baselines3, whose `PPO.train` makes the same step. Networks this
small are slow only because each of the hundred small operations of a step is launched by itself;
compiled as a whole they cost a tenth. Hence all parameters lie in one vector, and so do Adam's
moments: gradient clipping and Adam are then a handful of operations, whatever the network.

Departures from Stable-Baselines3: none in what is computed.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor
from torch.func import grad_and_value

from pbrl.adam import AdamSettings, Learner, adam_step
from pbrl.agents.policy import Apply, Heads, log_likelihood, mean_entropy


class Experience(NamedTuple):
    """A rollout as the update reads it, B = N * T, environment by environment."""

    observations: Tensor
    """(B, ...) as the policy computes with them, see `picture_format.arrange`."""
    actions: Tensor
    """(B, A) float32 before clipping, or (B,) int64."""
    values: Tensor
    """(B,) of the policy that acted."""
    log_probs: Tensor
    """(B,) of the policy that acted."""
    advantages: Tensor
    """(B,)."""
    returns: Tensor
    """(B,) targets of the value function."""


class Hyperparameters(NamedTuple):
    """All () float32 tensors, so that a schedule that moves them needs no new compilation."""

    lr: Tensor
    clip_range: Tensor
    clip_range_vf: Tensor
    """Infinite where the value function is not clipped."""
    ent_coef: Tensor
    vf_coef: Tensor
    max_grad_norm: Tensor
    max_kl: Tensor
    """No step is made on a minibatch whose approx_kl exceeds it; infinite for no limit."""


class Statistics(NamedTuple):
    """Of one minibatch, before its step, all () float32. An update step returns them stacked."""

    policy_loss: Tensor
    value_loss: Tensor
    entropy: Tensor
    approx_kl: Tensor
    clip_fraction: Tensor
    loss: Tensor


UpdateStep = Callable[
    [Learner, tuple[Tensor, ...], Experience, Tensor, Tensor, Hyperparameters],
    tuple[Learner, Tensor],
]


def make_update(apply: Apply, adam: AdamSettings, normalize_advantage: bool) -> UpdateStep:
    """Returns PPO's step on one minibatch, a pure function.

    Its arguments are the learner, the policy's buffers, the experience of a rollout, the
    minibatch's indices (B,) in it, Adam's bias corrections (2,) of this step, and the
    hyperparameters. Its results are the next learner and the minibatch's statistics, one (6,)
    tensor in the order of `Statistics`.

    Args:
        apply: the policy, see `PolicyFunction`.
        adam: the optimiser's constants.
        normalize_advantage: whether advantages get mean 0 and deviation 1 in each minibatch.
    """

    def loss(
        vector: Tensor, buffers: tuple[Tensor, ...], batch: Experience, hyper: Hyperparameters
    ) -> tuple[Tensor, Statistics]:
        heads = apply(vector, buffers, batch.observations)
        return ppo_loss(heads, batch, hyper, normalize_advantage)

    gradient = grad_and_value(loss, has_aux=True)

    def update(
        learner: Learner,
        buffers: tuple[Tensor, ...],
        experience: Experience,
        indices: Tensor,
        corrections: Tensor,
        hyper: Hyperparameters,
    ) -> tuple[Learner, Tensor]:
        batch = Experience(*(tensor[indices] for tensor in experience))
        grad, (_, statistics) = gradient(learner.parameters, buffers, batch, hyper)
        grad = clip_norm(grad, hyper.max_grad_norm)
        stepped = adam_step(learner, grad, corrections, hyper.lr, adam)
        within = statistics.approx_kl <= hyper.max_kl
        kept = (torch.where(within, new, old) for new, old in zip(stepped, learner, strict=True))
        return Learner(*kept), torch.stack(statistics)

    return update


def ppo_loss(
    heads: Heads, batch: Experience, hyper: Hyperparameters, normalize_advantage: bool
) -> tuple[Tensor, Statistics]:
    """Returns PPO's clipped loss, (), and the statistics.

    Args:
        heads: what the policy that learns answers to the minibatch.
        batch: the minibatch.
        hyper: the coefficients.
        normalize_advantage: whether advantages get mean 0 and deviation 1 in each minibatch.
    """
    advantages = batch.advantages
    if normalize_advantage and len(advantages) > 1:
        advantages = (advantages - advantages.mean()) / (advantages.std() + 1e-8)
    log_ratio = log_likelihood(heads, batch.actions) - batch.log_probs
    ratio = log_ratio.exp()
    clipped = ratio.clamp(1 - hyper.clip_range, 1 + hyper.clip_range)
    policy_loss = -torch.minimum(advantages * ratio, advantages * clipped).mean()
    change = (heads.values - batch.values).clamp(-hyper.clip_range_vf, hyper.clip_range_vf)
    value_loss = (batch.returns - (batch.values + change)).square().mean()
    entropy = mean_entropy(heads)
    total = policy_loss - hyper.ent_coef * entropy + hyper.vf_coef * value_loss
    # The third estimator of http://joschu.net/blog/kl-approx.html, as SB3 uses it.
    approx_kl = (ratio - 1 - log_ratio).mean()
    clip_fraction = ((ratio - 1).abs() > hyper.clip_range).float().mean()
    return total, Statistics(policy_loss, value_loss, entropy, approx_kl, clip_fraction, total)


def clip_norm(grad: Tensor, max_norm: Tensor) -> Tensor:
    """Returns `grad` (P,), shortened to `max_norm` where it is longer, as torch clips it."""
    return grad * (max_norm / (grad.norm() + 1e-6)).clamp(max=1.0)
