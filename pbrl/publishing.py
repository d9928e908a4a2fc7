"""What a trainer tells the people who judge for it: what it does, and why there may be no pair."""

import contextlib
import math
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pbrl.config import QueryConfig
from pbrl.errors import StoreError, StoreUnreachable
from pbrl.query.schedule import steps_until_due
from pbrl.status import Status
from pbrl.store import LabelStore, Published
from pbrl.store.published import State

PAUSE_SECONDS, REPEAT_SECONDS = 0.25, 2.0
"""Between two publications at least; after the second the same is published again, so that people
see that the trainer lives."""
CURVE_POINTS = 200
FIRST_FIT = "The reward is being learnt from the first answers; training begins after that."
Curve = tuple[tuple[int, float], ...]
"""Environment steps and mean learned return of an episode."""


@dataclass(frozen=True, slots=True)
class Counts:
    """How many questions there are of which sort."""

    answered: int
    """With an answer that stands."""
    unanswered: int
    """Open and without an answer."""
    needed: int
    """Answered ones without which training does not go on."""


class Publisher:
    """Writes into the store how a run stands, some times a second at most.

    Args:
        config: The run's questions.
        store: The label store.
        run: The run's name in it.
        go_on: The command that goes on with the run, for those who see that it was stopped.
    """

    def __init__(self, config: QueryConfig, store: LabelStore, run: str, go_on: str) -> None:
        self._config, self._store, self._run, self._go_on = config, store, run, go_on
        self._curve: deque[tuple[int, float]] = deque(maxlen=CURVE_POINTS)
        self._last: Published | None = None
        self._moment = -math.inf

    def note(self, status: Status) -> None:
        """Takes in a point of the curve of learned returns."""
        if status.learned_return is not None:
            self._curve.append((status.steps, status.learned_return))

    def publish(
        self,
        status: Status,
        counts: Counts,
        *,
        fitted: float | None = None,
        at_once: bool = False,
    ) -> None:
        """Publishes where the run stands, unless it was a moment ago.

        Args:
            status: Where it stands.
            counts: Its questions.
            fitted: How much of the first fit is done, 0 to 1; None unless it is under way.
            at_once: Do not leave it out, whenever the last one was.
        """
        curve, moment = tuple(self._curve), time.monotonic()
        words = news(self._config, status, counts, curve, fitted)
        pause = REPEAT_SECONDS if words == self._last else PAUSE_SECONDS
        if at_once or moment >= self._moment + pause:
            with contextlib.suppress(StoreUnreachable):  # said where it keeps training waiting
                self._store.publish(self._run, words)
                self._last, self._moment = words, moment

    def farewell(self, status: Status, counts: Counts) -> None:
        """Publishes that the run has ended or was stopped, if the store can be reached."""
        words = last_words(status, counts, tuple(self._curve), self._go_on)
        with contextlib.suppress(StoreError):
            self._store.publish(self._run, words)

    def curve(self) -> list[list[float]]:
        """Returns the curve, to be kept."""
        return [list(point) for point in self._curve]

    def set_curve(self, curve: Sequence[Sequence[float]]) -> None:
        """Takes over a curve that was kept."""
        self._curve.extend((int(steps), learned) for steps, learned in curve)


def news(
    config: QueryConfig,
    status: Status,
    counts: Counts,
    curve: Curve,
    fitted: float | None = None,
) -> Published:
    """Returns what to publish of a run that is under way; as `Publisher.publish` takes it."""
    if status.steps < config.initial_steps:
        return _published(
            "acting",
            status,
            counts,
            curve,
            f"The untrained agent acts for the first clips: {status.steps:,} of "
            f"{config.initial_steps:,} steps are done.",
            status.steps / config.initial_steps,
        )
    if fitted is not None:
        return _published("training", status, counts, curve, FIRST_FIT, fitted)
    if counts.answered < counts.needed:
        share = counts.answered / counts.needed
        return _published("waiting", status, counts, curve, waiting_sentence(counts), share)
    if counts.unanswered:
        return _published("training", status, counts, curve)
    if counts.answered >= config.label_budget:
        reason = f"All {config.label_budget} questions of this run are answered; training goes on."
        share = status.steps / status.total_steps
        return _published("training", status, counts, curve, reason, share)
    return _published("training", status, counts, curve, *_until_next(config, status, counts))


def waiting_sentence(counts: Counts) -> str:
    """Returns why training waits for people."""
    missing = counts.needed - counts.answered
    return (
        f"Training waits for {missing} answer{'s' if missing > 1 else ''}: {counts.answered} are "
        f"there, and it goes on with {counts.needed}."
    )


def last_words(status: Status, counts: Counts, curve: Curve, go_on: str) -> Published:
    """Returns what to publish at a run's end, or where it was stopped.

    Args:
        status: Where it stands.
        counts: Its questions.
        curve: Its learned returns.
        go_on: The command that goes on with it.
    """
    if status.steps >= status.total_steps:
        reason = "Training has finished: nothing more is asked."
        return _published("finished", status, counts, curve, reason, 1.0, phase="finished")
    reason = f"Training was stopped at step {status.steps:,}. Go on with: {go_on}"
    return _published("stopped", status, counts, curve, reason, phase="stopped")


def _until_next(config: QueryConfig, status: Status, counts: Counts) -> tuple[str, float]:
    """Returns why no question is open, and how far it is from the last one to the next."""
    training, total = (s - config.initial_steps for s in (status.steps, status.total_steps))
    due = counts.answered - config.ahead
    last, following = (steps_until_due(config, labels, total) for labels in (due, due + 1))
    left = max(0, following - training)
    share = float(np.clip((training - last) / max(1, following - last), 0, 1))
    reason = f"All questions so far are answered; the next one comes in about {left:,} steps."
    return reason, share


def _published(
    state: State,
    status: Status,
    counts: Counts,
    curve: Curve,
    waiting_for: str = "",
    progress: float | None = None,
    phase: str = "",
) -> Published:
    return Published(
        state=state,
        phase=phase or status.phase,
        waiting_for=waiting_for,
        progress=progress,
        steps=status.steps,
        total_steps=status.total_steps,
        labels=counts.answered,
        label_budget=status.label_budget,
        steps_per_second=status.steps_per_second,
        learned_returns=curve,
    )
