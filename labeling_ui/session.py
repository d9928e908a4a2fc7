"""A sitting at the viewer as a state machine: actions and news go in, requests come out.

No window, thread, store or clock of its own: what a key means depends on what is on the screen,
and that can be tested by calling it. The next pair is shown only when the store has said that the
last answer is durable.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from enum import Enum, unique

import numpy as np

from labeling_ui.absence import Absence
from labeling_ui.actions import CHOICES, STRONG, Action
from labeling_ui.browsing import Browsing
from labeling_ui.messages import (
    Clips,
    FetchClips,
    GiveBack,
    GoOn,
    ListEarlier,
    Request,
    Rest,
    Store,
    TakeBack,
    TakenBack,
)
from labeling_ui.notices import Notices
from labeling_ui.pairs import Clip, Earlier, Pair, Role, Stored, in_words
from labeling_ui.sitting import Sitting
from labeling_ui.stage import Stage
from labeling_ui.upcoming import Upcoming

PRACTISED = "That was the practice. From now on your answers count."
READ_SECONDS = 0.6
"""Time that practice's feedback stands before a choice key goes on."""
SIGHT_SECONDS = 0.15
"""Time for which a pair must have been seen before it can be answered: a second tap of the key that
answered the last pair comes sooner than a person can have judged."""
TURN_SECONDS = 1.0
"""The same for a pair that took the place of another by itself: a key that was meant for the other
may be on its way, and a person notices first and judges then."""

AWAY_SECONDS = 600.0
"""Time without an action after which the pairs go back to others: training may wait for them."""
LEFT_SECONDS = 60.0
"""The same where the sitting's summary is shown, and the person is about to leave."""


@unique
class Screen(Enum):
    """What the person has before them."""

    WAITING = "waiting"
    """Nothing to judge."""
    JUDGING = "judging"
    """A pair."""
    STORING = "storing"
    """A pair whose answer is on its way into the store, or one that is being taken back."""
    FEEDBACK = "feedback"
    """A practice pair, with what was right."""
    BROWSING = "browsing"
    """An earlier answer."""
    SUMMARY = "summary"
    """What was done in this sitting."""


