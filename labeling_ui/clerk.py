"""What a viewer does in the label store, one call at a time: leases, answers, retractions, checks.

Every method may raise StoreError, and may be called again then: nothing is done twice.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np

from labeling_ui.checking import Check, Checks
from labeling_ui.messages import TakeBack, TakenBack
from labeling_ui.pairs import Clip, Earlier, Judgement, Pair, Role, Stored, clips_of
from pbrl.errors import StoreError, StoreUnreachable
from pbrl.feedback import COMPARISON

if TYPE_CHECKING:
    from pbrl.store import LabelStore, Leased

AHEAD = 4
"""Pairs that are kept ready besides the one on the screen."""
LEASE_SECONDS = 60.0
"""After how long the pairs of a viewer that died go to others."""


class Clerk:
    """One person's dealings with one run in the store.

    Attributes:
        held: Numbers of the pairs that this viewer has on lease and can show.
        complaints: Sentences for the person; taken out by the reader.
    """

    def __init__(
        self,
        store: "LabelStore",
        run: str,
        annotator: str,
        viewer: str,
        rng: np.random.Generator,
        repeats: float,
    ) -> None:
        """Knows nothing yet.

        Args:
            store: The label store, open.
            run: The run's name in it.
            annotator: Who answers.
            viewer: This viewer's own identity in the store.
            rng: Draws which pairs are asked again.
            repeats: Share of the pairs that are asked again, and of gold pairs.
        """
        self._store, self._run, self._annotator, self._viewer = store, run, annotator, viewer
        self._checks, self._not_shown = Checks(rng, repeats), set[int]()
        self.held = set[int]()
        self.complaints: list[str] = []

    def prepare(self) -> None:
        """Notes which pairs this person answered at earlier sittings, and the gold ones."""
        earlier = self.earlier()
        again = {one.number for one in earlier if one.role is Role.REPEAT}
        labels = [one for one in earlier if one.role is Role.LABEL and one.number not in again]
        self._checks.answered = [(one.number, one.left) for one in labels]
        self._checks.gold = set(self._store.gold(self._run)) - {one.number for one in earlier}

    def answer(self, judgement: Judgement) -> Stored:
        """Makes an answer durable."""
        pair = judgement.pair
        answer_id = self._store.answer(
            self._run,
            pair.number,
            COMPARISON.encode(judgement.answer),
            self._annotator,
            shown_at=judgement.shown_at,
            answered_at=judgement.answered_at,
            reaction_seconds=judgement.reaction_seconds,
            left=judgement.left,
            role=pair.role.value,
            token=judgement.token,
            strength=judgement.strength,
            viewer=self._viewer,
        )
        self.held.discard(pair.number)
        if pair.role is Role.LABEL:
            self._checks.label_given(pair.number, judgement.left)
        return Stored(judgement, answer_id)

    def take_back(self, request: TakeBack) -> TakenBack:
        """Retracts an answer; its pair is on lease then, unless it was judged anew elsewhere."""
        label = request.role is Role.LABEL
        viewer = self._viewer if label else None
        leased = self._store.retract(
            request.answer_id, self._annotator, viewer=viewer, seconds=LEASE_SECONDS
        )
        if label and not leased:
            return TakenBack(request.answer_id, None, judged_anew=True)
        self._checks.taken_back(request.number)
        pair = self._read_again(Check(request.number, request.role, request.left))
        if label:
            (self._not_shown if pair is None else self.held).add(request.number)
        return TakenBack(request.answer_id, pair)

    def clips(self, number: int) -> tuple[Clip, Clip] | None:
        """Returns the clips of a query; None, with a complaint, if they cannot be read."""
        pair = self._read_again(Check(number, Role.LABEL, None))
        return None if pair is None else pair.clips

    def earlier(self) -> list[Earlier]:
        """Returns this person's answers that stand."""
        records = self._store.answer_records(self._run, annotator=self._annotator)
        return [
            Earlier(
                one.id,
                one.number,
                COMPARISON.decode(one.text),
                one.left or 0,
                Role(one.role),
                one.answered_at,
                one.reaction_seconds,
                one.strength,
            )
            for one in records
            if not one.synthetic and one.retracted_at is None
        ]

    @property
    def missing(self) -> int:
        """Returns how many pairs are to be leased until enough are ready."""
        return max(AHEAD + 1 - len(self.held), 0)

    def lease(self) -> list[Pair]:
        """Leases the missing pairs; returns them, with the checks between them.

        A pair of its own whose lease ran out before the next sign of life may be among what the
        store gives: the lease counts again, and the pair is where it was.
        """
        leased = self._store.lease(
            self._run, self._annotator, self._viewer, count=self.missing, seconds=LEASE_SECONDS
        )
        leased = [one for one in leased if one.number not in self.held]
        self.held.update(one.number for one in leased)
        pairs: list[Pair | None] = []
        for one in leased:
            pairs += [self._read(check) for check in self._checks.due()]  # a check can be missed
            pairs.append(self._pair(one))
        return [pair for pair in pairs if pair is not None]

    def renew(self) -> list[int]:
        """Gives a sign of life; returns the pairs whose lease has run out, which others may have.

        Leases that it does not know of are given back: the store's answer to `lease` was lost.
        """
        have = set(
            self._store.renew(self._run, self._annotator, self._viewer, seconds=LEASE_SECONDS)
        )
        strays = have - self.held - self._not_shown
        if strays:
            self._store.release(self._run, self._viewer, sorted(strays))
        lost = self.held - have
        self.held -= lost
        return sorted(lost)

    def let_go(self, number: int) -> None:
        """Passes a pair over that cannot be shown, where others may be able to.

        It stays on lease until the viewer closes: given back, it would be the next that is leased.
        """
        if number in self.held:
            self.held.discard(number)
            self._not_shown.add(number)

    def pass_over(self, number: int, reason: str) -> None:
        """Withdraws a pair that cannot be shown, so that training does not wait for its answer."""
        self._store.withdraw(self._run, [number], f"a viewer could not draw it: {reason}")
        self.give_back([number])

    def give_back(self, numbers: Sequence[int]) -> None:
        """Gives pairs back that nobody will judge here."""
        self._store.release(self._run, self._viewer, numbers)
        self.held.difference_update(numbers)

    def rest(self) -> None:
        """Gives everything back, and is still there."""
        self._store.release(self._run, self._viewer)
        self.held.clear()
        self._not_shown.clear()

    def leave(self) -> None:
        """Gives everything back."""
        with suppress(StoreError):  # the leases run out by themselves
            self._store.leave(self._run, self._viewer)

    def _pair(self, leased: "Leased") -> Pair:
        clips = clips_of(f"{leased.number}", leased.segments)
        return Pair(leased.number, clips, Role.LABEL, predicted=leased.predicted_returns)

    def _read(self, check: Check) -> Pair | None:
        """Returns a pair that is in the store; None, with a complaint, if it cannot be read."""
        try:
            return self._read_again(check)
        except StoreUnreachable as error:
            self.complaints.append(str(error))
            return None

    def _read_again(self, check: Check) -> Pair | None:
        """Does as `_read`, but raises StoreUnreachable if the store is away: to be tried again."""
        try:
            segments = self._store.segments(self._run, [check.number], true_rewards=False)
            (query,) = self._store.queries(self._run, [check.number])
        except StoreUnreachable:
            raise
        except StoreError as error:
            self.complaints.append(str(error))
            return None
        clips = clips_of(f"{check.number}", segments[check.number])
        return Pair(check.number, clips, check.role, check.left, predicted=query.predicted_returns)
