"""Segments: shapes are enforced, and the hash covers what a learner and a person see."""

import dataclasses
import hashlib
import struct

import numpy as np
import pytest

from pbrl.segments import Segment


def make_segment(seed: int = 0, steps: int = 5) -> Segment:
    rng = np.random.default_rng(seed)
    return Segment(
        observations=rng.normal(size=(steps, 3)).astype(np.float32),
        actions=rng.normal(size=(steps, 2)).astype(np.float32),
        true_rewards=rng.normal(size=steps),
        render_states=rng.normal(size=(steps, 4)).astype(np.float32),
    )


def test_length_and_true_return():
    segment = dataclasses.replace(make_segment(steps=3), true_rewards=np.array([1.0, -0.5, 2.0]))
    assert len(segment) == 3
    assert segment.true_return == 2.5


@pytest.mark.parametrize("field", ["observations", "actions", "render_states"])
def test_hash_changes_with_every_field_but_the_true_rewards(field: str):
    segment = make_segment()
    changed = getattr(segment, field).copy()
    changed[-1, -1] += 1
    assert dataclasses.replace(segment, **{field: changed}).content_hash != segment.content_hash


def test_hash_does_not_depend_on_true_rewards():
    segment = make_segment()
    blind = dataclasses.replace(segment, true_rewards=np.full(len(segment), np.nan))
    assert blind.content_hash == segment.content_hash


def test_hash_tells_apart_equal_bytes_in_other_shapes():
    zeros = np.zeros((4, 1), np.float32)
    wide = np.zeros((4, 2), np.float32)
    first = Segment(wide, zeros, np.zeros(4), zeros)
    second = Segment(zeros, wide, np.zeros(4), zeros)
    assert first.content_hash != second.content_hash


def test_hash_by_hand():
    ones = np.ones((2, 1), np.float32)
    shape = struct.pack("<2q", 2, 1)
    values = struct.pack("<2f", 1, 1)
    digest = hashlib.sha256((shape + values) * 3).hexdigest()
    assert Segment(ones, ones, np.zeros(2), ones).content_hash == digest


@pytest.mark.parametrize(
    ("field", "array"),
    [
        ("observations", np.zeros((5, 3))),
        ("actions", np.zeros(5, np.float32)),
        ("actions", np.zeros((4, 2), np.float32)),
        ("true_rewards", np.zeros(5, np.float32)),
        ("render_states", np.zeros((6, 4), np.float32)),
    ],
)
def test_wrong_shapes_and_types_are_refused(field: str, array: np.ndarray):
    with pytest.raises(ValueError, match=field):
        dataclasses.replace(make_segment(), **{field: array})


def test_an_empty_segment_is_refused():
    none = np.zeros((0, 1), np.float32)
    with pytest.raises(ValueError, match="at least one step"):
        Segment(none, none, np.zeros(0), none)


def test_frames_count_in_the_hash_where_there_are_any():
    segment = make_segment(steps=2)
    hashes = {
        dataclasses.replace(segment, frames=frames).content_hash
        for frames in ((), (b"a", b"bc"), (b"ab", b"c"), (b"a", b"bd"))
    }
    assert len(hashes) == 4


def test_a_frame_for_each_step_or_none():
    with pytest.raises(ValueError, match="2 steps has a frame for each step or none"):
        dataclasses.replace(make_segment(steps=2), frames=(b"a",))
