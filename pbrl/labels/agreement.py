"""How far answers agree: shares with their intervals, and Krippendorff's alpha.

Sources: Wilson 1927, *Probable inference, the law of succession, and statistical inference*, for
the interval of a share. Krippendorff 2011, *Computing Krippendorff's Alpha-Reliability*, section C,
for alpha of nominal data, any number of observers, and missing values.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

NORMAL_95 = 1.959964
"""Within so many standard deviations lie 95 % of a normal distribution."""


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many."""

    count: float
    """How many; a half where something was neither one nor the other."""
    of: int
    """Of how many, 1 or more."""

    @property
    def share(self) -> float:
        """Returns the share, in [0, 1]."""
        return self.count / self.of

    @property
    def interval(self) -> tuple[float, float]:
        """Returns the 95 % interval of the share, by Wilson's score."""
        z2 = NORMAL_95**2 / self.of
        centre = (self.share + z2 / 2) / (1 + z2)
        half = math.sqrt(self.share * (1 - self.share) * z2 + z2**2 / 4) / (1 + z2)
        return max(0.0, centre - half), min(1.0, centre + half)


def share_of(holds: ArrayLike) -> Share | None:
    """Returns how many of the values hold (1) or hold half (.5); None if there is none."""
    values = np.asarray(holds, dtype=np.float64)
    return Share(float(values.sum()), len(values)) if len(values) else None


def krippendorff_alpha(units: ArrayLike, values: ArrayLike) -> float | None:
    """Returns alpha of nominal data: 1 is perfect agreement, 0 what chance would give.

    Each entry is one observer's value of one unit, in any order. Units that fewer than two
    observers judged are left out, as they should be.

    Args:
        units: (n,) which unit was judged.
        values: (n,) what it was judged to be.

    Returns:
        Alpha, or None where it is undefined: no unit was judged twice, or all values are the same.
    """
    counts = _value_counts(np.asarray(units), np.asarray(values))
    counts = counts[counts.sum(axis=1) >= 2]
    judged = counts.sum(axis=1)
    pairable = judged.sum()
    expected = pairable**2 - (counts.sum(axis=0) ** 2).sum()
    if expected == 0:
        return None
    observed = ((judged**2 - (counts**2).sum(axis=1)) / (judged - 1)).sum()
    return float(1 - (pairable - 1) * observed / expected)


def _value_counts(units: NDArray, values: NDArray) -> NDArray[np.float64]:
    """Returns how many observers gave each unit each value: (units, values)."""
    _, unit = np.unique(units, return_inverse=True)
    _, value = np.unique(values, return_inverse=True)
    counts = np.zeros((unit.max(initial=-1) + 1, value.max(initial=-1) + 1))
    np.add.at(counts, (unit, value), 1)
    return counts
