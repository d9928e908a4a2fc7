"""A segment as the bytes that the label store holds.

An `.npz` archive without pickle. Numbers are not compressed: a MuJoCo clip is 4 to 10 kB of
floats, which shrink by a tenth at most, and frames are compressed pictures already. What an agent
sees of a game is: 200 kB of pictures shrink to a twentieth.
"""

import io
from typing import Any

import numpy as np

from pbrl.errors import ClipDamaged
from pbrl.segments import Segment


def encode_payload(segment: Segment) -> bytes:
    """All of a segment but its true rewards."""
    arrays: dict[str, Any] = {
        "observations": segment.observations,
        "actions": segment.actions,
        "render_states": segment.render_states,
    }
    if segment.frames:
        arrays["frames"] = np.frombuffer(b"".join(segment.frames), np.uint8)
        arrays["frame_ends"] = np.cumsum([len(frame) for frame in segment.frames], dtype="<i8")
    file = io.BytesIO()
    (np.savez_compressed if segment.sees_pictures else np.savez)(file, **arrays)
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
        ClipDamaged: If the bytes are not those that were stored.
    """
    try:
        with np.load(io.BytesIO(payload), allow_pickle=False) as arrays:
            fields = dict(arrays)
        steps = len(fields["actions"])
        rewards = (
            np.full(steps, np.nan)
            if true_rewards is None
            else np.frombuffer(true_rewards, "<f8").astype(np.float64)
        )
        segment = Segment(**_with_frames(fields), true_rewards=rewards)
    except Exception as error:  # zipfile alone has five ways to say that an archive is broken
        raise ClipDamaged(_damaged(content_hash)) from error
    if segment.content_hash != content_hash:
        raise ClipDamaged(_damaged(content_hash))
    return segment


def _with_frames(fields: dict[str, np.ndarray]) -> dict:
    """The arrays of a payload, with the pictures apart from one another."""
    if "frames" not in fields:
        return fields
    content = fields["frames"].tobytes()
    ends = [0, *fields.pop("frame_ends").tolist()]
    frames = tuple(content[begin:end] for begin, end in zip(ends, ends[1:], strict=False))
    return fields | {"frames": frames}


def _damaged(content_hash: str) -> str:
    return (
        f"The clip {content_hash} in the label store is damaged: its bytes are not those that were "
        "stored. Restore the store from a checkpoint or a copy."
    )
