"""The convolutional predictors against torch's own layers, one member at a time."""

import dataclasses
import math

import pytest
import torch
from torch import nn

from pbrl.reward.cnn import (
    KERNELS,
    STRIDES,
    Cnn,
    apply_cnn,
    init_cnn,
    measure_statistics,
    new_statistics,
    squared_weights,
    train_cnn,
    weights_of,
)

CNN = Cnn(stack=4, side=84, leaky_slope=0.01, dropout=0.5)
MEMBERS = 3


@pytest.fixture(scope="module")
def params():
    drawn = init_cnn(CNN, MEMBERS, torch.Generator().manual_seed(0))
    moved = torch.randn(drawn.shape, generator=torch.Generator().manual_seed(1))
    return drawn + 0.1 * moved  # so that scales and shifts are not all alike


def pictures(*shape):
    """Clips of one step, a stack of four pictures."""
    rng = torch.Generator().manual_seed(2)
    return torch.randint(0, 256, (*shape, 4, 84, 84), generator=rng, dtype=torch.uint8)


def one_member(params, member, statistics=None):
    """The same network of torch's layers; with its own statistics if they are given."""
    weights = [w[member] for w in weights_of(CNN, params)]
    layers, inputs = [], 4
    for i, (kernel, stride) in enumerate(zip(KERNELS, STRIDES, strict=True)):
        conv = nn.Conv2d(inputs, 16, kernel, stride, bias=False)
        norm = nn.BatchNorm2d(16)
        conv.weight.data, norm.weight.data, norm.bias.data = weights[3 * i : 3 * i + 3]
        if statistics is not None:
            norm.running_mean, norm.running_var = statistics[:, i, member]
            norm.eval()
        layers += [conv, norm, nn.LeakyReLU(0.01)]
        inputs = 16
    dense, output = nn.Linear(784, 64), nn.Linear(64, 1)
    dense.weight.data, dense.bias.data = weights[-4].T, weights[-3]
    output.weight.data, output.bias.data = weights[-2].T, weights[-1]
    return nn.Sequential(*layers, nn.Flatten(), dense, nn.LeakyReLU(0.01), output)


def test_the_shape_is_the_papers(params):
    assert CNN.sides == [26, 11, 9, 7]
    convolutions = [w for w in weights_of(CNN, params) if w.ndim == 5]
    assert [w.shape[1:] for w in convolutions] == [
        (16, 4, 7, 7), (16, 16, 5, 5), (16, 16, 3, 3), (16, 16, 3, 3),
    ]  # fmt: skip
    assert (STRIDES, weights_of(CNN, params)[-4].shape[1:]) == ((3, 2, 1, 1), (784, 64))


def test_after_training_each_member_is_its_own_network(params):
    statistics = new_statistics(CNN, MEMBERS)
    statistics += torch.rand(statistics.shape, generator=torch.Generator().manual_seed(3))
    seen = pictures(5)
    rewards = apply_cnn(CNN, params, statistics, seen).squeeze(-1)
    assert rewards.shape == (MEMBERS, 5)
    for member in range(MEMBERS):
        expected = one_member(params, member, statistics)(seen / 255).squeeze(-1)
        torch.testing.assert_close(rewards[member], expected, rtol=1e-4, atol=1e-5)


def test_in_training_each_member_sees_its_own_batch(params):
    plain = Cnn(4, 84, 0.01, dropout=0.0)
    seen = pictures(MEMBERS, 6)
    rewards, measured = train_cnn(plain, params, seen, torch.zeros(4, 6, MEMBERS, 16))
    for member in range(MEMBERS):
        network = one_member(params, member)
        expected = network(seen[member] / 255)
        torch.testing.assert_close(rewards[member], expected, rtol=1e-4, atol=1e-4)
        first = network[0](seen[member] / 255)
        torch.testing.assert_close(
            measured[0, 0, member], first.mean(dim=(0, 2, 3)), rtol=1e-3, atol=1e-4
        )
        torch.testing.assert_close(
            measured[1, 0, member], first.var(dim=(0, 2, 3), correction=0), rtol=1e-3, atol=1e-4
        )


