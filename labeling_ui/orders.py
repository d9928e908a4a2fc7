"""What the window tells the process that draws, and what that one answers."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Canvas:
    """Room for the pictures of a clip; the file that holds it follows over the connection."""

    id: int
    """Its number."""
    count: int
    """Pictures T."""
    width: int
    """Of a picture, in pixels."""
    height: int
    """Of a picture, in pixels."""

    @property
    def size(self) -> int:
        """Returns its size in bytes: (T, height, width, 3) uint8."""
        return self.count * self.height * self.width * 3


@dataclass(frozen=True, slots=True, eq=False)
class DrawStates:
    """Draw some pictures of a clip from the task's states."""

    canvas: int
    """Where to put them."""
    indices: tuple[int, ...]
    """Which ones, n of them."""
    env_id: str
    """The task."""
    states: np.ndarray
    """(n, S) float32."""


@dataclass(frozen=True, slots=True)
class DecodeFrames:
    """Draw some pictures of a clip from encoded ones, with bars where the shapes differ."""

    canvas: int
    """Where to put them."""
    indices: tuple[int, ...]
    """Which ones, n of them."""
    frames: tuple[bytes, ...]
    """n encoded pictures."""


@dataclass(frozen=True, slots=True)
class Discard:
    """Let go of a canvas."""

    canvas: int
    """Its number."""


@dataclass(frozen=True, slots=True)
class Practise:
    """Make practice pairs."""

    env_id: str
    """The task."""
    count: int
    """How many."""
    seed: int
    """Of the motions and of the choice."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """Pictures of a canvas are there."""

    canvas: int
    """Which canvas."""
    count: int
    """How many pictures."""


@dataclass(frozen=True, slots=True)
class NotDrawn:
    """Pictures that could not be drawn."""

    canvas: int
    """Where they should have been."""
    sentence: str
    """Why, and what to do."""
    at_all: bool
    """Whether nothing can be drawn on this machine; otherwise only this clip."""


@dataclass(frozen=True, slots=True, eq=False)
class Practised:
    """Practice pairs, or none where the task cannot be simulated."""

    states: np.ndarray
    """(n, 2, T, S) float32."""
    better: np.ndarray
    """(n,) int, the clip of each pair that has the larger true return; `EVEN` where neither has."""
    frames: tuple[tuple[tuple[bytes, ...], ...], ...] = ()
    """n x 2 x T encoded pictures, of tasks that cannot be drawn from states."""


EVEN = -1
"""In place of the better clip of a pair that is even."""
EVEN_FROM = 3
"""Pairs from which on one of them is even, so that a tie is practised too."""
NO_PRACTICE = Practised(np.zeros((0, 2, 1, 0), np.float32), np.zeros(0, np.int64))
"""What comes where there is nothing to practise on."""

Order = DrawStates | DecodeFrames | Discard | Canvas | Practise
