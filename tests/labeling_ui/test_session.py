"""What keys mean on each screen, and that nothing is shown before the last answer is durable."""

from collections.abc import Callable

import numpy as np
import pytest

from labeling_ui.actions import CHOICES, Action
from labeling_ui.messages import (
    Clips,
    FetchClips,
    GiveBack,
    GoOn,
    ListEarlier,
    Rest,
    Store,
    TakeBack,
    TakenBack,
)
from labeling_ui.notices import BREAK_WORDS
from labeling_ui.pairs import Earlier, Pair, Role, Stored
from labeling_ui.session import (
    AWAY_SECONDS,
    LEFT_SECONDS,
    SIGHT_SECONDS,
    TURN_SECONDS,
    Screen,
    Session,
)
from pbrl.feedback import Comparison

FIRST, SECOND, TIE, CANT_TELL = (
    Comparison.FIRST,
    Comparison.SECOND,
    Comparison.TIE,
    Comparison.CANT_TELL,
)


class Sitting:
    """A session whose desk is at hand."""

    def __init__(self, pairs: list[Pair], **options: object) -> None:
        self.now = 1000.0
        rng = np.random.default_rng(1)
        self.session = Session(rng, fps=20.0, clock=lambda: self.now, **options)
        self.session.offer(pairs)
        self.session.seen()
        self.ids = 0

    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.session.tick(seconds)

    def act(self, *actions: Action) -> None:
        """Does what a person can do, who looks before they choose."""
        for action in actions:
            if action in CHOICES and self.session.stage.looked < SIGHT_SECONDS:
                self.wait(SIGHT_SECONDS)
            self.session.act(action)

    def durable(self) -> Stored:
        """Lets the store keep the answer that is on its way."""
        (request,) = self.session.requests()
        assert isinstance(request, Store)
        self.ids += 1
        stored = Stored(request.judgement, self.ids)
        self.session.stored(stored)
        self.session.seen()
        return stored

    def answer(self, action: Action) -> Stored:
        self.act(action)
        return self.durable()

    def retracted(self, pair: Pair | None) -> TakeBack:
        """Lets the store take back what was asked."""
        (request,) = self.session.requests()
        assert isinstance(request, TakeBack)
        self.session.taken_back(TakenBack(request.answer_id, pair))
        self.session.seen()
        return request

    @property
    def number(self) -> int | None:
        pair = self.session.stage.pair
        return None if pair is None else pair.number


@pytest.fixture
def sitting(make_pair: Callable[..., Pair]) -> Sitting:
    return Sitting([make_pair(i) for i in range(5)])


# Answers


@pytest.mark.parametrize(
    ("action", "left", "answer"),
    [
        (Action.LEFT, 0, FIRST),
        (Action.LEFT, 1, SECOND),
        (Action.RIGHT, 0, SECOND),
        (Action.RIGHT, 1, FIRST),
        (Action.TIE, 1, TIE),
        (Action.CANT_TELL, 0, CANT_TELL),
    ],
)
def test_a_key_means_the_clip_that_stands_on_its_side(make_pair, action, left, answer):
    stored = Sitting([make_pair(0, left=left)]).answer(action)
    assert stored.judgement.answer is answer
    assert stored.judgement.left == left
    assert stored.judgement.strength is None


def test_the_side_is_drawn_and_both_occur(make_pair):
    sitting = Sitting([make_pair(i) for i in range(200)])
    lefts = [sitting.answer(Action.TIE).judgement.left for _ in range(200)]
    assert 70 < sum(lefts) < 130


def test_the_next_pair_is_shown_only_when_the_answer_is_durable(sitting: Sitting):
    sitting.act(Action.LEFT)
    assert sitting.session.screen is Screen.STORING
    assert sitting.number == 0
    sitting.act(Action.RIGHT)  # a second key while the first answer is on its way says nothing
    sitting.durable()
    assert sitting.session.screen is Screen.JUDGING
    assert sitting.number == 1
    assert sitting.session.requests() == []


