import pytest

from pbrl.status import Pace


def test_a_pace_is_of_late():
    pace = Pace(span=10.0)
    for steps, seconds in ((0, 0.0), (10, 100.0), (30, 105.0), (50, 110.0)):
        pace.mark(steps, seconds)
    assert pace.seconds_for(8) == pytest.approx(2.0)  # 40 steps in the last 10 seconds


def test_two_marks_count_however_long_ago_the_first_is():
    pace = Pace(span=10.0)
    pace.mark(0, 0.0)
    assert pace.seconds_for(5) is None
    pace.mark(20, 100.0)
    assert pace.seconds_for(5) == pytest.approx(25.0)


def test_there_is_no_telling_without_a_past_or_without_steps():
    pace = Pace()
    assert pace.seconds_for(5) is None
    pace.mark(7, 1.0)
    pace.mark(7, 2.0)
    assert pace.seconds_for(5) is None
    pace.mark(9, 3.0)
    pace.restart()
    pace.mark(9, 900.0)
    assert pace.seconds_for(5) is None
    pace.mark(11, 901.0)
    assert pace.seconds_for(5) == pytest.approx(2.5)