def test_a_stride_over_the_steps_of_clips(params):
    """It is the same as clips of one step each, made of those that are looked at."""
    plain = Cnn(4, 84, 0.01, dropout=0.0)
    rng = torch.Generator().manual_seed(5)
    clips = torch.randint(0, 256, (MEMBERS, 2, 8, 84, 84), generator=rng, dtype=torch.uint8)
    found, about = train_cnn(plain, params, clips, torch.zeros(4, 6, MEMBERS, 16), stride=2)
    stacks = clips.unfold(2, 4, 2).movedim(-1, 3)  # (E, C, S, 4, 84, 84)
    still = torch.zeros(4, 6, MEMBERS, 16)
    expected, measured = train_cnn(plain, params, stacks.flatten(1, 2), still)
    torch.testing.assert_close(found, expected.view(MEMBERS, 2, 3), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(about, measured, rtol=1e-4, atol=1e-5)


def test_dropout_takes_whole_channels_and_keeps_the_mean(params):
    seen = pictures(MEMBERS, 4)
    kept, _ = train_cnn(CNN, params, seen, torch.full((4, 4, MEMBERS, 16), 0.5))
    doubled, _ = train_cnn(Cnn(4, 84, 0.01, 0.0), params, seen, torch.zeros(4, 4, MEMBERS, 16))
    assert not torch.allclose(kept, doubled)  # each layer's output is twice as large
    gone, _ = train_cnn(CNN, params, seen, torch.zeros(4, 4, MEMBERS, 16))
    torch.testing.assert_close(gone, gone[:, :1].expand_as(gone))  # nothing is left of the pictures
    uniform = torch.full((4, 4, MEMBERS, 16), 0.9)
    uniform[0, :, :, 3] = 0.1
    without, _ = train_cnn(CNN, params, seen, uniform)
    cut = [w.clone() for w in weights_of(CNN, params)]
    cut[0][:, 3] = 0.0  # the channel that dropout takes, made silent
    cut[1][:, 3], cut[2][:, 3] = 0.0, 0.0
    same, _ = train_cnn(
        CNN,
        torch.cat([w.flatten(1) for w in cut], dim=1),
        seen,
        torch.full((4, 4, MEMBERS, 16), 0.9),
    )
    torch.testing.assert_close(without, same, rtol=1e-4, atol=1e-4)


def test_measured_on_the_same_clips_it_is_after_training_as_in_training(params):
    """And dropout has no part in what is measured."""
    clips, own = pictures(6), pictures(6).expand(MEMBERS, -1, -1, -1, -1)
    plain, still = dataclasses.replace(CNN, dropout=0.0), torch.zeros(4, 6, MEMBERS, 16)
    expected, measured = train_cnn(plain, params, own, still)
    found = measure_statistics(CNN, params, clips)
    torch.testing.assert_close(found, measured, rtol=0, atol=0)
    after = apply_cnn(CNN, params, found, clips)
    torch.testing.assert_close(after, expected, rtol=1e-3, atol=1e-4)


def test_a_clip_is_seen_as_its_stacks_of_four(params):
    statistics = new_statistics(CNN, MEMBERS)
    clips = pictures(2, 2)[:, :, :3].flatten(1, 2)  # two clips of six pictures, three steps
    rewards = apply_cnn(CNN, params, statistics, clips)
    assert rewards.shape == (MEMBERS, 2, 3)
    for step in range(3):
        alone = apply_cnn(CNN, params, statistics, clips[:, step : step + 4])
        torch.testing.assert_close(rewards[:, :, step : step + 1], alone, rtol=1e-4, atol=1e-5)
    own, plain = clips.expand(MEMBERS, -1, -1, -1, -1), Cnn(4, 84, 0.01, dropout=0.0)
    trained, _ = train_cnn(plain, params, own, torch.zeros(4, 6, MEMBERS, 16))
    seen = clips.unfold(1, 4, 1).movedim(-1, 2).flatten(0, 1)
    expected = one_member(params, 1)(seen / 255).unflatten(0, (2, 3)).squeeze(-1)
    torch.testing.assert_close(trained[1], expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("side", [43, 44, 45])
def test_pictures_of_any_size_are_seen_whole(side):
    small = Cnn(stack=2, side=side, leaky_slope=0.01, dropout=0.0)
    params = init_cnn(small, 1, torch.Generator().manual_seed(0))
    seen = pictures(3)[:, :2, :side, :side]
    weights = weights_of(small, params)
    expected = torch.nn.functional.conv2d(seen / 255, weights[0][0], stride=3)
    _, measured = train_cnn(small, params, seen[None], torch.zeros(4, 3, 1, 16))
    mean, variance = measured[:, 0, 0]
    torch.testing.assert_close(mean, expected.mean(dim=(0, 2, 3)), rtol=1e-3, atol=1e-5)
    spread = expected.var(dim=(0, 2, 3), correction=0)
    torch.testing.assert_close(variance, spread, rtol=1e-3, atol=1e-5)


def test_in_bfloat16_it_is_nearly_the_same(params):
    seen, still = pictures(MEMBERS, 6), torch.zeros(4, 6, MEMBERS, 16)
    fast = dataclasses.replace(CNN, dropout=0.0, dtype=torch.bfloat16)
    plain = dataclasses.replace(fast, dtype=torch.float32)
    expected, measured = train_cnn(plain, params, seen, still)
    found, about = train_cnn(fast, params, seen, still)
    assert found.dtype == torch.float32
    assert 1e-4 < (found - expected).norm() / expected.norm() < 0.1
    torch.testing.assert_close(about, measured, rtol=0.05, atol=0.05)
    before, after = (apply_cnn(one, params, measured, seen[0]) for one in (plain, fast))
    assert 1e-4 < (after - before).norm() / before.norm() < 0.1


def test_members_start_apart_and_within_torchs_bound():
    params = init_cnn(CNN, MEMBERS, torch.Generator().manual_seed(0))
    weights = weights_of(CNN, params)
    assert not torch.equal(weights[0][0], weights[0][1])
    assert 0.95 / math.sqrt(4 * 49) < weights[0].abs().max() <= 1 / math.sqrt(4 * 49)
    assert torch.equal(weights[1], torch.ones(MEMBERS, 16))
    assert torch.equal(weights[2], torch.zeros(MEMBERS, 16))


def test_squared_weights_leave_biases_and_scales_out(params):
    weights = [w for w in weights_of(CNN, params) if w.ndim > 2]
    assert len(weights) == 6
    expected = [sum(w[e].square().sum() for w in weights) for e in range(MEMBERS)]
    torch.testing.assert_close(squared_weights(CNN, params), torch.stack(expected))
