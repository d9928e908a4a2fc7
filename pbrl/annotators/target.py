"""The annotator behind the curve `target`: it tells the clips' true returns instead of comparing.

Source: Christiano et al. 2017 (arXiv 1706.03741), section 3.3. What the predictors then learn by
regression is what they could learn at best from so many clips.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pbrl.errors import TaskError
from pbrl.feedback import CLIP_RETURN
from pbrl.store import LabelStore, Query

TARGET = "target"
"""Its name, among the settings and in the label store."""


@dataclass(frozen=True, slots=True)
class TargetAnnotator:
    """Tells the true return of every clip, at once and without errors."""

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

        Raises:
            TaskError: If a clip has no true reward.
        """
        if not queries:
            return
        clips = store.segments(run, [query.number for query in queries])
        told = {number: tuple(clip.true_return for clip in of) for number, of in clips.items()}
        if not np.isfinite(list(told.values())).all():
            raise TaskError(
                "This task has no true reward, so nobody can tell what its clips return: let a "
                "person answer."
            )
        texts = {number: CLIP_RETURN.encode(returns) for number, returns in told.items()}
        store.answer_many(run, texts, TARGET)
