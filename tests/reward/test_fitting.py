import math

import pytest
import torch

from pbrl.adam import Learner, new_learner
from pbrl.feedback import COMPARISON
from pbrl.reward.fitting import (
    ADAM,
    adjusted_l2,
    clip_returns,
    fit_step,
)
from pbrl.reward.network import Mlp, apply_mlp, init_mlp, squared_weights

LOW, HIGH, FACTOR = 1.1, 1.5, 1.25
MLP = Mlp(inputs=4, hidden=(8, 8), leaky_slope=0.01)


def some_params(members=3):
    return init_mlp(MLP, members, torch.Generator().manual_seed(0))


def some_batch(members=3, labels=6):
    rng = torch.Generator().manual_seed(1)
    inputs = torch.randn(members, labels, 2, 5, 4, generator=rng)
    first = torch.rand(members, labels, generator=rng).round()
    return inputs, torch.stack([first, 1 - first], dim=-1)


def one_step(params, l2, inputs, targets):
    return fit_step(
        new_learner(params), l2, inputs, targets, ADAM.corrections(1, 1)[0],
        mlp=MLP, kind=COMPARISON, error_rate=0.1, lr=1e-2,
    )  # fmt: skip


def test_a_clip_is_worth_the_sum_of_its_steps():
    params, (inputs, _) = some_params(), some_batch()
    returns = clip_returns(MLP, params, inputs)
    expected = apply_mlp(MLP, params, inputs[:, 2, 1]).sum(dim=1)
    torch.testing.assert_close(returns[:, 2, 1], expected)


def test_the_step_follows_the_papers_loss():
    """The gradient by hand: cross entropy with 10 % error, plus L2."""
    params, (inputs, targets) = some_params(1), some_batch(1)
    leaf = params.clone().requires_grad_()
    softmax = clip_returns(MLP, leaf, inputs).softmax(dim=-1)
    cross_entropy = -(targets * (0.9 * softmax + 0.05).log()).sum(dim=-1).mean()
    (cross_entropy + 0.3 * squared_weights(MLP, leaf).sum()).backward()
    learner = one_step(params, torch.tensor([0.3]), inputs, targets)
    # Adam's first mean is a tenth of the gradient.
    torch.testing.assert_close(10 * learner.first_moment, leaf.grad, rtol=1e-3, atol=1e-5)


def test_a_members_step_does_not_depend_on_the_size_of_the_ensemble():
    params, (inputs, targets) = some_params(3), some_batch(3)
    l2 = torch.full((3,), 0.1)
    together = one_step(params, l2, inputs, targets)
    alone = one_step(params[1:2], l2[1:2], inputs[1:2], targets[1:2])
    assert isinstance(together, Learner)
    torch.testing.assert_close(together.first_moment[1:2], alone.first_moment)


@pytest.mark.parametrize(
    ("ratio", "expected"), [(1.6, FACTOR), (1.5, 1), (1.3, 1), (1.1, 1), (1.0, 1 / FACTOR)]
)
def test_l2_rises_when_validation_loss_is_too_high_and_falls_when_too_low(ratio, expected):
    train, l2 = torch.tensor([0.5]), torch.tensor([0.01])
    moved = adjusted_l2(l2, train, ratio * train, LOW, HIGH, FACTOR)
    assert moved.item() == pytest.approx(0.01 * expected, rel=1e-5)


def test_each_member_has_its_own_l2_and_one_without_validation_data_keeps_it():
    moved = adjusted_l2(
        torch.tensor([0.01, 0.01, 0.01]),
        torch.tensor([1.0, 1.0, 1.0]),
        torch.tensor([2.0, 1.0, math.nan]),
        LOW,
        HIGH,
        FACTOR,
    )
    torch.testing.assert_close(moved, torch.tensor([0.0125, 0.008, 0.01]))


def test_no_regularisation_stays_none():
    moved = adjusted_l2(torch.tensor([0.0]), torch.ones(1), 9 * torch.ones(1), LOW, HIGH, FACTOR)
    assert moved.item() == 0
