"""What goes into the label store and comes out of it. Times are seconds since 1970, UTC."""

from dataclasses import dataclass

import numpy as np

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
    predicted_returns: np.ndarray | None = None
    """(E, K) what each member predicted for each clip when it was asked, before any answer."""
    wanted: int = 1
    """Answers by different people that it should get; with 0 it is never handed out."""


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer that stands: it was given to be learnt from, and not taken back."""

    id: int
    """The answer's identity, by which it can be retracted."""
    number: int
    """Number of the query in its run."""
    text: str
    """The answer in its kind's stored form."""
    annotator: str
    """Who answered."""


@dataclass(frozen=True, slots=True)
class AnswerRecord:
    """All that is known of one answer, also of one that was taken back."""

    id: int
    """The answer's identity."""
    number: int
    """Number of the query in its run."""
    text: str
    """The answer in its kind's stored form."""
    annotator: str
    """Who answered."""
    synthetic: bool
    """Whether a program answered, and no person."""
    role: str
    """"label" is learnt from; "repeat" and "gold" only check the person."""
    left: int | None
    """Position of the option that stood left; None if it was not noted."""
    shown_at: float | None
    """When the clips were first shown."""
    answered_at: float
    """When it was answered."""
    reaction_seconds: float | None
    """Time that the person took."""
    token: str | None
    """The viewer's own identity of the answer, by which a retry is known."""
    strength: int | None
    """1: better, 2: much better; None: that was not asked for, or neither was chosen."""
    retracted_at: float | None
    """When it was taken back; None if it stands."""


@dataclass(frozen=True, slots=True, eq=False)
class QueryRecord:
    """All that is known of one query but its clips and answers."""

    number: int
    """Its number in the run."""
    kind: str
    """Name of the kind of feedback."""
    step: int
    """Environment steps that the run had taken when it asked."""
    posted_at: float
    """When it was asked."""
    wanted: int
    """Answers by different people that it should get."""
    predicted_returns: np.ndarray | None
    """(E, K) float64, as in `Query`."""
    hashes: tuple[str, ...]
    """Content hashes of the K clips."""
    withdrawn: str | None
    """Why it is no longer asked; None if it is."""


@dataclass(frozen=True, slots=True, eq=False)
class Leased:
    """A query that a viewer has for itself until its lease ends."""

    number: int
    """Its number in the run."""
    kind: str
    """Name of the kind of feedback."""
    step: int
    """Environment steps that the run had taken when it asked."""
    posted_at: float
    """When it was asked."""
    segments: tuple[Segment, ...]
    """The K clips; their true rewards are NaN."""
    predicted_returns: np.ndarray | None
    """(E, K) float64, as in `Query`."""


@dataclass(frozen=True, slots=True)
class OpenQuery:
    """A query that still wants answers."""

    number: int
    """Its number in the run."""
    step: int
    """Environment steps that the run had taken when it asked."""
    leased: bool
    """Whether a viewer has it now."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Counts of a run's queries."""

    asked: int
    """All that were posted."""
    answered: int
    """Those with a standing answer that is learnt from."""
    open: int
    """Those that still want answers, leased or not."""
    leased: int
    """The open ones that a viewer has now."""
    withdrawn: int
    """Those that are no longer asked."""
    for_others: int = 0
    """The open ones, not on lease, that the annotator who looks has judged."""


@dataclass(frozen=True, slots=True)
class RunInfo:
    """What the store knows of a run from its opening."""

    run: str
    """Its name."""
    env_id: str
    """The task's Gymnasium id."""
    kind: str
    """Name of the kind of feedback."""
    look_for: str
    """The user's own text of what to judge by; empty if it is the task's."""
    opened_at: float
    """When it was first opened."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """A viewer that was heard of lately."""

    viewer: str
    """Its own identity."""
    annotator: str
    """Who sits at it."""
    seen_at: float
    """When it was last heard of, by the database's clock."""
