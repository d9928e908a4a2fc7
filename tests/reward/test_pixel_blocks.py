"""A convolution over blocks and over time is the one over stacks of pictures."""

import pytest
import torch
from torch.nn.functional import conv2d, conv3d

from pbrl.reward.pixel_blocks import clips_in_blocks, steps_as_pictures, weight_over_blocks

STACK = 4


def _stacks(clips: torch.Tensor, every: int) -> torch.Tensor:
    """Returns what is seen at one of `every` steps: `(C * S, STACK, side, side)`."""
    steps = clips.shape[1] - STACK + 1
    return torch.stack([clips[:, t : t + STACK] for t in range(0, steps, every)], 1).flatten(0, 1)


@pytest.mark.parametrize(
    ("kernel", "stride", "side"), [(7, 3, 84), (7, 3, 41), (8, 4, 83), (5, 2, 20)]
)
@pytest.mark.parametrize("every", [1, 2])
def test_it_is_the_convolution_over_stacks(kernel, stride, side, every):
    rng = torch.Generator().manual_seed(side)
    clips = torch.rand((2, 8, side, side), generator=rng)  # five steps, or three of them
    weight = torch.rand((6, STACK, kernel, kernel), generator=rng)
    seen = clips if every == 1 else clips[:, : 2 * (3 - 1 + STACK // 2)]
    blocks = clips_in_blocks(seen, kernel, stride, every)
    moved = conv3d(blocks, weight_over_blocks(weight, stride, every))
    expected = conv2d(_stacks(clips, every), weight, stride=stride)
    torch.testing.assert_close(steps_as_pictures(moved), expected, rtol=1e-4, atol=1e-4)
