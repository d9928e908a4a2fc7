import math

import torch
from torch import nn

from pbrl.reward.network import Mlp, apply_mlp, init_mlp, layer_weights, squared_weights

MLP = Mlp(inputs=5, hidden=(64, 64), leaky_slope=0.01)


def stacked(members=3):
    return init_mlp(MLP, members, torch.Generator().manual_seed(0))


def one_member(params, member):
    layers = []
    for weight, bias in layer_weights(MLP, params):
        layer = nn.Linear(*weight.shape[1:])
        layer.weight.data = weight[member].T
        layer.bias.data = bias[member, 0]
        layers += [layer, nn.LeakyReLU(0.01)]
    return nn.Sequential(*layers[:-1])


def test_each_member_is_two_leaky_layers_of_64():
    params = stacked()
    shapes = [tuple(weight.shape) for weight, _ in layer_weights(MLP, params)]
    assert shapes == [(3, 5, 64), (3, 64, 64), (3, 64, 1)]
    x = torch.randn(3, 7, 5, generator=torch.Generator().manual_seed(1))
    rewards = apply_mlp(MLP, params, x)
    for member in range(3):
        expected = one_member(params, member)(x[member]).squeeze(-1)
        torch.testing.assert_close(rewards[member], expected, rtol=1e-5, atol=1e-6)


def test_shared_inputs_are_seen_by_every_member():
    params = stacked()
    x = torch.randn(1, 7, 5, generator=torch.Generator().manual_seed(1))
    shared = apply_mlp(MLP, params, x)
    torch.testing.assert_close(shared, apply_mlp(MLP, params, x.repeat(3, 1, 1)))


def test_members_start_apart_and_within_torchs_bound():
    params = stacked()
    assert not torch.equal(params[0], params[1])
    largest = layer_weights(MLP, params)[1][0].abs().max().item()
    assert 0.9 / math.sqrt(64) < largest <= 1 / math.sqrt(64)


def test_squared_weights_leave_biases_out():
    params = stacked(members=2)
    weights = [weight for weight, _ in layer_weights(MLP, params)]
    expected = [sum(w[e].square().sum() for w in weights) for e in (0, 1)]
    torch.testing.assert_close(squared_weights(MLP, params), torch.stack(expected))
