"""The Hopper's shape, from Gymnasium's `hopper.xml`, relative to its joints."""

from pbrl.behaviours.planar_body import Capsule, Limb, PlanarBody

HOPPER_BODY = PlanarBody(
    height=0.0,
    margin=0.002,
    limbs=(
        Limb(-1, (0.0, 0.0), 1.0, (Capsule("torso_geom", ((0.0, 0.2), (0.0, -0.2)), 0.05),)),
        Limb(0, (0.0, -0.2), -1.0, (Capsule("thigh_geom", ((0.0, 0.0), (0.0, -0.45)), 0.05),)),
        Limb(1, (0.0, -0.45), -1.0, (Capsule("leg_geom", ((0.0, 0.0), (0.0, -0.5)), 0.04),)),
        Limb(2, (0.0, -0.5), -1.0, (Capsule("foot_geom", ((-0.13, 0.0), (0.26, 0.0)), 0.06),)),
    ),
)
"""Torso, thigh, leg and foot, one below the other; z in the state is the torso's height."""

FOOT = HOPPER_BODY.names.index("foot_geom")
"""The foot's place among the capsules."""
