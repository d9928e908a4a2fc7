"""Pictures as bytes, and their way from a task into clips and checkpoints."""

import cv2
import gymnasium
import numpy as np
import pytest

import envs
from pbrl.agents.build import build_agent
from pbrl.buffer import SegmentBuffer
from pbrl.config import AgentConfig
from pbrl.errors import TaskError
from pbrl.frames import HIGHEST, encode_frame, pack_frames, unpack_frames
from pbrl.seeding import seed_of

SETTINGS = AgentConfig(rollout_steps=20, batch_size=20, epochs=1)


def decoded(frame):
    picture = cv2.imdecode(np.frombuffer(frame, np.uint8), cv2.IMREAD_COLOR)
    return cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)


def test_a_small_picture_comes_back_to_the_bit():
    picture = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
    np.testing.assert_array_equal(decoded(encode_frame(picture)), picture)


def test_a_high_picture_is_made_smaller_in_its_proportions_and_keeps_its_colours():
    picture = np.zeros((512, 1024, 3), np.uint8)
    picture[..., 0] = 200  # red
    small = decoded(encode_frame(picture))
    assert small.shape == (HIGHEST, 2 * HIGHEST, 3)
    assert (small[..., 0] == 200).all() and not small[..., 1:].any()


@pytest.mark.parametrize("picture", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3))])
def test_what_is_no_picture_is_refused(picture):
    with pytest.raises(TaskError, match="uint8 is needed"):
        encode_frame(picture)


def test_packed_frames_come_back():
    frames = np.empty((2, 3), object)
    for number, place in enumerate(np.ndindex(2, 3)):
        frames[place] = b"x" * number
    packed, ends = pack_frames(frames)
    assert packed.dtype == np.uint8 and len(packed) == sum(range(6))
    assert (unpack_frames(packed, ends, (2, 3)) == frames).all()


@pytest.fixture
def pendulum():
    env = envs.make_task("Pendulum-v1", 2, record_frames=True)
    yield env
    env.close()


def test_each_step_is_recorded_with_the_picture_of_its_observation(pendulum):
    agent = build_agent(SETTINGS, pendulum, seed=1, device="cpu")
    rollout = agent.collect()
    assert rollout.frames.shape == (20, 2, 1)
    np.testing.assert_array_equal(decoded(rollout.frames[0, 0, 0]).shape, (HIGHEST, HIGHEST, 3))
    other = envs.make_task("Pendulum-v1", 2, record_frames=True)
    other.reset(seed=seed_of(1, "env"))  # as the agent does
    for t in range(20):
        np.testing.assert_allclose(other.observations, rollout.observations[t], atol=1e-6)
        for i in range(2):
            assert encode_frame(other.frames[i]) == rollout.frames[t, i, 0]
        other.step(rollout.actions[t])
    other.close()


def test_clips_have_their_steps_pictures_and_a_snapshot_keeps_them(pendulum):
    agent = build_agent(SETTINGS, pendulum, seed=1, device="cpu")
    ring = SegmentBuffer(2, 60, (3,), 1, 0, with_frames=True)
    recorded = []
    for _ in range(2):  # 40 steps into a ring of 30
        rollout = agent.collect()
        recorded.extend(rollout.frames[:, 1, 0])
        parts = ("observations", "actions", "true_rewards", "render_states", "ended", "frames")
        ring.add(*(getattr(rollout, name) for name in parts))
    clip = ring.cut(1, 15, 10)
    assert clip.frames == tuple(recorded[15:25])
    snapshot = ring.snapshot()
    assert snapshot["frames"].dtype == np.uint8
    other = SegmentBuffer(2, 60, (3,), 1, 0, with_frames=True)
    other.restore(snapshot)
    assert other.cut(1, 15, 10).content_hash == clip.content_hash
    assert other.cut(0, 30, 10).frames == ring.cut(0, 30, 10).frames


def test_a_task_without_pictures_is_refused_in_a_sentence():
    class Blind(gymnasium.Env):
        observation_space = gymnasium.spaces.Box(-1, 1, (1,))
        action_space = gymnasium.spaces.Box(-1, 1, (1,))

    gymnasium.register("Blind-v0", Blind, max_episode_steps=5)
    with pytest.raises(envs.TaskError, match="Blind-v0 draws no pictures.*rgb_array is needed"):
        envs.make_task("Blind-v0", 1, record_frames=True)