@pytest.mark.parametrize("action", CHOICES)
def test_a_pair_that_was_not_on_the_screen_cannot_be_answered(make_pair, action):
    session = Session(np.random.default_rng(0), strength=True)
    session.offer([make_pair(0)])
    session.act(action)
    assert session.requests() == []
    session.seen()
    session.tick(0.1)
    session.act(action)  # the second tap of a key: nobody has judged so soon
    assert session.requests() == []
    session.tick(0.1)
    session.act(action)
    assert len(session.requests()) == 1


def test_the_reaction_is_the_time_for_which_the_pair_was_seen(sitting: Sitting):
    sitting.wait(1.5)
    sitting.act(Action.HELP)
    sitting.wait(60.0)
    sitting.act(Action.HELP)
    sitting.wait(0.5)
    judgement = sitting.answer(Action.LEFT).judgement
    assert judgement.reaction_seconds == pytest.approx(2.0)
    assert judgement.shown_at == 1000.0
    assert judgement.answered_at == pytest.approx(1062.0)


def test_every_answer_has_a_token_of_its_own(sitting: Sitting):
    tokens = {sitting.answer(Action.LEFT).judgement.token for _ in range(5)}
    assert len(tokens) == 5


def test_much_better_is_said_only_where_it_is_asked(make_pair):
    without = Sitting([make_pair(0, left=0)])
    without.act(Action.MUCH_LEFT)
    assert without.session.requests() == []


@pytest.mark.parametrize(
    ("action", "answer", "strength"),
    [
        (Action.MUCH_RIGHT, SECOND, 2),
        (Action.MUCH_LEFT, FIRST, 2),
        (Action.LEFT, FIRST, 1),
        (Action.TIE, TIE, None),
        (Action.CANT_TELL, CANT_TELL, None),
    ],
)
def test_how_much_better_is_noted_of_choices_where_it_is_asked(make_pair, action, answer, strength):
    judgement = Sitting([make_pair(0, left=0)], strength=True).answer(action).judgement
    assert (judgement.answer, judgement.strength) == (answer, strength)


def test_nothing_to_judge_is_waiting_until_something_comes(make_pair):
    sitting = Sitting([make_pair(0)])
    sitting.answer(Action.LEFT)
    assert sitting.session.screen is Screen.WAITING
    sitting.session.offer([make_pair(7)])
    assert sitting.session.screen is Screen.JUDGING
    assert sitting.number == 7


# Undo


def test_undo_takes_back_any_number_of_answers_the_last_first(sitting: Sitting, make_pair):
    given = [sitting.answer(Action.LEFT) for _ in range(3)]
    for stored in reversed(given):
        sitting.act(Action.UNDO)
        assert sitting.session.screen is Screen.STORING
        left = stored.judgement.left
        request = sitting.retracted(make_pair(stored.judgement.pair.number, left=left))
        assert request.answer_id == stored.answer_id
        assert request.left == left
        assert sitting.number == stored.judgement.pair.number
        assert sitting.session.stage.left == left
    assert sitting.session.sitting.stored == []
    sitting.act(Action.UNDO)
    assert sitting.session.requests() == []
    assert "Nothing to undo" in sitting.session.notices.text


def test_after_an_undo_the_pair_that_was_on_the_screen_comes_again_as_it_stood(
    sitting: Sitting, make_pair
):
    sitting.answer(Action.LEFT)
    stood = sitting.session.stage.left
    sitting.act(Action.UNDO)
    sitting.retracted(make_pair(0, left=0))
    sitting.answer(Action.RIGHT)
    assert sitting.number == 1
    assert sitting.session.stage.left == stood


def test_an_undo_while_the_answer_is_on_its_way_takes_back_that_answer(sitting: Sitting, make_pair):
    sitting.act(Action.LEFT, Action.UNDO)
    stored = sitting.durable()
    assert sitting.retracted(make_pair(0, left=0)).answer_id == stored.answer_id
    assert sitting.number == 0


def test_a_pair_whose_clips_are_gone_is_said_and_passed_over(sitting: Sitting):
    sitting.answer(Action.LEFT)
    sitting.act(Action.UNDO)
    sitting.retracted(None)
    assert "cannot be shown" in sitting.session.notices.text
    assert sitting.number == 1


