"""What a run is doing: the state that a display shows, and the clock of what the time goes to."""

import contextlib
import time
from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, Protocol

Part = Literal["acting", "learning", "asking", "fitting", "saving", "waiting"]


class Clock:
    """Adds up the seconds spent in each part."""

    def __init__(self) -> None:
        self.seconds: dict[Part, float] = defaultdict(float)
        self._start = time.perf_counter()

    @property
    def elapsed(self) -> float:
        """Returns the seconds since the clock was made."""
        return time.perf_counter() - self._start

    @contextlib.contextmanager
    def time(self, part: Part) -> Iterator[None]:
        """Counts the time until the block ends as spent in `part`."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[part] += time.perf_counter() - start

    @property
    def working(self) -> float:
        """Returns the seconds since the clock was made that were not spent waiting for people."""
        return self.elapsed - self.seconds.get("waiting", 0.0)

    def shares(self) -> dict[Part, float]:
        """Returns each part's share of the time counted so far."""
        total = sum(self.seconds.values()) or 1.0
        return {part: seconds / total for part, seconds in self.seconds.items()}


class Pace:
    """How fast a run has gone of late, which says more of what is left than its whole past does.

    Args:
        span: Seconds that count.
    """

    def __init__(self, span: float = 300.0) -> None:
        self._span = span
        self._marks: deque[tuple[int, float]] = deque()

    def restart(self) -> None:
        """Forgets the past, as after something that does not happen again."""
        self._marks.clear()

    def mark(self, steps: int, seconds: float) -> None:
        """Notes how many steps there are at a moment, in seconds of a clock."""
        self._marks.append((steps, seconds))
        while len(self._marks) > 2 and seconds - self._marks[1][1] >= self._span:
            self._marks.popleft()

    def seconds_for(self, steps: int) -> float | None:
        """Returns how long so many steps take; None while there is no telling."""
        if len(self._marks) < 2:
            return None
        (before, start), (after, end) = self._marks[0], self._marks[-1]
        return steps * (end - start) / (after - before) if after > before else None


@dataclass(frozen=True, slots=True)
class Status:
    """Where a run stands."""

    phase: str
    """What it is doing, in words."""
    steps: int
    """Environment steps so far."""
    total_steps: int
    """Steps of the whole run."""
    steps_per_second: float
    """Over this process's life, time spent waiting for people left out."""
    labels: int
    """Answers so far; while people answer, the questions that have one."""
    label_budget: int
    """Answers of the whole run; 0 where none are asked."""
    true_return: float | None = None
    """Mean true return of the last episodes."""
    learned_return: float | None = None
    """Mean learned return of the last episodes."""
    score_return: float | None = None
    """The same of what a teacher thinks of each step, where the agent is trained on that."""
    accuracy: float | None = None
    """Share of held-out answers that the ensemble predicts."""
    shares: dict[Part, float] = field(default_factory=dict)
    """Share of the time that each part takes."""
    seconds_left: float | None = None
    """The time to the end at the pace of late; None while there is no telling."""


class Display(Protocol):
    """Shows a run to whoever started it."""

    def show(self, status: Status) -> None:
        """Shows where the run stands; called once per rollout, and now and then while it waits."""

    def say(self, sentence: str) -> None:
        """Shows a sentence that stays."""
