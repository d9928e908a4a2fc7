"""Shift and scale of each task's true reward, for the teachers whose rules are about how much.

The B-Pref teachers were made for DeepMind Control, where a step earns from 0, which is about what
who has learnt nothing gets, to 1. Here the shift makes a step of the untrained policy earn 0 on
average (its mean return, docs/results/fig2.md and nine.md, over the steps), and the scale one of a
good agent 1, where "good" is the return that published agents reach (for Humanoid, which has none
under this reward, walking at 3 m/s; for InvertedPendulum the most there is).

Not shifted, rewards below 0 would let the rules for skips and ties fire nearly always or never.
Shifted so far that no clip earns less than 0, the average clip earns so much that none is ever
skipped and 66 to 84 % of pairs are ties, where it is 23 to 63 % now (docs/results.md).
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
    "pbrl/Hopper-v0": RewardScale(shift=-0.21, scale=0.44),
    "pbrl/Walker2d-v0": RewardScale(shift=0.73, scale=0.32),
    "pbrl/Swimmer-v0": RewardScale(shift=0.0, scale=3.2),
    "pbrl/HalfCheetah-v0": RewardScale(shift=0.08, scale=0.32),
    "pbrl/Ant-v0": RewardScale(shift=0.66, scale=0.32),
    "pbrl/Reacher-v0": RewardScale(shift=0.19, scale=5.3),
    "pbrl/InvertedPendulum-v0": RewardScale(shift=-0.31, scale=1.4),
    "pbrl/InvertedDoublePendulum-v0": RewardScale(shift=3.6, scale=0.06),
    "pbrl/Humanoid-v0": RewardScale(shift=4.3, scale=0.11),
}
"""By task id. A task that is not here is taken as it is: 0 should be what nothing learnt earns."""
