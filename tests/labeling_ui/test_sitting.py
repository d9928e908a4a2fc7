"""Counts, pace and agreement of a sitting, by hand-computed cases."""

import numpy as np
import pytest

from labeling_ui.pairs import Judgement, Role, Stored
from labeling_ui.sitting import Sitting, predicted, summary
from pbrl.feedback import Comparison

FIRST, SECOND, TIE = Comparison.FIRST, Comparison.SECOND, Comparison.TIE


@pytest.fixture
def add(make_pair):
    def add_to(sitting: Sitting, number: int, answer: Comparison, at: float, **facts) -> None:
        left = facts.pop("left", 0)
        pair = make_pair(number, **facts)
        judgement = Judgement(str(at), pair, left, answer, None, at - 2, at, at % 10)
        sitting.stored.append(Stored(judgement, int(at)))

    return add_to


def test_the_pace_is_that_of_the_last_answers_without_breaks(add):
    sitting = Sitting(0.0)
    assert sitting.labels_a_minute is None
    for at in (10, 16, 22, 3600):  # two gaps of 6 s, and a break, which counts as a minute
        add(sitting, int(at), FIRST, at)
    assert sitting.labels_a_minute == pytest.approx(3 * 60 / 72)


def test_an_answer_taken_back_does_not_count(add):
    sitting = Sitting(0.0)
    add(sitting, 1, FIRST, 10)
    add(sitting, 2, TIE, 20)
    sitting.take_back(10)
    assert sitting.labels == 1
    assert sitting.counts() == {TIE: 1}


def test_checks_are_no_labels(add):
    sitting = Sitting(0.0)
    add(sitting, 1, FIRST, 10)
    add(sitting, 1, SECOND, 20, role=Role.REPEAT)
    add(sitting, 5, SECOND, 30, role=Role.GOLD)
    assert sitting.labels == 1
    assert sitting.repeats() == (0, 1)


@pytest.mark.parametrize(
    ("returns", "answer", "expected"),
    [
        ([[3.0, 1.0], [2.0, 1.0]], FIRST, True),
        ([[3.0, 1.0], [2.0, 1.0]], SECOND, False),
        ([[9.0, 0.0], [0.0, 0.1], [0.0, 0.1]], FIRST, True),  # the mean probability, no vote
        ([[3.0, 1.0]], TIE, None),
        ([[np.nan, 1.0]], FIRST, None),
        (None, FIRST, None),
    ],
)
def test_whether_the_ensemble_expected_a_choice(make_pair, returns, answer, expected):
    pair = make_pair(0, predicted=None if returns is None else np.array(returns))
    assert predicted(Judgement("t", pair, 1, answer, None, 0, 0, 0)) is expected


def test_the_agreement_is_a_moving_share(add):
    sitting = Sitting(0.0)
    assert sitting.agreement() == []
    returns = np.array([[1.0, 0.0]])
    for at, answer in enumerate([FIRST, FIRST, SECOND, TIE, FIRST], 10):
        add(sitting, at, answer, at, predicted=returns)
    assert sitting.agreement() == pytest.approx([1, 1, 2 / 3, 3 / 4])
    for at in range(100, 125):
        add(sitting, at, SECOND, at, predicted=returns)
    assert sitting.agreement()[-1] == 0


def test_the_summary_says_what_was_done(add):
    sitting = Sitting(0.0)
    add(sitting, 1, FIRST, 62, left=0)
    add(sitting, 2, FIRST, 64, left=1)
    add(sitting, 3, TIE, 66)
    rows = dict(summary(sitting, 180.0))
    assert rows["pairs judged"] == "3"
    assert rows["time"] == "3 min"
    assert rows["left clip chosen"] == "1 of 2"
    assert rows["equally good"] == "1"
    assert rows["median time to answer"] == "4.0 s"
    assert dict(summary(Sitting(0.0), 30.0)) == {"pairs judged": "0", "time": "30 s"}
