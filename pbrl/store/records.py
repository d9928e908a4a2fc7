"""What goes into the label store and comes out of it."""

from dataclasses import dataclass

from pbrl.segments import Segment


@dataclass(frozen=True, slots=True, eq=False)
class Query:
    """A question about K clips of one run."""

    number: int
    """Counted from 0 within the run; with the run's name, the query's identity."""
    kind: str
    """Name of the kind of feedback."""
    segments: tuple[Segment, ...]
    """The K clips, in the order in which they are shown."""
    step: int
    """Environment steps that the run had taken when it asked."""


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer that stands: it was given and not taken back."""

    id: int
    """The answer's identity, by which it can be retracted."""
    number: int
    """Number of the query in its run."""
    text: str
    """The answer in its kind's stored form."""
    annotator: str
    """Who answered."""
