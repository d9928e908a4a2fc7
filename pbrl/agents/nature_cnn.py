"""The network of Mnih et al. 2015 in the order in which a processor computes it fastest.

Stable-Baselines3's `NatureCNN` is the reference: same weights, same features. Its first convolution
moves by 4 pixels over windows of 8, which is one of 2 by 2 over blocks of 4 by 4 pixels whose
pixels lie side by side: with 64 numbers in a row instead of 4, forward and backward take half the
time. Pictures are rearranged into blocks once, not in every minibatch, and everything up to the
dense layer keeps a place's channels side by side, gradients too.
"""

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


def nature_features(network: NatureCNN, seen: Tensor, dtype: torch.dtype) -> Tensor:
    """Returns what the network makes of pictures.

    Args:
        network: Stable-Baselines3's.
        seen: `(B, H / 4, W / 4, 16 K)` uint8, from `blocks`.
        dtype: What convolutions and dense layer compute in.

    Returns:
        `(B, F)` float32, not negative.
    """

    def cast(layer: nn.Module) -> tuple[Tensor, Tensor]:
        return layer.weight.to(dtype), layer.bias.to(dtype)  # pyright: ignore

    first, second, third = (layer for layer in network.cnn if isinstance(layer, nn.Conv2d))
    weight, bias = cast(first)
    x = (seen.float() / BRIGHTEST).to(dtype).permute(0, 3, 1, 2)
    x = relu(conv2d(x, _of_blocks(weight), bias))
    x = relu(conv2d(x, *cast(second), second.stride))
    x = relu(conv2d(x, *cast(third), third.stride))
    weight, bias = cast(network.linear[0])
    # The dense layer's weights take the channels' order, in place of x and its gradient.
    weight = weight.unflatten(1, x.shape[1:]).permute(0, 2, 3, 1).flatten(1)
    return relu(linear(x.permute(0, 2, 3, 1).flatten(1), weight, bias)).float()


def _of_blocks(weight: Tensor) -> Tensor:
    """Returns a convolution's weight `(C, K, 8, 8)` as one over blocks, `(C, 16 K, 2, 2)`."""
    outputs, stack, side, _ = weight.shape
    parts = weight.view(outputs, stack, side // BLOCK, BLOCK, side // BLOCK, BLOCK)
    return parts.permute(0, 1, 3, 5, 2, 4).reshape(outputs, -1, side // BLOCK, side // BLOCK)
