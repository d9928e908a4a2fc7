"""What one person did since the viewer was opened: counts, pace, and agreement."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from labeling_ui.pairs import Judgement, Role, Stored, side_of
from pbrl.feedback import Comparison
from pbrl.likelihood import choice_probability

PACE_OVER = 20
"""Last answers that the pace is taken from."""
LONGEST_GAP = 60.0
"""Seconds that count as work between two answers; the rest was a break."""
AGREEMENT_OVER = 25
"""Last choices that a point of the agreement's curve is taken over."""


@dataclass(slots=True)
class Sitting:
    """The answers that stand of those given since the viewer was opened."""

    began: float
    """Seconds since 1970."""
    stored: list[Stored] = field(default_factory=list)
    """In the order in which they were given."""

    def take_back(self, answer_id: int) -> None:
        """Forgets an answer that was retracted, if it was given in this sitting."""
        self.stored = [one for one in self.stored if one.answer_id != answer_id]

    @property
    def labels(self) -> int:
        """Returns how many answers count as labels."""
        return sum(one.judgement.pair.role is Role.LABEL for one in self.stored)

    @property
    def labels_a_minute(self) -> float | None:
        """Returns the pace of the last answers, or None before the second."""
        times = [one.judgement.answered_at for one in self.stored[-PACE_OVER - 1 :]]
        gaps = [min(b - a, LONGEST_GAP) for a, b in zip(times, times[1:], strict=False)]
        worked = sum(gaps)
        return 60 * len(gaps) / worked if worked > 0 else None

    def counts(self) -> dict[Comparison, int]:
        """Returns how often each answer was given."""
        given = [one.judgement.answer for one in self.stored]
        return {answer: given.count(answer) for answer in Comparison if answer in given}

    def chosen_left(self) -> tuple[int, int]:
        """Returns how often the left clip was chosen, and how often one of the two was."""
        chosen = [side_of(one.judgement.answer, one.judgement.left) for one in self.stored]
        return chosen.count("left"), sum(side is not None for side in chosen)

    def median_reaction(self) -> float | None:
        """Returns the median reaction time in seconds, or None before the first answer."""
        times = [one.judgement.reaction_seconds for one in self.stored]
        return statistics.median(times) if times else None

    def repeats(self) -> tuple[int, int]:
        """Returns how many pairs that were asked twice were answered alike, and how many were."""
        first: dict[int, Comparison] = {}
        alike = asked = 0
        for judgement in (one.judgement for one in self.stored):
            number = judgement.pair.number
            if judgement.pair.role is Role.LABEL:
                first[number] = judgement.answer
            elif judgement.pair.role is Role.REPEAT and number in first:
                asked += 1
                alike += judgement.answer is first[number]
        return alike, asked

    def agreement(self) -> list[float]:
        """Returns the share of choices that the ensemble had predicted, over time, (n,).

        Each point is over the last `AGREEMENT_OVER` choices. The predictions were made when the
        pair was asked, so that none was learnt from its own answer.
        """
        hits = [hit for one in self.stored if (hit := predicted(one.judgement)) is not None]
        if not hits:
            return []
        sums = np.cumsum([0.0, *hits])
        ends = np.arange(1, len(sums))
        begins = np.maximum(ends - AGREEMENT_OVER, 0)
        return ((sums[ends] - sums[begins]) / (ends - begins)).tolist()


def predicted(judgement: Judgement) -> bool | None:
    """Returns whether the ensemble held the chosen clip for the better one.

    None where nothing was predicted or neither clip was chosen. A member's probability of the
    choice comes from the likelihood that it was fitted by; the ensemble's is their mean.
    """
    returns = judgement.pair.predicted
    if returns is None or judgement.answer not in (Comparison.FIRST, Comparison.SECOND):
        return None
    if not np.isfinite(returns).all():
        return None
    first = float(choice_probability(np.asarray(returns, np.float64)).mean())
    return (first > 0.5) == (judgement.answer is Comparison.FIRST)


def summary(sitting: Sitting, now: float) -> list[tuple[str, str]]:
    """Returns what a person did in a sitting, as pairs of what and how much."""
    seconds = max(now - sitting.began, 0.0)
    time = f"{seconds:.0f} s" if seconds < 60 else f"{seconds / 60:.0f} min"
    rows = [("pairs judged", f"{sitting.labels}"), ("time", time)]
    if sitting.labels_a_minute is not None:
        rows.append(("pace", f"{sitting.labels_a_minute:.1f} a minute"))
    reaction = sitting.median_reaction()
    if reaction is not None:
        rows.append(("median time to answer", f"{reaction:.1f} s"))
    counts = sitting.counts()
    left, chosen = sitting.chosen_left()
    if chosen:
        rows.append(("left clip chosen", f"{left} of {chosen}"))
    for answer, name in ((Comparison.TIE, "equally good"), (Comparison.CANT_TELL, "can't tell")):
        if answer in counts:
            rows.append((name, f"{counts[answer]}"))
    alike, asked = sitting.repeats()
    if asked:
        rows.append(("answered alike when asked again", f"{alike} of {asked}"))
    agreed = _last_choices(sitting.stored)
    if agreed:
        rows.append(("as the reward model expected", f"{sum(agreed)} of {len(agreed)}"))
    return rows


def _last_choices(stored: Sequence[Stored]) -> list[bool]:
    return [hit for one in stored if (hit := predicted(one.judgement)) is not None]
