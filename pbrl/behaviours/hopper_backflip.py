"""Hopper backflips: leap off the foot, turn over backwards in the air, land on the foot, again.

A clip of 60 steps lasts .48 simulated seconds, in which a flip is not over: what shows in it is how
far the torso turns. The teacher adds up over a clip's steps how far the torso turned backwards, in
radians; what it turned forwards takes away as much. A radian counts `HEIGHT_WORTH` more for each
metre that the torso is high, and `FLOOR_WORTH` of it while anything but the foot touches the floor:
who leaps and turns over in the air does better than who rolls.

The torso's angle is the third coordinate of the state, which grows as the hopper falls on its
face, and is not wrapped at a full turn.
"""

import numpy as np

from pbrl.behaviours.behaviour import Behaviour
from pbrl.behaviours.hopper_body import FOOT, HOPPER_BODY

HEIGHT_WORTH = 0.3
"""What a radian counts more for each metre of the torso's height; standing it is 1.2 m high."""
FLOOR_WORTH = 0.5
"""What of a radian counts while anything but the foot touches the floor."""
Z, PITCH = 1, 2
"""The torso's height and angle among the coordinates of the state."""


def score(states: np.ndarray) -> np.ndarray:
    """Returns how far clips turn over backwards (...), from their states (..., T, 6), rad."""
    backwards = -np.diff(states[..., PITCH].astype(np.float64), axis=-1)  # (..., T - 1)
    worth = (1 + HEIGHT_WORTH * states[..., Z]) * np.where(_lies(states), FLOOR_WORTH, 1.0)
    return (worth[..., 1:] * backwards).sum(axis=-1)


def backflips(states: np.ndarray) -> int:
    """Returns how many backflips an episode (T, 6) has.

    A backflip goes from upright to upright, a whole turn backwards. From the last time that the
    torso was upright before it until it is so again nothing but the foot touches the floor, and at
    the moment when the torso is upside down nothing does.
    """
    turned = -states[:, PITCH].astype(np.float64)
    lies, in_air = _lies(states), _in_air(states)
    count = 0
    for turn in range(1, turns(states) + 1):
        over = int(np.argmax(turned >= (2 * turn - 1) * np.pi))  # upside down for the first time
        upright = np.flatnonzero(turned[:over] <= (2 * turn - 2) * np.pi)
        begin = int(upright[-1]) if len(upright) else 0
        end = over + int(np.argmax(turned[over:] >= 2 * turn * np.pi))
        count += bool(in_air[over] and not lies[begin : end + 1].any())
    return count


def turns(states: np.ndarray) -> int:
    """Returns how many whole turns backwards an episode (T, 6) has, however they were made."""
    return int(max(0.0, -states[:, PITCH].min()) // (2 * np.pi))


def measure(states: np.ndarray) -> dict[str, float]:
    """Returns an episode's backflips, its backward turns, and its share of time off the floor."""
    return {
        "backflips": float(backflips(states)),
        "backward turns": float(turns(states)),
        "share of steps in the air": float(_in_air(states).mean()),
        "share of steps lying": float(_lies(states).mean()),
    }


def _in_air(states: np.ndarray) -> np.ndarray:
    """Returns whether nothing touches the floor (..., T)."""
    return ~HOPPER_BODY.touches(states).max(axis=-1)


def _lies(states: np.ndarray) -> np.ndarray:
    """Returns whether anything but the foot touches the floor (..., T)."""
    touches = HOPPER_BODY.touches(states)
    return np.delete(touches, FOOT, axis=-1).max(axis=-1)


HOPPER_BACKFLIP = Behaviour(
    env_id="pbrl/Hopper-v0",
    look_for=(
        "Prefer the hopper that turns further over backwards, through the air rather than on the "
        "floor."
    ),
    sight="render_states",
    score=score,
    averages=False,
    equal_within=0.01,
    measure=measure,
)
