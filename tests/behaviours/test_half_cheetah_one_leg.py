"""One leg by hand: a stiff cheetah pitched up over its hind leg, that is pushed along."""

import numpy as np
import pytest

from pbrl.behaviours.half_cheetah_body import FRONT_LEG, HALF_CHEETAH_BODY, HIND_LEG
from pbrl.behaviours.half_cheetah_one_leg import (
    ENOUGH,
    LEAN_COST,
    STEP_SECONDS,
    TOUCH_COST,
    goes_on_one_leg,
    lean,
    measure,
    on_hind_leg,
    score,
)

PITCH = -0.6
"""Angle at which the front leg is well up; negative is nose up."""


def pose(pitch: float, lifted: float = 0.0) -> np.ndarray:
    """A state (9,) with all joints at 0 and the lowest point 5 mm in the floor, but for a lift."""
    state = np.zeros(9)
    state[2] = pitch
    state[1] = -HALF_CHEETAH_BODY.lowest(state).min() - 0.005 + lifted
    return state.astype(np.float32)


def walk(speed: float, steps: int, one: np.ndarray) -> np.ndarray:
    """States (T, 9) of one pose pushed along at a speed, m/s."""
    states = np.tile(one, (steps, 1))
    states[:, 0] = np.arange(steps) * speed * STEP_SECONDS
    return states


HIND, FLAT, NOSE = pose(PITCH), pose(0.0), pose(0.6)
NOSE_COST = TOUCH_COST + 0.7 * LEAN_COST
"""Of a step: its nose is down by .7 rad more than one leg can carry."""


def test_the_poses_are_what_they_are_said_to_be():
    touches = HALF_CHEETAH_BODY.touches(HIND)
    assert touches[HIND_LEG].any() and not touches[FRONT_LEG].any()
    assert on_hind_leg(HIND) and on_hind_leg(pose(PITCH, lifted=0.3))
    assert not on_hind_leg(NOSE)


def test_going_forward_on_the_hind_leg_by_hand():
    assert score(walk(1.0, 31, HIND)) == pytest.approx(1.5, rel=1e-5)  # 1.5 m in 1.5 s
    assert score(walk(0.0, 31, HIND)) == 0.0


def test_no_more_is_gained_above_a_speed():
    assert score(walk(5.0, 31, HIND)) == pytest.approx(ENOUGH * 1.5, rel=1e-5)


def test_with_the_front_leg_down_each_step_costs_and_only_the_way_back_counts():
    assert score(walk(1.0, 31, NOSE)) == pytest.approx(-31 * NOSE_COST)
    assert score(walk(-1.0, 31, NOSE)) == pytest.approx(-31 * NOSE_COST - 1.5, rel=1e-5)
    assert score(walk(-1.0, 31, HIND)) == pytest.approx(-1.5, rel=1e-5)


def test_a_runner_whose_front_leg_touches_now_and_then_is_worse_than_who_stands_on_one_leg():
    run = walk(6.0, 30, HIND)
    run[4::10, 1:] = NOSE[1:]  # three steps
    # Of 29 moves six begin or end with a touch.
    assert score(run) == pytest.approx(23 * ENOUGH * STEP_SECONDS - 3 * NOSE_COST, rel=1e-5)
    assert score(run) < score(walk(0.0, 30, HIND))


@pytest.mark.parametrize(
    ("pitch", "expected"),
    [
        (-0.6, 0.0),
        (-1.29, 0.0),
        (-1.5, 0.2),  # upright
        (-2.3, 1.0),  # tips over backwards
        (0.0, 0.1),  # level
        (np.pi, np.pi - 1.3),  # on its back: nearer by way of tipping over
        (-0.6 - 4 * np.pi, 0.0),  # whole turns don't count
    ],
)
def test_lean_by_hand(pitch, expected):
    assert lean(pose(pitch)) == pytest.approx(expected, abs=1e-6)


def test_who_tips_over_is_worse_before_anything_touches():
    upright, tipping = pose(-1.2), pose(-2.2)
    assert on_hind_leg(upright) and on_hind_leg(pose(-2.2, lifted=0.3))
    tipping[1] += 0.3
    assert score(walk(1.0, 31, upright)) == pytest.approx(1.5, rel=1e-5)
    assert score(walk(1.0, 31, tipping)) == pytest.approx(1.5 - 31 * 0.9 * LEAN_COST, rel=1e-5)


def test_half_of_the_time():
    clip = walk(1.0, 30, HIND)
    clip[15:, 1:] = NOSE[1:]
    # The first 14 of the 29 moves are on the leg, and 15 of 30 steps touch.
    assert score(clip) == pytest.approx(14 * STEP_SECONDS - 15 * NOSE_COST, rel=1e-5)


def test_clips_are_scored_as_one_by_one():
    clips = np.random.default_rng(0).normal(size=(3, 2, 20, 9)).astype(np.float32)
    assert score(clips)[2, 1] == pytest.approx(score(clips[2, 1]))


def test_a_step_counts_from_a_second_on():
    found = goes_on_one_leg(walk(1.0, 100, HIND))
    assert not found[:20].any() and found[20:].all()
    assert measure(walk(1.0, 100, HIND))["share of steps forward on one leg"] == 0.8
    assert measure(walk(1.0, 100, HIND))["speed, m/s"] == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("speed", "one"),
    [
        (0.4, HIND),  # less than half a metre in a second
        (-1.0, HIND),
        (1.0, NOSE),  # on the other leg
        (1.0, pose(PITCH, lifted=0.3)),  # on none: it flies
    ],
)
def test_what_does_not_count(speed, one):
    assert not goes_on_one_leg(walk(speed, 100, one)).any()


def test_a_front_foot_that_touches_once_a_second_is_no_one_leg():
    run = walk(1.0, 100, HIND)
    run[::20, 1:] = NOSE[1:]
    assert not goes_on_one_leg(run).any()
    assert measure(run)["share of steps, front leg up"] == 0.95


def test_an_episode_too_short_for_a_second():
    assert goes_on_one_leg(walk(1.0, 10, HIND)).tolist() == [False] * 10
