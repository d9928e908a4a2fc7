"""Backflips by hand: a torso that turns in the air, on its foot, on the floor."""

import numpy as np
import pytest

from pbrl.behaviours import hopper_backflip
from pbrl.behaviours.hopper_backflip import backflips, measure, score

STANDS = 1.21
"""Height of the torso, limbs stretched, from which the foot touches the floor: 1.25 less .04."""


def states(heights, pitches) -> np.ndarray:
    """States (T, 6) of a stretched hopper: x, z, pitch, and three joints at 0."""
    heights, pitches = np.broadcast_arrays(heights, pitches)
    made = np.zeros((len(heights), 6), np.float32)
    made[:, 1], made[:, 2] = heights, pitches
    return made


def flip(steps: int = 50) -> np.ndarray:
    """Stands, leaps, turns over backwards high in the air, and stands again."""
    turned = -2 * np.pi * np.linspace(0, 1, steps)
    stands = states(np.full(5, STANDS), 0.0)
    lands = states(np.full(5, STANDS), -2 * np.pi - 0.001)
    return np.concatenate((stands, states(np.full(steps, 2.0), turned), lands))


def test_what_counts_is_the_way_turned_backwards_and_more_of_it_higher_up():
    turning = np.linspace(0, 1.5, 61)
    assert score(states(np.full(61, 2.0), np.pi - turning)) == pytest.approx(1.6 * 1.5)
    assert score(states(np.full(61, 2.0), np.pi + turning)) == pytest.approx(-1.6 * 1.5)
    assert score(states(np.full(61, 3.0), np.pi - turning)) == pytest.approx(1.9 * 1.5)


def test_while_more_than_the_foot_touches_the_floor_half_of_it_counts():
    lying = np.full(11, 0.04)
    assert score(states(lying, -np.pi / 2 - np.linspace(0, 1, 11))) == pytest.approx(1.012 / 2)
    on_its_foot = states(np.full(11, STANDS), -np.linspace(0, 0.05, 11))
    assert score(on_its_foot) == pytest.approx(0.05 * (1 + 0.3 * STANDS))


def test_turning_to_and_fro_is_no_turning():
    to_and_fro = states(np.full(101, 2.0), np.pi + np.sin(np.linspace(0, 8 * np.pi, 101)))
    assert score(to_and_fro) == pytest.approx(0.0, abs=1e-6)


def test_without_a_turn_nothing_counts():
    for height, pitch in ((STANDS, 0.0), (0.05, np.pi / 2), (STANDS, np.pi)):
        assert score(states(np.full(60, height), pitch)) == 0.0


def test_a_roll_on_the_floor_is_worth_less_than_the_same_turn_in_the_air():
    turning = -np.pi / 2 - np.linspace(0, np.pi, 60)
    assert score(states(np.full(60, 0.04), turning)) < score(states(np.full(60, 1.5), turning)) / 2


def test_the_place_and_the_turns_before_do_not_matter():
    clip = flip()
    later = clip.copy()
    later[:, 0] += 5
    later[:, 2] -= np.float32(4 * np.pi)
    assert score(later) == pytest.approx(score(clip), abs=1e-4)


def test_clips_are_scored_as_one_by_one():
    clips = np.random.default_rng(0).normal(size=(3, 2, 20, 6)).astype(np.float32)
    assert score(clips).shape == (3, 2)
    assert score(clips)[2, 1] == pytest.approx(score(clips[2, 1]))


def test_a_flip_is_counted():
    found = measure(flip())
    assert found["backflips"] == found["backward turns"] == 1
    assert found["share of steps in the air"] == pytest.approx(50 / 60)
    assert found["share of steps lying"] == 0


def test_each_of_several_flips_is_counted_and_one_that_is_not_over_is_not():
    again = flip()
    again[:, 2] -= np.float32(2 * np.pi + 0.001)
    assert backflips(np.concatenate((flip(), again))) == 2
    assert backflips(np.concatenate((flip(), again[:40]))) == 1


def test_a_front_flip_is_none():
    forward = flip()
    forward[:, 2] *= -1
    assert measure(forward)["backflips"] == measure(forward)["backward turns"] == 0


def test_a_turn_over_the_floor_is_a_turn_and_no_flip():
    over = flip()
    over[40:43, 1] = 0.05  # on its side, it touches
    assert (measure(over)["backflips"], measure(over)["backward turns"]) == (0, 1)


def test_lying_before_and_after_a_flip_is_no_matter():
    lying = states(np.full(20, 0.04), np.pi / 2)
    after = lying.copy()
    after[:, 2] = -1.5 * np.pi
    falls = states(np.full(1, 2.0), -2 * np.pi - 0.001)
    assert backflips(np.concatenate((lying, flip(), falls, after))) == 1


def test_rocking_back_before_the_flip_counts_once():
    rocking = states(np.full(30, STANDS), -0.5 * np.sin(np.linspace(0, 4 * np.pi, 30)))
    assert backflips(np.concatenate((rocking, flip()))) == 1


def test_nothing_is_read_but_the_angle_and_the_limbs():
    assert hopper_backflip.HOPPER_BACKFLIP.sight == "render_states"