@pytest.mark.parametrize(
    ("action", "words"),
    [
        (Action.LEFT, "Taken back: left was better."),
        (Action.MUCH_RIGHT, "Taken back: right was much better."),
        (Action.TIE, "Taken back: equally good."),
        (Action.CANT_TELL, "Taken back: can't tell."),
    ],
)
def test_an_undo_says_what_was_taken_back(make_pair, action, words):
    sitting = Sitting([make_pair(0, left=1)], strength=True)
    sitting.answer(action)
    sitting.act(Action.UNDO)
    sitting.retracted(make_pair(0, left=1))
    assert sitting.session.notices.text == words


# A run that has finished


def test_a_finished_run_asks_only_for_the_pair_on_the_screen(sitting: Sitting, make_pair):
    sitting.session.run_finished(True)
    assert sitting.session.requests() == [GiveBack((1, 2, 3, 4))]
    sitting.session.run_finished(True)  # it is told again and again
    assert sitting.session.requests() == []
    assert (sitting.session.screen, sitting.number) == (Screen.JUDGING, 0)
    sitting.answer(Action.LEFT)
    assert sitting.session.screen is Screen.WAITING
    sitting.session.offer([make_pair(7), make_pair(1, Role.REPEAT)])
    assert sitting.session.screen is Screen.WAITING
    assert sitting.session.requests() == [GiveBack((7,))]
    sitting.act(Action.UNDO)  # one's own answers can still be taken back
    sitting.retracted(make_pair(0))
    assert sitting.number == 0


def test_a_pair_that_nobody_has_seen_goes_when_the_run_finishes(make_pair):
    session = Session(np.random.default_rng(0))
    session.offer([make_pair(3)])
    session.run_finished(True)
    assert session.screen is Screen.WAITING
    assert session.requests() == [GiveBack((3,))]


def test_a_finished_run_that_goes_on_asks_again(sitting: Sitting, make_pair):
    sitting.session.run_finished(True)
    sitting.session.run_finished(False)
    sitting.session.requests()
    sitting.session.offer([make_pair(8)])
    sitting.answer(Action.LEFT)
    assert sitting.number == 8


def test_a_pair_that_was_leased_anew_while_its_answer_was_on_its_way_is_not_asked_again(make_pair):
    """The store was away for longer than the lease; it takes the answer when it is back."""
    sitting = Sitting([make_pair(1), make_pair(2)])
    sitting.act(Action.LEFT)
    session = sitting.session
    assert session.screen is Screen.STORING
    (request,) = [one for one in session.requests() if isinstance(one, Store)]
    session.lost(1)
    session.offer([make_pair(1), make_pair(1, Role.REPEAT), make_pair(3)])
    session.stored(Stored(request.judgement, 7))
    assert session.stage.pair is not None
    assert session.stage.pair.number == 2
    left = [(pair.number, pair.role) for pair in session.queue]
    assert left == [(1, Role.REPEAT), (3, Role.LABEL)]


# Practice


def test_practice_comes_first_and_is_never_stored(make_pair):
    session = Session(np.random.default_rng(0))
    session.queue.preparing = True
    session.offer([make_pair(9)])
    assert session.screen is Screen.WAITING  # until the practice pairs are made
    session.practice_made([make_pair(0, Role.PRACTICE, left=0, expected=FIRST)])
    session.seen()
    session.tick(SIGHT_SECONDS)
    session.act(Action.RIGHT)
    assert session.screen is Screen.FEEDBACK
    session.act(Action.GO_ON)
    assert session.stage.pair is not None
    assert session.stage.pair.number == 9
    assert "count" in session.notices.text  # that it is in earnest now
    assert session.requests() == []
    assert session.sitting.stored == []


def test_practice_is_no_pair_that_somebody_else_may_have(make_pair):
    session = Session(np.random.default_rng(0))
    session.queue.preparing = True
    session.offer([make_pair(0), make_pair(9)])
    session.practice_made([make_pair(0, Role.PRACTICE, left=0, expected=FIRST)])
    session.lost(0)
    assert session.stage.pair is not None
    assert session.stage.pair.role is Role.PRACTICE
    assert [pair.number for pair in session.queue] == [9]


def test_without_practice_pairs_judging_begins(make_pair):
    session = Session(np.random.default_rng(0))
    session.queue.preparing = True
    session.offer([make_pair(9)])
    session.practice_made([])
    assert session.screen is Screen.JUDGING


