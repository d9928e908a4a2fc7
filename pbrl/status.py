"""What a run is doing: the state that a display shows, and the clock of what the time goes to."""

import contextlib
import time
from collections import defaultdict
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
    accuracy: float | None = None
    """Share of held-out answers that the ensemble predicts."""
    shares: dict[Part, float] = field(default_factory=dict)
    """Share of the time that each part takes."""

    @property
    def seconds_left(self) -> float | None:
        """Returns the time to the end at the pace so far."""
        if not self.steps_per_second:
            return None
        return (self.total_steps - self.steps) / self.steps_per_second


class Display(Protocol):
    """Shows a run to whoever started it."""

    def show(self, status: Status) -> None:
        """Shows where the run stands; called once per rollout, and now and then while it waits."""

    def say(self, sentence: str) -> None:
        """Shows a sentence that stays."""
