"""What every kind of feedback provides. A kind lives in one file; nothing else knows its answers.

Stores keep `encode`d text, the reward model fits `log_likelihood` of `targets`, and neither asks
which kind it has before it. Shapes: B queries, K options of each, D numbers per answer.
"""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from pbrl.likelihood import Array, ErrorRate

Answer = Any
"""An answer; its type is the kind's own affair."""


class FeedbackKind(Protocol):
    """A question about K clips, its answers, and their probability given the clips' returns."""

    @property
    def name(self) -> str:
        """What the label store calls this kind."""
        ...

    def check(self, answer: Answer, num_options: int) -> None:
        """Raises FeedbackError if `answer` is not one to a query of `num_options` clips."""
        ...

    def encode(self, answer: Answer) -> str:
        """The stored form."""
        ...

    def decode(self, text: str) -> Answer:
        """The answer from its stored form; raises FeedbackError if it is none."""
        ...

    def informative(self, answer: Answer) -> bool:
        """Whether a reward model can learn from it: "can't tell" says nothing about the clips."""
        ...

    def targets(self, answers: Sequence[Answer]) -> np.ndarray:
        """Informative answers as the float32 array (B, D) that the two functions below take."""
        ...

    def log_likelihood(self, returns: Array, targets: Array, error_rate: ErrorRate) -> Array:
        """Log-probability (..., B) of the answers.

        Args:
            returns: (..., B, K) sums of rewards over each clip.
            targets: (B, D), or (..., B, D) with leading axes as those of the returns.
            error_rate: Chance that an answer is uniformly random: one for all, or an array that
                broadcasts with (..., B).
        """
        ...

    def correct(self, returns: Array, targets: Array) -> Array:
        """How far the answers are those that the returns predict: (..., B), in [0, 1]."""
        ...
