"""A scripted teacher who knows a behaviour: it judges by what a clip shows, never by a reward."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pbrl.behaviours import Behaviour
from pbrl.feedback import COMPARISON, Comparison
from pbrl.store import LabelStore, Query

ANSWERS = {1.0: Comparison.FIRST, -1.0: Comparison.SECOND, 0.0: Comparison.TIE}


@dataclass(frozen=True, slots=True)
class BehaviourTeacher:
    """Answers comparisons at once, without errors: the clip that shows more of the behaviour."""

    name: str
    """The annotator's name in the label store."""
    behaviour: Behaviour
    """What it knows."""

    def answer(
        self,
        store: LabelStore,
        run: str,
        queries: Sequence[Query],
        episode_return: float | None,
    ) -> None:
        """Answers queries that were just posted, as the store has them.

        Args:
            store: Where the queries are and the answers go.
            run: The run that asked.
            queries: What was asked.
            episode_return: Not looked at.
        """
        if not queries:
            return
        numbers = [query.number for query in queries]
        clips = store.segments(run, numbers, true_rewards=False)
        shown = [clip for number in numbers for clip in clips[number]]
        scores = self.behaviour.scores(shown).reshape(-1, 2)  # (B, 2)
        texts = [COMPARISON.encode(answer) for answer in self.compare(scores)]
        store.answer_many(run, dict(zip(numbers, texts, strict=True)), self.name)

    def compare(self, scores: np.ndarray) -> list[Comparison]:
        """Returns the answers to B pairs of clips with scores (B, 2)."""
        difference = scores[:, 0] - scores[:, 1]
        close = np.abs(difference) <= self.behaviour.equal_within
        return [ANSWERS[sign] for sign in np.where(close, 0.0, np.sign(difference))]
