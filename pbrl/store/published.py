"""What a trainer says of itself to the viewers: one row for each run, overwritten as it goes."""

import dataclasses
import json
from dataclasses import dataclass
from typing import Literal, Self

from pbrl.errors import StoreError

MAX_POINTS = 200
"""Points of the curve that are published; the oldest are dropped."""

State = Literal["starting", "acting", "training", "waiting", "finished", "stopped"]


@dataclass(frozen=True, slots=True)
class Published:
    """How a run stands."""

    state: State
    """What the trainer does."""
    phase: str = ""
    """The same in words, with what it works at."""
    waiting_for: str = ""
    """A sentence: why there may be nothing to judge now; empty if there is no reason."""
    progress: float | None = None
    """How much of what is waited for is done, from 0 to 1; None if nobody knows."""
    steps: int = 0
    """Environment steps taken."""
    total_steps: int = 0
    """Environment steps that the run will take."""
    labels: int = 0
    """Answers that were learnt from."""
    label_budget: int = 0
    """Answers that the run wants in all."""
    steps_per_second: float = 0.0
    """Environment steps per second."""
    learned_returns: tuple[tuple[int, float], ...] = ()
    """The last points of a curve: environment steps, mean learned return of an episode."""
    updated_at: float = 0.0
    """When it was published, by the database's clock; set by the store."""

    def __post_init__(self) -> None:
        """Keeps the last points of the curve."""
        points = tuple((int(steps), float(value)) for steps, value in self.learned_returns)
        object.__setattr__(self, "learned_returns", points[-MAX_POINTS:])

    def to_json(self) -> str:
        """Returns it as JSON text."""
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Returns what `to_json` wrote; fields that this version does not know are passed over.

        Raises:
            StoreError: The text is something else.
        """
        known = {field.name for field in dataclasses.fields(cls)}
        try:
            return cls(**{name: value for name, value in json.loads(text).items() if name in known})
        except (ValueError, TypeError, AttributeError) as error:
            raise StoreError(
                f"What the trainer published cannot be read: {text[:80]!r}. It is written anew "
                "when the trainer goes on."
            ) from error
