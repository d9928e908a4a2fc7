"""Behaviours that no task rewards: how well a clip shows one, and how much of an episode does."""

from pbrl.behaviours.behaviour import Behaviour
from pbrl.behaviours.hopper_backflip import HOPPER_BACKFLIP

BEHAVIOURS: dict[str, Behaviour] = {"backflip": HOPPER_BACKFLIP}
"""By the name of the teacher who knows one."""

__all__ = ["BEHAVIOURS", "Behaviour"]