class Session:
    """One sitting.

    Attributes:
        screen: What is shown.
        stage: The pair on the screen.
        queue: The pairs to come.
        sitting: What was done so far.
        browsing: The place among one's earlier answers.
        notices: Sentences for the person.
        absence: Whether the person is there; if not, no pairs are held.
        strength: Whether "much better" can be said.
        fps: Frames a second of the clips.
        finished: Whether the run has finished: only a pair that is on the screen is still judged.
        help_open: Whether the help covers the rest.
        over: Whether the window should close.
    """

    def __init__(
        self,
        rng: np.random.Generator,
        *,
        fps: float = 20.0,
        strength: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Begins with nothing to judge.

        Args:
            rng: Draws which clip stands left.
            fps: Frames a second of the clips.
            strength: Whether "much better" can be said.
            clock: Seconds since 1970.
        """
        self.fps, self.strength = fps, strength
        self.screen, self.help_open, self.over = Screen.WAITING, False, False
        self.stage, self.sitting = Stage(rng, clock), Sitting(clock())
        self.queue = Upcoming()
        self.browsing, self.notices, self.finished = Browsing(), Notices(), False
        self.absence = Absence()
        self._feedback_seconds, self._undo_wanted = 0.0, False
        self._sight_seconds = SIGHT_SECONDS
        self._taking_back, self._from_browsing = "", False
        self._requests: list[Request] = []

    # What comes in.

    def act(self, action: Action) -> None:
        """Does what a key or a button means on this screen; nothing where it means nothing."""
        self.notices.active()
        if self._comes_back() and self.screen is Screen.WAITING and action is not Action.QUIT:
            self._next()
        elif self.help_open:
            self.help_open = action not in (Action.HELP, Action.GO_ON, Action.QUIT)
        elif action is Action.HELP:
            self.help_open = True
        elif self.screen is Screen.SUMMARY:
            self._act_in_summary(action)
        elif self.screen is Screen.BROWSING:
            self._act_in_browsing(action)
        elif action is Action.QUIT:
            self._quit()
        elif self.screen is Screen.STORING:
            self._undo_wanted |= action is Action.UNDO and not self._from_browsing
        elif action is Action.UNDO:
            self._undo()
        elif self.screen is Screen.FEEDBACK:
            self._act_in_feedback(action)
        elif action is Action.BROWSE:
            self._browse()
        elif self.screen is Screen.JUDGING and not self.stage.play(action):
            self._choose(action)

    def scrub(self, fraction: float) -> None:
        """Pauses the clips at a place between 0 and 1."""
        if self.stage.visible and not self.help_open:
            self._comes_back()
            self.notices.active()
            self.stage.playback.scrub(fraction)

    def offer(self, pairs: Sequence[Pair]) -> None:
        """Takes pairs to be judged after those it has; practice comes first."""
        if self.finished:
            self._give_back(pairs)
            return
        if self.absence.away:  # they were on their way when the others were given back
            pairs = [pair for pair in pairs if pair.role is not Role.LABEL]
        self.queue.add(pairs)
        if self.screen is Screen.WAITING:
            self._next()

    def run_finished(self, finished: bool) -> None:
        """Notes whether the run has finished: then the pairs that nobody sees are given back."""
        if finished and not self.finished:
            self._give_back(self.queue.clear())
            if self.screen is Screen.JUDGING and not self.stage.visible:
                self._give_back([pair] if (pair := self.stage.pair) else [])
                self._next()
        self.finished = finished

    def cannot_show(self) -> None:
        """Leaves all pairs to others for good: no clip can be drawn here. Call it until it does."""
        if self.screen is Screen.STORING:
            return
        if not self.absence.away:
            self._rest()
        self.absence.for_good()

    def practice_made(self, pairs: Sequence[Pair]) -> None:
        """Takes the practice pairs, or learns that there are none."""
        self.queue.preparing = False
        self.offer(pairs)

    def seen(self) -> None:
        """Notes that both clips of the pair are on the screen: from now on it can be answered."""
        self.stage.seen()

    def stored(self, stored: Stored) -> None:
        """Notes that an answer is durable, and shows the next pair.

        While the store was away the lease of a pair whose answer was on its way may have run out,
        and the pair been leased anew: it is not asked again.
        """
        self.sitting.stored.append(stored)
        if stored.judgement.pair.role is Role.LABEL:
            self.queue.forget(stored.judgement.pair.number)
        if self.screen is Screen.STORING:
            self._after_storing()

    def taken_back(self, news: TakenBack) -> None:
        """Notes that an answer was retracted, and shows its pair again."""
        self.sitting.take_back(news.answer_id)
        if news.judged_anew:
            self.say(
                "You have judged that pair again since, at another viewer: that answer counts."
            )
        elif news.pair is None:
            self.say("Taken back, but the clips of that pair cannot be shown any more.")
        else:
            self.say(f"Taken back: {self._taking_back}.")
            self.queue.put_back(news.pair)
        self._after_storing()

    def earlier(self, answers: Sequence[Earlier]) -> None:
        """Takes this person's answers, the last of which is shown first."""
        if self.screen is Screen.BROWSING:
            self._look_at(self.browsing.open(answers))

    def clips(self, news: Clips) -> None:
        """Takes the clips of an earlier answer."""
        entry = self.browsing.entry
        if self.screen is not Screen.BROWSING or entry is None or entry.number != news.number:
            return
        if news.clips is None:
            self.browsing.missing = True
        else:
            self.stage.show(Pair(entry.number, news.clips, entry.role, entry.left), self.fps)

    def drop(self, key: str) -> Pair | None:
        """Takes out the pair that has a clip which cannot be drawn; returns it if there was one."""
        if (pair := self.queue.drop(key)) is not None:
            self._count_out(pair)
            return pair
        pair = self.stage.pair
        if pair is None or not pair.has_clip(key):
            return None
        if self.screen is Screen.BROWSING:
            self.browsing.missing = True
            self.stage.clear()
        elif self.screen is Screen.JUDGING:
            self._count_out(pair)
            self._replace()
        return pair

    def lost(self, number: int) -> None:
        """Takes out a pair that somebody else may have been given."""
        self.queue.forget(number)
        pair = self.stage.pair
        if self.screen is not Screen.JUDGING or pair is None or pair.role is not Role.LABEL:
            return
        if pair.number == number:
            self.say("The label store was away too long: that pair may be with somebody else now.")
            self._replace()

    def say(self, sentence: str) -> None:
        """Shows a sentence for a while."""
        self.notices.say(sentence)

    def tick(self, seconds: float) -> None:
        """Lets time pass."""
        self.notices.tick(seconds)
        self._feedback_seconds += seconds
        if not self.help_open:
            self.stage.tick(seconds)
        limit = LEFT_SECONDS if self.screen is Screen.SUMMARY else AWAY_SECONDS
        if self.screen is not Screen.STORING and self.absence.tick(seconds, limit):
            self._rest()

    # What comes out.

    def requests(self) -> list[Request]:
        """Returns what the desk should do, once."""
        requests, self._requests = self._requests, []
        return requests

    def clips_ahead(self) -> list[Clip]:
        """Returns the clips to draw, the most urgent first."""
        pairs = [] if self.stage.pair is None else [self.stage.pair]
        return [clip for pair in [*pairs, *self.queue] for clip in pair.clips]

    # One screen each.

    def _next(self) -> None:
        """Shows the next pair, or waits."""
        self.stage.clear()
        pair = None if self.absence.away else self.queue.take()
        if pair is None:
            self.screen = Screen.WAITING
        else:
            self.screen = Screen.JUDGING
            self.stage.show(pair, self.fps)

    def _rest(self) -> None:
        """Leaves the pairs to others, what is judged just now too, and asks for no more."""
        if self.screen is Screen.JUDGING:
            self._set_aside()
            self.screen = Screen.WAITING
        self.queue.keep_own()
        self._requests.append(Rest())

    def _comes_back(self) -> bool:
        """Notes that the person did something, and asks for pairs if that ends an absence."""
        ended = self.absence.end()
        if ended:
            self._requests.append(GoOn())
        return ended

    def _replace(self) -> None:
        """Shows the next pair in place of one that was perhaps being judged."""
        if self.stage.visible:
            self._sight_seconds = TURN_SECONDS
        self._next()

    def _count_out(self, pair: Pair) -> None:
        """Notes that a pair is not judged; says so where practice is over with it."""
        if pair.role is Role.PRACTICE and self.queue.without_one_practice():
            self.say(PRACTISED)

    def _give_back(self, pairs: Iterable[Pair]) -> None:
        """Asks the desk to hold pairs no more; checks and practice are not on lease."""
        numbers = tuple(pair.number for pair in pairs if pair.role is Role.LABEL)
        if numbers:
            self._requests.append(GiveBack(numbers))

    def _set_aside(self) -> None:
        """Puts the pair on the screen back before those to come."""
        pair = self.stage.leave()
        if pair is not None:
            self.queue.put_back(pair)

    def _choose(self, action: Action) -> None:
        if action not in CHOICES or (action in STRONG and not self.strength):
            return
        if self.stage.looked < self._sight_seconds:
            return
        judgement = self.stage.judge(action, strength=self.strength)
        if judgement is None:
            return
        self._sight_seconds = SIGHT_SECONDS
        if judgement.pair.role is Role.PRACTICE:
            self.screen, self._feedback_seconds = Screen.FEEDBACK, 0.0
        else:
            self.screen, self._from_browsing = Screen.STORING, False
            self._requests.append(Store(judgement))

    def _after_storing(self) -> None:
        undo, self._undo_wanted = self._undo_wanted, False
        self._next()
        if undo:
            self._undo()

    def _act_in_feedback(self, action: Action) -> None:
        read = self._feedback_seconds >= READ_SECONDS
        if action is Action.GO_ON or (action in CHOICES and read):
            if self.queue.practised():
                self.say(PRACTISED)
            self._next()
        else:
            self.stage.play(action)

    def _undo(self) -> None:
        """Takes back the last answer of this sitting, or the answer to a practice pair."""
        if self.screen is Screen.FEEDBACK:
            self._set_aside()
            self._next()
        elif self.sitting.stored:
            last = self.sitting.stored[-1]
            pair, left = last.judgement.pair, last.judgement.left
            said = in_words(last.judgement.answer, left, last.judgement.strength)
            self._set_aside()
            self._take_back(TakeBack(last.answer_id, pair.number, pair.role, left), said)
        else:
            self.say("Nothing to undo in this sitting; browsing shows your earlier answers.")

    def _take_back(self, request: TakeBack, said: str) -> None:
        """Asks for an answer to be taken back; `said` is the answer in words."""
        self._from_browsing = self.screen is Screen.BROWSING
        self.stage.clear()
        self.screen, self._taking_back = Screen.STORING, said
        self._requests.append(request)

    def _browse(self) -> None:
        self._set_aside()
        self.screen, self.browsing = Screen.BROWSING, Browsing()
        self._requests.append(ListEarlier())

    def _act_in_browsing(self, action: Action) -> None:
        entry = self.browsing.entry
        if action in (Action.BROWSE, Action.GO_ON, Action.QUIT):
            self._next()
        elif action is Action.UNDO and entry is not None:
            said = in_words(entry.answer, entry.left, entry.strength)
            request = TakeBack(entry.answer_id, entry.number, entry.role, entry.left)
            self._take_back(request, said)
        elif action in (Action.LEFT, Action.RIGHT):
            self._look_at(self.browsing.move(-1 if action is Action.LEFT else 1))
        else:
            self.stage.play(action)

    def _look_at(self, entry: Earlier | None) -> None:
        """Asks for the clips of an earlier answer, if there is one."""
        if entry is not None:
            self.stage.clear()
            self._requests.append(FetchClips(entry.number))

    def _quit(self) -> None:
        """Shows what was done, or closes at once if that is nothing or not stored yet."""
        if self.sitting.stored and self.screen is not Screen.STORING:
            self._set_aside()
            self.screen = Screen.SUMMARY
        else:
            self.over = True

    def _act_in_summary(self, action: Action) -> None:
        if action is Action.QUIT:
            self.over = True
        elif action is Action.GO_ON:
            self._next()
