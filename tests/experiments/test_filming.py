"""Pictures of clips, of each sort of task."""

import numpy as np
import pytest

import envs
from experiments.filming import clip_pictures, drawn
from pbrl.errors import TaskError
from pbrl.frames import encode_frame
from pbrl.segments import Segment

STEPS = 5
PENDULUM, CARTPOLE, PONG = (
    envs.describe(name) for name in ("pbrl/InvertedPendulum-v0", "CartPole-v1", "pbrl/Pong-v0")
)


def segment(observations, states=0, frames=()):
    return Segment(
        observations,
        np.zeros((STEPS, 1), np.float32),
        np.zeros(STEPS),
        np.zeros((STEPS, states), np.float32),
        frames,
    )


def numbers():
    return np.zeros((STEPS, 4), np.float32)


def test_states_are_drawn():
    pictures = clip_pictures(PENDULUM, segment(numbers(), states=2), (64, 48))
    assert pictures.shape == (STEPS, 48, 64, 3)
    assert np.ptp(pictures.astype(int)) > 50


def test_frames_keep_their_colours():
    red = np.zeros((210, 160, 3), np.uint8)
    red[..., 0] = 200
    clip = segment(np.zeros((STEPS + 3, 84, 84), np.uint8), frames=(encode_frame(red),) * STEPS)
    pictures = clip_pictures(PONG, clip, (64, 48))
    assert pictures.shape == (STEPS, 210, 160, 3)
    np.testing.assert_array_equal(pictures[0], red)


def test_games_without_frames_show_what_the_agent_saw():
    seen = np.arange(STEPS + 3, dtype=np.uint8)[:, None, None] * np.ones((1, 84, 84), np.uint8)
    pictures = clip_pictures(PONG, segment(seen), (64, 48))
    assert pictures.shape == (STEPS, 168, 168, 3)
    assert pictures[:, 0, 0, 0].tolist() == [3, 4, 5, 6, 7]  # those before the first are left out


def test_numbers_alone_cannot_be_seen():
    assert clip_pictures(CARTPOLE, segment(numbers()), (64, 48)) is None


def test_states_of_another_task_are_refused():
    with pytest.raises(TaskError, match="States of shape"):
        list(drawn("pbrl/Hopper-v0", np.zeros((3, 2), np.float32), (64, 48)))
