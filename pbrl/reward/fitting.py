"""One gradient step of all members at once, and what L2 becomes after it.

Christiano et al. 2017, section 2.2.3. Departures and gaps: the optimiser is Adam (Kingma and Ba
2015; Ibarz et al. 2018 use it for the same purpose); L2 is one coefficient per member, adjusted
every few gradient steps by a constant factor.
"""

import torch
from torch import Tensor

from pbrl.adam import AdamSettings, Learner, adam_step
from pbrl.feedback import FeedbackKind
from pbrl.reward import cnn as networks
from pbrl.reward.cnn import Cnn
from pbrl.reward.network import Mlp, apply_mlp, squared_weights

ADAM = AdamSettings()
L2_SMALLEST, L2_LARGEST = 1e-8, 1e2


def clip_returns(mlp: Mlp, params: Tensor, inputs: Tensor) -> Tensor:
    """Returns the summed predicted rewards of clips under each member.

    Args:
        mlp: The networks' shape.
        params: `(E, P)` the networks.
        inputs: `(E, B, K, T, I)` normalised inputs; 1 in place of E gives all members the same.

    Returns:
        `(E, B, K)`.
    """
    e, b, k, t, i = inputs.shape
    rewards = apply_mlp(mlp, params, inputs.reshape(e, b * k * t, i))
    return rewards.reshape(-1, b, k, t).sum(dim=-1)


def fit_step(
    learner: Learner,
    l2: Tensor,
    inputs: Tensor,
    targets: Tensor,
    corrections: Tensor,
    *,
    mlp: Mlp,
    kind: FeedbackKind,
    error_rate: float | Tensor,
    lr: float,
) -> Learner:
    """Returns the learner after one gradient step of every member.

    The objective is a sum over members, so that the size of the ensemble does not change the step
    that a member takes.

    Args:
        learner: Networks `(E, P)` and optimiser.
        l2: `(E,)` weight of each member's squared weights.
        inputs: `(E, M, K, T, I)` each member's minibatch, normalised.
        targets: `(E, M, D)` its answers.
        corrections: `(2,)` Adam's bias corrections of this step.
        mlp: The networks' shape.
        kind: The kind of feedback, which owns the likelihood.
        error_rate: Share of answers taken to be uniformly random: one for all, or `(E, M)` one for
            each.
        lr: Learning rate.
    """

    def objective(params: Tensor) -> Tensor:
        returns = clip_returns(mlp, params, inputs)
        fit = -kind.log_likelihood(returns, targets, error_rate).mean(dim=1)
        return (fit + l2 * squared_weights(mlp, params)).sum()

    grads = torch.func.grad(objective)(learner.parameters)
    return adam_step(learner, grads, corrections, lr, ADAM)


def fit_step_by_annotator(
    learner: Learner,
    l2: Tensor,
    inputs: Tensor,
    targets: Tensor,
    corrections: Tensor,
    error_rates: Tensor,
    *,
    mlp: Mlp,
    kind: FeedbackKind,
    lr: float,
) -> Learner:
    """Returns what `fit_step` returns, with a share of errors `(E, M)` for each answer.

    A function of its own: only what is a positional argument may differ from call to call of a
    compiled graph.
    """
    return fit_step(
        *(learner, l2, inputs, targets, corrections),
        mlp=mlp,
        kind=kind,
        error_rate=error_rates,
        lr=lr,
    )


def fit_pictures_step(
    learner: Learner,
    l2: Tensor,
    clips: Tensor,
    targets: Tensor,
    corrections: Tensor,
    uniform: Tensor,
    error_rates: Tensor,
    there: Tensor,
    *,
    cnn: Cnn,
    kind: FeedbackKind,
    lr: float,
    stride: int,
) -> Learner:
    """Returns the learner after one gradient step of every member on pictures.

    The objective is that of `fit_step`, but that a clip's sum may be estimated from some of its
    steps.

    Args:
        learner: Networks `(E, P)` and optimiser.
        l2: `(E,)` weight of each member's squared weights.
        clips: `(E, M, K, F, side, side)` uint8, each member's minibatch, from `thin`.
        targets: `(E, M, D)` its answers.
        corrections: `(2,)` Adam's bias corrections of this step.
        uniform: `(4, M * K * S, E, channels)` in [0, 1), for dropout.
        error_rates: `(E, M)` share of answers taken to be uniformly random.
        there: `(E, M, K, S)` 1 for steps of the clips, 0 for those that are beyond their end.
        cnn: The networks' shape.
        kind: The kind of feedback, which owns the likelihood.
        lr: Learning rate.
        stride: One of how many steps of a clip is looked at.
    """

    def objective(params: Tensor) -> Tensor:
        rewards, _ = networks.train_cnn(cnn, params, clips.flatten(1, 2), uniform, stride)
        returns = stride * (rewards.view(there.shape) * there).sum(dim=-1)
        fit = -kind.log_likelihood(returns, targets, error_rates).mean(dim=1)
        return (fit + l2 * networks.squared_weights(cnn, params)).sum()

    grads = torch.func.grad(objective)(learner.parameters)
    return adam_step(learner, grads, corrections, lr, ADAM)


def adjusted_l2(
    l2: Tensor, train_loss: Tensor, validation_loss: Tensor, low: float, high: float, factor: float
) -> Tensor:
    """Moves each member's L2 so that validation loss over training loss stays within bounds.

    Too much validation loss means overfitting, so L2 rises above `high` and falls below `low`
    (Christiano et al. 2017, section 2.2.3: 1.1 and 1.5). Losses are means per label.

    Args:
        l2: `(E,)` coefficients.
        train_loss: `(E,)` mean loss over the member's resample.
        validation_loss: `(E,)` mean loss over the labels it left out; NaN leaves L2 as it is.
        low: Ratio below which L2 falls.
        high: Ratio above which L2 rises.
        factor: What one adjustment multiplies or divides by.
    """
    ratio = validation_loss / train_loss
    step = torch.where(ratio > high, factor, torch.where(ratio < low, 1 / factor, 1.0))
    moved = (l2 * step).clamp(L2_SMALLEST, L2_LARGEST)
    return torch.where(l2 > 0, moved, l2)
