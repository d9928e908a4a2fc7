"""Acquisition functions: which of the candidate queries are worth an answer.

Each takes the members' predicted returns of every candidate and returns the indices of the chosen
ones. The paper (Christiano et al. 2017, section 2.2.4) takes the candidates whose predicted answer
varies most across the ensemble.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.special import entr, softmax

from pbrl.errors import ConfigError, nearest

Floats = NDArray[np.floating]
Ints = NDArray[np.int64]
Acquire = Callable[[Floats, int, np.random.Generator], Ints]
"""Members' predicted returns `(E, B, K)`, how many candidates to choose, and the stream to draw
from, to the indices `(count,)` of the chosen ones, all different."""


def disagreement(returns: Floats) -> Floats:
    """Scores by the variance across members of the predicted choice: `(E, B, K)` to `(B,)`."""
    return softmax(returns, axis=-1).var(axis=0).sum(axis=-1)


def entropy(returns: Floats) -> Floats:
    """Scores by the entropy, in nats, of the mean predicted choice: `(E, B, K)` to `(B,)`."""
    return entr(softmax(returns, axis=-1).mean(axis=0)).sum(axis=-1)


def information_gain(returns: Floats) -> Floats:
    """Scores by what an answer would tell about which member is right, in nats.

    The entropy of the mean choice less the mean entropy of the members' choices (Houlsby et al.
    2011, BALD): `(E, B, K)` to `(B,)`.
    """
    members = entr(softmax(returns, axis=-1)).sum(axis=-1)
    return entropy(returns) - members.mean(axis=0)


def uniform(returns: Floats, count: int, rng: np.random.Generator) -> Ints:
    """Chooses uniformly among the candidates, without looking at predictions."""
    return rng.choice(returns.shape[1], size=count, replace=False)


def k_centre(returns: Floats, count: int, rng: np.random.Generator) -> Ints:
    """Chooses candidates that are far from one another (greedy k-centre, Sener and Savarese 2018).

    The distance is Euclidean between the members' predicted choices, so that the chosen queries
    differ in what the ensemble thinks of them; the first one is drawn uniformly.
    """
    choices = softmax(returns, axis=-1)
    points = np.moveaxis(choices, 1, 0).reshape(returns.shape[1], -1)
    chosen = [int(rng.integers(len(points)))]
    distance = np.linalg.norm(points - points[chosen[0]], axis=1)
    while len(chosen) < count:
        distance[chosen] = -1.0
        chosen.append(int(distance.argmax()))
        distance = np.minimum(distance, np.linalg.norm(points - points[chosen[-1]], axis=1))
    return np.array(chosen)


def highest(score: Callable[[Floats], Floats]) -> Acquire:
    """Returns the function that chooses the candidates with the highest scores.

    Args:
        score: Predicted returns `(E, B, K)` to a score `(B,)` of each candidate.
    """

    def acquire(returns: Floats, count: int, rng: np.random.Generator) -> Ints:
        del rng  # the scores decide alone; equal ones fall in the order of the candidates
        scores = np.asarray(score(returns))
        if scores.shape != returns.shape[1:2] or not np.isfinite(scores).all():
            raise ConfigError(
                f"A score of each of {returns.shape[1]} candidates is needed, finite, but "
                f"{getattr(score, '__name__', score)} returned {scores} of shape {scores.shape}."
            )
        return np.argsort(-scores, kind="stable")[:count]

    return acquire


ACQUISITIONS: dict[str, Acquire] = {
    "disagreement": highest(disagreement),
    "uniform": uniform,
    "entropy": highest(entropy),
    "information_gain": highest(information_gain),
    "k_centre": k_centre,
}
"""All acquisition functions, by the name that a run's settings hold. A program may add its own."""


def find_acquisition(name: str) -> Acquire:
    """Returns the acquisition function of that name.

    Raises:
        ConfigError: There is none.
    """
    if name not in ACQUISITIONS:
        raise ConfigError(
            f"There is no acquisition function {name!r}. {nearest(name, ACQUISITIONS)} One of your "
            "own is there if the program that trains adds it to ACQUISITIONS in "
            "pbrl.query.acquisition."
        )
    return ACQUISITIONS[name]
