"""Calibration: of the answers held to be 80 % probable, are 80 % given?

What the ensemble predicts of a pair is stored when the pair is asked about, so its answer was held
out: no member had learnt from it then. What is predicted is the answer, by the model that is
fitted (Christiano et al. 2017, section 2.2.3): the mean over members of (1 - e) softmax + e / 2,
with e the share of errors that the model assumes. Of an oracle, which makes none, that is less sure
than it might be: `assumed_errors=0` gives the softmax alone.

Not held out: which pairs these are. They were chosen since the members disagreed on them, so they
are harder than any two clips, and the numbers are not those of random pairs.

Each prediction is told of the answer that was held likelier, so that the order of the clips does
not matter: its probability is at least a half. A tie is half an answer of each.
"""

from dataclasses import dataclass

import numpy as np

from pbrl.likelihood import choice_probability

BINS = 10
"""Parts of equal width between a half and 1."""
NORMAL = 1.959964
"""The standard normal distribution's 97.5 % quantile."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Predicted probabilities beside what was answered."""

    counts: np.ndarray
    """`(BINS,)` answers whose likelier side was given a probability in each part."""
    predicted: np.ndarray
    """`(BINS,)` mean probability of the likelier side; NaN where there is no answer."""
    answered: np.ndarray
    """`(BINS,)` share of answers that chose the likelier side; NaN where there is none."""
    low: np.ndarray
    """`(BINS,)` lower end of Wilson's 95 % interval of that share."""
    high: np.ndarray
    """`(BINS,)` upper end."""
    brier: float
    """Mean squared difference of probability and answer (Brier 1950); .25 knows nothing."""
    error: float
    """Expected calibration error: mean distance of predicted and answered, weighted by counts."""

    @property
    def answers(self) -> int:
        """Number of answers."""
        return int(self.counts.sum())


def first_probabilities(returns: np.ndarray, assumed_errors: float) -> np.ndarray:
    """Returns the `(B,)` probabilities that the first clip is chosen.

    Args:
        returns: `(B, E, 2)` each member's returns of the two clips.
        assumed_errors: Share of answers taken to be uniformly random.
    """
    members = choice_probability(np.moveaxis(returns, 1, 0))  # (E, B)
    return (1 - assumed_errors) * members.mean(axis=0) + assumed_errors / 2


def calibration(first: np.ndarray, chosen: np.ndarray) -> Calibration:
    """Compares probabilities with answers; there must be at least one.

    Args:
        first: `(B,)` predicted probability that the first clip is chosen.
        chosen: `(B,)` 1 where it was, 0 where the second one was, .5 for a tie.
    """
    likelier = np.maximum(first, 1 - first)
    agreed = 0.5 + np.sign(first - 0.5) * (chosen - 0.5)  # at a half exactly, neither is right
    # What is rounded down from a border, such as .55 in floats, belongs above it.
    place = np.clip(((likelier - 0.5) * 2 * BINS + 1e-9).astype(int), 0, BINS - 1)
    counts = np.bincount(place, minlength=BINS)
    with np.errstate(invalid="ignore"):
        predicted = np.bincount(place, likelier, BINS) / counts
        answered = np.bincount(place, agreed, BINS) / counts
    low, high = wilson_interval(answered, counts)
    known = counts > 0
    apart = np.abs(predicted - answered)[known]
    return Calibration(
        *(counts, predicted, answered, low, high),
        brier=float(np.mean((first - chosen) ** 2)),
        error=float((apart * counts[known]).sum() / counts.sum()),
    )


def wilson_interval(share: np.ndarray, count: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns Wilson's 95 % interval (1927) of shares, NaN where nothing was counted."""
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = NORMAL**2 / count
        centre = (share + spread / 2) / (1 + spread)
        half = NORMAL * np.sqrt(share * (1 - share) / count + spread / (4 * count)) / (1 + spread)
    return np.clip(centre - half, 0, 1), np.clip(centre + half, 0, 1)
