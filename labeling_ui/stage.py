"""The pair on the screen: which clip stands left, how long it was looked at, what was said."""

import dataclasses
import uuid
from collections.abc import Callable

import numpy as np

from labeling_ui.actions import STRONG, Action
from labeling_ui.pairs import Judgement, Pair
from labeling_ui.playback import Playback
from pbrl.feedback import Comparison


class Stage:
    """What the person looks at.

    Attributes:
        pair: The pair, or None.
        left: The clip of it that stands left.
        chosen: What the person said, and whether strongly, while it is stored or explained.
        playback: Where its clips stand.
    """

    def __init__(self, rng: np.random.Generator, clock: Callable[[], float]) -> None:
        """Is empty.

        Args:
            rng: Draws which clip stands left.
            clock: Seconds since 1970.
        """
        self._rng, self._clock = rng, clock
        self.pair: Pair | None = None
        self.left = 0
        self.chosen: tuple[Comparison, bool] | None = None
        self.playback = Playback(1, 1.0)
        self._shown_at: float | None = None
        self._looked = 0.0

    @property
    def visible(self) -> bool:
        """Returns whether the pair was on the screen: before, it cannot be answered."""
        return self.pair is not None and self._shown_at is not None

    @property
    def looked(self) -> float:
        """Returns for how many seconds the pair could be seen."""
        return self._looked

    def show(self, pair: Pair, fps: float) -> None:
        """Puts a pair there, as soon as its pictures are."""
        self.pair, self.chosen, self._shown_at, self._looked = pair, None, None, 0.0
        self.left = int(self._rng.integers(2)) if pair.left is None else pair.left
        self.playback.begin(max(map(len, pair.clips)), fps)

    def clear(self) -> None:
        """Takes the pair away."""
        self.pair = self.chosen = None

    def leave(self) -> Pair | None:
        """Takes the pair away and returns it, so that it stands the same way when it is back."""
        pair = self.pair and dataclasses.replace(self.pair, left=self.left)
        self.clear()
        return pair

    def seen(self) -> None:
        """Notes that both clips are on the screen, which is when they begin to run."""
        if self.pair is not None and self._shown_at is None:
            self._shown_at = self._clock()
            self.playback.restart()

    def tick(self, seconds: float) -> None:
        """Lets time pass."""
        if self.visible:
            self.playback.tick(seconds)
            self._looked += seconds

    def play(self, action: Action) -> bool:
        """Does what an action means for the clips; returns whether it means anything."""
        match action:
            case Action.PAUSE:
                self.playback.toggle()
            case Action.RESTART:
                self.playback.restart()
            case Action.STEP_BACK:
                self.playback.step(-1)
            case Action.STEP_FORWARD:
                self.playback.step(1)
            case Action.SLOWER:
                self.playback.change_speed(-1)
            case Action.FASTER:
                self.playback.change_speed(1)
            case _:
                return False
        return True

    def judge(self, action: Action, *, strength: bool = False) -> Judgement | None:
        """Notes an answer and returns it; None if the pair was not seen yet.

        Args:
            action: One of the choices.
            strength: Whether the person was asked how much better the clip is.
        """
        if self.pair is None or self._shown_at is None:
            return None
        self.chosen = answer, strong = self._meaning(action), action in STRONG
        decided = answer in (Comparison.FIRST, Comparison.SECOND)
        return Judgement(
            token=uuid.uuid4().hex,
            pair=self.pair,
            left=self.left,
            answer=answer,
            strength=1 + strong if strength and decided else None,
            shown_at=self._shown_at,
            answered_at=self._clock(),
            reaction_seconds=self._looked,
        )

    def _meaning(self, action: Action) -> Comparison:
        """Returns the answer, in the query's own order of the clips."""
        if action is Action.TIE:
            return Comparison.TIE
        if action is Action.CANT_TELL:
            return Comparison.CANT_TELL
        chosen = self.left if action in (Action.LEFT, Action.MUCH_LEFT) else 1 - self.left
        return (Comparison.FIRST, Comparison.SECOND)[chosen]
