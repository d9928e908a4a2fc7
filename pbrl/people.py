"""The loop's part for people: keep questions ready, learn from answers, wait for late ones.

People answer in another process, whenever they like; the two meet in the label store alone. The
trainer gives them their turn after every rollout. What stands in the store then decides what
happens, never what this process remembers: an answer that was given while the trainer was dead
counts, one that was taken back does not.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from pbrl.config import TrainConfig
from pbrl.errors import StoreUnreachable
from pbrl.publishing import Counts, Publisher, waiting_sentence
from pbrl.query.schedule import initial_labels
from pbrl.reward_learning import RewardLearning
from pbrl.status import Clock, Display, Status
from pbrl.store import LabelStore, OpenQuery

POLL_SECONDS = 0.25
"""Between two looks at the store while training waits."""
OLD = "old"
"""Why a question was withdrawn that nobody answered in time."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How questions and answers stand at one moment."""

    answers: frozenset[int]
    """Identities of the answers that stand."""
    answered: frozenset[int]
    """Numbers of the questions that they are about."""
    open: tuple[OpenQuery, ...]
    """Questions that still want answers."""

    @property
    def unanswered(self) -> int:
        """Returns how many open questions nobody has answered."""
        return sum(query.number not in self.answered for query in self.open)


class People:
    """Gives people their turn.

    Args:
        config: The run's settings.
        learning: The preference side, which asks and fits.
        store: The label store.
        run: The run's name in it.
        display: Told of what people should know.
        clock: Counts the time spent waiting.
        publisher: Tells people how the run stands.
    """

    def __init__(
        self,
        config: TrainConfig,
        learning: RewardLearning,
        store: LabelStore,
        run: str,
        display: Display,
        clock: Clock,
        publisher: Publisher,
    ) -> None:
        self.answered = 0
        """Questions with an answer that stands, when last looked."""
        self.phase = ""
        """Why training waits, in words; empty while it does not."""
        self._config, self._learning, self._store, self._run = config, learning, store, run
        self._display, self._clock, self._publisher = display, clock, publisher
        self._first = initial_labels(config.query)
        self._fitted: frozenset[int] = frozenset()  # answers that stood at the last fit
        self._fit_steps = 0
        self._standing = Standing(frozenset(), frozenset(), ())
        self._withdrawn = 0  # unanswered questions that are no longer asked
        self._reported: set[int] = set()
        self._told, self._unreachable = False, ""

    def begin(self) -> None:
        """Takes up what stands in the store, perhaps since the process before this one died."""
        self._learning.continue_numbers()
        self._look()

    def turn(
        self,
        status: Callable[[], Status],
        stopping: Callable[[], bool],
        about_to_wait: Callable[[], None],
    ) -> bool:
        """Asks, fits and waits, as far as each is due.

        Args:
            status: Says where the run stands.
            stopping: Says whether the run is to stop.
            about_to_wait: Called before it waits.

        Returns:
            Whether to go on learning; False if the run was stopped while it waited.

        Raises:
            StoreError: The store fails for another reason than that it cannot be reached.
        """
        now = status()
        waited = False
        if now.steps >= self._config.query.initial_steps:
            while not self._attend(now, at_once=waited):
                if stopping():
                    return False
                if not waited:
                    about_to_wait()
                self._wait(status())
                waited = True
        now = status()
        self._publisher.publish(now, self._counts(now), at_once=waited)
        return True

    def note(self, status: Status) -> None:
        """Takes in how far the agent came with a rollout that it has learnt from."""
        self._publisher.note(status)

    def note_first_fit(self, status: Status, share: float) -> None:
        """Tells people how much of the first fit is done, 0 to 1."""
        self._publisher.publish(status, self._counts(status), fitted=share)

    def farewell(self, status: Status) -> None:
        """Tells people that the run has ended or was stopped, if the store can be reached."""
        budget = self._config.query.label_budget
        if status.steps >= status.total_steps and self.answered < budget:
            self._display.say(
                f"The run ended with {self.answered:,} of {budget:,} answers: the last ones may be "
                f"late by {self._config.query.max_lag} (--max-lag)."
            )
        self._publisher.farewell(status, self._counts(status))

    def state(self) -> dict[str, Any]:
        """Returns what to keep of it; questions and answers are in the store."""
        return {
            "fitted": sorted(self._fitted),
            "fit_steps": self._fit_steps,
            "curve": self._publisher.curve(),
        }

    def set_state(self, state: dict[str, Any]) -> None:
        """Puts everything where it was when `state` was called."""
        self._fitted, self._fit_steps = frozenset(state["fitted"]), state["fit_steps"]
        self._publisher.set_curve(state["curve"])

    def _attend(self, now: Status, *, at_once: bool) -> bool:
        """Does what is due at these steps and returns whether enough is answered to go on.

        While the store cannot be reached, that is a matter of what was known last.
        """
        try:
            self._look()
            self._withdraw_old(now.steps)
            self._fit(now, at_once=False)
            self._top_up(now)
            behind = self._is_behind(now)
            if at_once and not behind:  # so that what was waited for is learnt from
                self._fit(now, at_once=True)
            self.phase = waiting_sentence(self._counts(now)) if behind else ""
            self._unreachable = ""
        except StoreUnreachable as error:
            if str(error) != self._unreachable:
                self._display.say(f"{error} Training goes on as far as it can without it.")
            self._unreachable, behind = str(error), self._is_behind(now)
            self.phase = "waiting for the label store, which cannot be reached" if behind else ""
        return not behind

    def _look(self) -> None:
        """Reads how questions and answers stand, at one moment.

        An answer that comes between the two readings would be about a question that is neither open
        nor answered, and one too many would be asked in its place.
        """
        given, before = self._store.answers(self._run), None
        while given != before:
            still_open = tuple(self._store.open_queries(self._run))
            given, before = self._store.answers(self._run), given
        self._standing = Standing(
            answers=frozenset(answer.id for answer in given),
            answered=frozenset(answer.number for answer in given),
            open=still_open,
        )
        self.answered = len(self._standing.answered)
        gone = self._learning.asked - self.answered - self._standing.unanswered
        if gone > self._withdrawn:
            self._report_damage()
        self._withdrawn = gone

    def _report_damage(self) -> None:
        """Says which questions were withdrawn for a reason of their own, each once."""
        for query in self._store.queries(self._run):
            if query.withdrawn not in (None, OLD) and query.number not in self._reported:
                self._reported.add(query.number)
                self._display.say(
                    f"Question {query.number} in {self._store.name} was withdrawn: "
                    f"{query.withdrawn}. Another one takes its place."
                )

    def _withdraw_old(self, steps: int) -> None:
        """Withdraws open questions about an agent of long ago, and makes room for new clips."""
        standing, oldest = self._standing, steps - self._config.query.max_age_steps
        old = {query.number for query in standing.open if query.step < oldest and not query.leased}
        if not old:
            return
        self._store.withdraw(self._run, sorted(old), OLD)
        self._store.evict(round(self._config.query.clip_megabytes * 1e6))
        left = tuple(query for query in standing.open if query.number not in old)
        self._standing = replace(standing, open=left)
        self._withdrawn += len(old - standing.answered)

    def _top_up(self, now: Status) -> None:
        """Asks the first share at once, and later as much as is due and some more to go on with."""
        query, learning = self._config.query, self._learning
        target = self._first
        if learning.ready or self.answered >= self._first:
            target = min(learning.due(now.steps, now.total_steps) + query.ahead, query.label_budget)
        missing = target - self.answered - self._standing.unanswered
        if missing > 0:
            first = learning.asked
            learning.ask(missing)
            new = (OpenQuery(n, now.steps, False) for n in range(first, learning.asked))
            self._standing = replace(self._standing, open=(*self._standing.open, *new))

    def _fit(self, now: Status, *, at_once: bool) -> None:
        """Fits if enough answers were given or taken back since the last fit."""
        query, answers = self._config.query, self._standing.answers
        changed = len(answers ^ self._fitted)
        if self._learning.ready:
            since = now.steps - self._fit_steps
            at_once |= since >= query.every_steps or now.steps >= now.total_steps
            is_time = changed >= query.fit_answers or at_once
        else:
            is_time = self.answered >= self._first
            if changed and is_time:
                self.phase = "learning the reward from the first answers"
                told = replace(now, phase=self.phase)
                self._display.show(told)
                self._publisher.publish(told, self._counts(now), fitted=0.0, at_once=True)
        if changed and is_time:
            self._learning.fit()
            self._fitted, self._fit_steps = answers, now.steps

    def _needed(self, now: Status) -> int:
        """Returns how many questions must be answered for training to go on."""
        if now.steps < self._config.query.initial_steps:
            return 0
        if not self._learning.ready:
            return self._first
        return self._learning.due(now.steps, now.total_steps) - self._config.query.max_lag

    def _is_behind(self, now: Status) -> bool:
        return self.answered < self._needed(now)

    def _counts(self, now: Status) -> Counts:
        return Counts(self.answered, self._standing.unanswered, self._needed(now))

    def _wait(self, status: Status) -> None:
        """Lets a moment pass, and shows on both sides what it is that training waits for."""
        if not self._told:
            self._display.say(status.phase)
            self._told = True
        self._publisher.publish(status, self._counts(status))
        self._display.show(status)
        with self._clock.time("waiting"):
            time.sleep(POLL_SECONDS)
