"""Pictures as films in the page: H.264, which browsers play, held in the page itself."""

import tempfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from experiments.report.markup import Markup, data_uri, element
from pbrl.video import write_video

QUALITY = 27
"""x264's constant rate factor: half the bytes of its default, and edges still sharp."""


def film(pictures: Iterable[np.ndarray], fps: float, label: str, *, loop: bool = False) -> Markup:
    """Returns a film that plays when it is asked to, or a short one that goes round without end.

    Args:
        pictures: `(H, W, 3)` uint8 each, red first.
        fps: Pictures shown in a second.
        label: What it shows, for those who do not see it.
        loop: Whether it begins by itself and goes round.

    Raises:
        PbrlError: There is no picture, or ffmpeg failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "film.mp4"
        write_video(path, pictures, fps, QUALITY)
        address = data_uri(path.read_bytes(), "video/mp4")
    return element(
        "video",
        src=address,
        controls=True,
        muted=True,
        playsinline=True,
        autoplay=loop,
        loop=loop,
        preload="auto" if loop else "metadata",
        aria_label=label,
    )
