"""The order of the pairs to come."""

from labeling_ui.pairs import Role
from labeling_ui.upcoming import Upcoming


def numbers(upcoming: Upcoming) -> list[int]:
    return [pair.number for pair in upcoming]


def test_practice_comes_first_and_in_its_order(make_pair):
    upcoming = Upcoming()
    upcoming.add([make_pair(1), make_pair(2)])
    upcoming.add([make_pair(0, Role.PRACTICE), make_pair(9), make_pair(7, Role.PRACTICE)])
    assert numbers(upcoming) == [0, 7, 1, 2, 9]
    assert (upcoming.practice_total, upcoming.practice_left) == (2, 2)


def test_the_last_practice_pair_is_told(make_pair):
    upcoming = Upcoming()
    upcoming.add([make_pair(i, Role.PRACTICE) for i in range(2)])
    assert [upcoming.practised() for _ in range(2)] == [False, True]


def test_none_is_given_out_before_practice_is_made(make_pair):
    upcoming = Upcoming()
    upcoming.preparing = True
    upcoming.add([make_pair(1)])
    assert upcoming.take() is None
    upcoming.preparing = False
    pair = upcoming.take()
    assert pair is not None and pair.number == 1
    assert upcoming.take() is None


def test_what_is_put_back_is_next(make_pair):
    upcoming = Upcoming()
    upcoming.add([make_pair(1), make_pair(2)])
    upcoming.put_back(make_pair(5))
    assert numbers(upcoming) == [5, 1, 2]


def test_a_pair_is_found_by_a_clip_and_taken_out_once(make_pair):
    upcoming = Upcoming()
    upcoming.add([make_pair(1), make_pair(2), make_pair(2, Role.REPEAT)])
    dropped = upcoming.drop("2.1")
    assert dropped is not None and dropped.role is Role.LABEL
    assert [(pair.number, pair.role) for pair in upcoming] == [(1, Role.LABEL), (2, Role.REPEAT)]
    assert upcoming.drop("3.0") is None


def test_only_what_was_asked_for_is_forgotten(make_pair):
    upcoming = Upcoming()
    upcoming.add([make_pair(1), make_pair(1, Role.REPEAT), make_pair(2)])
    upcoming.forget(1)
    assert [(pair.number, pair.role) for pair in upcoming] == [(1, Role.REPEAT), (2, Role.LABEL)]
    upcoming.keep_own()
    assert [pair.role for pair in upcoming] == [Role.REPEAT]


def test_cleared_it_waits_for_no_practice(make_pair):
    upcoming = Upcoming()
    upcoming.preparing = True
    upcoming.add([make_pair(1), make_pair(2)])
    assert [pair.number for pair in upcoming.clear()] == [1, 2]
    assert not upcoming.preparing and numbers(upcoming) == []
