import math

import torch
from torch import nn

from pbrl.reward.network import apply_mlp, init_mlp, squared_weights

SIZES = (5, 64, 64, 1)


def stacked(members=3):
    return init_mlp(members, 5, (64, 64), torch.Generator().manual_seed(0), torch.device("cpu"))


def one_member(params, member, slope):
    layers = []
    for i, (rows, columns) in enumerate(zip(SIZES[:-1], SIZES[1:], strict=True)):
        layer = nn.Linear(rows, columns)
        layer.weight.data = params[f"weight{i}"][member].T
        layer.bias.data = params[f"bias{i}"][member, 0]
        layers += [layer, nn.LeakyReLU(slope)]
    return nn.Sequential(*layers[:-1])


def test_each_member_is_two_leaky_layers_of_64():
    params = stacked()
    assert [tuple(p.shape) for n, p in params.items() if n.startswith("weight")] == [
        (3, 5, 64),
        (3, 64, 64),
        (3, 64, 1),
    ]
    x = torch.randn(3, 7, 5, generator=torch.Generator().manual_seed(1))
    rewards = apply_mlp(params, x, 0.01)
    for member in range(3):
        expected = one_member(params, member, 0.01)(x[member]).squeeze(-1)
        torch.testing.assert_close(rewards[member], expected, rtol=1e-5, atol=1e-6)


def test_shared_inputs_are_seen_by_every_member():
    params = stacked()
    x = torch.randn(1, 7, 5, generator=torch.Generator().manual_seed(1))
    shared = apply_mlp(params, x, 0.01)
    torch.testing.assert_close(shared, apply_mlp(params, x.repeat(3, 1, 1), 0.01))


def test_members_start_apart_and_within_torchs_bound():
    params = stacked()
    assert not torch.equal(params["weight0"][0], params["weight0"][1])
    largest = params["weight1"].abs().max().item()
    assert 0.9 / math.sqrt(64) < largest <= 1 / math.sqrt(64)


def test_squared_weights_leave_biases_out():
    params = stacked(members=2)
    expected = [
        sum(params[f"weight{i}"][e].square().sum().item() for i in range(3)) for e in (0, 1)
    ]
    torch.testing.assert_close(squared_weights(params), torch.tensor(expected))
