"""The network of Mnih et al. 2015 in the order in which a processor computes it fastest.

Stable-Baselines3's `NatureCNN` is the reference: same weights, same features. Its first convolution
moves by 4 pixels over windows of 8, which is one of 2 by 2 over blocks of 4 by 4 pixels whose
pixels lie side by side: with 64 numbers in a row instead of 4, forward and backward take half the
time. Pictures are rearranged into blocks once, not in every minibatch, and everything up to the
dense layer keeps a place's channels side by side, gradients too.
"""

from typing import Any

import torch
from stable_baselines3.common.torch_layers import NatureCNN
from torch import Tensor, nn
from torch.nn.functional import conv2d, linear, relu

BLOCK = 4
"""Rows and columns of a block: the first convolution's stride."""
BRIGHTEST = 255.0


def blocks(pictures: Tensor) -> Tensor:
    """Returns pictures as blocks of 4 by 4 pixels; rows and columns left over are not looked at.

    Args:
        pictures: `(B, K, H, W)` uint8.

    Returns:
        `(B, H / 4, W / 4, 16 K)` uint8: for each block its K pictures, row by row.
    """
    count, stack, height, width = pictures.shape
    down, across = height // BLOCK, width // BLOCK
    kept = pictures[:, :, : down * BLOCK, : across * BLOCK].contiguous()
    rows = kept.view(torch.int32)  # a row of a block is 4 bytes, and moves as one number
    rows = rows.view(count, stack, down, BLOCK, across).permute(0, 2, 4, 1, 3)
    return rows.contiguous().view(count, down, across, -1).view(torch.uint8)


def prepare_weights(network: NatureCNN, weights: dict[str, Tensor], dtype: torch.dtype) -> None:
    """Puts weights into the type and order in which `nature_features` computes with them.

    Apart from it, since acting asks the same weights many times about few pictures, and that of
    the dense layer alone takes longer to prepare than to use.

    Args:
        network: Stable-Baselines3's.
        weights: Its parameters by their names in it; changed in place.
        dtype: What convolutions and dense layer compute in.
    """
    for name, weight in weights.items():
        weights[name] = weight.to(dtype)
    convolutions = [name for name, layer in network.named_modules() if isinstance(layer, nn.Conv2d)]
    first = f"{convolutions[0]}.weight"
    weights[first] = _of_blocks(weights[first])
    # The dense layer's weights take the channels' order, in place of x and its gradient.
    channels = len(weights[f"{convolutions[-1]}.weight"])
    dense = weights["linear.0.weight"].unflatten(1, (channels, -1))
    weights["linear.0.weight"] = dense.transpose(1, 2).flatten(1)


def nature_features(network: NatureCNN, seen: Tensor) -> Tensor:
    """Returns what the network makes of pictures.

    Args:
        network: Stable-Baselines3's, with weights as `prepare_weights` leaves them.
        seen: `(B, H / 4, W / 4, 16 K)` uint8, from `blocks`.

    Returns:
        `(B, F)` float32, not negative.
    """
    first, second, third = (layer for layer in network.cnn if isinstance(layer, nn.Conv2d))
    x = (seen.float() / BRIGHTEST).to(first.weight.dtype).permute(0, 3, 1, 2)
    x = relu(conv2d(x, first.weight, first.bias))
    x = relu(conv2d(x, second.weight, second.bias, second.stride))
    x = relu(conv2d(x, third.weight, third.bias, third.stride))
    dense: Any = network.linear[0]
    return relu(linear(x.permute(0, 2, 3, 1).flatten(1), dense.weight, dense.bias)).float()


def _of_blocks(weight: Tensor) -> Tensor:
    """Returns a convolution's weight `(C, K, 8, 8)` as one over blocks, `(C, 16 K, 2, 2)`."""
    outputs, stack, side, _ = weight.shape
    parts = weight.view(outputs, stack, side // BLOCK, BLOCK, side // BLOCK, BLOCK)
    return parts.permute(0, 1, 3, 5, 2, 4).reshape(outputs, -1, side // BLOCK, side // BLOCK)
