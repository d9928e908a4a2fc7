"""The HalfCheetah's shape, from Gymnasium's `half_cheetah.xml`."""

from pbrl.behaviours.planar_body import Capsule, Limb, PlanarBody, rod

RADIUS = 0.046
"""Of every limb, m."""

HALF_CHEETAH_BODY = PlanarBody(
    height=0.7,
    margin=0.0,
    limbs=(
        Limb(
            -1,
            (0.0, 0.0),
            1.0,
            (
                Capsule("torso", ((-0.5, 0.0), (0.5, 0.0)), RADIUS),
                rod("head", (0.6, 0.1), 0.15, 0.87, RADIUS),
            ),
        ),
        Limb(0, (-0.5, 0.0), 1.0, (rod("bthigh", (0.1, -0.13), 0.145, -3.8, RADIUS),)),
        Limb(1, (0.16, -0.25), 1.0, (rod("bshin", (-0.14, -0.07), 0.15, -2.03, RADIUS),)),
        Limb(2, (-0.28, -0.14), 1.0, (rod("bfoot", (0.03, -0.097), 0.094, -0.27, RADIUS),)),
        Limb(0, (0.5, 0.0), 1.0, (rod("fthigh", (-0.07, -0.12), 0.133, 0.52, RADIUS),)),
        Limb(4, (-0.14, -0.24), 1.0, (rod("fshin", (0.065, -0.09), 0.106, -0.6, RADIUS),)),
        Limb(5, (0.13, -0.18), 1.0, (rod("ffoot", (0.045, -0.07), 0.07, -0.6, RADIUS),)),
    ),
)
"""Torso with head, the hind leg's three parts, the front leg's three; z in the state is 0 at a
height of .7 m."""

HIND_LEG, FRONT_LEG = slice(2, 5), slice(5, 8)
"""The legs' capsules: thigh, shin and foot."""
TRUNK = slice(0, 2)
"""The capsules of torso and head."""
