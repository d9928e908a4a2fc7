"""A convolution over stacks of pictures as one over blocks of pixels and over time.

What a predictor sees at a step is a stack of K pictures. Stacks that move on by one picture under a
convolution are a convolution over time too, so that no stack is ever made. A convolution that moves
by b pixels over windows of k is one that moves by 1 over blocks of b by b pixels, windows filled up
with weights of 0 to whole blocks: b * b numbers side by side instead of 1. Both are a matter of
speed: together several times on a processor.
"""

import math

from torch import Tensor
from torch.nn.functional import pad


def clips_in_blocks(clips: Tensor, kernel: int, stride: int, every: int = 1) -> Tensor:
    """Arranges the pictures of clips in blocks.

    Of n blocks in a row, a convolution makes as many places as fit; what the last one looks at
    beyond the picture's edge is black, and its weights there are 0.

    Args:
        clips: `(C, F, side, side)` pictures, of the type that the convolution computes in.
        kernel: Rows and columns of the convolution's window.
        stride: Pixels that it moves by, which is a block's side.
        every: Of how many steps one is looked at; as many pictures lie side by side in a block.

    Returns:
        `(C, stride * stride * every, F / every, n, n)`.
    """
    places = (clips.shape[-1] - kernel) // stride + 1
    n = places + math.ceil(kernel / stride) - 1
    clips = clips[..., : n * stride, : n * stride]
    missing = n * stride - clips.shape[-1]
    if missing:
        clips = pad(clips, (0, missing, 0, missing))
    count, frames = clips.shape[:2]
    parts = clips.reshape(count, frames // every, every, n, stride, n, stride)
    parts = parts.permute(0, 1, 3, 5, 4, 6, 2)
    numbers = stride**2 * every
    return parts.reshape(count, -1, n, n, numbers).permute(0, 4, 1, 2, 3)


def weight_over_blocks(weight: Tensor, stride: int, every: int = 1) -> Tensor:
    """Arranges a convolution's weight for what `clips_in_blocks` makes of clips.

    Args:
        weight: `(outputs, K, kernel, kernel)`.
        stride: Pixels that it moves by.
        every: Of how many steps one is looked at.

    Returns:
        `(outputs, stride * stride * every, ceil(K / every), w, w)`, w windows' blocks in a row.
    """
    missing = -weight.shape[-1] % stride
    weight = pad(weight, (0, missing, 0, missing, 0, -weight.shape[1] % every))
    blocks = weight.shape[-1] // stride
    parts = weight.view(len(weight), -1, every, blocks, stride, blocks, stride)
    return parts.permute(0, 4, 6, 2, 1, 3, 5).flatten(1, 3)


def steps_as_pictures(x: Tensor) -> Tensor:
    """Turns steps of clips `(C, outputs, S, side, side)` into `(C * S, outputs, side, side)`."""
    return x.permute(0, 2, 3, 4, 1).flatten(end_dim=1).permute(0, 3, 1, 2)
