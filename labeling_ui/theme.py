"""Colours, fonts and measures of the windows, which grow with the window.

The colours that carry a meaning are those of Okabe and Ito (*Color Universal Design*, 2008), which
people with colour-blind eyes can tell apart; none of them carries it alone.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import pygame

Colour = tuple[int, int, int]

BASE = (1280, 720)
"""The window, in pixels, at which a unit is a pixel."""

INK: Colour = (236, 239, 242)
SOFT: Colour = (168, 177, 187)
FAINT: Colour = (134, 144, 156)
LINE: Colour = (52, 59, 68)
GROUND: Colour = (22, 26, 31)
PANEL: Colour = (29, 34, 41)
RAISED: Colour = (41, 48, 57)
HOVER: Colour = (54, 63, 74)

BLUE: Colour = (86, 180, 233)
ORANGE: Colour = (230, 159, 0)
GREEN: Colour = (0, 158, 115)
YELLOW: Colour = (240, 228, 66)
RED: Colour = (213, 94, 0)
PURPLE: Colour = (204, 121, 167)

LEFT, RIGHT, TIE, CANT_TELL = BLUE, ORANGE, GREEN, PURPLE
"""What stands for the four answers."""

_FONTS = Path(__file__).parent / "fonts"
_FILES = {False: "SourceSansPro-Regular.ttf", True: "SourceSansPro-Semibold.ttf"}
_OTHER_SCRIPTS = "notosanscjksc,notosanscjkjp,notosans,wenquanyizenhei,dejavusans,freesans"
_COVERED = ((0x20, 0x24F), (0x370, 0x52F), (0x2010, 0x203A), (0x2190, 0x2193), (0x2212, 0x2212))
"""Characters of the fonts that come with the viewer: Latin, Greek, Cyrillic, dashes, arrows."""


@dataclass(frozen=True, slots=True)
class Scale:
    """The size of a unit in a window."""

    unit: float
    """Pixels."""

    @classmethod
    def of_window(cls, width: int, height: int) -> "Scale":
        """Returns the scale at which everything fits a window."""
        return cls(max(min(width / BASE[0], height / BASE[1]), 0.4))

    def __call__(self, units: float) -> int:
        """Returns pixels."""
        return round(units * self.unit)

    def font(self, size: float, *, bold: bool = False, text: str = "") -> pygame.font.Font:
        """Returns a font of `size` units that has the characters of `text`."""
        return _font(max(self(size), 6), bold, _covered(text))


@lru_cache(maxsize=256)
def _font(pixels: int, bold: bool, covered: bool) -> pygame.font.Font:
    if not covered:
        return pygame.font.SysFont(_OTHER_SCRIPTS, pixels, bold=bold)
    return pygame.font.Font(_FONTS / _FILES[bold], pixels)


@lru_cache(maxsize=4096)
def _covered(text: str) -> bool:
    return all(any(low <= ord(c) <= high for low, high in _COVERED) for c in text if c != "\n")


@lru_cache(maxsize=1024)
def written(
    text: str, pixels: int, colour: Colour, bold: bool, ground: Colour | None
) -> pygame.Surface:
    """Returns a line of text as a picture."""
    return _font(pixels, bold, _covered(text)).render(text, True, colour, ground)


def mixed(first: Colour, second: Colour, share: float) -> Colour:
    """Returns a colour with `share` of the second."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue
