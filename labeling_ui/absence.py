"""Whether the person is still there: pairs that nobody looks at are for others."""


class Absence:
    """Tells from the time without an action whether the person is away.

    Attributes:
        away: Whether the person is away.
    """

    def __init__(self) -> None:
        """Begins with a person who is there."""
        self.away, self._for_good, self._idle = False, False, 0.0

    def tick(self, seconds: float, limit: float) -> bool:
        """Lets time pass; returns whether the person has been away from now on.

        Args:
            seconds: How much.
            limit: Time without an action after which the person is away, s.
        """
        self._idle += seconds
        begins = not self.away and self._idle >= limit
        self.away |= begins
        return begins

    def end(self) -> bool:
        """Notes that the person did something; returns whether that ends an absence."""
        self._idle = 0.0
        ended, self.away = self.away and not self._for_good, self._for_good
        return ended

    def for_good(self) -> None:
        """Takes the person to be away, whatever is done: nothing can be judged here."""
        self.away = self._for_good = True
