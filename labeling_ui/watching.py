"""A window in which an agent acts, with its predicted and its true reward as moving curves.

Who acts, and what the rewards are, comes from a `Source`: the window needs no learner. Pictures
are drawn in the window's own process, the last one of those that a frame of the screen brings.
"""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import Protocol

import numpy as np

from labeling_ui.playback import SPEEDS

CURVE_SECONDS = 10.0
"""What the curves show, at the task's own rate."""
HOLD_SECONDS = 1.0
"""How long an episode's end stands before the next one begins."""
MOST_STEPS = 8
"""Steps taken for one frame of the screen at most, so that the window stays awake."""

WriteFilm = Callable[[Iterator[np.ndarray], float], Path]
"""Writes pictures (H, W, 3) at a rate to a film and returns its file."""


@dataclass(frozen=True, slots=True)
class Moment:
    """One step of the agent."""

    state: np.ndarray
    """What the source draws a picture from."""
    predicted: float | None
    """Learned reward; None where there is no learned reward yet."""
    true: float | None
    """True reward; None where the task has none."""


class Source(Protocol):
    """An agent that acts in a task."""

    title: str
    """What is seen: task and run."""
    fps: float
    """Steps shown in a second at speed 1."""

    def begin(self) -> str:
        """Starts an episode, with the newest agent there is, and says which that is."""
        ...

    def next(self) -> Moment | None:
        """Takes a step; None at the episode's end."""
        ...

    def picture(self, moment: Moment, width: int, height: int) -> np.ndarray:
        """Returns a picture (height, width, 3) uint8 of a moment."""
        ...


@dataclass(slots=True)
class Film:
    """A film that is being written beside the window, a picture at a time."""

    write: WriteFilm
    """Writes it."""
    fps: float
    """Pictures a second."""
    size: tuple[int, int]
    """Width and height."""
    file: Path | None = None
    """Where it is, once it is whole."""
    failed: str = ""
    """Why there is none."""
    _pictures: Queue = field(default_factory=lambda: Queue(maxsize=32))
    _thread: Thread | None = None

    def add(self, picture: np.ndarray) -> None:
        """Adds a picture (H, W, 3) of the film's size."""
        if self._thread is None:
            self._thread = Thread(target=self._run)
            self._thread.start()
        if self._thread.is_alive():
            self._pictures.put(picture)

    def end(self) -> None:
        """Closes the film and waits until it is whole."""
        if self._thread is not None:
            self._pictures.put(None)
            self._thread.join()

    def _taken(self) -> Iterator[np.ndarray]:
        while (picture := self._pictures.get()) is not None:
            yield picture

    def _run(self) -> None:
        try:
            self.file = self.write(self._taken(), self.fps)
        except Exception as error:  # of another thread: the window says it
            self.failed = str(error)
            with suppress(Empty):  # so that nobody waits for room
                while True:
                    self._pictures.get_nowait()


class Watching:
    """What is watched, as a state machine: no window, no clock of its own.

    Args:
        source: Who acts.
        write_film: Writes a film.
    """

    def __init__(self, source: Source, write_film: WriteFilm) -> None:
        self.source, self._write_film = source, write_film
        self.speed, self.playing, self.over = 1.0, True, False
        self.notice = ""
        """What was last done, in a sentence."""
        self.agent = ""
        """Which agent acts."""
        self.moment: Moment | None = None
        """What is on the screen."""
        self.film: Film | None = None
        self.episode = 0
        self.predicted_return = self.true_return = 0.0
        """Sums since the episode's beginning."""
        self.steps = 0
        """Steps of the episode."""
        length = max(round(CURVE_SECONDS * source.fps), 2)
        self.curves: dict[str, deque[tuple[float, float]]] = {
            "predicted": deque(maxlen=length),
            "true": deque(maxlen=length),
        }
        """Step and reward."""
        self._due, self._hold = 0.0, 0.0
        self.restart()

    def restart(self) -> None:
        """Begins another episode."""
        self.agent = self.source.begin()
        self.episode += 1
        self.steps, self.predicted_return, self.true_return = 0, 0.0, 0.0
        for curve in self.curves.values():
            curve.clear()
        self._due, self._hold = 0.0, 0.0
        self._step()

    def toggle(self) -> None:
        """Pauses, or goes on."""
        self.playing = not self.playing

    def step(self) -> None:
        """Pauses and takes a step, into the next episode where this one is over."""
        self.playing = False
        if self._hold > 0:
            self.restart()
        else:
            self._step()

    def change_speed(self, steps: int) -> None:
        """Takes the next faster (+1) or slower (-1) speed, if there is one."""
        at = SPEEDS.index(self.speed) + steps
        self.speed = SPEEDS[min(max(at, 0), len(SPEEDS) - 1)]

    def tick(self, seconds: float) -> None:
        """Lets time pass."""
        if not self.playing:
            return
        if self._hold > 0:
            self._hold -= seconds
            if self._hold <= 0:
                self.restart()
            return
        self._due = min(self._due + seconds * self.source.fps * self.speed, MOST_STEPS)
        while self._due >= 1 and self._hold <= 0:
            self._due -= 1
            self._step()

    def film_or_stop(self, width: int, height: int) -> None:
        """Begins a film of pictures of that size, or ends the one that is being made."""
        if self.film is None:
            self.film = Film(self._write_film, self.source.fps, (width, height))
            self.notice = "Filming until the key is pressed again, or the episode ends."
        else:
            self._end_film()

    def close(self) -> None:
        """Ends what is going on."""
        if self.film is not None:
            self._end_film()

    def _step(self) -> None:
        moment = self.source.next()
        if moment is None:
            self._hold = HOLD_SECONDS
            if self.film is not None:
                self._end_film()
            return
        self.moment = moment
        self.steps += 1
        self.predicted_return += moment.predicted or 0.0
        self.true_return += moment.true or 0.0
        for name, value in (("predicted", moment.predicted), ("true", moment.true)):
            if value is not None:
                self.curves[name].append((self.steps, value))
        if self.film is not None:
            self.film.add(self.source.picture(moment, *self.film.size))

    def _end_film(self) -> None:
        assert self.film is not None
        self.film.end()
        made, failed = self.film.file, self.film.failed
        self.film = None
        self.notice = f"The film is in {made}." if made else f"No film: {failed or 'no picture'}"
