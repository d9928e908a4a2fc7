"""Where the parts of a body in the plane are, from its joints' angles: no simulator is needed.

Hopper and HalfCheetah move in the plane of x (forward) and z (up). Their limbs are capsules, so the
lowest point of a limb is its lower end less the capsule's radius, and it touches the floor where
MuJoCo would find a contact. Angles turn forward, from z to x, as MuJoCo's hinges about y do.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Point = tuple[float, float]
"""x and z, m."""


@dataclass(frozen=True, slots=True)
class Capsule:
    """A rod with round ends, in the frame of the limb that it belongs to."""

    name: str
    """As MuJoCo's model calls the shape."""
    ends: tuple[Point, Point]
    """Its ends' centres."""
    radius: float
    """m."""


@dataclass(frozen=True, slots=True)
class Limb:
    """A part that turns about a joint, which is the origin of its frame."""

    parent: int
    """Number of the limb that it hangs on; -1 for the first, the torso."""
    joint: Point
    """Where it hangs, in the parent's frame."""
    sense: float
    """1 where its joint's angle turns forward, -1 where backward."""
    capsules: tuple[Capsule, ...]
    """Its shape."""


@dataclass(frozen=True, slots=True)
class PlanarBody:
    """A body: joint i of its state is limb i's, after x and z of the torso."""

    height: float
    """Of the torso where z in the state is 0, m."""
    margin: float
    """Distance to the floor below which MuJoCo finds a contact, m."""
    limbs: tuple[Limb, ...]
    """The torso, and then no limb before its parent."""

    @property
    def names(self) -> list[str]:
        """Returns the capsules' names, in the order of `lowest`."""
        return [capsule.name for limb in self.limbs for capsule in limb.capsules]

    def lowest(self, states: np.ndarray) -> np.ndarray:
        """Returns the height of each capsule's lowest point (..., C), m.

        Args:
            states: (..., 2 + limbs) x and z of the torso, and the joints' angles, m and rad.
        """
        states = np.asarray(states, np.float64)
        places, angles, heights = [], [], []
        for number, limb in enumerate(self.limbs):
            turned = limb.sense * states[..., 2 + number]
            if limb.parent < 0:
                place, angle = (states[..., 0], states[..., 1] + self.height), turned
            else:
                place = _placed(limb.joint, places[limb.parent], angles[limb.parent])
                angle = angles[limb.parent] + turned
            places.append(place)
            angles.append(angle)
            for capsule in limb.capsules:
                ends = [_placed(end, place, angle)[1] for end in capsule.ends]
                heights.append(np.minimum(*ends) - capsule.radius)
        return np.stack(heights, axis=-1)

    def touches(self, states: np.ndarray) -> NDArray[np.bool_]:
        """Returns whether each capsule touches the floor (..., C)."""
        return self.lowest(states) < self.margin


def rod(name: str, middle: Point, half_length: float, angle: float, radius: float) -> Capsule:
    """Returns a capsule as MuJoCo's models give it, upright but for an angle about y, rad."""
    reach = half_length * np.sin(angle), half_length * np.cos(angle)
    ends = [(middle[0] + sign * reach[0], middle[1] + sign * reach[1]) for sign in (1, -1)]
    return Capsule(name, (ends[0], ends[1]), radius)


def _placed(
    point: Point, place: tuple[np.ndarray, np.ndarray], angle: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Returns x and z of a point of a frame that stands at a place and has turned by an angle."""
    x, z = point
    sine, cosine = np.sin(angle), np.cos(angle)
    return place[0] + x * cosine + z * sine, place[1] - x * sine + z * cosine
