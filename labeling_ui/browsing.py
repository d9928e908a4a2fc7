"""Leafing through the answers that one gave."""

from collections.abc import Sequence

from labeling_ui.pairs import Earlier


class Browsing:
    """A place in the list of one's answers.

    Attributes:
        answers: They, in the order in which they were given; None: not read yet.
        at: The one that is shown.
        missing: Whether its clips cannot be shown.
    """

    def __init__(self) -> None:
        self.answers: tuple[Earlier, ...] | None = None
        self.at, self.missing = 0, False

    @property
    def entry(self) -> Earlier | None:
        """Returns the answer that is shown, or None."""
        return self.answers[self.at] if self.answers else None

    def open(self, answers: Sequence[Earlier]) -> Earlier | None:
        """Takes the answers and returns the last, which is shown first; None if there is none."""
        self.answers, self.at, self.missing = tuple(answers), max(len(answers) - 1, 0), False
        return self.entry

    def move(self, steps: int) -> Earlier | None:
        """Goes to an earlier (-1) or later (+1) answer; returns it, or None at the end."""
        if not self.answers or not 0 <= self.at + steps < len(self.answers):
            return None
        self.at, self.missing = self.at + steps, False
        return self.entry
