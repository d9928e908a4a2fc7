"""One gradient step of all members at once, and what L2 becomes after it.

Christiano et al. 2017, section 2.2.3. Departures and gaps: the optimiser is Adam (Kingma and Ba
2015; Ibarz et al. 2018 use it for the same purpose); L2 is one coefficient per member, adjusted
every few gradient steps by a constant factor.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from pbrl.feedback import FeedbackKind
from pbrl.reward.network import Params, apply_mlp, squared_weights

ADAM_BETAS = (0.9, 0.999)
ADAM_EPSILON = 1e-8
L2_SMALLEST, L2_LARGEST = 1e-8, 1e2


class AdamState(NamedTuple):
    """Adam's moments, shaped as the parameters, and the number of steps taken, `()` float32."""

    mean: Params
    square: Params
    steps: Tensor


def adam_init(params: Params) -> AdamState:
    """Returns the state before the first step."""
    zeros = {name: torch.zeros_like(p) for name, p in params.items()}
    device = next(iter(params.values())).device
    return AdamState(
        zeros, {n: z.clone() for n, z in zeros.items()}, torch.zeros((), device=device)
    )


def adam_step(
    params: Params, grads: Params, state: AdamState, lr: float
) -> tuple[Params, AdamState]:
    """Returns the parameters and the state after one step of Adam."""
    b1, b2 = ADAM_BETAS
    steps = state.steps + 1
    mean = {n: b1 * state.mean[n] + (1 - b1) * g for n, g in grads.items()}
    square = {n: b2 * state.square[n] + (1 - b2) * g * g for n, g in grads.items()}
    scale, root = lr / (1 - b1**steps), torch.sqrt(1 - b2**steps)
    moved = {
        n: p - scale * mean[n] / (torch.sqrt(square[n]) / root + ADAM_EPSILON)
        for n, p in params.items()
    }
    return moved, AdamState(mean, square, steps)


def clip_returns(params: Params, inputs: Tensor, leaky_slope: float) -> Tensor:
    """Returns the summed predicted rewards of clips under each member.

    Args:
        params: The stacked networks.
        inputs: `(E, B, K, T, I)` normalised inputs; 1 in place of E gives all members the same.
        leaky_slope: Slope of the leaky ReLU below zero.

    Returns:
        `(E, B, K)`.
    """
    e, b, k, t, i = inputs.shape
    rewards = apply_mlp(params, inputs.reshape(e, b * k * t, i), leaky_slope)
    return rewards.reshape(-1, b, k, t).sum(dim=-1)


def losses(
    params: Params,
    inputs: Tensor,
    targets: Tensor,
    kind: FeedbackKind,
    error_rate: float,
    leaky_slope: float,
) -> Tensor:
    """Returns the negative log likelihood of each answer under each member: `(E, B)`.

    Args:
        params: The stacked networks.
        inputs: `(E, B, K, T, I)` or `(1, B, K, T, I)` normalised inputs.
        targets: `(E, B, D)` or `(B, D)` answers.
        kind: The kind of feedback, which owns the likelihood.
        error_rate: Share of answers taken to be uniformly random.
        leaky_slope: Slope of the leaky ReLU below zero.
    """
    return -kind.log_likelihood(clip_returns(params, inputs, leaky_slope), targets, error_rate)


def fit_step(
    params: Params,
    adam: AdamState,
    l2: Tensor,
    inputs: Tensor,
    targets: Tensor,
    kind: FeedbackKind,
    error_rate: float,
    leaky_slope: float,
    lr: float,
) -> tuple[Params, AdamState]:
    """Returns all members' parameters and optimiser state after one gradient step.

    The objective is a sum over members, so that the size of the ensemble does not change the step
    that a member takes.

    Args:
        params: The stacked networks.
        adam: The optimiser's state.
        l2: `(E,)` weight of each member's squared weights.
        inputs: `(E, M, K, T, I)` each member's minibatch.
        targets: `(E, M, D)` its answers.
        kind: The kind of feedback, which owns the likelihood.
        error_rate: Share of answers taken to be uniformly random.
        leaky_slope: Slope of the leaky ReLU below zero.
        lr: Learning rate.
    """

    def objective(params: Params) -> Tensor:
        fit = losses(params, inputs, targets, kind, error_rate, leaky_slope).mean(dim=1)
        return (fit + l2 * squared_weights(params)).sum()

    return adam_step(params, torch.func.grad(objective)(params), adam, lr)


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
