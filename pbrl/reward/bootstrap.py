"""Which member of the ensemble trains on which label, and the minibatches that it draws.

Christiano et al. 2017, section 2.2.3: each member is fitted on as many comparisons as there are,
drawn with replacement, and holds out a share of 1/e for validation.

Departure: the draw is the online bootstrap (Oza and Russell 2001): a label enters each member's
resample `Poisson(1)` times, the limit of drawing with replacement. The expected size of the
resample and the share left out (1/e) are the same, and a label that a member once left out stays
left out, so no member is ever validated on what it was trained on, however many labels arrive
later. With one label at a time an exact draw with replacement could not leave anything out.
"""

import functools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pbrl.seeding import numbered_generator


def bootstrap_counts(
    numbers: Sequence[int] | NDArray[np.int64], members: int, seed: int
) -> NDArray[np.int64]:
    """Draws how often each label stands in each member's resample.

    A label's counts depend on its number and the seed alone, with one exception: a member that
    leaves out every label there is takes all of them for this fit, and has nothing to validate on.
    With n labels that happens to one member in e^n; a run starts with eight or more.

    Returns:
        `(E, B)` counts, Poisson with mean 1; a label with count 0 is the member's validation data.
    """
    counts = [_counts_of(int(number), members, seed) for number in numbers]
    drawn = np.array(counts, dtype=np.int64).reshape(-1, members).T
    drawn[drawn.sum(axis=1) == 0] = 1
    return drawn


@functools.cache
def _counts_of(number: int, members: int, seed: int) -> tuple[int, ...]:
    """Returns how often one label stands in each member's resample; drawn once for all fits."""
    return tuple(numbered_generator(seed, "bootstrap", number).poisson(1.0, members).tolist())


def draw_minibatches(
    counts: NDArray[np.int64], updates: int, batch_size: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Draws label indices for every gradient step, each member from its own resample.

    Args:
        counts: `(E, B)` how often a label stands in a member's resample.
        updates: Number of gradient steps U.
        batch_size: Labels M in a minibatch.
        rng: The stream to draw from.

    Returns:
        `(U, E, M)` indices in `[0, B)`, uniform over the resample.
    """
    members, labels = counts.shape
    weights = counts.cumsum(axis=1)
    # Member e's resample lies on the interval [e, e + 1): one search serves all members.
    member = np.arange(members)[:, None]
    edges = (member + weights / weights[:, -1:]).ravel()
    drawn = rng.random((updates, members, batch_size)) + member
    picked = np.searchsorted(edges, drawn, side="right") - member * labels
    return np.minimum(picked, labels - 1)
