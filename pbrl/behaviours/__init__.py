"""Behaviours that no task rewards: how well a clip shows one, and how much of an episode does."""

from pbrl.behaviours.behaviour import Behaviour
from pbrl.behaviours.enduro_level import ENDURO_LEVEL
from pbrl.behaviours.half_cheetah_one_leg import HALF_CHEETAH_ONE_LEG
from pbrl.behaviours.hopper_backflip import HOPPER_BACKFLIP

BEHAVIOURS: dict[str, Behaviour] = {
    "backflip": HOPPER_BACKFLIP,
    "one-leg": HALF_CHEETAH_ONE_LEG,
    "level": ENDURO_LEVEL,
}
"""By the name of the teacher who knows one."""

__all__ = ["BEHAVIOURS", "Behaviour"]
