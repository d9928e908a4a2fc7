"""HalfCheetah on one leg: it goes forward on its hind leg, its front leg and body off the floor.

Which leg is left open by the paper; the hind leg is the stronger one. A step is on the hind leg
where neither the front leg touches the floor nor head, torso or the hind leg's thigh; a leap, with
nothing on the floor, is part of going on one leg. The teacher

- adds up the way forward, m, in the clip's steps on the hind leg, no more of it in a step than a
  speed of `ENOUGH` makes;
- takes off the way backward, in whatever manner, up to the same speed;
- takes off `TOUCH_COST` for each step that is not on the hind leg: who runs has the front leg
  up nine tenths of the time and is still to be worse than who stands on one leg;
- and takes off `LEAN_COST` for each step and radian that the torso leans beyond where one leg can
  carry it, nose up by 0.1 to 1.3 rad: who tips over is to be worse before the back touches.

Of two clips in which the front leg stays up the one that gets further is preferred, and of two that
do not move the one whose front leg is up for longer.
"""

import numpy as np

from pbrl.behaviours.behaviour import Behaviour
from pbrl.behaviours.half_cheetah_body import FRONT_LEG, HALF_CHEETAH_BODY, HIND_LEG, TRUNK

TOUCH_COST = 1.0
"""What a step that is not on the hind leg takes off, in metres of way forward."""
LEAN_COST = 0.1
"""What a step takes off for each radian of lean, in metres of way forward."""
CARRIED_PITCH, CARRIED_WITHIN = -0.7, 0.6
"""Angle of the torso in the middle of where one leg can carry it, and how far it may be from there,
rad; negative is nose up."""
ENOUGH = 2.0
"""Speed above which nothing is gained, m/s."""
STEP_SECONDS = 0.05
"""Simulated seconds from one state to the next."""
WINDOW = 20
"""Steps, a second, on the hind leg after which a step is one of going on one leg."""
ON_ITS_WAY = 0.5
"""Way forward in that second from which the cheetah is said to move, m: half its torso's length."""


def on_hind_leg(states: np.ndarray) -> np.ndarray:
    """Returns whether nothing but the hind leg's shin and foot touches the floor (..., T)."""
    touches = HALF_CHEETAH_BODY.touches(states)
    thigh = slice(HIND_LEG.start, HIND_LEG.start + 1)
    others = [touches[..., part] for part in (TRUNK, thigh, FRONT_LEG)]
    return ~np.concatenate(others, axis=-1).max(axis=-1)


def lean(states: np.ndarray) -> np.ndarray:
    """Returns how far the torso leans beyond where one leg can carry it (..., T), rad."""
    away = states[..., 2].astype(np.float64) - CARRIED_PITCH
    away = (away + np.pi) % (2 * np.pi) - np.pi  # the shorter way round
    return (np.abs(away) - CARRIED_WITHIN).clip(min=0)


def score(states: np.ndarray) -> np.ndarray:
    """Returns how much clips show of it (...), from their states (..., T, 9), m."""
    on_leg = on_hind_leg(states)
    farthest = ENOUGH * STEP_SECONDS
    moved = np.diff(states[..., 0].astype(np.float64), axis=-1).clip(-farthest, farthest)
    counts = (on_leg[..., 1:] & on_leg[..., :-1]) | (moved < 0)
    touched = (~on_leg).sum(axis=-1)
    cost = TOUCH_COST * touched + LEAN_COST * lean(states).sum(axis=-1)
    return np.where(counts, moved, 0.0).sum(axis=-1) - cost


def goes_on_one_leg(states: np.ndarray) -> np.ndarray:
    """Returns for each step of an episode (T, 9) whether the cheetah goes forward on its hind leg.

    That is so where in the last second it was on its hind leg in every step, which touched the
    floor at least once, and moved forward by `ON_ITS_WAY` or more. No step of the first second is.
    """
    steps = len(states)
    if steps <= WINDOW:
        return np.zeros(steps, bool)
    on_leg = on_hind_leg(states)
    carried = HALF_CHEETAH_BODY.touches(states)[:, HIND_LEG].max(axis=-1)
    moved = states[WINDOW:, 0].astype(np.float64) - states[:-WINDOW, 0]
    found = (_last(on_leg, WINDOW) == WINDOW) & (_last(carried, WINDOW) > 0)
    found[:WINDOW] = False
    found[WINDOW:] &= moved >= ON_ITS_WAY
    return found


def measure(states: np.ndarray) -> dict[str, float]:
    """Returns an episode's share of steps on one leg, and what it is made of."""
    way = float(states[-1, 0]) - float(states[0, 0])
    return {
        "share of steps forward on one leg": float(goes_on_one_leg(states).mean()),
        "share of steps, front leg up": float(on_hind_leg(states).mean()),
        "speed, m/s": way / (STEP_SECONDS * max(1, len(states) - 1)),
    }


def _last(flags: np.ndarray, count: int) -> np.ndarray:
    """Returns how many of the last `count` flags up to each are set (..., T)."""
    summed = np.cumsum(flags, axis=-1)
    summed[..., count:] -= summed[..., :-count].copy()
    return summed


HALF_CHEETAH_ONE_LEG = Behaviour(
    env_id="pbrl/HalfCheetah-v0",
    look_for=(
        "Prefer the cheetah that goes to the right on its hind leg alone, its front leg and its "
        "body off the floor, and does not tip over. When neither moves, the one whose front leg is "
        "up for longer."
    ),
    sight="render_states",
    score=score,
    averages=False,
    equal_within=0.01,
    measure=measure,
)
