"""Shift and scale of each task's true reward, for the teachers whose rules assume rewards >= 0.

The B-Pref teachers were made for DeepMind Control, where a step earns between 0 and 1. Our tasks'
rewards can be negative: the rules for skips and ties would fire nearly always or never.

The shift is the worst average reward of a clip in 12,000 steps of random Gaussian actions, rounded
away from zero. The scale makes a step of a good agent earn about 1, where "good" is the return that
published agents reach (for Humanoid, which has none under this reward, walking at 3 m/s).
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class RewardScale:
    """Turns a true reward r into scale x (r + shift)."""

    shift: float = 0.0
    """Added first, in the task's own reward per step."""
    scale: float = 1.0
    """Multiplied after, above 0: the order of two clips of equal length stays as it is."""

    def returns(self, true_rewards: np.ndarray) -> np.ndarray:
        """Undiscounted returns (...) of shifted and scaled rewards, from true rewards (..., T)."""
        return self.scale * (true_rewards.sum(-1) + self.shift * true_rewards.shape[-1])


REWARD_SCALES: dict[str, RewardScale] = {
    "pbrl/Hopper-v0": RewardScale(shift=1.5, scale=0.25),
    "pbrl/Walker2d-v0": RewardScale(shift=2.6, scale=0.2),
    "pbrl/Swimmer-v0": RewardScale(shift=0.4, scale=1.4),
    "pbrl/HalfCheetah-v0": RewardScale(shift=2.0, scale=0.2),
    "pbrl/Ant-v0": RewardScale(shift=2.5, scale=0.2),
    "pbrl/Reacher-v0": RewardScale(shift=0.4, scale=2.5),
    "pbrl/InvertedPendulum-v0": RewardScale(shift=1.6, scale=0.4),
    "pbrl/InvertedDoublePendulum-v0": RewardScale(shift=20.0, scale=0.03),
    "pbrl/Humanoid-v0": RewardScale(shift=5.0, scale=0.1),
}
"""By task id. A task that is not here is taken as it is: its rewards should be at least 0."""
