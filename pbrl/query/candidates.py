"""Candidate pairs of clips, drawn from recent experience.

Both clips of a pair have the same length, neither crosses a reset, and they do not overlap; the
same pair is never a candidate twice.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pbrl.buffer import overlaps
from pbrl.errors import ConfigError

Ints = NDArray[np.int64]
ATTEMPTS = 20


@dataclass(frozen=True, slots=True)
class Candidates:
    """Pairs of clips by where they lie in the segment buffer."""

    envs: Ints
    """`(B, K)` environment of each clip."""
    starts: Ints
    """`(B, K)` number of its first step, counted since the start of the run."""
    length: int
    """Steps in a clip."""

    def __len__(self) -> int:
        """Returns the number of candidate queries."""
        return len(self.envs)

    def take(self, chosen: Ints) -> "Candidates":
        """Returns the chosen queries only."""
        return Candidates(self.envs[chosen], self.starts[chosen], self.length)

    def clips(self) -> list[list[tuple[int, int]]]:
        """Returns environment and first step of every clip of every query."""
        return np.stack([self.envs, self.starts], axis=-1).tolist()


def propose_pairs(
    envs: Ints, starts: Ints, length: int, count: int, rng: np.random.Generator
) -> Candidates:
    """Draws `count` different pairs of clips that do not overlap.

    Args:
        envs: `(C,)` environments of all clips that could be cut.
        starts: `(C,)` their first steps.
        length: Steps in a clip.
        count: Pairs B to draw.
        rng: The stream to draw from.

    Raises:
        ConfigError: The experience does not hold that many different pairs.
    """
    found = np.empty((0, 2), dtype=np.int64)
    for _ in range(ATTEMPTS if len(starts) else 0):
        pairs = rng.integers(len(starts), size=(2 * count, 2))
        first, second = pairs.T
        shared = overlaps(envs[first], starts[first], envs[second], starts[second], length)
        kept = pairs[~shared]
        found = _unique_pairs(np.concatenate([found, kept]))
        if len(found) >= count:
            chosen = found[:count]
            return Candidates(envs[chosen], starts[chosen], length)
    if not len(starts):
        raise ConfigError(
            f"No episode so far was as long as a clip, {length} steps: shorten the clips "
            "(query.segment-seconds)."
        )
    raise ConfigError(
        f"{count} different pairs of clips of {length} steps were asked for, but the experience so "
        f"far holds {len(starts)} clips and too few pairs that do not overlap: take more steps "
        "before the first questions (query.initial-steps), ask fewer, or shorten the clips."
    )


def _unique_pairs(pairs: Ints) -> Ints:
    """Returns the pairs without repeats, order within a pair aside, first come first."""
    _, first = np.unique(np.sort(pairs, axis=1), axis=0, return_index=True)
    return pairs[np.sort(first)]
