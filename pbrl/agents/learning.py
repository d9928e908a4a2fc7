"""What PPO learns from a rollout: advantages, then epochs of minibatches, then a report."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from stable_baselines3.common.utils import explained_variance
from torch import Tensor

from pbrl.adam import AdamSettings, Learner
from pbrl.agents.advantages import generalized_advantages
from pbrl.agents.ppo_update import Experience, Hyperparameters, Statistics, UpdateStep
from pbrl.agents.recording import Recording, flatten
from pbrl.errors import NumericalError

APPROX_KL = Statistics._fields.index("approx_kl")
LOSS = Statistics._fields.index("loss")


@dataclass(frozen=True, slots=True)
class UpdateReport:
    """How an update on one rollout went: means over its minibatches where nothing else is said."""

    policy_loss: float
    value_loss: float
    entropy: float
    """nats."""
    approx_kl: float
    """nats, from the policy that acted to the one that learns; mean over the last epoch."""
    clip_fraction: float
    loss: float
    """Of the last minibatch."""
    explained_variance: float
    """1 - Var[returns - values] / Var[returns], of the values before the update."""
    std: float
    """Mean standard deviation of continuous actions after the update, else NaN."""
    epochs: int
    """Epochs begun."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What epochs of minibatches lead to."""

    learner: Learner
    steps: int
    """Steps that the optimiser has made, those of earlier updates included."""
    statistics: Tensor
    """(M, 6) of the M minibatches, in the order of `Statistics`."""


def check_rewards(rewards: np.ndarray, shape: tuple[int, ...]) -> None:
    """Checks rewards that are to be learnt from.

    Raises:
        ValueError: they are not of a rollout of `shape` (T, N).
        NumericalError: one is NaN or infinite; the message says which.
    """
    if rewards.shape != shape:
        raise ValueError(f"rewards have shape {rewards.shape}, but the rollout has {shape}.")
    if not np.isfinite(rewards).all():
        t, env = np.argwhere(~np.isfinite(rewards))[0]
        raise NumericalError(
            f"The reward of environment {env} at step {t} of this rollout is not finite: "
            f"{rewards[t, env]}."
        )


def make_experience(
    recording: Recording,
    rewards: np.ndarray,
    gamma: float,
    gae_lambda: float,
    device: torch.device,
) -> Experience:
    """Returns what the minibatches are drawn from, with advantages for `rewards` (T, N).

    An episode that a time limit cut goes on in the value of its final observation.
    """
    advantages = generalized_advantages(
        rewards.astype(np.float32) + gamma * recording.final_values,
        recording.values,
        recording.last_values,
        recording.rollout.ended,
        gamma,
        gae_lambda,
    )
    parts = (
        recording.actions,
        recording.values,
        recording.log_probs,
        advantages,
        advantages + recording.values,
    )
    assert recording.arranged is not None
    return Experience(recording.arranged, *(flatten(part, device) for part in parts))


def run_epochs(
    step: UpdateStep,
    learner: Learner,
    steps: int,
    buffers: tuple[Tensor, ...],
    experience: Experience,
    hyper: Hyperparameters,
    adam: AdamSettings,
    epochs: int,
    batch_size: int,
    rng: np.random.Generator,
) -> Outcome:
    """Makes a step on each minibatch of each epoch, or until one exceeds `hyper.max_kl`.

    Args:
        step: see `make_update`.
        learner: to begin with.
        steps: that the optimiser has made so far.
        buffers: of the policy.
        experience: of B steps.
        hyper: the coefficients.
        adam: the optimiser's constants.
        epochs: passes over the experience.
        batch_size: of a minibatch; the last one of an epoch may be smaller.
        rng: shuffles.
    """
    total, device = len(experience.values), experience.values.device
    corrections = adam.corrections(steps + 1, epochs * math.ceil(total / batch_size)).to(device)
    limited = math.isfinite(hyper.max_kl)
    statistics = []
    for _ in range(epochs):
        order = torch.from_numpy(rng.permutation(total)).to(device)
        for indices in order.split(batch_size):
            correction = corrections[len(statistics)]
            learner, result = step(learner, buffers, experience, indices, correction, hyper)
            statistics.append(result)
            if limited and result[APPROX_KL] > hyper.max_kl:  # and so `step` left the learner
                return Outcome(learner, steps + len(statistics) - 1, torch.stack(statistics))
    return Outcome(learner, steps + len(statistics), torch.stack(statistics))


def summarize(
    statistics: Tensor, experience: Experience, batch_size: int, std: float
) -> UpdateReport:
    """Returns the report of an update from the statistics (M, 6) of its minibatches."""
    per_epoch = math.ceil(len(experience.values) / batch_size)
    epochs = math.ceil(len(statistics) / per_epoch)
    policy_loss, value_loss, entropy, _, clip_fraction, _ = statistics.mean(0).tolist()
    return UpdateReport(
        policy_loss=policy_loss,
        value_loss=value_loss,
        entropy=entropy,
        approx_kl=statistics[(epochs - 1) * per_epoch :, APPROX_KL].mean().item(),
        clip_fraction=clip_fraction,
        loss=statistics[-1, LOSS].item(),
        explained_variance=explained_variance(
            experience.values.cpu().numpy(), experience.returns.cpu().numpy()
        ),
        std=std,
        epochs=epochs,
    )
