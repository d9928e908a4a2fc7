"""How often each annotator errs, estimated from answers that the ensemble predicted beforehand.

What the ensemble predicts of a pair is recorded when the pair is asked, so its answer is held out:
no member has learnt from it. The estimate replaces the paper's fixed tenth (Christiano et al. 2017,
section 2.2.3) where a run asks for it; the paper itself takes a constant for all.

Of an annotator whose answers are random with chance e and otherwise follow the model, the model
expects an answer (1 for the first clip, -1 for the second) of (1 - e) m, where m = 2 p - 1 says by
how much it held the first likelier. Least squares over the answers gives 1 - e. An answer tells the
more the surer the model was, m^2 of one that it was certain of; with few such the estimate would be
anything, so it is drawn to the paper's tenth.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pbrl.likelihood import ensemble_choice_probability
from pbrl.store import Answered, LabelStore

LOWEST, HIGHEST = 0.02, 0.5
PRIOR = 30
"""Answers to pairs that the model was certain of, which count as much as the fixed rate."""


class ErrorRates:
    """Each annotator's share of random answers; each prediction is read from the store once.

    Args:
        store: The label store.
        run: The run's name.
        fixed: The share where nothing is known.
    """

    def __init__(self, store: LabelStore, run: str, fixed: float) -> None:
        self._store, self._run, self._fixed = store, run, fixed
        self._first: dict[int, float] = {}  # NaN: nothing was predicted yet, or of other than pairs

    def of(self, given: Sequence[Answered], targets: NDArray[np.float32]) -> NDArray[np.float32]:
        """Returns the share for each answer, `(B,)`, estimated from these same answers.

        Args:
            given: B answers.
            targets: `(B, D)` as the kind gives them to its likelihood.
        """
        numbers = [answered.number for answered in given]
        self._fetch([number for number in numbers if number not in self._first])
        first = np.array([self._first[number] for number in numbers])
        annotators = np.array([answered.annotator for answered in given])
        rates = np.full(len(given), self._fixed, np.float32)
        for name in np.unique(annotators):
            his = annotators == name
            rates[his] = self._rate(first[his], targets[his])
        return rates

    def _rate(self, first: NDArray[np.float64], targets: NDArray[np.float32]) -> float:
        """Returns one annotator's share, from the predictions for the first clip and the answers.

        A tie is neither foretold nor missed, and tells nothing of errors.
        """
        chose_first = targets[:, 0] - targets[:, 1]
        known = ~np.isnan(first) & (chose_first != 0)
        margin, answer = 2 * first[known] - 1, np.sign(chose_first[known])
        told = (margin**2).sum()
        rate = (told - (margin * answer).sum() + PRIOR * self._fixed) / (told + PRIOR)
        return float(np.clip(rate, LOWEST, HIGHEST))

    def _fetch(self, numbers: list[int]) -> None:
        """Keeps the ensemble's probability that the first clip of each query is preferred."""
        for query in self._store.queries(self._run, numbers) if numbers else ():
            returns = query.predicted_returns
            pair = returns is not None and returns.shape[-1] == 2
            self._first[query.number] = (
                float(ensemble_choice_probability(returns)) if pair else np.nan
            )
