"""From recent experience to the queries that are asked.

Christiano et al. 2017, section 2.2.4: many more candidate pairs than are asked, and of those the
ones on which the ensemble disagrees most. The first queries, about a randomly initialised policy,
are drawn uniformly: predictors that have seen no answer disagree by their initial weights only
(the paper does not say how it chooses them).
"""

from collections.abc import Callable

import numpy as np

from pbrl.buffer import SegmentBuffer
from pbrl.config import QueryConfig
from pbrl.errors import ConfigError
from pbrl.query.acquisition import find_acquisition
from pbrl.query.candidates import Candidates, propose_pairs
from pbrl.segments import Segment
from pbrl.store import Query

Returns = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Observations and actions of C clips, as `SegmentBuffer.gather` gives them, to each member's
predicted returns `(E, C)`."""
CLIPS_AT_ONCE = 1000
"""Clips of which the returns are predicted together: those of games take 200 kB each."""


def select_queries(
    buffer: SegmentBuffer,
    length: int,
    numbers: range,
    predicted: Returns | None,
    config: QueryConfig,
    kind: str,
    rng: np.random.Generator,
) -> list[Query]:
    """Chooses the pairs of clips to ask about and cuts them out.

    Args:
        buffer: Recent experience.
        length: Steps in a clip.
        numbers: The queries' numbers, one for each query to choose.
        predicted: The ensemble's returns, or None while it has seen no answer.
        config: Candidates per query and acquisition function.
        kind: Kind of feedback that is asked for.
        rng: The stream to draw from.

    Returns:
        The queries, with what the ensemble predicts of their clips.

    Raises:
        ConfigError: The experience does not hold enough different pairs.
    """
    envs, starts = buffer.clip_starts(length)
    seen: list[np.ndarray] | list[None] = [None] * len(numbers)  # (E, K) for each query
    if predicted is None:
        asked = propose_pairs(envs, starts, length, len(numbers), rng)
    else:
        count = config.candidates_per_query * len(numbers)
        candidates = propose_pairs(envs, starts, length, count, rng)
        returns = candidate_returns(buffer, candidates, predicted)
        chosen = _chosen(config.acquisition, returns, len(numbers), rng)
        asked, seen = candidates.take(chosen), list(np.moveaxis(returns[:, chosen], 1, 0))
    steps = buffer.steps_added * buffer.num_envs
    return [
        Query(number, kind, cut_out(buffer, clips, length), steps, predictions)
        for number, clips, predictions in zip(numbers, asked.clips(), seen, strict=True)
    ]


def _chosen(
    acquisition: str, returns: np.ndarray, count: int, rng: np.random.Generator
) -> np.ndarray:
    """Returns the indices of the candidates that an acquisition function chooses.

    Raises:
        ConfigError: The function, which may be a user's own, returns something else.
    """
    chosen = np.asarray(find_acquisition(acquisition)(returns, count, rng))
    there = returns.shape[1]
    sound = chosen.shape == (count,) and chosen.dtype.kind in "iu"
    if not sound or len(set(chosen.tolist()) & set(range(there))) != count:
        raise ConfigError(
            f"The acquisition function {acquisition!r} is to return {count} different indices "
            f"below {there}, as integers; it returned {chosen}."
        )
    return chosen


def cut_out(
    buffer: SegmentBuffer, clips: list[tuple[int, int]], length: int
) -> tuple[Segment, ...]:
    """Returns clips, by environment and first step, as segments of their own."""
    return tuple(buffer.cut(env, start, length) for env, start in clips)


def candidate_returns(
    buffer: SegmentBuffer, candidates: Candidates, predicted: Returns
) -> np.ndarray:
    """Returns the members' predicted returns of all candidates: `(E, B, K)`."""
    where, starts = candidates.envs.ravel(), candidates.starts.ravel()
    parts = [slice(i, i + CLIPS_AT_ONCE) for i in range(0, len(where), CLIPS_AT_ONCE)]
    gathered = (buffer.gather(where[part], starts[part], candidates.length) for part in parts)
    returns = np.concatenate([predicted(*clips) for clips in gathered], axis=1)
    return returns.reshape(len(returns), *candidates.envs.shape)
