"""What of a clip the predictors see.

Numbers are seen beside the actions; pictures alone, as in Christiano et al. 2017, appendix A.2.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def clip_inputs(observations: NDArray, actions: NDArray) -> NDArray:
    """Returns the predictors' inputs of clips of T steps.

    Args:
        observations: `(..., T, O)` float32, or `(..., T + K - 1, H, W)` uint8.
        actions: `(..., T, A)` float32, as executed.

    Returns:
        `(..., T, I)` float32, or the pictures as they are.
    """
    if observations.dtype == np.uint8:
        return observations
    return np.concatenate([observations, actions], axis=-1)


def thin(
    labelled: Sequence[NDArray[np.uint8]], offsets: NDArray[np.int64], stride: int, stack: int
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Returns the pictures for every so many steps of clips.

    Over all offsets below the stride each step is there once, so that for a random one the sum over
    the steps that are there, times the stride, is expected to be the sum over all.

    Args:
        labelled: B labels' clips, `(K, T + stack - 1, H, W)` each.
        offsets: `(B, K)` the first step of each clip that is taken, below the stride.
        stride: From one step that is taken to the next; S = ceil(T / stride) are.
        stack: Pictures that are seen at a step.

    Returns:
        `(B, K, stride * (S - 1 + ceil(stack / stride)), H, W)` pictures, a clip's last one again
        where it has no more, and `(B, K, S)` 1 for the clips' steps and 0 for those beyond their
        end.
    """
    frames = labelled[0].shape[1]
    steps = frames - stack + 1
    count = math.ceil(steps / stride)
    length = stride * (count - 1 + math.ceil(stack / stride))
    pictures = np.empty((*offsets.shape, length, *labelled[0].shape[2:]), np.uint8)
    for into, clips, firsts in zip(pictures, labelled, offsets.tolist(), strict=True):
        for filled, clip, first in zip(into, clips, firsts, strict=True):
            taken = clip[first : first + length]
            filled[: len(taken)] = taken
            filled[len(taken) :] = clip[-1]
    there = offsets[..., None] + stride * np.arange(count) < steps
    return pictures, there.astype(np.float32)
