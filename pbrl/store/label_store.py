"""The label store: trainers post queries and read answers; whoever answers does the reverse.

Either side can die at any time, restart, or be on another machine. Every method is one transaction:
what it wrote is on the disk when it returns, or nothing was written.
"""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from sqlalchemy import and_, exists, insert, select

from pbrl.errors import StoreError
from pbrl.segments import Segment
from pbrl.store import schema, statements
from pbrl.store.database import open_database, transaction
from pbrl.store.payload import decode_segment
from pbrl.store.records import Answered, Query


class LabelStore:
    """Runs, their queries, and the answers to them, in a SQLite file or a PostgreSQL database."""

    def __init__(self, url_or_path: str | Path) -> None:
        """Opens the store; a SQLite file is created if it is not there.

        Args:
            url_or_path: A path, or a SQLAlchemy URL.

        Raises:
            StoreError: If it cannot be opened, is something else, or has a newer schema.
        """
        self.engine = open_database(url_or_path)

    def close(self) -> None:
        """Lets go of the database."""
        self.engine.dispose()

    def open_run(self, run: str, env_id: str, kind: str) -> None:
        """Makes a run known; without effect if it is.

        Raises:
            StoreError: If the store knows it with another task or kind of feedback.
        """
        row = {"run": run, "env_id": env_id, "kind": kind, "opened_at": time.time()}
        table = schema.runs
        with transaction(self.engine, write=True) as connection:
            statements.insert_missing(connection, table, [row])
            stored = connection.execute(
                select(table.c.env_id, table.c.kind).where(table.c.run == run)
            ).one()
        if tuple(stored) != (env_id, kind):
            raise StoreError(
                f"The store has run {run!r} with task {stored.env_id} and {stored.kind} feedback; "
                f"now it was opened with {env_id} and {kind}. Use another name or another store."
            )

    def runs(self) -> list[str]:
        """The names of the runs that it knows, in the order in which they were opened."""
        query = select(schema.runs.c.run).order_by(schema.runs.c.opened_at)
        with transaction(self.engine) as connection:
            return list(connection.execute(query).scalars())

    def post(self, run: str, queries: Sequence[Query]) -> None:
        """Asks queries; one whose number the run has posted before stands as it was then.

        Work that is redone after a crash posts again, possibly other clips (on a GPU, say): what
        counts is what `segments` returns afterwards.

        Raises:
            StoreError: If the run was not opened.
        """
        with transaction(self.engine, write=True) as connection:
            statements.require_run(connection, run)
            posted = statements.posted_numbers(connection, run, [q.number for q in queries])
            new = [query for query in queries if query.number not in posted]
            for table, rows in (
                (schema.segments, statements.segment_rows(new)),
                (schema.queries, statements.query_rows(run, new, posted_at=time.time())),
                (schema.query_segments, statements.query_segment_rows(run, new)),
            ):
                statements.insert_missing(connection, table, rows)

    def answer(
        self,
        run: str,
        number: int,
        text: str,
        annotator: str,
        *,
        shown_at: float | None = None,
        answered_at: float | None = None,
        reaction_seconds: float | None = None,
    ) -> int:
        """Adds a person's answer; each call is an answer of its own.

        Args:
            run: The run that asked.
            number: The query's number in it.
            text: The answer in its kind's stored form.
            annotator: Who answered.
            shown_at: When the clips were first shown, in seconds since 1970, UTC.
            answered_at: When it was answered; now if left out.
            reaction_seconds: Time the person took.

        Returns:
            The answer's id, by which it can be retracted.

        Raises:
            StoreError: If there is no such query.
        """
        row = {
            "run": run,
            "number": number,
            "text": text,
            "annotator": annotator,
            "synthetic": False,
            "shown_at": shown_at,
            "answered_at": time.time() if answered_at is None else answered_at,
            "reaction_seconds": reaction_seconds,
        }
        with transaction(self.engine, write=True) as connection:
            statements.require_queries(connection, run, [number])
            added = insert(schema.answers).returning(schema.answers.c.id)
            return connection.execute(added, row).scalar_one()

    def answer_many(self, run: str, texts: Mapping[int, str], annotator: str) -> None:
        """Adds a synthetic annotator's answers; those it has given before stand as they are.

        Args:
            run: The run that asked.
            texts: Answers in their kind's stored form, by the query's number.
            annotator: Name of the synthetic annotator.

        Raises:
            StoreError: If there is no such query; none of the answers is added then.
        """
        common = {"run": run, "annotator": annotator, "synthetic": True, "answered_at": time.time()}
        rows = [common | {"number": number, "text": text} for number, text in texts.items()]
        with transaction(self.engine, write=True) as connection:
            statements.require_queries(connection, run, list(texts))
            statements.insert_missing(connection, schema.answers, rows)

    def retract(self, answer_id: int, annotator: str) -> None:
        """Takes an answer back: it stays in the store, a retraction is added.

        Raises:
            StoreError: If there is no such answer.
        """
        row = {"answer_id": answer_id, "annotator": annotator, "retracted_at": time.time()}
        table = schema.answers
        with transaction(self.engine, write=True) as connection:
            if not connection.execute(select(table.c.id).where(table.c.id == answer_id)).all():
                raise StoreError(f"The store has no answer {answer_id} to take back.")
            statements.insert_missing(connection, schema.retractions, [row])

    def answers(self, run: str, *, first: int = 0, below: int | None = None) -> list[Answered]:
        """The answers that stand, to the queries with `first` <= number < `below`.

        They come by number, and those to one query in the order in which they were given.
        """
        table = schema.answers
        query = select(table.c.id, table.c.number, table.c.text, table.c.annotator).where(
            table.c.run == run, table.c.number >= first, ~statements.retracted()
        )
        if below is not None:
            query = query.where(table.c.number < below)
        with transaction(self.engine) as connection:
            rows = connection.execute(query.order_by(table.c.number, table.c.id))
            return [Answered(*row) for row in rows]

    def unanswered(self, run: str) -> list[int]:
        """Numbers of the queries to which no answer stands, in order."""
        table, answers = schema.queries, schema.answers
        same_query = and_(answers.c.run == table.c.run, answers.c.number == table.c.number)
        query = (
            select(table.c.number)
            .where(table.c.run == run, ~exists().where(same_query, ~statements.retracted()))
            .order_by(table.c.number)
        )
        with transaction(self.engine) as connection:
            return list(connection.execute(query).scalars())

    def segments(
        self, run: str, numbers: Sequence[int], *, true_rewards: bool = True
    ) -> dict[int, tuple[Segment, ...]]:
        """The clips of queries, by the query's number.

        Args:
            run: The run that asked.
            numbers: Numbers of queries.
            true_rewards: Whether to read the true rewards. A learner or a viewer has no use for
                them: it gets NaN.

        Raises:
            StoreError: If there is no such query, or a clip is damaged.
        """
        options, clips = schema.query_segments, schema.segments
        columns = [options.c.number, clips.c.hash, clips.c.payload]
        columns += [options.c.true_rewards] if true_rewards else []
        query = select(*columns).join_from(options, clips).order_by(options.c.position)
        found: dict[int, tuple[Segment, ...]] = dict.fromkeys(numbers, ())
        with transaction(self.engine) as connection:
            statements.require_queries(connection, run, numbers)
            for chunk in statements.chunks(numbers):
                asked = query.where(options.c.run == run, options.c.number.in_(chunk))
                for number, *stored in connection.execute(asked):
                    found[number] += (decode_segment(*stored),)
        return found
