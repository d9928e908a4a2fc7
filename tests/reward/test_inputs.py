"""What of a clip the predictors see, above all where a gradient step looks at a part of it."""

import numpy as np
import pytest

from pbrl.reward.inputs import thin

STACK = 4


def clips(labels, steps):
    """Pictures of one pixel, each other than all the rest."""
    pictures = np.arange(labels * 2 * (steps + STACK - 1)).reshape(labels, 2, -1, 1, 1)
    return list(pictures.astype(np.uint8))


def stacks(pictures):
    """Returns what is seen at each step of a clip `(F, 1, 1)`."""
    return np.lib.stride_tricks.sliding_window_view(pictures[:, 0, 0], STACK)


@pytest.mark.parametrize("steps", [1, 5, 6])
@pytest.mark.parametrize("stride", [1, 2, 3, 4])
def test_over_all_offsets_each_step_is_there_once(steps, stride):
    labelled = clips(3, steps)
    seen = {(label, clip): [] for label in range(3) for clip in range(2)}
    for first in range(stride):
        offsets = (np.arange(6).reshape(3, 2) + first) % stride  # each clip has its own
        pictures, there = thin(labelled, offsets, stride, STACK)
        assert there.shape == (3, 2, -(-steps // stride))
        for label, clip in seen:
            looked_at = stacks(pictures[label, clip])[::stride]
            seen[label, clip] += looked_at[there[label, clip] == 1].tolist()
    for (label, clip), found in seen.items():
        assert sorted(found) == stacks(labelled[label][clip]).tolist()


def test_without_a_stride_clips_are_as_they_were():
    labelled = clips(4, 5)
    pictures, there = thin(labelled, np.zeros((4, 2), np.int64), 1, STACK)
    np.testing.assert_array_equal(pictures, np.stack(labelled))
    assert there.all()
