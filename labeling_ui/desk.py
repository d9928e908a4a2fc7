"""The thread that deals with the label store, so that the window never waits for it.

It keeps a few pairs leased ahead, makes answers durable, takes them back, and reads how the run
stands. While the store cannot be reached it tries again, with a sentence on the screen: an answer
is kept here until it is in the store.
"""

import queue
import threading
import time
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from labeling_ui.clerk import Clerk
from labeling_ui.messages import (
    Clips,
    DeskStatus,
    Failure,
    FetchClips,
    GiveBack,
    GoOn,
    ListEarlier,
    Lost,
    News,
    Notice,
    PassOver,
    Request,
    Rest,
    Store,
    TakeBack,
)
from labeling_ui.pairs import Judgement, Pair
from labeling_ui.place import Closing, Place, identity, open_place
from labeling_ui.standing import Standing
from pbrl.errors import PbrlError, StoreError

if TYPE_CHECKING:
    from pbrl.store import LabelStore

T = TypeVar("T")

HEARTBEAT_SECONDS = 5.0
"""Time between two signs of life."""
LOOK_SECONDS = 0.5
"""Time between two looks at how the run stands, and for pairs when there are too few."""
RETRY_SECONDS = (0.5, 1.0, 2.0, 5.0)
"""Time before the store is tried again, the last one for good."""


