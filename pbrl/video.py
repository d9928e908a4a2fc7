"""Writes films that play in a browser: H.264 in mp4, by the ffmpeg that imageio-ffmpeg brings.

OpenCV's wheel has no H.264 encoder, and browsers do not play its mp4v.
"""

import contextlib
import itertools
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

import imageio_ffmpeg
import numpy as np
from numpy.typing import NDArray

from pbrl.errors import ConfigError, PbrlError

Frame = NDArray[np.uint8]
QUALITY = 20
"""Constant rate factor of x264: 18 cannot be told from the original, 23 is its default."""
EVEN = "pad=ceil(iw/2)*2:ceil(ih/2)*2"
"""yuv420p needs even sides: a black row or column is added where one is missing."""


def check_video_name(path: Path) -> None:
    """Refuses a file that a film cannot be written to, before anything is filmed.

    Raises:
        ConfigError: Its name does not end in .mp4, or it is a folder.
    """
    if path.suffix.lower() != ".mp4" or path.is_dir():
        raise ConfigError(f"{path} is not a film: give a file whose name ends in .mp4.")


def write_video(path: Path, frames: Iterable[Frame], fps: float, quality: int = QUALITY) -> None:
    """Writes a film, whole or not at all.

    Args:
        path: The file, ending in .mp4; its folder is made if need be.
        frames: Pictures `(H, W, 3)` RGB, all of one size; taken one at a time.
        fps: Frames shown in a second.
        quality: x264's constant rate factor; 6 more is half the bytes.

    Raises:
        ConfigError: The file's name does not end in .mp4.
        PbrlError: There is no frame, ffmpeg failed, or the file cannot be written.
    """
    check_video_name(path)
    remaining = iter(frames)
    first = next(remaining, None)
    if first is None:
        raise PbrlError(f"There is nothing to film for {path}: not a single frame.")
    draft = path.with_name(f".{path.name}.draft")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _ffmpeg(draft, first, fps, quality) as stdin:
            for frame in itertools.chain([first], remaining):
                stdin.write(np.ascontiguousarray(frame).data)
        draft.replace(path)
    except OSError as error:
        raise PbrlError(
            f"Could not write the film {path}: {error.strerror} ({error.filename})."
        ) from error
    finally:
        with contextlib.suppress(OSError):
            draft.unlink()


@contextlib.contextmanager
def _ffmpeg(file: Path, frame: Frame, fps: float, quality: int) -> Iterator[IO[bytes]]:
    """Runs ffmpeg and yields its standard input, which takes raw frames like `frame`."""
    height, width = frame.shape[:2]
    read = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", f"{fps:g}"]
    encode = ["-c:v", "libx264", "-crf", str(quality), "-pix_fmt", "yuv420p", "-vf", EVEN]
    write = ["-movflags", "+faststart", "-f", "mp4", "-y", str(file)]
    command = [_ffmpeg_program(), "-v", "error", *read, "-i", "-", *encode, *write]
    with tempfile.TemporaryFile() as complaints:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=complaints)
        with contextlib.suppress(BrokenPipeError), process:  # the exit code says more
            assert process.stdin is not None
            yield process.stdin
        if process.returncode:
            complaints.seek(0)
            reason = complaints.read().decode(errors="replace").strip().splitlines()[-1:]
            raise PbrlError(
                f"ffmpeg could not write the film: {' '.join(reason) or 'it gave no reason'} "
                f"(exit code {process.returncode}). `pbrl doctor` says whether ffmpeg works."
            )


def _ffmpeg_program() -> str:
    try:
        return imageio_ffmpeg.get_ffmpeg_exe()
    except RuntimeError as error:
        raise PbrlError(f"There is no ffmpeg here to write films with: {error}") from error
