import math

import pytest
import torch

from pbrl.feedback import COMPARISON
from pbrl.reward.fitting import AdamState, adam_init, adam_step, adjusted_l2, clip_returns, fit_step
from pbrl.reward.network import apply_mlp, init_mlp

LOW, HIGH, FACTOR = 1.1, 1.5, 1.25


def some_params(members=3):
    return init_mlp(members, 4, (8, 8), torch.Generator().manual_seed(0), torch.device("cpu"))


def some_batch(members=3, labels=6):
    rng = torch.Generator().manual_seed(1)
    inputs = torch.randn(members, labels, 2, 5, 4, generator=rng)
    first = torch.rand(members, labels, generator=rng).round()
    return inputs, torch.stack([first, 1 - first], dim=-1)


def one_step(params, adam, l2, inputs, targets, lr=1e-2):
    return fit_step(params, adam, l2, inputs, targets, COMPARISON, 0.1, 0.01, lr)


def member_of(tree, e):
    return {name: p[e : e + 1] for name, p in tree.items()}


def test_adam_is_torchs_adam():
    params = some_params()
    leaves = {n: p.clone().requires_grad_() for n, p in params.items()}
    reference = torch.optim.Adam(leaves.values(), lr=1e-2)
    state = adam_init(params)
    rng = torch.Generator().manual_seed(2)
    for _ in range(5):
        grads = {n: torch.randn(p.shape, generator=rng) for n, p in params.items()}
        for name, leaf in leaves.items():
            leaf.grad = grads[name]
        reference.step()
        params, state = adam_step(params, grads, state, 1e-2)
    for name, leaf in leaves.items():
        torch.testing.assert_close(params[name], leaf.detach(), rtol=1e-5, atol=1e-6)


def test_a_clip_is_worth_the_sum_of_its_steps():
    params, (inputs, _) = some_params(), some_batch()
    returns = clip_returns(params, inputs, 0.01)
    expected = apply_mlp(params, inputs[:, 2, 1], 0.01).sum(dim=1)
    torch.testing.assert_close(returns[:, 2, 1], expected)


def test_the_step_follows_the_papers_loss():
    """One step of plain gradient descent by hand: cross entropy with 10 % error, plus L2."""
    params, (inputs, targets) = some_params(1), some_batch(1)
    leaves = {n: p.clone().requires_grad_() for n, p in params.items()}
    softmax = clip_returns(leaves, inputs, 0.01).softmax(dim=-1)
    cross_entropy = -(targets * (0.9 * softmax + 0.05).log()).sum(dim=-1).mean()
    squares = sum(p.square().sum() for n, p in leaves.items() if n.startswith("weight"))
    (cross_entropy + 0.3 * squares).backward()
    _, adam = one_step(params, adam_init(params), torch.tensor([0.3]), inputs, targets)
    for name, leaf in leaves.items():  # Adam's first mean is a tenth of the gradient
        torch.testing.assert_close(10 * adam.mean[name], leaf.grad, rtol=1e-3, atol=1e-5)


def test_a_members_step_does_not_depend_on_the_size_of_the_ensemble():
    params, (inputs, targets) = some_params(3), some_batch(3)
    l2 = torch.full((3,), 0.1)
    together, adam = one_step(params, adam_init(params), l2, inputs, targets)
    alone_params = member_of(params, 1)
    alone, alone_adam = one_step(
        alone_params, adam_init(alone_params), l2[1:2], inputs[1:2], targets[1:2]
    )
    for name in params:
        torch.testing.assert_close(together[name][1:2], alone[name])
        torch.testing.assert_close(adam.mean[name][1:2], alone_adam.mean[name])
    assert isinstance(adam, AdamState)


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
