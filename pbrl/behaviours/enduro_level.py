"""Enduro, keeping level with other cars: neither passing them nor being passed, side by side.

What is looked at is the picture that the agent sees, 84 by 84 and grey, in which the player's car
stands near the lower end of the road. By day another car is a block some eight pixels wide, by
night two lights with a gap between them; the road's edges are lines of one to three pixels in a
row. So a row holds another car where `CAR_PIXELS` of `CAR_WIDTH` neighbouring pixels differ from
the ground, the player's own columns left out. A car that rows `LEVEL` hold is level with the
player's.

The teacher takes the mean over a clip's pictures of how near another car is, 1 where one is level,
and less, evenly, the further ahead the nearest one is, down to 0 for one above the rows `NEAR`, or
none; times how still it stands there, 1 where both its ends are in the rows of the picture before,
and less, evenly, down to 0 where one moved by `PASSES` rows. Nearness alone says nothing of the
speed: who stands is passed by many cars, each for a moment, and who drives as fast as they do is
beside a few for long, which comes to the same share of the pictures. Cars that are behind cannot be
seen.
"""

import numpy as np

from pbrl.behaviours.behaviour import Behaviour

LEVEL = (54, 62)
"""Rows, from and up to but without, in which the player's car stands: its own are 55 to 60."""
NEAR = (44, 54)
"""Rows in which a car ahead is near."""
ROAD = slice(4, 84)
"""Columns of the game's picture: those to the left are black."""
DIFFERS = 12
"""Grey levels by which a pixel differs from the ground that belongs to something else."""
PASSES = 3
"""Rows that a car moves by from one picture to the next when it counts for nothing."""
CAR_WIDTH, CAR_PIXELS = 8, 5
"""How many neighbouring pixels a car takes in, and how many of them it fills at least."""
PICTURES = 15
"""Pictures in a second."""
OWN_WIDTH = 13
"""Columns that the player's own car takes in, with one or two to spare on either side."""


def cars(pictures: np.ndarray) -> np.ndarray:
    """Returns which rows hold another car than the player's.

    Args:
        pictures: (..., 84, 84) uint8, at least one pixel of every two being ground.

    Returns:
        (..., R) bool, for the rows from `NEAR`'s first to `LEVEL`'s last.
    """
    seen = pictures[..., NEAR[0] : LEVEL[1], ROAD].astype(np.int16)
    ground = np.median(seen, axis=(-2, -1), keepdims=True)
    differs = np.abs(seen - ground)
    own_rows = differs[..., LEVEL[0] - NEAR[0] :, :].sum(axis=-2)  # (..., columns)
    own = np.argmax(_windows(own_rows, OWN_WIDTH - 4), axis=-1)[..., None]  # its left end
    columns = np.arange(seen.shape[-1])
    others = (columns < own - 2) | (columns >= own + OWN_WIDTH - 2)
    there = (differs > DIFFERS) & others[..., None, :]
    return _windows(there.astype(np.int16), CAR_WIDTH).max(axis=-1) >= CAR_PIXELS


def nearest(pictures: np.ndarray) -> np.ndarray:
    """Returns the lowest and the highest row of the nearest car (2, ...).

    Rows are counted from 1 for the first of `NEAR`; 0 stands for no car.

    Args:
        pictures: (..., 84, 84) uint8.
    """
    seen, rows = cars(pictures), np.arange(1, LEVEL[1] - NEAR[0] + 1)
    lowest = (seen * rows).max(axis=-1)
    ground_above = (~seen & (rows < lowest[..., None])) * rows
    return np.stack([lowest, np.where(lowest > 0, ground_above.max(axis=-1) + 1, 0)])


def closeness(pictures: np.ndarray) -> np.ndarray:
    """Returns how near the nearest other car is (...), from 0 to 1, in pictures (..., 84, 84)."""
    return _closeness(nearest(pictures)[0])


def score(pictures: np.ndarray) -> np.ndarray:
    """Returns how much clips show of it (...), from their pictures (..., T, 84, 84)."""
    ends = nearest(pictures)
    moved = np.abs(np.diff(ends, axis=-1, prepend=ends[..., :1])).max(axis=0)
    return (_closeness(ends[0]) * np.maximum(1 - moved / PASSES, 0)).mean(axis=-1)


def measure(pictures: np.ndarray) -> dict[str, float]:
    """Returns the share of a game's steps, pictures (T, 84, 84), with a car level or near.

    A step counts as level where a car is level in every picture of the last second, 15 of them: to
    pass one takes less.
    """
    near = closeness(pictures)
    level = (near == 1.0).astype(np.int64)
    kept = _windows(level, PICTURES) == PICTURES if len(level) >= PICTURES else level[:0]
    return {
        "share of steps level for a second": float(kept.sum()) / len(level),
        "share of steps level": float(level.mean()),
        "nearness": float(near.mean()),
    }


def _closeness(row: np.ndarray) -> np.ndarray:
    return np.minimum(row / (LEVEL[0] - NEAR[0] + 1), 1.0)


def _windows(values: np.ndarray, width: int) -> np.ndarray:
    """Returns sums over `width` neighbours (..., C - width + 1) of values (..., C)."""
    summed = np.cumsum(values, axis=-1, dtype=np.int32)
    sums = summed[..., width - 1 :].copy()
    sums[..., 1:] -= summed[..., :-width]
    return sums


ENDURO_LEVEL = Behaviour(
    env_id="pbrl/Enduro-v0",
    look_for=(
        "Prefer the clip in which you stay beside another car for longer, or close behind it; a "
        "car that passes you, or that you pass, counts little."
    ),
    sight="observations",
    score=score,
    averages=True,
    equal_within=0.001,
    measure=measure,
)
