"""A convolution over blocks and over time is the one over stacks of pictures."""

import math

import pytest
import torch
from torch.nn.functional import conv2d, conv3d

from pbrl.reward.pixel_blocks import clips_in_blocks, steps_as_pictures, weight_over_blocks

STACK, STEPS = 4, 3


@pytest.mark.parametrize(
    ("kernel", "stride", "side"), [(7, 3, 84), (7, 3, 41), (8, 4, 83), (5, 2, 20)]
)
@pytest.mark.parametrize("every", [1, 2, 3])
def test_it_is_the_convolution_over_stacks(kernel, stride, side, every):
    rng = torch.Generator().manual_seed(side)
    frames = every * (STEPS - 1 + math.ceil(STACK / every))
    clips = torch.rand((2, frames, side, side), generator=rng)
    weight = torch.rand((6, STACK, kernel, kernel), generator=rng)
    blocks = clips_in_blocks(clips, kernel, stride, every)
    moved = conv3d(blocks, weight_over_blocks(weight, stride, every))
    seen = torch.stack([clips[:, t : t + STACK] for t in range(0, every * STEPS, every)], dim=1)
    expected = conv2d(seen.flatten(end_dim=1), weight, stride=stride)
    torch.testing.assert_close(steps_as_pictures(moved), expected, rtol=1e-4, atol=1e-4)
