"""How well predictors explain labels: those that a member learnt from, and those it left out."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from torch import Tensor

from pbrl.feedback import FeedbackKind
from pbrl.reward.labels import Floats


@dataclass(frozen=True, slots=True)
class FitReport:
    """How well the predictors explain labels; arrays hold one value per member, `(E,)`."""

    labels: int
    """Labels that the fit was given."""
    train_loss: Floats
    """Mean negative log likelihood over the member's resample."""
    validation_loss: Floats
    """The same over the labels it left out; NaN where it left out none."""
    validation_accuracy: Floats
    """Share of left-out answers that it predicts; NaN where there are none."""
    l2: Floats
    """Weight of the squared weights."""


class FitData(NamedTuple):
    """Labels as a fit sees them."""

    inputs: Any
    """`(B, K, T, I)` normalised; of pictures a list of B arrays `(K, T + stack - 1, H, W)`."""
    targets: Tensor
    """`(B, D)`."""
    counts: Tensor
    """`(E, B)` float32, how often each label stands in each member's resample."""
    error_rates: Tensor | None
    """`(B,)` share of errors of each label's annotator, None where all share the configured one."""


class Explained(NamedTuple):
    """One value per member, `(E,)`: see `FitReport`."""

    train_loss: Tensor
    validation_loss: Tensor
    validation_accuracy: Tensor


def explained(data: FitData, rewards: Tensor, kind: FeedbackKind, error_rate: float) -> Explained:
    """Returns losses and accuracy.

    Args:
        data: The labels.
        rewards: `(E, B, K, T)` of the steps of their clips.
        kind: The kind of feedback, which owns the likelihood.
        error_rate: Share of answers taken to be uniformly random, where labels have no rates of
            their own.
    """
    returns = rewards.sum(dim=-1)
    rate = error_rate if data.error_rates is None else data.error_rates
    loss = -kind.log_likelihood(returns, data.targets, rate)
    correct = kind.correct(returns, data.targets)
    left_out = (data.counts == 0).to(loss.dtype)
    held = left_out.sum(dim=1)
    return Explained(
        (loss * data.counts).sum(dim=1) / data.counts.sum(dim=1).clamp_min(1),
        (loss * left_out).sum(dim=1) / held,
        (correct * left_out).sum(dim=1) / held,
    )
