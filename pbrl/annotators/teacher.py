"""Synthetic teachers: the oracle of the paper, and the ways in which B-Pref's teachers err.

Sources: Christiano et al. 2017 (arXiv 1706.03741), section 3: the oracle names the clip with the
larger true return, without errors, and an exact tie a tie. Lee et al. 2021, *B-Pref*, section 4:
five flaws, in this order: skip, myopic, stochastic, mistake, equal.

Departures from B-Pref: an exact tie of a teacher that chooses by the sums alone is a tie, not the
first clip; a mistake leaves it one. Rewards are shifted and scaled (see `reward_scale`).
"""

from dataclasses import dataclass

import numpy as np

from pbrl.annotators.reward_scale import RewardScale
from pbrl.errors import ConfigError
from pbrl.feedback import Comparison
from pbrl.likelihood import choice_probability

UNSCALED = RewardScale()


@dataclass(frozen=True, slots=True)
class Teacher:
    """Compares two clips by their true rewards. The defaults are the paper's oracle."""

    beta: float = -1.0
    """Rationality: how steeply the chance to choose a clip rises with its return. Below 0: the
    better clip is always chosen."""
    gamma: float = 1.0
    """Weight of a step relative to the next one; below 1, the clip's end counts most."""
    epsilon: float = 0.0
    """Chance of a mistake: the choice is turned around."""
    skip: float = 0.0
    """No answer if both clips earn no more than this share of an average clip; 0: never."""
    equal: float = 0.0
    """A tie if the clips differ by less than this share of an average clip; 0: never."""

    def __post_init__(self) -> None:
        """Checks the ranges."""
        if not (0 < self.gamma <= 1 and 0 <= self.epsilon <= 1):
            raise ConfigError(f"A teacher needs gamma in (0, 1] and epsilon in [0, 1]: {self}.")
        if not (self.skip >= 0 and self.equal >= 0):
            raise ConfigError(f"A teacher needs skip and equal of at least 0: {self}.")

    def compare(
        self,
        true_rewards: np.ndarray,
        draws: np.ndarray,
        clip_return: float = 0.0,
        scale: RewardScale = UNSCALED,
    ) -> list[Comparison]:
        """Answers B queries.

        Args:
            true_rewards: (B, 2, T) as the task gives them.
            draws: (B, 2) uniform in [0, 1): one for the choice, one for the mistake.
            clip_return: What a clip earns on average in recent episodes, shifted and scaled; 0 if
                that is not known yet, so that no clip is skipped and none a tie.
            scale: Shift and scale of the true rewards.
        """
        steps = true_rewards.shape[-1]
        weights = self.gamma ** np.arange(steps - 1, -1, -1)  # gamma^(H-1-t)
        preference = self._preference((true_rewards * weights).sum(-1), draws[:, 0], scale.scale)
        preference = np.where(draws[:, 1] < self.epsilon, -preference, preference)

        returns = scale.returns(true_rewards)
        close = np.abs(returns[:, 0] - returns[:, 1]) < self.equal * clip_return
        threshold = self.skip * clip_return
        poor = (threshold > 0) & (returns.max(-1) <= threshold)
        return _answers(preference, close, poor)

    def _preference(self, sums: np.ndarray, draws: np.ndarray, scale: float) -> np.ndarray:
        """1 for the first clip, -1 for the second, 0 for neither, from unscaled sums (B, 2).

        The shift would cancel; the scale matters only to a teacher that draws its choice.
        """
        if self.beta < 0:
            return np.sign(sums[:, 0] - sums[:, 1])
        return np.where(draws < choice_probability(self.beta * scale * sums), 1.0, -1.0)


TEACHERS: dict[str, Teacher] = {
    "oracle": Teacher(),
    "mistake": Teacher(epsilon=0.1),
    "stoc": Teacher(beta=1.0),
    "skip": Teacher(skip=0.1),
    "myopic": Teacher(gamma=0.9),
    "equal": Teacher(equal=0.1),
}
"""The oracle and B-Pref's named teachers."""


def _answers(preference: np.ndarray, close: np.ndarray, poor: np.ndarray) -> list[Comparison]:
    """Clips too poor to judge are skipped; close ones are a tie, whatever was preferred."""
    preferred = {1.0: Comparison.FIRST, -1.0: Comparison.SECOND, 0.0: Comparison.TIE}
    return [
        Comparison.SKIP if is_poor else Comparison.TIE if is_close else preferred[sign]
        for sign, is_close, is_poor in zip(preference, close, poor, strict=True)
    ]