def test_practice_that_cannot_be_drawn_is_not_counted(make_pair):
    sitting = Sitting([make_pair(i, Role.PRACTICE, expected=FIRST) for i in range(4)])
    queue = sitting.session.queue
    sitting.session.drop("2.0")  # one that waits
    sitting.session.drop("0.1")  # the one that is shown
    assert (sitting.number, queue.practice_left, queue.practice_total) == (1, 2, 2)
    sitting.session.seen()
    sitting.wait(5.0)
    sitting.act(Action.LEFT)
    sitting.session.drop("1.0")  # judged already, and explained
    sitting.act(Action.GO_ON)
    assert (sitting.number, queue.practice_left, queue.practice_total) == (3, 1, 2)
    assert sitting.session.notices.text == ""
    sitting.session.drop("3.0")
    assert (queue.practice_left, queue.practice_total) == (0, 1)
    assert "From now on your answers count" in sitting.session.notices.text


def test_feedback_stands_long_enough_to_be_read(make_pair):
    sitting = Sitting([make_pair(i, Role.PRACTICE, expected=FIRST) for i in range(2)])
    sitting.act(Action.LEFT, Action.LEFT)
    assert sitting.session.screen is Screen.FEEDBACK
    sitting.wait(1.0)
    sitting.act(Action.LEFT)
    assert sitting.session.screen is Screen.JUDGING
    assert sitting.number == 1
    assert sitting.session.queue.practice_left == 1
    assert sitting.session.notices.text == ""


def test_undo_shows_a_practice_pair_again(make_pair):
    sitting = Sitting([make_pair(0, Role.PRACTICE, expected=FIRST)])
    sitting.act(Action.LEFT, Action.UNDO)
    assert sitting.session.screen is Screen.JUDGING
    assert sitting.number == 0


# Browsing, help, summary


def earlier(number: int, answer: Comparison = FIRST) -> Earlier:
    return Earlier(50 + number, number, answer, 1, Role.LABEL, 999.0, 2.0)


def test_browsing_leafs_through_ones_answers_and_comes_back(sitting: Sitting, make_pair):
    session = sitting.session
    stood = session.stage.left
    sitting.act(Action.BROWSE)
    assert session.requests() == [ListEarlier()]
    session.earlier([earlier(10), earlier(11)])
    assert session.requests() == [FetchClips(11)]
    session.clips(Clips(11, make_pair(11).clips))
    session.seen()
    assert (sitting.number, session.stage.left) == (11, 1)
    sitting.act(Action.RIGHT)  # there is none later
    assert session.requests() == []
    sitting.act(Action.LEFT)
    assert session.requests() == [FetchClips(10)]
    session.clips(Clips(11, make_pair(11).clips))  # late, and of another entry: not shown
    assert sitting.number is None
    session.clips(Clips(10, make_pair(10).clips))
    session.seen()
    sitting.act(Action.TIE)  # answers nothing here
    assert session.requests() == []
    sitting.act(Action.BROWSE)
    assert (session.screen, sitting.number) == (Screen.JUDGING, 0)
    assert session.stage.left == stood


def test_an_earlier_answer_can_be_taken_back_and_given_anew(sitting: Sitting, make_pair):
    sitting.act(Action.BROWSE)
    sitting.session.requests()
    sitting.session.earlier([earlier(10)])
    sitting.session.requests()
    sitting.session.clips(Clips(10, make_pair(10).clips))
    sitting.act(Action.UNDO)
    assert sitting.retracted(make_pair(10, left=1)).answer_id == 60
    assert sitting.number == 10
    assert sitting.answer(Action.LEFT).judgement.answer is SECOND
    assert sitting.number == 0


def test_a_second_tap_of_undo_while_browsing_takes_back_no_other_answer(sitting, make_pair):
    sitting.answer(Action.LEFT)
    sitting.act(Action.BROWSE)
    sitting.session.requests()
    sitting.session.earlier([earlier(10)])
    sitting.session.requests()
    sitting.act(Action.UNDO, Action.UNDO)
    assert sitting.retracted(make_pair(10)).answer_id == 60
    assert (sitting.session.requests(), sitting.number) == ([], 10)


