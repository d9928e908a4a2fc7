"""How bodies in the plane are held, by states whose postures are known."""

import numpy as np
import pytest

from experiments.behaviours import behaviour_of
from experiments.posture import Posture
from experiments.presets import PRESETS
from pbrl.errors import ConfigError


def test_of_a_hopper_on_its_foot_in_the_air_and_on_its_back():
    standing = [0, 1.2, 0, 0, 0, 0]
    leap = [0, 3.0, -4.0, 0, 0, 0]  # beyond half a turn backwards: 2.28 from upright
    lying = [0, 0.04, -np.pi / 2, 0, 0, 0]
    whole_turn = [0, 1.2, -2 * np.pi, 0, 0, 0]
    found = Posture("pbrl/Hopper-v0").measure(np.array([standing, leap, lying, whole_turn]))
    assert found == {
        "torso low": 0.25,
        "torso leaning": 0.5,
        "beyond half a turn": 0.5,
        "in the air": 0.25,
        "on the torso": 0.25,
        "on the thigh": 0.25,
        "on the leg": 0.25,
        "on the foot": 0.75,
    }


def test_limbs_are_told_apart_and_heights_are_the_torsos_own():
    cheetah = Posture("pbrl/HalfCheetah-v0")
    legs_straight, hind_shin_up, sunk = np.zeros((3, 1, 9))
    legs_straight[:, 1] = hind_shin_up[:, 1] = -0.1
    hind_shin_up[:, 4] = 1.0
    sunk[:, 1] = -0.4  # .3 m of .7 are left
    found = cheetah.measures([legs_straight, hind_shin_up, sunk])
    np.testing.assert_array_equal(found["on the bfoot"], [1, 0, 1])
    np.testing.assert_array_equal(found["on the ffoot"], [0, 0, 1])
    np.testing.assert_array_equal(found["in the air"], [0, 1, 0])
    np.testing.assert_array_equal(found["torso low"], [0, 0, 1])


def test_walkers_feet_and_shares_of_steps():
    states = np.zeros((4, 9))
    states[:, 1] = 1.2
    states[0, 1] = 2.0
    states[3, 4] = -1.5  # the right shin folded up
    found = Posture("pbrl/Walker2d-v0").measure(states)
    assert (found["in the air"], found["on the foot"], found["on the foot_left"]) == (
        0.25,
        0.5,
        0.75,
    )


@pytest.mark.parametrize("task", ["Ant", "InvertedPendulum", "Pong", "HalfCheetah-v5"])
def test_other_tasks_are_refused(task):
    with pytest.raises(ConfigError, match="Postures are of Hopper, Walker2d and HalfCheetah"):
        behaviour_of(PRESETS[task], "posture")
