"""The statements that label stores are made of: rows to add, and checks before adding them."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, exists, select
from sqlalchemy.dialects import postgresql, sqlite

from pbrl.errors import StoreError
from pbrl.store import schema
from pbrl.store.payload import encode_payload, encode_true_rewards
from pbrl.store.records import Query

Row = dict[str, Any]

CHUNK = 1000
"""Values named in one statement; SQLite takes some 32,000."""


def chunks(numbers: Sequence[int]) -> Iterator[Sequence[int]]:
    """The numbers in pieces that fit into one statement."""
    for begin in range(0, len(numbers), CHUNK):
        yield numbers[begin : begin + CHUNK]


def insert_missing(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Adds the rows whose keys are not there yet."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    if rows:
        connection.execute(dialect.insert(table).on_conflict_do_nothing(), rows)


def posted_numbers(connection: Connection, run: str, numbers: Sequence[int]) -> set[int]:
    """Those of the numbers under which the run has posted a query."""
    table = schema.queries
    found: set[int] = set()
    for chunk in chunks(numbers):
        query = select(table.c.number).where(table.c.run == run, table.c.number.in_(chunk))
        found.update(connection.execute(query).scalars())
    return found


def require_queries(connection: Connection, run: str, numbers: Sequence[int]) -> None:
    """Raises StoreError unless the run has posted queries under all these numbers."""
    missing = sorted(set(numbers) - posted_numbers(connection, run, numbers))
    if missing:
        named = ", ".join(map(str, missing[:5])) + (", ..." if len(missing) > 5 else "")
        raise StoreError(f"The store has no query {named} of run {run!r}: it was never posted.")


def require_run(connection: Connection, run: str) -> None:
    """Raises StoreError unless the run was opened."""
    known = sorted(connection.execute(select(schema.runs.c.run)).scalars())
    if run not in known:
        there_is = f"There is: {', '.join(known)}." if known else "It has no runs."
        raise StoreError(f"The store has no run {run!r}. {there_is}")


def retracted() -> ColumnElement[bool]:
    """Whether an answer was taken back, as a condition on the answers' table."""
    return exists().where(schema.retractions.c.answer_id == schema.answers.c.id)


def segment_rows(queries: Sequence[Query]) -> list[Row]:
    """One row for each clip."""
    return [
        {"hash": segment.content_hash, "payload": encode_payload(segment)}
        for query in queries
        for segment in query.segments
    ]


def query_rows(run: str, queries: Sequence[Query], posted_at: float) -> list[Row]:
    """One row for each query."""
    return [
        {
            "run": run,
            "number": query.number,
            "kind": query.kind,
            "step": query.step,
            "posted_at": posted_at,
        }
        for query in queries
    ]


def query_segment_rows(run: str, queries: Sequence[Query]) -> list[Row]:
    """One row for each option of each query."""
    return [
        {
            "run": run,
            "number": query.number,
            "position": position,
            "segment": segment.content_hash,
            "true_rewards": encode_true_rewards(segment),
        }
        for query in queries
        for position, segment in enumerate(query.segments)
    ]
