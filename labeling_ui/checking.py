"""Which pairs are asked besides the open ones, to see how far the answers can be relied on."""

from dataclasses import dataclass, field

import numpy as np

from labeling_ui.pairs import Role

REPEAT_AFTER = 10
"""Answers between a pair and its repetition, so that it is judged and not remembered."""


@dataclass(frozen=True, slots=True)
class Check:
    """A pair to be asked as a check."""

    number: int
    """The query's number."""
    role: Role
    """Repeat or gold."""
    left: int | None
    """The clip that must stand left; None: drawn."""


@dataclass(slots=True)
class Checks:
    """What this person could be asked again, and the gold pairs that they have not seen."""

    rng: np.random.Generator
    """Draws when a check is asked, and which."""
    share: float
    """Chance of a repeat, and of a gold pair, for each label."""
    gold: set[int] = field(default_factory=set)
    """Numbers of the gold pairs that are still to be asked."""
    answered: list[tuple[int, int]] = field(default_factory=list)
    """Number and left clip of each label given, and not asked again yet, in order."""

    def label_given(self, number: int, left: int) -> None:
        """Notes an answer that could be asked for again."""
        self.answered.append((number, left))

    def taken_back(self, number: int) -> None:
        """Notes that a pair has no answer any more."""
        self.answered = [one for one in self.answered if one[0] != number]

    def due(self) -> list[Check]:
        """Returns the checks to ask before the next label: mostly none."""
        checks = []
        ripe = self.answered[:-REPEAT_AFTER]
        if ripe and self.rng.random() < self.share:
            number, left = ripe[self.rng.integers(len(ripe))]
            self.taken_back(number)
            checks.append(Check(number, Role.REPEAT, 1 - left))
        if self.gold and self.rng.random() < self.share:
            number = int(self.rng.choice(sorted(self.gold)))
            self.gold.remove(number)
            checks.append(Check(number, Role.GOLD, None))
        return checks
