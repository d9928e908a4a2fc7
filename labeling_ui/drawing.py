"""The process that draws clips, so that the window never waits for a picture.

It is told what to draw over a connection and puts the pictures into memory that both processes
share. The tasks are imported here, at the first order, and not in the window's process.
"""

# pyright: reportAttributeAccessIssue=false
# (OpenCV's stubs do not fit its own arrays.)

import math
import mmap
import os
import signal
from collections import OrderedDict
from contextlib import suppress
from multiprocessing import reduction
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

import numpy as np

from labeling_ui.orders import (
    Canvas,
    DecodeFrames,
    Discard,
    Drawn,
    DrawStates,
    NotDrawn,
    Practise,
)

if TYPE_CHECKING:
    from envs.mujoco.drawing import Painter

PAINTERS = 3
"""Sizes for which a painter is kept ready: the window's and those before it."""
SHARP_FROM = 1.8
"""Enlargement from which on the pixels of a picture are shown as they are."""
BARS = 24
"""Grey beside a picture that is narrower or lower than its canvas."""


def serve(connection: Connection) -> None:
    """Draws what it is asked to until the other side goes away."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the window's affair
    artist = Artist()
    import envs.mujoco.drawing  # noqa: F401  (a second, while the window finds the run)

    with suppress(EOFError, ConnectionError):
        while True:
            match connection.recv():
                case Canvas() as canvas:
                    artist.open(canvas, reduction.recv_handle(connection))
                case Discard(canvas):
                    artist.discard(canvas)
                case Practise() as order:
                    from labeling_ui.practice import practise

                    connection.send(practise(order))
                case DrawStates() | DecodeFrames() as order:
                    connection.send(artist.draw(order))
    artist.close()


class Artist:
    """The canvases that are open, and a painter for each of the sizes that were used last."""

    def __init__(self) -> None:
        self._canvases: dict[int, np.ndarray] = {}
        self._painters: OrderedDict[tuple[str, int, int], Painter] = OrderedDict()

    def open(self, canvas: Canvas, handle: int) -> None:
        """Takes the file that holds a canvas."""
        memory = mmap.mmap(handle, canvas.size)
        os.close(handle)
        shape = canvas.count, canvas.height, canvas.width, 3
        self._canvases[canvas.id] = np.frombuffer(memory, np.uint8).reshape(shape)

    def discard(self, canvas: int) -> None:
        """Lets go of a canvas."""
        self._canvases.pop(canvas, None)

    def draw(self, order: DrawStates | DecodeFrames) -> Drawn | NotDrawn:
        """Draws some pictures of a clip."""
        pictures = self._canvases[order.canvas]
        if isinstance(order, DecodeFrames):
            return _decode(order, pictures)
        from envs import TaskError

        height, width = pictures.shape[1:3]
        try:
            painter = self._painter(order.env_id, width, height)
        except TaskError as error:
            return NotDrawn(order.canvas, str(error), at_all=True)
        try:
            pictures[list(order.indices)] = painter.frames(order.states)
        except (TaskError, ValueError) as error:
            return NotDrawn(order.canvas, str(error), at_all=False)
        return Drawn(order.canvas, len(order.indices))

    def close(self) -> None:
        """Gives the OpenGL memory back."""
        for painter in self._painters.values():
            painter.close()

    def _painter(self, env_id: str, width: int, height: int) -> "Painter":
        """Returns a painter for a task and a size; raises TaskError where there is no OpenGL."""
        from envs.mujoco.drawing import Painter
        from envs.tasks import TASKS

        key = env_id, width, height
        if key not in self._painters:
            while len(self._painters) >= PAINTERS:
                self._painters.popitem(last=False)[1].close()
            self._painters[key] = Painter(TASKS[env_id], width, height)
        self._painters.move_to_end(key)
        return self._painters[key]


def _decode(order: DecodeFrames, pictures: np.ndarray) -> Drawn | NotDrawn:
    """Decodes pictures into the middle of those of a canvas, as large as fits."""
    import cv2

    for frame, index in zip(order.frames, order.indices, strict=True):
        picture = pictures[index]
        decoded = cv2.imdecode(np.frombuffer(frame, np.uint8), cv2.IMREAD_COLOR_RGB)
        if decoded is None:
            sentence = "One of the clip's pictures cannot be decoded: the clip is damaged."
            return NotDrawn(order.canvas, sentence, at_all=False)
        fit_into(picture, decoded)
    return Drawn(order.canvas, len(order.indices))


def fit_into(picture: np.ndarray, frame: np.ndarray) -> None:
    """Puts a frame (h, w, 3) into the middle of a picture (H, W, 3), as large as fits.

    What is enlarged much has few pixels, as games have: they stay sharp, and of one size.
    """
    import cv2

    height, width = picture.shape[:2]
    scale = min(height / frame.shape[0], width / frame.shape[1])
    size = max(round(frame.shape[1] * scale), 1), max(round(frame.shape[0] * scale), 1)
    if scale >= SHARP_FROM:
        whole = math.ceil(scale)
        frame = np.repeat(np.repeat(frame, whole, axis=0), whole, axis=1)
        scale /= whole
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    top, left = (height - size[1]) // 2, (width - size[0]) // 2
    picture[:] = BARS
    picture[top : top + size[1], left : left + size[0]] = cv2.resize(frame, size, interpolation=way)
