"""Writes films that play in a browser: H.264 in mp4, by the ffmpeg that imageio-ffmpeg brings.

OpenCV's wheel has no H.264 encoder, and browsers do not play its mp4v.
"""

from pathlib import Path

import imageio_ffmpeg
import numpy as np
from numpy.typing import NDArray

from pbrl.errors import ConfigError, PbrlError
from pbrl.runs import disk_errors


def write_video(path: Path, frames: NDArray[np.uint8], fps: float) -> None:
    """Writes a film.

    Args:
        path: The file, ending in .mp4.
        frames: `(T, H, W, 3)` RGB, of even height and width.
        fps: Frames shown in a second.

    Raises:
        ConfigError: The file's name does not end in .mp4.
        PbrlError: ffmpeg failed, or the disk is full.
    """
    if path.suffix != ".mp4":
        raise ConfigError(f"{path} is not an mp4: give a file that ends in .mp4.")
    height, width = frames.shape[1:3]
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        writer = imageio_ffmpeg.write_frames(
            str(path), (width, height), fps=fps, codec="libx264", macro_block_size=2,
            pix_fmt_out="yuv420p", output_params=["-crf", "20", "-movflags", "+faststart"],
        )  # fmt: skip
        try:
            writer.send(None)
            for frame in frames:
                writer.send(np.ascontiguousarray(frame))
        finally:
            writer.close()
    if not path.is_file() or path.stat().st_size == 0:
        raise PbrlError(f"ffmpeg wrote nothing to {path}; `pbrl doctor` says whether it works.")
