"""The pairwise comparison: which of two clips is better?

Source: Christiano et al. 2017 (arXiv 1706.03741), section 2.2: the answer is one clip, a tie,
or "can't tell", which is not learnt from. A tie counts half for each clip.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, unique

import numpy as np

from pbrl.errors import FeedbackError
from pbrl.likelihood import (
    Array,
    ErrorRate,
    array_namespace,
    choice_log_probabilities,
    choice_or_tie_log_probabilities,
)


@unique
class Comparison(Enum):
    """An answer; the value is what the label store holds."""

    FIRST = "first"
    SECOND = "second"
    TIE = "tie"
    CANT_TELL = "cant_tell"
    """Looked, and could not compare the two."""
    SKIP = "skip"
    """Did not answer."""


HALF_EACH = {
    Comparison.FIRST: (1.0, 0.0),
    Comparison.SECOND: (0.0, 1.0),
    Comparison.TIE: (0.5, 0.5),
}
"""Weight of each clip's being chosen, where a tie is half a choice of each."""

OWN_OUTCOME = {
    Comparison.FIRST: (1.0, 0.0, 0.0),
    Comparison.SECOND: (0.0, 1.0, 0.0),
    Comparison.TIE: (0.0, 0.0, 1.0),
}
"""Weight of first, second and tie, where a tie has a probability of its own."""


@dataclass(frozen=True, slots=True)
class ComparisonKind:
    """The comparison of K = 2 clips. `targets` are (B, 2), or (B, 3) with a tie margin."""

    tie_margin: float | None = None
    """None: a tie is the label (.5, .5). Otherwise the margin of Rao and Kupper's model of ties,
    above 0, in units of return."""

    def __post_init__(self) -> None:
        """Checks the margin."""
        if self.tie_margin is not None and not self.tie_margin > 0:
            raise FeedbackError(
                f"A tie margin must be above 0, got {self.tie_margin}; leave it out to count "
                "a tie half for each clip."
            )

    @property
    def name(self) -> str:
        """What the label store calls this kind."""
        return "comparison"

    def check(self, answer: Comparison, num_options: int) -> None:
        """Raises FeedbackError if `answer` is not one to a query of `num_options` clips."""
        if num_options != 2:
            raise FeedbackError(f"A comparison is between 2 clips, the query has {num_options}.")
        if not isinstance(answer, Comparison):
            raise FeedbackError(f"{answer!r} does not answer a comparison. {_choices()}")

    def encode(self, answer: Comparison) -> str:
        """The stored form."""
        return answer.value

    def decode(self, text: str) -> Comparison:
        """The answer from its stored form; raises FeedbackError if it is none."""
        try:
            return Comparison(text)
        except ValueError:
            raise FeedbackError(f"{text!r} does not answer a comparison. {_choices()}") from None

    def informative(self, answer: Comparison) -> bool:
        """Whether a reward model can learn from it: not from "can't tell", nor from a skip."""
        return answer in HALF_EACH

    def targets(self, answers: Sequence[Comparison]) -> np.ndarray:
        """Informative answers as weights of outcomes, float32 (B, 2), or (B, 3) with a margin."""
        weights = HALF_EACH if self.tie_margin is None else OWN_OUTCOME
        rows = [weights[answer] for answer in answers]
        return np.array(rows, np.float32).reshape(len(rows), len(weights[Comparison.TIE]))

    def log_likelihood(self, returns: Array, targets: Array, error_rate: ErrorRate) -> Array:
        """Log-probability (..., B) of the answers.

        Args:
            returns: (..., B, 2) sums of rewards over each clip.
            targets: (..., B, D), from `targets`.
            error_rate: Chance that an answer is uniformly random: one for all, or an array that
                broadcasts with (..., B).
        """
        if self.tie_margin is None:
            logs = choice_log_probabilities(returns, error_rate)
        else:
            logs = choice_or_tie_log_probabilities(returns, error_rate, self.tie_margin)
        return (targets * logs).sum(-1)

    def correct(self, returns: Array, targets: Array) -> Array:
        """1 if the clip with the larger return was chosen, 0 if the other, else .5: (..., B).

        A tie, in the answer or in the returns, is neither right nor wrong.
        """
        xp = array_namespace(returns)
        predicted = xp.sign(returns[..., 0] - returns[..., 1])
        answered = targets[..., 0] - targets[..., 1]
        return 0.5 + 0.5 * predicted * answered


COMPARISON = ComparisonKind()
"""The comparison with ties counted half for each clip, as in the paper."""


def _choices() -> str:
    return f"There is: {', '.join(answer.value for answer in Comparison)}."
