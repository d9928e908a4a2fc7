"""The predictors' networks, all members of the ensemble as one stack of weights `(E, ...)`.

Christiano et al. 2017, appendix A.1: two layers of 64 units, leaky ReLU with slope .01, on
observation and action.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

Params = dict[str, Tensor]


def init_mlp(
    members: int, inputs: int, hidden: Sequence[int], rng: torch.Generator, device: torch.device
) -> Params:
    """Draws the weights of `members` independent networks with one output.

    Each weight and bias is uniform within one over the root of the layer's inputs, which is
    torch's own rule for a linear layer.

    Returns:
        `weight0`, `bias0`, ...: `(E, inputs, outputs)` and `(E, 1, outputs)` float32.
    """
    sizes = [inputs, *hidden, 1]
    params: Params = {}
    for layer, (fan_in, fan_out) in enumerate(zip(sizes[:-1], sizes[1:], strict=True)):
        bound = 1 / math.sqrt(fan_in)
        for name, rows in (("weight", fan_in), ("bias", 1)):
            draw = torch.rand((members, rows, fan_out), generator=rng)
            params[f"{name}{layer}"] = ((2 * draw - 1) * bound).to(device)
    return params


def apply_mlp(params: Params, x: Tensor, leaky_slope: float) -> Tensor:
    """Returns the reward of each row under each member.

    Args:
        params: What `init_mlp` drew.
        x: `(E, B, I)` inputs, each member its own rows; or `(1, B, I)`, the same for all.
        leaky_slope: Slope of the leaky ReLU below zero.

    Returns:
        `(E, B)` rewards, not normalised.
    """
    layers = len(params) // 2
    x = x.expand(params["weight0"].shape[0], -1, -1)
    for layer in range(layers):
        x = torch.baddbmm(params[f"bias{layer}"], x, params[f"weight{layer}"])
        if layer < layers - 1:
            x = torch.nn.functional.leaky_relu(x, leaky_slope)
    return x.squeeze(-1)


def squared_weights(params: Params) -> Tensor:
    """Returns the sum of squared weights of each member, biases left out: `(E,)`."""
    return torch.stack(
        [p.square().sum(dim=(1, 2)) for name, p in params.items() if name.startswith("weight")]
    ).sum(dim=0)
