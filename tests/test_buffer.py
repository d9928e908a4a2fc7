"""The buffer: clips never cross a reset or the ring's head, and own their memory."""

import numpy as np
import pytest

from pbrl.buffer import SegmentBuffer, overlaps
from pbrl.errors import CheckpointError

NUM_ENVS = 3


def make_buffer(capacity: int = 20, num_envs: int = NUM_ENVS) -> SegmentBuffer:
    return SegmentBuffer(
        num_envs, capacity * num_envs, observation_shape=(2,), act_dim=1, state_dim=1
    )


def add_steps(buffer: SegmentBuffer, steps: int, episode_steps: int = 7) -> None:
    """Adds steps that carry their own number and environment; env i's episodes are i steps off."""
    number = buffer.steps_added + np.arange(steps)[:, None]  # (T, 1)
    env = np.arange(buffer.num_envs)[None]  # (1, N)
    number, env = np.broadcast_arrays(number, env)
    buffer.add(
        observations=np.stack([number, env], axis=-1).astype(np.float32),
        actions=-number[..., None].astype(np.float32),
        true_rewards=number * 10.0,
        render_states=number[..., None] + 0.5,
        dones=(number + env) % episode_steps == episode_steps - 1,
    )


def crosses_reset(env: int, start: int, length: int, episode_steps: int = 7) -> bool:
    return any(
        (t + env) % episode_steps == episode_steps - 1 for t in range(start, start + length - 1)
    )


@pytest.mark.parametrize("chunks", [[3], [20], [13, 13], [9, 50, 4], [1] * 33])
@pytest.mark.parametrize("length", [1, 4, 7])
def test_clip_starts_are_exactly_the_clips_of_one_episode_in_the_ring(
    chunks: list[int], length: int
):
    buffer = make_buffer()
    for steps in chunks:
        add_steps(buffer, steps)
    envs, starts = buffer.clip_starts(length)
    kept = range(max(0, sum(chunks) - 20), sum(chunks) - length + 1)
    expected = [
        (env, start)
        for env in range(NUM_ENVS)
        for start in kept
        if not crosses_reset(env, start, length)
    ]
    assert list(zip(envs.tolist(), starts.tolist(), strict=True)) == expected


def test_no_clip_is_longer_than_an_episode_or_than_the_ring():
    buffer = make_buffer()
    add_steps(buffer, 40)
    assert len(buffer.clip_starts(8)[0]) == 0
    assert len(buffer.clip_starts(21)[0]) == 0


def test_hand_made_boundary():
    buffer = SegmentBuffer(1, 6, observation_shape=(1,), act_dim=1, state_dim=0)
    column = np.arange(6, dtype=np.float32).reshape(6, 1, 1)
    dones = np.array([0, 0, 1, 0, 0, 0], bool).reshape(6, 1)
    buffer.add(column, column, column[..., 0], np.zeros((6, 1, 0)), dones)
    # Step 2 is an episode's last: it may end a clip of 3 steps and not lie inside one.
    assert buffer.clip_starts(3)[1].tolist() == [0, 3]


