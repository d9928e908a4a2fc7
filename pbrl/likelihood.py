"""How probable an answer is, given the returns of the clips that were shown.

The one model of a choice, used twice: the reward model maximises it with predicted returns, and a
teacher that errs samples from it with true ones.

Sources: Christiano et al. 2017 (arXiv 1706.03741), section 2.2.3: Bradley-Terry over the sums of
rewards, with a 10 % chance that the answer is uniformly random. Rao and Kupper 1967, *Ties in
paired-comparison experiments*: the optional model in which a tie is an outcome of its own.

All functions work on any array library (NumPy, torch, ...), under torch.compile and torch.func,
and in logarithms throughout: no probability is clipped, so the gradient never dies.
"""

import math
from typing import Any

Array = Any
"""An array of whichever library the caller uses."""


def array_namespace(array: Array) -> Any:  # noqa: ANN401  (a module has no narrower type)
    """The array library that `array` belongs to.

    array_api_compat's own function does the same through caches that torch.compile warns about.
    """
    if hasattr(array, "__array_namespace__"):
        return array.__array_namespace__()
    from array_api_compat import torch  # reached with a torch tensor only: torch is there already

    return torch


def choice_probability(returns: Array) -> Array:
    """Probability that the first of two clips is preferred, by one who makes no errors.

    Args:
        returns: (..., 2) sums of rewards.

    Returns:
        (...), in [0, 1].
    """
    xp = array_namespace(returns)
    return xp.exp(_log_sigmoid(returns[..., 0] - returns[..., 1]))


def choice_log_probabilities(returns: Array, error_rate: float) -> Array:
    """Log-probabilities that the first and the second clip are chosen.

    P = (1 - error_rate) softmax(returns) + error_rate / 2.

    Args:
        returns: (..., 2) sums of rewards.
        error_rate: Chance, in [0, 1), that the answer is uniformly random.

    Returns:
        (..., 2), normalised.
    """
    xp = array_namespace(returns)
    margin = returns[..., 0] - returns[..., 1]
    logs = xp.stack([_log_sigmoid(margin), _log_sigmoid(-margin)], axis=-1)
    return _with_errors(logs, error_rate)


def choice_or_tie_log_probabilities(returns: Array, error_rate: float, tie_margin: float) -> Array:
    """Log-probabilities of first, second and tie, by Rao and Kupper.

    With d the difference of the returns and m the margin, P(first) = sigmoid(d - m),
    P(second) = sigmoid(-d - m), and the tie has the rest, (exp(2m) - 1) P(first) P(second).

    Args:
        returns: (..., 2) sums of rewards.
        error_rate: Chance, in [0, 1), that the answer is uniformly random among the three.
        tie_margin: m > 0, in units of return: how far apart clips must be to be told apart.

    Returns:
        (..., 3), normalised.
    """
    xp = array_namespace(returns)
    margin = returns[..., 0] - returns[..., 1]
    first, second = _log_sigmoid(margin - tie_margin), _log_sigmoid(-margin - tie_margin)
    tie = first + second + math.log(math.expm1(2 * tie_margin))
    return _with_errors(xp.stack([first, second, tie], axis=-1), error_rate)


def _log_sigmoid(x: Array) -> Array:
    xp = array_namespace(x)
    return -xp.logaddexp(xp.zeros_like(x), -x)


def _with_errors(logs: Array, error_rate: float) -> Array:
    """Mixes log-probabilities (..., D) with the uniform distribution over their D outcomes."""
    if error_rate == 0:
        return logs
    xp = array_namespace(logs)
    uniform = xp.full_like(logs, math.log(error_rate / logs.shape[-1]))
    return xp.logaddexp(logs + math.log1p(-error_rate), uniform)
