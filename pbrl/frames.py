"""Pictures as bytes: what people see of tasks that cannot be drawn from states.

Lossless PNG at the level of compression that is quickest to write: a picture is encoded at every
step of the agent, and few of them are ever looked at.
"""

import cv2
import numpy as np

from pbrl.errors import TaskError

HIGHEST = 256
"""Rows of a picture that is kept; higher ones are made smaller."""


def encode_frame(picture: np.ndarray) -> bytes:
    """Returns a picture as PNG, at most `HIGHEST` rows high.

    Args:
        picture: (H, W, 3) uint8, red first.

    Raises:
        TaskError: It is not such an array.
    """
    if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8:
        raise TaskError(
            f"The task draws pictures of {picture.dtype} and shape {picture.shape}, but (H, W, 3) "
            "of uint8 is needed for people to see them."
        )
    height, width = picture.shape[:2]
    if height > HIGHEST:
        size = max(1, round(width * HIGHEST / height)), HIGHEST
        picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    blue_first = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    _, encoded = cv2.imencode(".png", blue_first, (cv2.IMWRITE_PNG_COMPRESSION, 1))
    return encoded.tobytes()


def pack_frames(frames: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the bytes of frames in one uint8 array, and where each of them ends.

    Args:
        frames: of bytes objects, of any shape.
    """
    pieces = list(frames.ravel())
    ends = np.cumsum([len(piece) for piece in pieces], dtype=np.int64)
    return np.frombuffer(b"".join(pieces), np.uint8).copy(), ends


def unpack_frames(packed: np.ndarray, ends: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Returns what `pack_frames` was given, in its shape."""
    frames = np.empty(len(ends), object)
    content, begin = packed.tobytes(), 0
    for number, end in enumerate(ends.tolist()):
        frames[number], begin = content[begin:end], end
    return frames.reshape(shape)