class Desk(threading.Thread):
    """One person's side of the label store.

    Attributes:
        viewer: This viewer's own identity in the store.
    """

    def __init__(
        self,
        place: Place,
        annotator: str,
        rng: np.random.Generator,
        *,
        repeats: float = 0.05,
        wake: Callable[[], None] = lambda: None,
    ) -> None:
        """Prepares the desk; `start` opens it.

        Args:
            place: Where the run's labels are.
            annotator: Who answers.
            rng: Draws which pairs are asked again.
            repeats: Share of the pairs that are asked again, and of gold pairs.
            wake: Called when there is news, from this thread.
        """
        super().__init__(name="desk", daemon=True)
        self.viewer = uuid.uuid4().hex
        self._place, self._annotator, self._wake = place, annotator, wake
        self._rng, self._repeats = rng, repeats
        self._requests: queue.SimpleQueue[Request | None] = queue.SimpleQueue()
        self._news: queue.SimpleQueue[News] = queue.SimpleQueue()
        self._closing = threading.Event()
        self._give_up_at = float("inf")
        self._store: LabelStore
        self._unstored: list[Judgement] = []
        self._beat_at = self._look_at = 0.0
        self._trouble, self._finished, self._resting = "", False, False

    # For the window's thread.

    def ask(self, request: Request) -> None:
        """Hands a request in."""
        if isinstance(request, Store):
            self._unstored.append(request.judgement)
        self._requests.put(request)

    def news(self) -> list[News]:
        """Returns what there is to tell, once."""
        news = []
        while not self._news.empty():
            news.append(self._news.get())
        return news

    def give_up(self, pair: Pair) -> None:
        """Passes a pair over that cannot be shown here, and perhaps elsewhere."""
        self._clerk.let_go(pair.number)

    def finish(self, seconds: float) -> list[Judgement]:
        """Stores what is left, gives the leased pairs back and ends.

        Args:
            seconds: How long to try if the store cannot be reached.

        Returns:
            The answers that could not be stored.
        """
        self._give_up_at = time.monotonic() + seconds
        self._closing.set()
        self._requests.put(None)
        self.join(seconds + 15.0)  # a connection may be in the middle of its own time limit
        return list(self._unstored)

    # In the desk's own thread.

    def run(self) -> None:
        """Opens the store and works until `finish`."""
        try:
            self._store, opened = open_place(
                self._place, self._annotator, self.viewer, self._tell, self._closing
            )
        except Closing:
            return
        except Exception as error:  # of this thread: the window says it
            self._tell(Failure(error))
            return
        self._file = identity(self._place.store)
        self._standing = Standing(opened.run, self._annotator, self.viewer, opened.budget)
        self._clerk = Clerk(
            self._store, opened.run, self._annotator, self.viewer, self._rng, self._repeats
        )
        try:
            self._tell(opened.news)
            self._insist(lambda: self._standing.damaged(self._store))  # of before: no news
            self._insist(self._clerk.prepare)
            while not self._closing.is_set() or not self._requests.empty():
                self._work()
            self._clerk.leave()
        except _GivenUp:
            pass
        except Exception as error:  # of this thread: the window says it
            self._tell(Failure(error))
        finally:
            self._store.close()

    def _work(self) -> None:
        """Does one request, if there is one, and what is due."""
        try:
            request = self._requests.get(timeout=0.0 if self._look_due() else LOOK_SECONDS / 4)
        except queue.Empty:
            request = None
        if request is not None:
            self._do(request)
        if self._closing.is_set():
            return
        try:
            due = self._look_due()
            if due:
                self._look()  # before a lease: of a run that has finished nothing is leased
            idle = self._finished or self._resting
            if (due or request is not None) and self._clerk.missing and not idle:
                for pair in self._clerk.lease():
                    self._tell(pair)
                self._out_of_trouble()
        except StoreError as error:
            self._in_trouble(error)
        self._complain()

    def _look_due(self) -> bool:
        return time.monotonic() >= self._look_at

    def _do(self, request: Request) -> None:
        match request:
            case Store(judgement):
                stored = self._insist(lambda: self._clerk.answer(judgement))
                self._unstored.remove(judgement)
                self._tell(stored)
            case TakeBack():
                self._tell(self._insist(lambda: self._clerk.take_back(request)))
            case FetchClips(number):
                self._tell(Clips(number, self._insist(lambda: self._clerk.clips(number))))
            case ListEarlier():
                self._tell(self._insist(self._clerk.earlier))
            case PassOver(number, reason):
                self._insist(lambda: self._clerk.pass_over(number, reason))
            case GiveBack(numbers):
                self._insist(lambda: self._clerk.give_back(numbers))
            case Rest():
                self._resting = True
                self._insist(self._clerk.rest)
            case GoOn():
                self._resting = False

    def _insist(self, call: Callable[[], T]) -> T:
        """Calls until the store does it, and says meanwhile why it does not."""
        attempt = 0
        while True:
            try:
                self._check_file()
                result = call()
            except StoreError as error:
                if time.monotonic() >= self._give_up_at:
                    raise _GivenUp from error
                self._in_trouble(error)
                wait = RETRY_SECONDS[min(attempt, len(RETRY_SECONDS) - 1)]
                left = self._give_up_at - time.monotonic()
                if self._closing.is_set():
                    time.sleep(max(min(wait, left), 0.0))
                else:
                    self._closing.wait(wait)
                attempt += 1
            else:
                self._out_of_trouble()
                return result

    def _check_file(self) -> None:
        """Raises StoreError if the store's file is gone or another: what it takes would be lost."""
        if identity(self._place.store) != self._file:
            raise StoreError(
                f"The label store {self._place.store} was removed, or another one is in its place."
            )

    def _look(self) -> None:
        """Reads how the run stands, and gives a sign of life where one is due."""
        self._look_at = time.monotonic() + LOOK_SECONDS
        self._check_file()
        if time.monotonic() >= self._beat_at:
            for number in self._clerk.renew():
                self._tell(Lost(number))
            self._beat_at = time.monotonic() + HEARTBEAT_SECONDS
        status = self._standing.read(self._store, len(self._clerk.held))
        self._finished = status.finished
        self._tell(status)
        for number in self._standing.damaged(self._store):
            self._tell(
                Notice(
                    f"A clip of pair {number} is damaged in the label store: the pair was taken "
                    "out and is not shown."
                )
            )
        self._out_of_trouble()

    def _complain(self) -> None:
        while self._clerk.complaints:
            self._tell(Notice(self._clerk.complaints.pop(0)))

    def _in_trouble(self, error: PbrlError) -> None:
        self._look_at = time.monotonic() + RETRY_SECONDS[-1]
        self._trouble = str(error)
        self._tell(DeskStatus(trouble=self._trouble))

    def _out_of_trouble(self) -> None:
        """Says that the store is back, if it was away; call it only when it has just answered."""
        if self._trouble:
            self._trouble, self._look_at = "", 0.0
            self._tell(Notice("The label store is back."))

    def _tell(self, news: News) -> None:
        self._news.put(news)
        self._wake()


class _GivenUp(Exception):
    """The store could not be reached until the end."""
