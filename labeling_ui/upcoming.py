"""The pairs to come at a sitting, in the order in which they are judged."""

from collections import deque
from collections.abc import Iterable, Iterator

from labeling_ui.pairs import Pair, Role


class Upcoming:
    """Pairs that wait for the person: practice before all others.

    Attributes:
        preparing: Whether practice pairs are still being made: until then none is given out.
        practice_total: Practice pairs in all.
        practice_left: Those that are not judged yet.
    """

    def __init__(self) -> None:
        """Begins with none."""
        self.preparing, self.practice_left, self.practice_total = False, 0, 0
        self._pairs: deque[Pair] = deque()

    def __iter__(self) -> Iterator[Pair]:
        """Goes through them, the next one first."""
        return iter(self._pairs)

    def add(self, pairs: Iterable[Pair]) -> None:
        """Takes pairs: practice to the front, in its order, the others to the end."""
        pairs = list(pairs)
        practice = [pair for pair in pairs if pair.role is Role.PRACTICE]
        self.practice_total += len(practice)
        self.practice_left += len(practice)
        self._pairs.extendleft(reversed(practice))
        self._pairs.extend(pair for pair in pairs if pair.role is not Role.PRACTICE)

    def put_back(self, pair: Pair) -> None:
        """Makes a pair that was taken out the next one."""
        self._pairs.appendleft(pair)

    def take(self) -> Pair | None:
        """Takes out the next pair; None if there is none, or practice is still being made."""
        return self._pairs.popleft() if self._pairs and not self.preparing else None

    def practised(self) -> bool:
        """Counts a practice pair as judged; returns whether it was the last."""
        self.practice_left -= 1
        return self.practice_left == 0

    def without_one_practice(self) -> bool:
        """Counts out a practice pair that is not judged; returns whether it was the last."""
        self.practice_total -= 1
        return self.practised()

    def clear(self) -> list[Pair]:
        """Takes out all pairs, waits for no practice any more, and returns them."""
        pairs = list(self._pairs)
        self._pairs.clear()
        self.preparing = False
        return pairs

    def drop(self, key: str) -> Pair | None:
        """Takes out the pair that has the clip with this key; returns it if there was one."""
        found = next((pair for pair in self._pairs if pair.has_clip(key)), None)
        self._keep(pair for pair in self._pairs if pair is not found)
        return found

    def forget(self, number: int) -> None:
        """Takes out a pair that was asked for; one that only checks the person stays."""
        self._keep(
            pair for pair in self._pairs if pair.number != number or pair.role is not Role.LABEL
        )

    def keep_own(self) -> None:
        """Takes out all pairs that other people might judge: practice and checks stay."""
        self._keep(pair for pair in self._pairs if pair.role is not Role.LABEL)

    def _keep(self, pairs: Iterable[Pair]) -> None:
        self._pairs = deque(pairs)
