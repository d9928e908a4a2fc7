"""The form of a game: its ROM, what is blacked out of its pictures, and how it is judged.

Christiano et al. 2017, appendix A.2 and B: the score is black in all that is seen, and so is what
else would give the reward away; the oracle's reward has a penalty at a game's end.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from envs.errors import TaskError

HEIGHT, WIDTH = 210, 160
"""Rows and columns of the ALE's own picture."""


@dataclass(frozen=True, slots=True)
class Blank:
    """A rectangle of the ALE's picture that is black in whatever is seen."""

    top: int
    left: int
    height: int
    width: int
    ink: tuple[int, int, int] | None = None
    """Only pixels of this colour (red, green, blue) are blacked out; None: all are. It is for
    digits that share their place with something that moves."""


@dataclass(frozen=True, slots=True)
class AtariGame:
    """A game."""

    rom: str
    """The name under which ale-py knows it."""
    blanks: tuple[Blank, ...]
    look_for: str
    end_penalty: float
    """What the oracle takes off the score in a game's last step; the paper gives no size."""
    clip_fps: float = 15.0
    """Frames a second at which a person is shown clips: a step is four frames of sixty."""


def check_blanks(blanks: Sequence[Blank], name: str) -> None:
    """Refuses rectangles that are empty or reach out of the picture.

    Raises:
        TaskError: With the first of them.
    """
    for one in blanks:
        inside = 0 <= one.top < one.top + one.height <= HEIGHT
        if not (inside and 0 <= one.left < one.left + one.width <= WIDTH):
            raise TaskError(
                f"The rectangle to be blacked out of {name} at row {one.top} and column "
                f"{one.left}, {one.height} high and {one.width} wide, must have a size and lie in "
                f"the picture of {HEIGHT} rows and {WIDTH} columns."
            )