def test_browsing_with_no_answers_or_no_clips_says_so(sitting: Sitting):
    sitting.act(Action.BROWSE)
    sitting.session.earlier([])
    sitting.act(Action.LEFT, Action.UNDO)
    assert sitting.session.requests() == [ListEarlier()]
    sitting.session.earlier([earlier(3)])
    sitting.session.clips(Clips(3, None))
    assert sitting.session.browsing.missing


def test_help_covers_everything_and_answers_nothing(sitting: Sitting):
    sitting.act(Action.HELP, Action.LEFT, Action.UNDO)
    assert sitting.session.help_open
    assert sitting.session.requests() == []
    sitting.act(Action.QUIT)
    assert not sitting.session.help_open
    assert not sitting.session.over


def test_quitting_shows_what_was_done_and_can_be_thought_over(sitting: Sitting):
    sitting.answer(Action.LEFT)
    sitting.act(Action.QUIT)
    assert (sitting.session.screen, sitting.session.over) == (Screen.SUMMARY, False)
    sitting.act(Action.GO_ON)
    assert (sitting.session.screen, sitting.number) == (Screen.JUDGING, 1)
    sitting.act(Action.QUIT, Action.QUIT)
    assert sitting.session.over


def test_quitting_closes_at_once_where_nothing_was_done(sitting: Sitting):
    sitting.act(Action.QUIT)
    assert sitting.session.over


# Absence


def test_who_does_nothing_for_long_leaves_the_pairs_to_others_and_gets_new_ones(
    sitting: Sitting, make_pair
):
    session = sitting.session
    sitting.wait(AWAY_SECONDS - 1)
    sitting.act(Action.PAUSE)
    sitting.wait(AWAY_SECONDS - 1)
    assert (session.requests(), sitting.number) == ([], 0)
    sitting.wait(2)
    assert (session.requests(), session.screen) == ([Rest()], Screen.WAITING)
    session.offer([make_pair(7)])  # it was on its way, and has been given back with the others
    sitting.wait(AWAY_SECONDS)
    assert (session.requests(), session.screen) == ([], Screen.WAITING)
    sitting.act(Action.LEFT)  # wakes, and judges nothing
    assert session.requests() == [GoOn()]
    session.offer([make_pair(8)])
    session.seen()
    assert sitting.number == 8
    assert sitting.answer(Action.LEFT).judgement.pair.number == 8


def test_who_is_about_to_leave_does_so_sooner_and_may_still_go_on(sitting: Sitting, make_pair):
    session = sitting.session
    sitting.answer(Action.LEFT)
    sitting.act(Action.QUIT)
    sitting.wait(LEFT_SECONDS + 1)
    assert (session.requests(), session.screen) == ([Rest()], Screen.SUMMARY)
    sitting.act(Action.GO_ON)
    assert (session.requests(), session.screen) == ([GoOn()], Screen.WAITING)
    session.offer([make_pair(8)])
    assert sitting.number == 8


def test_checks_and_practice_are_nobody_elses_and_stay(make_pair):
    sitting = Sitting(
        [make_pair(0, role=Role.PRACTICE), make_pair(1), make_pair(2, role=Role.GOLD)]
    )
    sitting.wait(AWAY_SECONDS + 1)
    sitting.act(Action.PAUSE)
    assert sitting.number == 0
    assert [pair.number for pair in sitting.session.queue] == [2]


def test_an_answer_on_its_way_is_waited_for(sitting: Sitting):
    sitting.act(Action.LEFT)
    sitting.wait(AWAY_SECONDS + 1)
    sitting.durable()
    assert (sitting.session.requests(), sitting.session.screen) == ([], Screen.JUDGING)
    sitting.wait(AWAY_SECONDS)
    assert sitting.session.requests() == [Rest()]


def test_where_nothing_can_be_shown_all_pairs_are_for_others(sitting: Sitting, make_pair):
    session = sitting.session
    sitting.act(Action.LEFT)
    session.cannot_show()
    sitting.durable()
    session.cannot_show()
    session.cannot_show()
    assert session.requests() == [Rest()]
    sitting.act(Action.LEFT, Action.PAUSE)
    session.offer([make_pair(9)])
    assert (session.requests(), session.screen) == ([], Screen.WAITING)


