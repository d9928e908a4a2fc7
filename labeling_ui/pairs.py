"""What is judged, and what a person said of it."""

from dataclasses import dataclass
from enum import Enum, unique
from typing import Literal

import numpy as np

from pbrl.feedback import Comparison
from pbrl.segments import Segment


@unique
class Role(Enum):
    """What an answer is for; the value is what the label store holds."""

    LABEL = "label"
    """The reward is learnt from it."""
    REPEAT = "repeat"
    """The pair was judged before: does the person agree with themselves?"""
    GOLD = "gold"
    """The answer is known: does the person find it?"""
    PRACTICE = "practice"
    """It is never stored."""


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """What a clip is drawn from; the true rewards stay behind."""

    key: str
    """Its identity among the clips of a sitting."""
    states: np.ndarray
    """(T, S) float32, what the task draws a frame from; S is 0 where there are `frames`."""
    frames: tuple[bytes, ...] = ()
    """T encoded pictures, for a task that cannot be drawn from states."""

    def __len__(self) -> int:
        """The number of frames T."""
        return len(self.states)


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """Two clips to be judged."""

    number: int
    """The query's number in its run; of a practice pair, counted from 0."""
    clips: tuple[Clip, Clip]
    """In the order in which the query holds them."""
    role: Role = Role.LABEL
    """What the answer is for."""
    left: int | None = None
    """The clip that must stand left; None: drawn at random when it is shown."""
    predicted: np.ndarray | None = None
    """(E, 2) members' predicted returns when the pair was asked."""
    expected: Comparison | None = None
    """The right answer, of a practice pair."""

    def has_clip(self, key: str) -> bool:
        """Whether one of the clips has this key."""
        return key in (clip.key for clip in self.clips)


@dataclass(frozen=True, slots=True)
class Judgement:
    """An answer as it was given."""

    token: str
    """Unique; an answer that is sent again under the same token is stored once."""
    pair: Pair
    """What was judged."""
    left: int
    """The clip that stood left."""
    answer: Comparison
    """In the query's own order, whichever clip stood left."""
    strength: int | None
    """1: better, 2: much better; None: that was not asked for, or neither was chosen."""
    shown_at: float
    """When the clips were first on the screen, seconds since 1970."""
    answered_at: float
    """Seconds since 1970."""
    reaction_seconds: float
    """Time during which the pair could be seen and answered."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A judgement that is durable."""

    judgement: Judgement
    """What was stored."""
    answer_id: int
    """The store's id, by which it can be taken back."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """An answer that stands in the store, to be looked at again."""

    answer_id: int
    """The store's id."""
    number: int
    """Of the query."""
    answer: Comparison
    """In the query's own order."""
    left: int
    """The clip that stood left."""
    role: Role
    """What it was for."""
    answered_at: float
    """Seconds since 1970."""
    reaction_seconds: float | None
    """Time that the person took."""
    strength: int | None = None
    """As in `Judgement`."""


def side_of(answer: Comparison | None, left: int) -> Literal["left", "right"] | None:
    """Returns where the clip stood that an answer prefers; None if it prefers neither.

    Args:
        answer: In the query's own order.
        left: The clip that stood left.
    """
    if answer not in (Comparison.FIRST, Comparison.SECOND):
        return None
    return "left" if (answer is Comparison.FIRST) == (left == 0) else "right"


def in_words(answer: Comparison, left: int, strength: int | None = None) -> str:
    """Returns what was said of a pair, as its person saw it: "left was better".

    Args:
        answer: In the query's own order.
        left: The clip that stood left.
        strength: As in `Judgement`.
    """
    much = "much " if strength == 2 else ""
    return {
        Comparison.TIE: "equally good",
        Comparison.CANT_TELL: "can't tell",
        Comparison.SKIP: "skipped",
    }.get(answer, f"{side_of(answer, left)} was {much}better")


def clips_of(prefix: str, segments: tuple[Segment, ...]) -> tuple[Clip, Clip]:
    """Returns what the two segments of a comparison are drawn from."""
    first, second = (
        Clip(f"{prefix}.{i}", segment.render_states, segment.frames or as_the_agent_saw(segment))
        for i, segment in enumerate(segments)
    )
    return first, second


def as_the_agent_saw(segment: Segment) -> tuple[bytes, ...]:
    """Returns T encoded pictures, small and grey, of an agent that sees pictures; else none.

    They stand in for those in colour, which are recorded only where people are asked.
    """
    if not segment.sees_pictures:
        return ()
    import cv2

    newest = segment.observations[-len(segment) :]
    return tuple(cv2.imencode(".png", picture)[1].tobytes() for picture in newest)
