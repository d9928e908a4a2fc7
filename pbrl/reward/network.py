"""The predictors' networks, all members of the ensemble in one stack of weights.

Christiano et al. 2017, appendix A.1: two layers of 64 units, leaky ReLU with slope .01, on
observation and action. All weights and biases of a member are one row of a matrix `(E, P)`, so
that the optimiser is a handful of operations whatever the network.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import leaky_relu

ROWS_AT_ONCE = 1024


@dataclass(frozen=True, slots=True)
class Mlp:
    """The shape of every member's network."""

    inputs: int
    """Entries I of an input: observation and action."""
    hidden: tuple[int, ...]
    """Units in each hidden layer."""
    leaky_slope: float
    """Slope of the leaky ReLU below zero."""

    @property
    def layers(self) -> list[tuple[int, int]]:
        """Returns inputs and outputs of each layer."""
        sizes = [self.inputs, *self.hidden, 1]
        return list(zip(sizes[:-1], sizes[1:], strict=True))


def init_mlp(mlp: Mlp, members: int, rng: torch.Generator) -> Tensor:
    """Draws independent networks: each weight and bias uniform within 1 / sqrt(layer's inputs).

    That is torch's own rule for a linear layer.

    Returns:
        `(E, P)` float32.
    """
    parts = []
    for fan_in, fan_out in mlp.layers:
        draw = torch.rand((members, (fan_in + 1) * fan_out), generator=rng)
        parts.append((2 * draw - 1) / math.sqrt(fan_in))
    return torch.cat(parts, dim=1)


def layer_weights(mlp: Mlp, params: Tensor) -> list[tuple[Tensor, Tensor]]:
    """Returns weight `(E, inputs, outputs)` and bias `(E, 1, outputs)` of each layer, as views."""
    members = len(params)
    sizes = [size for i, o in mlp.layers for size in (i * o, o)]
    parts = params.split(sizes, dim=1)
    return [
        (weight.view(members, i, o), bias.view(members, 1, o))
        for (i, o), weight, bias in zip(mlp.layers, parts[::2], parts[1::2], strict=True)
    ]


def apply_mlp(mlp: Mlp, params: Tensor, x: Tensor) -> Tensor:
    """Returns the reward of each row under each member.

    Args:
        mlp: The networks' shape.
        params: `(E, P)` the networks.
        x: `(E, B, I)` inputs, each member its own rows; or `(1, B, I)`, the same for all.

    Returns:
        `(E, B)` rewards, not normalised.
    """
    x = x.expand(len(params), -1, -1)
    layers = layer_weights(mlp, params)
    for weight, bias in layers[:-1]:
        x = leaky_relu(torch.baddbmm(bias, x, weight), mlp.leaky_slope)
    weight, bias = layers[-1]
    return torch.baddbmm(bias, x, weight).squeeze(-1)


@torch.no_grad()
def apply_in_parts(mlp: Mlp, params: Tensor, x: Tensor) -> Tensor:
    """Returns the reward of each row under each member, with no way back for gradients.

    Many rows go through in parts, so that what the layers pass on stays in the processor's cache.

    Args:
        mlp: The networks' shape.
        params: `(E, P)` the networks.
        x: `(B, I)` inputs.

    Returns:
        `(E, B)` rewards, not normalised.
    """
    return torch.cat([apply_mlp(mlp, params, part[None]) for part in x.split(ROWS_AT_ONCE)], dim=1)


def squared_weights(mlp: Mlp, params: Tensor) -> Tensor:
    """Returns the sum of squared weights of each member, biases left out: `(E,)`."""
    squares = [weight.square().sum(dim=(1, 2)) for weight, _ in layer_weights(mlp, params)]
    return torch.stack(squares).sum(dim=0)
