"""A screen without a monitor, and hands at its keyboard and mouse.

Events go through the X server by XTest, as those of a real keyboard do; nothing is posted inside
the viewer. There is no window manager: the focus is set here.
"""

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

import numpy as np
from Xlib import XK, X, display
from Xlib.error import DisplayConnectionError
from Xlib.ext import xtest
from Xlib.xobject.drawable import Window

SIZE = (1600, 1000)
WAIT = 30.0
BETWEEN_KEYS = 0.02
"""A key that comes again within 2 ms is taken for one that is held down, by SDL."""


class Desktop:
    """An X server of its own; use it as a context manager.

    Args:
        size: Width and height in pixels.
        remote: Whether it is reached over the network, as the display of another machine is.
    """

    def __init__(self, size: tuple[int, int] = SIZE, *, remote: bool = False) -> None:
        self._size, self._remote = size, remote

    def __enter__(self) -> Self:
        read, write = os.pipe()
        wide, tall = self._size
        command = ["Xvfb", "-displayfd", str(write), "-screen", "0", f"{wide}x{tall}x24"]
        command += ["-listen" if self._remote else "-nolisten", "tcp", "-noreset"]
        self._server = subprocess.Popen(
            command, pass_fds=[write], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        os.close(write)
        with os.fdopen(read) as pipe:  # the server writes the number of the display when it is up
            host = "127.0.0.1" if self._remote else ""
            self.name = f"{host}:{pipe.readline().strip()}"
        until(lambda: self._connect(), "the X server answers")
        return self

    def __exit__(self, *_: object) -> None:
        self._display.close()
        self._server.terminate()
        self._server.wait()

    def _connect(self) -> bool:
        try:
            self._display = display.Display(self.name)
        except (DisplayConnectionError, OSError):
            return False
        return True

    def windows(self) -> list[Window]:
        """The windows on the screen."""
        found = self._display.screen().root.query_tree().children
        return [one for one in found if one.get_attributes().map_state == X.IsViewable]

    def focus(self) -> Window:
        """Waits for a window, gives it the keyboard and returns it."""
        until(lambda: bool(self.windows()), "a window opens")
        window = self.windows()[-1]
        window.set_input_focus(X.RevertToParent, X.CurrentTime)
        self._display.sync()
        return window

    def key(self, name: str, *held: str) -> None:
        """Presses and lets go of a key, by its X name, perhaps with others held."""
        codes = [self._display.keysym_to_keycode(XK.string_to_keysym(k)) for k in (*held, name)]
        for code in codes:
            xtest.fake_input(self._display, X.KeyPress, code)
        for code in reversed(codes):
            xtest.fake_input(self._display, X.KeyRelease, code)
        self._display.sync()
        time.sleep(BETWEEN_KEYS)

    def move(self, x: int, y: int) -> None:
        """Moves the mouse to a place on the screen."""
        xtest.fake_input(self._display, X.MotionNotify, x=x, y=y)
        self._display.sync()

    def press(self) -> None:
        """Presses the left button."""
        xtest.fake_input(self._display, X.ButtonPress, 1)
        self._display.sync()

    def let_go(self) -> None:
        """Lets go of the left button."""
        xtest.fake_input(self._display, X.ButtonRelease, 1)
        self._display.sync()

    def click(self, x: int, y: int) -> None:
        """Clicks at a place on the screen."""
        self.move(x, y)
        self.press()
        self.let_go()

    def resize(self, width: int, height: int) -> None:
        """Gives the window another size, in the corner, so that all of it is on the screen."""
        self.windows()[-1].configure(x=0, y=0, width=width, height=height)
        self._display.sync()

    def place(self) -> tuple[int, int, int, int]:
        """Where the window is: x, y, width, height."""
        found = self.windows()[-1].get_geometry()
        return found.x, found.y, found.width, found.height

    def picture(self) -> np.ndarray:
        """What the window shows, (H, W, 3) uint8."""
        window = self.windows()[-1]
        _, _, width, height = self.place()
        image = window.get_image(0, 0, width, height, X.ZPixmap, 0xFFFFFFFF)
        pixels = np.frombuffer(image.data, np.uint8).reshape(height, width, 4)
        return pixels[..., 2::-1].copy()


def until(condition: Callable[[], bool], what: str, seconds: float = WAIT) -> None:
    """Waits for something, and fails in words if it does not come."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"It did not happen within {seconds:g} s that {what}.")
        time.sleep(0.01)


def save(picture: np.ndarray, path: Path) -> None:
    """Writes a picture."""
    import cv2

    cv2.imwrite(str(path), picture[..., ::-1])
