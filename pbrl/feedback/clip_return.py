"""The clips' returns, told as numbers: how much did each clip earn?

Source: Christiano et al. 2017 (arXiv 1706.03741), section 3.3, the ablation "target": an oracle
tells the true total reward of every clip, and the predictors are fitted to it by least squares.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pbrl.errors import FeedbackError
from pbrl.likelihood import Array, ErrorRate, array_namespace

Returns = tuple[float, ...]
"""An answer: the sum of rewards over each clip that was shown, in their order."""


@dataclass(frozen=True, slots=True)
class ClipReturnKind:
    """The returns of K clips. `targets` are (B, K)."""

    @property
    def name(self) -> str:
        """What the label store calls this kind."""
        return "return"

    def check(self, answer: Returns, num_options: int) -> None:
        """Raises FeedbackError if `answer` is not one to a query of `num_options` clips."""
        numbers = isinstance(answer, tuple) and all(isinstance(one, float) for one in answer)
        if not numbers or len(answer) != num_options or not all(map(math.isfinite, answer)):
            raise FeedbackError(
                f"{answer!r} does not tell the returns of {num_options} clips: expected as many "
                "finite numbers."
            )

    def encode(self, answer: Returns) -> str:
        """The stored form: a JSON list, from which the numbers come back to the bit."""
        return json.dumps(list(answer))

    def decode(self, text: str) -> Returns:
        """The answer from its stored form; raises FeedbackError if it is none."""
        try:
            told = json.loads(text)
            numbers = isinstance(told, list) and all(type(one) in (int, float) for one in told)
            answer = tuple(map(float, told)) if numbers else None
        except (ValueError, OverflowError, RecursionError):
            answer = None
        if answer is None or not all(map(math.isfinite, answer)):
            raise FeedbackError(
                f"{text!r} does not tell returns: expected a list of finite numbers."
            )
        return answer

    def informative(self, answer: Returns) -> bool:
        """Whether a reward model can learn from it: always."""
        return True

    def targets(self, answers: Sequence[Returns]) -> np.ndarray:
        """Answers as float32 (B, K); (0, 2) of none."""
        return np.array(answers, np.float32) if answers else np.zeros((0, 2), np.float32)

    def log_likelihood(self, returns: Array, targets: Array, error_rate: ErrorRate) -> Array:
        """Log-density (..., B) of the answers up to a constant: minus half the squared errors.

        Args:
            returns: (..., B, K) sums of rewards over each clip.
            targets: (..., B, K), from `targets`.
            error_rate: Not looked at: who tells returns makes no errors.
        """
        return -0.5 * ((returns - targets) ** 2).sum(-1)

    def correct(self, returns: Array, targets: Array) -> Array:
        """Share of pairs of a query's clips that the returns order as the answer does: (..., B).

        A tie, in the answer or in the returns, is neither right nor wrong, and counts half. So do
        the clips of a query of one.
        """
        xp = array_namespace(returns)
        predicted = xp.sign(returns[..., :, None] - returns[..., None, :])
        told = xp.sign(targets[..., :, None] - targets[..., None, :])
        pairs = max(1, returns.shape[-1] * (returns.shape[-1] - 1))
        return 0.5 + 0.5 * (predicted * told).sum((-1, -2)) / pairs


CLIP_RETURN = ClipReturnKind()