# Time


def test_a_break_is_suggested_after_half_an_hour_of_work(sitting: Sitting):
    for _ in range(30):
        sitting.act(Action.PAUSE)
        sitting.wait(60.0)
    assert sitting.session.notices.text == BREAK_WORDS
    sitting.act(Action.LEFT)  # and keeps nobody from going on
    assert sitting.session.screen is Screen.STORING


def test_who_pauses_is_not_told_to(sitting: Sitting):
    for _ in range(40):
        sitting.wait(60.0)
    assert sitting.session.notices.text == ""


def test_a_notice_passes(sitting: Sitting):
    sitting.session.say("Hello.")
    sitting.wait(7.0)
    assert sitting.session.notices.text == "Hello."
    sitting.wait(2.0)
    assert sitting.session.notices.text == ""


# Clips


def test_keys_and_mouse_move_the_clips(sitting: Sitting):
    playback = sitting.session.stage.playback
    sitting.wait(0.5)
    assert playback.index == 10
    sitting.act(Action.PAUSE)
    sitting.wait(1.0)
    assert playback.index == 10
    sitting.act(Action.STEP_FORWARD)
    assert playback.index == 11
    sitting.act(Action.STEP_BACK, Action.STEP_BACK)
    assert playback.index == 9
    sitting.session.scrub(1.0)
    assert playback.index == 29
    sitting.act(Action.RESTART)
    assert (playback.index, playback.playing) == (0, True)
    sitting.act(Action.SLOWER, Action.SLOWER)
    assert playback.speed == 0.5
    sitting.act(Action.FASTER)
    assert playback.speed == 0.75
    sitting.answer(Action.LEFT)
    assert playback.speed == 0.75  # a chosen speed stays


def test_a_clip_that_cannot_be_drawn_takes_its_pair_out(sitting: Sitting):
    dropped = sitting.session.drop("0.1")
    assert dropped is not None and dropped.number == 0
    assert sitting.number == 1
    dropped = sitting.session.drop("3.0")
    assert dropped is not None and dropped.number == 3
    assert [pair.number for pair in sitting.session.queue] == [2, 4]
    assert sitting.session.drop("0.1") is None


def test_a_pair_that_somebody_else_may_have_is_taken_away(sitting: Sitting):
    sitting.session.lost(2)
    assert [pair.number for pair in sitting.session.queue] == [1, 3, 4]
    sitting.session.lost(0)
    assert sitting.number == 1
    assert "somebody else" in sitting.session.notices.text


@pytest.mark.parametrize("goes", ["lost", "drop"])
def test_a_key_meant_for_a_pair_that_went_away_does_not_answer_the_next(sitting: Sitting, goes):
    def take_away(number: int) -> None:
        if goes == "lost":
            sitting.session.lost(number)
        else:
            sitting.session.drop(f"{number}.0")
        sitting.session.seen()

    sitting.wait(5.0)
    take_away(0)
    sitting.wait(TURN_SECONDS - 0.01)
    sitting.session.act(Action.LEFT)
    assert sitting.session.requests() == []
    sitting.wait(0.02)
    sitting.session.act(Action.LEFT)
    (request,) = sitting.session.requests()
    assert request.judgement.pair.number == 1
    sitting.session.stored(Stored(request.judgement, 7))
    sitting.session.seen()
    sitting.wait(SIGHT_SECONDS)  # the next one came as ever
    sitting.session.act(Action.LEFT)
    assert [r.judgement.pair.number for r in sitting.session.requests()] == [2]


def test_nor_does_it_where_nothing_came_for_a_moment(make_pair):
    sitting = Sitting([make_pair(0)])
    sitting.wait(5.0)
    sitting.session.lost(0)
    assert sitting.session.screen is Screen.WAITING
    sitting.session.offer([make_pair(1)])
    sitting.session.seen()
    sitting.wait(TURN_SECONDS - 0.01)
    sitting.session.act(Action.LEFT)
    assert sitting.session.requests() == []


def test_the_clips_on_the_screen_are_the_most_urgent(sitting: Sitting):
    keys = [clip.key for clip in sitting.session.clips_ahead()]
    assert keys[:4] == ["0.0", "0.1", "1.0", "1.1"]
