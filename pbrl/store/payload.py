"""A segment as the bytes that the label store holds.

An `.npz` archive without pickle. It is not compressed: a MuJoCo clip is 4 to 10 kB of floats,
which shrink by a tenth at most.
"""

import io

import numpy as np

from pbrl.errors import StoreError
from pbrl.segments import Segment


def encode_payload(segment: Segment) -> bytes:
    """All of a segment but its true rewards."""
    file = io.BytesIO()
    np.savez(
        file,
        observations=segment.observations,
        actions=segment.actions,
        render_states=segment.render_states,
    )
    return file.getvalue()


def encode_true_rewards(segment: Segment) -> bytes:
    """A segment's true rewards, as little-endian float64."""
    return segment.true_rewards.astype("<f8").tobytes()


def decode_segment(content_hash: str, payload: bytes, true_rewards: bytes | None = None) -> Segment:
    """The segment that was stored under `content_hash`.

    Args:
        content_hash: Its `Segment.content_hash`.
        payload: From `encode_payload`.
        true_rewards: From `encode_true_rewards`; NaN if left out.

    Raises:
        StoreError: If the bytes are not those that were stored.
    """
    try:
        with np.load(io.BytesIO(payload), allow_pickle=False) as arrays:
            fields = dict(arrays)
        steps = len(fields["observations"])
        rewards = (
            np.full(steps, np.nan)
            if true_rewards is None
            else np.frombuffer(true_rewards, "<f8").astype(np.float64)
        )
        segment = Segment(**fields, true_rewards=rewards)
    except Exception as error:  # zipfile alone has five ways to say that an archive is broken
        raise StoreError(_damaged(content_hash)) from error
    if segment.content_hash != content_hash:
        raise StoreError(_damaged(content_hash))
    return segment


def _damaged(content_hash: str) -> str:
    return (
        f"The clip {content_hash} in the label store is damaged: its bytes are not those that were "
        "stored. Restore the store from a checkpoint or a copy."
    )
