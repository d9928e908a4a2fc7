"""Stored clips come back to the bit, and damage is noticed."""

import dataclasses
import io
from pathlib import Path

import numpy as np
import pytest

from pbrl.errors import StoreError
from pbrl.segments import Segment
from pbrl.store.payload import decode_segment, encode_payload, encode_true_rewards


@pytest.fixture
def segment() -> Segment:
    rng = np.random.default_rng(0)
    return Segment(
        observations=rng.normal(size=(6, 3)).astype(np.float32),
        actions=rng.normal(size=(6, 2)).astype(np.float32),
        true_rewards=rng.normal(size=6),
        render_states=np.zeros((6, 0), np.float32),
    )


def test_round_trip_is_exact(segment: Segment):
    back = decode_segment(
        segment.content_hash, encode_payload(segment), encode_true_rewards(segment)
    )
    for field in dataclasses.fields(Segment):
        np.testing.assert_array_equal(getattr(back, field.name), getattr(segment, field.name))
    back.true_rewards[0] = 1.0  # an array of its own, not a view of the bytes


def test_a_reader_without_true_rewards_gets_nan(segment: Segment):
    back = decode_segment(segment.content_hash, encode_payload(segment))
    assert np.isnan(back.true_rewards).all()
    assert segment.true_rewards.tobytes() not in encode_payload(segment)


def test_every_flipped_byte_is_noticed_or_harmless(segment: Segment):
    payload = encode_payload(segment)
    noticed = 0
    for place in range(len(payload)):
        damaged = bytearray(payload)
        damaged[place] ^= 0x55
        try:
            back = decode_segment(segment.content_hash, bytes(damaged))
        except StoreError as error:
            assert segment.content_hash in str(error)
            noticed += 1
        else:  # in an archive's time stamps, say
            assert back.content_hash == segment.content_hash
    assert noticed > len(payload) // 2


@pytest.mark.parametrize("keep", [0, 10, 200, -1])
def test_a_torn_payload_is_noticed(segment: Segment, keep: int):
    with pytest.raises(StoreError, match="damaged"):
        decode_segment(segment.content_hash, encode_payload(segment)[:keep])


def test_another_clip_under_the_hash_is_noticed(segment: Segment):
    other = dataclasses.replace(segment, actions=segment.actions + 1)
    with pytest.raises(StoreError, match="damaged"):
        decode_segment(segment.content_hash, encode_payload(other))


@pytest.mark.parametrize("keep", [0, 7, 40])
def test_torn_true_rewards_are_noticed(segment: Segment, keep: int):
    rewards = encode_true_rewards(segment)[:keep]
    with pytest.raises(StoreError, match="damaged"):
        decode_segment(segment.content_hash, encode_payload(segment), rewards)


class Intruder:
    """Runs code when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple:
        return Path.touch, (self.path,)


def test_no_pickle_is_ever_loaded(segment: Segment, tmp_path: Path):
    file = io.BytesIO()
    np.savez(file, observations=np.array([Intruder(tmp_path / "was_here")], dtype=object))
    with pytest.raises(StoreError, match="damaged"):
        decode_segment(segment.content_hash, file.getvalue())
    assert not (tmp_path / "was_here").exists()
