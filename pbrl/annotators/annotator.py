"""What the trainer asks of whoever answers."""

from collections.abc import Sequence
from typing import Protocol

from pbrl.store import LabelStore, Query


class Annotator(Protocol):
    """Answers queries, now or later, into the label store."""

    def answer(
        self,
        store: LabelStore,
        run: str,
        queries: Sequence[Query],
        episode_return: float | None,
    ) -> None:
        """Sees to it that queries that were just posted get their answers.

        Args:
            store: Where the queries are and the answers go.
            run: The run that asked.
            queries: What was asked.
            episode_return: Mean true return of the last ten episodes, in the task's own reward;
                None before the first has ended.
        """
        ...
