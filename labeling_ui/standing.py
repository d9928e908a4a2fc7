"""How a run stands, read from the label store."""

import time
from typing import TYPE_CHECKING

from labeling_ui.messages import DeskStatus, TrainerWord

if TYPE_CHECKING:
    from pbrl.store import LabelStore, Published

DAMAGED = "damaged clip"
"""How the store's reason begins for a query that it withdrew because a clip's bytes are wrong."""


class Standing:
    """Reads how a run stands; remembers when the trainer last said something new."""

    def __init__(self, run: str, annotator: str, viewer: str, budget: int) -> None:
        """Knows nothing yet.

        Args:
            run: The run's name in the store.
            annotator: Who looks.
            viewer: This viewer's identity, which is not among the others.
            budget: Answers that the run asks for in all, until the trainer says; 0: not known.
        """
        self._run, self._annotator, self._viewer, self._budget = run, annotator, viewer, budget
        self._heard: tuple[float, float] | None = None  # the trainer's time, and ours
        self._withdrawn, self._damaged = 0, set[int]()

    def read(self, store: "LabelStore", held: int) -> DeskStatus:
        """Returns how the run stands.

        Args:
            store: The label store.
            held: Pairs that this viewer has.

        Raises:
            StoreError: The store does not answer.
        """
        progress = store.progress(self._run, self._annotator)
        published = store.published(self._run)
        others = [one for one in store.viewers(self._run) if one.viewer != self._viewer]
        with_others = max(progress.leased - held, 0)
        return DeskStatus(
            connected=True,
            labels=progress.answered,
            budget=(published.label_budget if published else 0) or self._budget,
            waiting=max(progress.open - with_others - progress.for_others, 0),
            for_others=progress.for_others,
            with_others=with_others,
            trainer=None if published is None else self._word(published),
            people=tuple(sorted(one.annotator for one in others)),
        )

    def damaged(self, store: "LabelStore") -> list[int]:
        """Returns the queries that were found to have a damaged clip since the last look."""
        withdrawn = store.progress(self._run).withdrawn
        if withdrawn == self._withdrawn:
            return []
        self._withdrawn = withdrawn
        queries = store.queries(self._run)
        found = {one.number for one in queries if (one.withdrawn or "").startswith(DAMAGED)}
        new = found - self._damaged
        self._damaged = found
        return sorted(new)

    def _word(self, published: "Published") -> TrainerWord:
        """Returns what the trainer said; its silence is measured by the clock of this machine."""
        now = time.monotonic()
        if self._heard is None or self._heard[0] != published.updated_at:
            self._heard = published.updated_at, now
        return TrainerWord(
            state=published.state,
            phase=published.phase,
            waiting_for=published.waiting_for,
            progress=published.progress,
            steps=published.steps,
            total_steps=published.total_steps,
            steps_per_second=published.steps_per_second,
            learned_returns=published.learned_returns,
            silent_seconds=now - self._heard[1],
        )
