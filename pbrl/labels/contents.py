"""What a label store holds of some runs, as facts that travel: to a file, or to another store.

Facts name one another by what they are (a run by its name, a query by its number, a clip by its
content hash, an answer by its token), never by a row of a database.
"""

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from pbrl.store import AnswerRecord, LabelStore, QueryRecord, schema, statements
from pbrl.store.database import transaction
from pbrl.store.payload import decode_segment

Clips = Mapping[str, bytes]
"""Payloads of clips by content hash; one whose payload was evicted is empty."""


@dataclass(frozen=True, slots=True)
class RunFacts:
    """A run; times, here and below, are seconds since 1970, UTC."""

    run: str
    """Its name."""
    env_id: str
    """Its task."""
    kind: str
    """Its kind of feedback."""
    look_for: str
    """The user's own text of what to judge by; empty: the task's."""
    opened_at: float
    """When the store first knew it."""
    line: int = 0
    """Where it stands in a file."""


@dataclass(frozen=True, slots=True)
class QueryFacts:
    """A query."""

    run: str
    """Which run asked."""
    number: int
    """Its number in the run."""
    kind: str
    """Its kind of feedback."""
    step: int
    """Environment steps that the run had taken when it asked."""
    posted_at: float
    """When it asked."""
    wanted: int
    """Answers by different people that it should get."""
    clips: tuple[str, ...]
    """Content hashes of its K clips, in order."""
    predicted_returns: tuple[tuple[float, ...], ...] | None
    """(E, K), each member's predicted returns when it was asked."""
    withdrawn: str | None
    """Why it is asked no longer, None if it was not withdrawn."""
    gold: str | None
    """The answer that is known to be right, None where none is known."""
    true_rewards: tuple[str, ...] = ()
    """Of each clip, little-endian float64 in base64; empty where clips do not travel along."""
    line: int = 0
    """Where it stands in a file."""


@dataclass(frozen=True, slots=True)
class AnswerFacts:
    """An answer, with what it takes to know what it is about."""

    run: str
    """Which run asked."""
    env_id: str
    """The run's task."""
    kind: str
    """Its kind of feedback."""
    number: int
    """The query's number."""
    clips: tuple[str, ...]
    """Content hashes of the query's clips."""
    id: int
    """Its id in the store that it comes from."""
    text: str
    """The answer in its kind's stored form."""
    annotator: str
    """Who answered."""
    synthetic: bool
    """Whether a program did."""
    role: str
    """label, repeat or gold."""
    left: int | None
    """Position of the clip that stood left."""
    shown_at: float | None
    """When the clips were first shown."""
    answered_at: float
    """When it was answered."""
    reaction_seconds: float | None
    """Time taken."""
    token: str | None
    """Made by the viewer, unique."""
    strength: int | None
    """1: better, 2: much better; None: that was not asked for, or neither was chosen."""
    retracted_at: float | None
    """When it was taken back, None if it stands."""
    line: int = 0
    """Where it stands in a file."""


@dataclass(frozen=True, slots=True)
class Contents:
    """Facts of some runs, and the clips that travel along."""

    runs: tuple[RunFacts, ...]
    """The runs."""
    queries: tuple[QueryFacts, ...]
    """Their queries, by run and number."""
    answers: tuple[AnswerFacts, ...]
    """Their answers, by run and id; those that were taken back too."""
    clips: Clips
    """Payloads; empty where no clips travel along."""


class StoredClips(Clips):
    """The payloads of clips in a store, read one at a time, when asked for.

    Args:
        store: The store.
        hashes: Which clips.
    """

    def __init__(self, store: LabelStore, hashes: Sequence[str]) -> None:
        self._store, self._hashes = store, dict.fromkeys(hashes)

    def __getitem__(self, content_hash: str) -> bytes:
        """Returns a payload, undamaged or empty.

        Raises:
            ClipDamaged: It is damaged.
        """
        if content_hash not in self._hashes:
            raise KeyError(content_hash)
        table = schema.segments
        with transaction(self._store.engine) as connection:
            query = select(statements.payload(connection)).where(table.c.hash == content_hash)
            payload = connection.execute(query).scalar_one()
        if payload:
            decode_segment(content_hash, payload)
        return payload

    def __iter__(self) -> Iterator[str]:
        """Goes through the hashes."""
        return iter(self._hashes)

    def __len__(self) -> int:
        """Returns the number of clips."""
        return len(self._hashes)


def store_contents(store: LabelStore, runs: Sequence[str], *, clips: bool) -> Contents:
    """Returns what a store holds of some runs.

    Args:
        store: The store.
        runs: Names of runs in it.
        clips: Whether clips and their true rewards travel along.

    Raises:
        StoreError: A run is not in the store.
    """
    infos = [store.run_info(run) for run in runs]
    # Answers are read first: whatever they are about has been posted by then.
    answers = {run: store.answer_records(run, retracted=True) for run in runs}
    queries = {run: {q.number: q for q in store.queries(run)} for run in runs}
    hashes = [h for run in runs for q in queries[run].values() for h in q.hashes] if clips else []
    return Contents(
        tuple(RunFacts(i.run, i.env_id, i.kind, i.look_for, i.opened_at) for i in infos),
        tuple(fact for run in runs for fact in _query_facts(store, run, queries[run], clips)),
        tuple(
            _answer_facts(info.run, info.env_id, info.kind, queries[info.run][a.number], a)
            for info in infos
            for a in answers[info.run]
        ),
        StoredClips(store, hashes),
    )


def _query_facts(
    store: LabelStore, run: str, queries: dict[int, QueryRecord], clips: bool
) -> Iterator[QueryFacts]:
    gold = store.gold(run)
    rewards = _true_rewards(store, run) if clips else {}
    for number, query in queries.items():
        returns = query.predicted_returns
        yield QueryFacts(
            *(run, number, query.kind, query.step, query.posted_at, query.wanted, query.hashes),
            None if returns is None else tuple(tuple(map(float, member)) for member in returns),
            *(query.withdrawn, gold.get(number), tuple(rewards.get(number, ()))),
        )


def _answer_facts(
    run: str, env_id: str, kind: str, query: QueryRecord, a: AnswerRecord
) -> AnswerFacts:
    return AnswerFacts(
        *(run, env_id, kind, a.number, query.hashes, a.id, a.text, a.annotator, a.synthetic),
        *(a.role, a.left, a.shown_at, a.answered_at, a.reaction_seconds, a.token, a.strength),
        a.retracted_at,
    )


def _true_rewards(store: LabelStore, run: str) -> dict[int, list[str]]:
    """Returns the true rewards of a run's clips in base64, by query and in order."""
    table = schema.query_segments
    query = select(table.c.number, table.c.true_rewards).where(table.c.run == run)
    found: dict[int, list[str]] = {}
    with transaction(store.engine) as connection:
        rows = connection.execute(query.order_by(table.c.number, table.c.position))
        for number, rewards in rows:
            found.setdefault(number, []).append(base64.b64encode(rewards).decode())
    return found