def test_gather_and_cut_agree_and_hold_the_right_steps():
    buffer = make_buffer()
    add_steps(buffer, 15)
    add_steps(buffer, 18)  # wraps around
    envs, starts = buffer.clip_starts(5)
    observations, actions = buffer.gather(envs, starts, 5)
    steps = starts[:, None] + np.arange(5)
    np.testing.assert_array_equal(observations[..., 0], steps)
    np.testing.assert_array_equal(observations[..., 1], np.repeat(envs[:, None], 5, axis=1))
    np.testing.assert_array_equal(actions[..., 0], -steps)
    for i in (0, len(envs) // 2, len(envs) - 1):
        segment = buffer.cut(int(envs[i]), int(starts[i]), 5)
        np.testing.assert_array_equal(segment.observations, observations[i])
        np.testing.assert_array_equal(segment.actions, actions[i])
        np.testing.assert_array_equal(segment.true_rewards, steps[i] * 10.0)
        np.testing.assert_array_equal(segment.render_states[:, 0], steps[i] + 0.5)


def test_a_segment_owns_its_memory_and_outlives_the_ring():
    buffer = make_buffer()
    add_steps(buffer, 20)
    segment = buffer.cut(0, 0, 5)
    digest = segment.content_hash
    for name in ("observations", "actions", "true_rewards", "render_states"):
        assert getattr(segment, name).base is None
    add_steps(buffer, 40)
    assert segment.content_hash == digest


@pytest.mark.parametrize(("start", "length"), [(12, 5), (29, 5), (32, 2), (20, 0)])
def test_clips_outside_the_ring_are_refused(start: int, length: int):
    buffer = make_buffer()
    add_steps(buffer, 33)  # keeps steps 13 to 32
    with pytest.raises(ValueError, match="13 to 33"):
        buffer.gather(np.array([0]), np.array([start]), length)


@pytest.mark.parametrize(("start", "length"), [(4, 5), (5, 3), (6, 2)])
def test_cut_refuses_to_cross_a_reset(start: int, length: int):
    buffer = make_buffer()
    add_steps(buffer, 20)  # step 6 is an episode's last
    with pytest.raises(ValueError, match="crosses a reset"):
        buffer.cut(0, start, length)
    assert len(buffer.cut(0, start, 7 - start)) == 7 - start  # up to the end is fine


def test_a_buffer_without_room_is_refused():
    with pytest.raises(ValueError, match="No room"):
        SegmentBuffer(4, 3, observation_shape=(1,), act_dim=1, state_dim=0)


@pytest.mark.parametrize("before", [0, 11, 20, 47])
def test_a_restored_buffer_goes_on_as_if_never_saved(before: int):
    original, restored = make_buffer(), make_buffer()
    add_steps(restored, 5)  # what it held before must not matter
    add_steps(original, before)
    snapshot = original.snapshot()
    add_steps(original, 6)  # the snapshot must be a copy
    restored.restore(snapshot)
    add_steps(restored, 6)
    clips = original.clip_starts(4)
    for ours, theirs in zip(restored.clip_starts(4), clips, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    for ours, theirs in zip(restored.gather(*clips, 4), original.gather(*clips, 4), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    again = original.snapshot()
    for name, array in restored.snapshot().items():
        np.testing.assert_array_equal(array, again[name])


def test_a_snapshot_of_another_shape_is_refused():
    buffer = make_buffer()
    add_steps(buffer, 20)
    with pytest.raises(CheckpointError, match="another task or another buffer size"):
        make_buffer(capacity=10).restore(buffer.snapshot())


def test_overlaps():
    envs_a, starts_a = np.array([0, 0, 0, 0, 0]), np.array([5, 5, 5, 5, 5])
    envs_b, starts_b = np.array([0, 0, 0, 0, 1]), np.array([5, 7, 8, 2, 5])
    shared = overlaps(envs_a, starts_a, envs_b, starts_b, length=3)
    assert shared.tolist() == [True, True, False, False, False]
    reverse = overlaps(envs_b, starts_b, envs_a, starts_a, length=3)
    assert reverse.tolist() == shared.tolist()


# Pictures: each is kept once, an agent sees several at a time

STACK = 4


def play_pictures(buffer: SegmentBuffer, steps: int, episode_steps: int = 9):
    """Adds steps whose pictures tell step and environment, stacked as the games stack them."""
    number = np.arange(buffer.steps_added, buffer.steps_added + steps)
    seen = np.zeros((steps, buffer.num_envs, STACK, 5, 6), np.uint8)
    for t, n in enumerate(number):
        for env in range(buffer.num_envs):
            began = (n + env) // episode_steps * episode_steps - env  # the episode's first step
            for back in range(STACK):
                shown = max(n - back, began, 0)
                seen[t, env, STACK - 1 - back] = shown % 200 + env
    dones = (number[:, None] + np.arange(buffer.num_envs)) % episode_steps == episode_steps - 1
    shape = steps, buffer.num_envs
    buffer.add(seen, np.zeros((*shape, 2)), np.zeros(shape), np.zeros((*shape, 0)), dones)
    return seen


def picture_buffer(capacity: int = 30) -> SegmentBuffer:
    return SegmentBuffer(2, capacity * 2, observation_shape=(STACK, 5, 6), act_dim=2, state_dim=0)


@pytest.mark.parametrize("chunks", [[25], [7] * 9, [50, 20], [1] * 33])
def test_a_clip_of_pictures_is_what_the_agent_saw(chunks: list[int]):
    buffer = picture_buffer()
    seen = np.concatenate([play_pictures(buffer, steps) for steps in chunks])
    envs, starts = buffer.clip_starts(5)
    assert len(envs) > 10
    clips, actions = buffer.gather(envs, starts, 5)
    assert clips.shape == (len(envs), 5 + STACK - 1, 5, 6)
    assert clips.dtype == np.uint8
    assert actions.shape == (len(envs), 5, 2)
    for clip, env, start in zip(clips, envs, starts, strict=True):
        for t in range(5):
            np.testing.assert_array_equal(clip[t : t + STACK], seen[start + t, env])
        segment = buffer.cut(int(env), int(start), 5)
        np.testing.assert_array_equal(segment.observations, clip)
        assert segment.observations.base is None


def test_the_ring_holds_each_picture_once():
    buffer = picture_buffer(1000)
    held = sum(array.nbytes for array in buffer._arrays.values())
    assert held < 2 * 1000 * (5 * 6 + 30)


def test_a_restored_buffer_of_pictures_goes_on_as_if_never_saved():
    buffer, other = picture_buffer(), picture_buffer()
    play_pictures(buffer, 44)
    other.restore(buffer.snapshot())
    for one in (buffer, other):
        play_pictures(one, 13)
    envs, starts = buffer.clip_starts(6)
    np.testing.assert_array_equal(envs, other.clip_starts(6)[0])
    np.testing.assert_array_equal(
        buffer.gather(envs, starts, 6)[0], other.gather(envs, starts, 6)[0]
    )
    with pytest.raises(CheckpointError, match="pixels"):
        picture_buffer(31).restore(buffer.snapshot())
