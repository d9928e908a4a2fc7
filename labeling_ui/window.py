"""Opens a window, or says why there can be none."""

import os

import pygame

from labeling_ui.display import ADVICE
from pbrl.errors import PbrlError

UNSEEN = ("dummy", "offscreen", "evdev")
"""Drivers of SDL that show nothing to anybody."""


def open_window(title: str, size: tuple[int, int] | None = None) -> pygame.Surface:
    """Opens a window that can be resized.

    Args:
        title: Its title.
        size: In pixels; two thirds of the screen if left out.

    Raises:
        PbrlError: The display cannot be used.
    """
    # SDL would put a picture on X through OpenGL: slow over a network or in software, and in the
    # way of a painter that opens OpenGL in the same thread.
    os.environ.setdefault("SDL_FRAMEBUFFER_ACCELERATION", "0")
    try:
        pygame.display.init()
        pygame.font.init()
        if size is None:
            size = first_size(*pygame.display.get_desktop_sizes()[0])
        surface = pygame.display.set_mode(size, pygame.RESIZABLE)
        driver = pygame.display.get_driver()
        if driver in UNSEEN and os.environ.get("SDL_VIDEODRIVER") != driver:
            pygame.display.quit()  # SDL goes on without a screen where it finds none
            raise pygame.error("it does not answer")
    except pygame.error as error:
        display = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY") or "the display"
        sentence = f"The viewer cannot open a window on {display}: {error}. {ADVICE}"
        raise PbrlError(sentence) from error
    pygame.display.set_caption(title)
    pygame.key.set_repeat()
    return surface


def first_size(width: int, height: int) -> tuple[int, int]:
    """Returns the size of a new window on a screen: 1280 by 720, more where pixels are small."""
    unit = max(min(width / 1920, height / 1080), 1.0)
    return min(round(1280 * unit), width), min(round(720 * unit), height)
