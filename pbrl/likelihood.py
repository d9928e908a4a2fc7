"""How probable an answer is, given the returns of the clips that were shown.

The one model of a choice, used twice: the reward model maximises it with predicted returns, and a
teacher that errs samples from it with true ones.

Sources: Christiano et al. 2017 (arXiv 1706.03741), section 2.2.3: Bradley-Terry over the sums of
rewards, with a 10 % chance that the answer is uniformly random. Rao and Kupper 1967, *Ties in
paired-comparison experiments*: the optional model in which a tie is an outcome of its own. How
large the share of random answers is can be estimated from answers that were predicted beforehand
(not in the papers; see `estimated_error_rate`).

All functions work on any array library (NumPy, torch, ...), under torch.compile and torch.func,
and in logarithms throughout: no probability is clipped, so the gradient never dies.
"""

import math
from typing import Any

Array = Any
"""An array of whichever library the caller uses."""

ErrorRate = Any
"""A number for all answers, or an array (...), above 0, that broadcasts with the answers."""


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
    return xp.exp(log_sigmoid(returns[..., 0] - returns[..., 1]))


def ensemble_choice_probability(returns: Array) -> Array:
    """Probability that the first clip is preferred, averaged over the members of an ensemble.

    Args:
        returns: (E, ..., 2) sums of rewards under each member.

    Returns:
        (...), in [0, 1].
    """
    return choice_probability(returns).mean(0)


def choice_log_probabilities(returns: Array, error_rate: ErrorRate) -> Array:
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
    logs = xp.stack([log_sigmoid(margin), log_sigmoid(-margin)], axis=-1)
    return with_errors(logs, error_rate)


def choice_or_tie_log_probabilities(
    returns: Array, error_rate: ErrorRate, tie_margin: float
) -> Array:
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
    first, second = log_sigmoid(margin - tie_margin), log_sigmoid(-margin - tie_margin)
    tie = first + second + math.log(math.expm1(2 * tie_margin))
    return with_errors(xp.stack([first, second, tie], axis=-1), error_rate)


def estimated_error_rate(agreement: Array, confidence: Array) -> Array:
    """The share of uniformly random answers, from how often answers are those that were predicted.

    Of one whose answers are random with chance e and otherwise follow the model, the model expects
    to foretell (1 - e) confidence + e / 2. Solved for e, and kept within [0, 1]. What the model
    itself gets wrong counts as errors of the annotator, so early in a run the estimate is too high.

    Args:
        agreement: (...) share of answers that are the one the model held likelier.
        confidence: (...) mean probability that the model gave the likelier answer, over these
            answers. At 1/2 it has no opinion, and the estimate is NaN.
    """
    xp = array_namespace(agreement)
    certain = confidence - 0.5
    known = certain > 0
    rate = (confidence - agreement) / xp.where(known, certain, xp.ones_like(certain))
    return xp.where(known, xp.clip(rate, 0.0, 1.0), xp.full_like(rate, math.nan))


def log_sigmoid(x: Array) -> Array:
    """Logarithm of 1 / (1 + exp(-x))."""
    xp = array_namespace(x)
    return -xp.logaddexp(xp.zeros_like(x), -x)


def with_errors(logs: Array, error_rate: ErrorRate) -> Array:
    """Log-probabilities of outcomes where some answers are uniformly random.

    P = (1 - error_rate) P + error_rate / D.

    Args:
        logs: (..., D) log-probabilities of the D outcomes, normalised.
        error_rate: Chance, in [0, 1), that the answer is uniformly random among them.

    Returns:
        (..., D), normalised.
    """
    xp = array_namespace(logs)
    if getattr(error_rate, "ndim", 0) > 0:  # each answer has a rate of its own
        rate = error_rate[..., None]
        return xp.logaddexp(logs + xp.log1p(-rate), xp.log(rate / logs.shape[-1]))
    if error_rate == 0:
        return logs
    uniform = xp.full_like(logs, math.log(error_rate / logs.shape[-1]))
    return xp.logaddexp(logs + math.log1p(-error_rate), uniform)
