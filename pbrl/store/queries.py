"""Queries: asked once, and perhaps withdrawn; some have answers that are known."""

import json
import time
from collections.abc import Mapping, Sequence

import numpy as np
from sqlalchemy import Connection, func, select

from pbrl.store import conditions, schema, statements
from pbrl.store.connected import Connected
from pbrl.store.database import transaction
from pbrl.store.payload import encode_payload, encode_true_rewards
from pbrl.store.records import OpenQuery, Progress, Query, QueryRecord
from pbrl.store.statements import Row

KNOWN = "its answer is known, and it checks people"
"""Why a query is withdrawn that was marked as gold."""


class Queries(Connected):
    """The queries of a label store."""

    def post(self, run: str, queries: Sequence[Query]) -> None:
        """Asks queries; one whose number the run has posted before stands as it was then.

        Work that is redone after a crash posts again, possibly other clips (on a GPU, say): what
        counts is what `segments` returns afterwards.

        Raises:
            StoreError: If the run was not opened.
        """
        with transaction(self.engine, write=True) as connection:
            statements.require_run(connection, run)
            new = _insert_new(connection, run, queries)
            waiting = [
                {"run": run, "number": query.number, "step": query.step, "wanted": query.wanted}
                for query in new
            ]
            statements.insert_missing(connection, schema.waiting, waiting)
            _insert_clips(connection, new)
            statements.insert_missing(connection, schema.query_segments, _option_rows(run, new))

    def queries(self, run: str, numbers: Sequence[int] | None = None) -> list[QueryRecord]:
        """All that is known of queries but clips and answers, by number.

        Args:
            run: The run that asked.
            numbers: Numbers of queries; all of the run if left out.

        Raises:
            StoreError: If there is no such query.
        """
        with transaction(self.engine) as connection:
            if numbers is None:
                return _query_records(connection, run, None)
            statements.require_queries(connection, run, numbers)
            pieces = statements.chunks(sorted(set(numbers)))
            return [found for some in pieces for found in _query_records(connection, run, some)]

    def withdraw(self, run: str, numbers: Sequence[int], reason: str) -> None:
        """Asks queries no longer; who has one on lease may still answer it.

        Args:
            run: The run that asked.
            numbers: Numbers of queries; for one that was withdrawn before, the first reason counts.
            reason: Why, in words.

        Raises:
            StoreError: If there is no such query.
        """
        common = {"run": run, "reason": reason, "withdrawn_at": time.time()}
        rows = [common | {"number": number} for number in numbers]
        with transaction(self.engine, write=True) as connection:
            statements.require_queries(connection, run, numbers)
            statements.insert_missing(connection, schema.withdrawals, rows)

    def unanswered(self, run: str) -> list[int]:
        """Numbers of the queries to which no answer stands, in order, withdrawn ones included."""
        table = schema.queries
        query = (
            select(table.c.number)
            .where(table.c.run == run, ~conditions.answered())
            .order_by(table.c.number)
        )
        with transaction(self.engine) as connection:
            return list(connection.execute(query).scalars())

    def open_queries(self, run: str) -> list[OpenQuery]:
        """The queries that still want answers, by number."""
        table = schema.waiting
        with transaction(self.engine) as connection:
            leased = conditions.leased(statements.database_time(connection), table)
            query = select(table.c.number, table.c.step, leased)
            query = query.where(table.c.run == run, conditions.is_open()).order_by(table.c.number)
            rows = connection.execute(query)
            return [OpenQuery(number, step, bool(leased)) for number, step, leased in rows]

    def progress(self, run: str, annotator: str | None = None) -> Progress:
        """Counts of the run's queries.

        Args:
            run: The run that asked.
            annotator: Who looks; None: nobody who judges.
        """
        queries, answers, withdrawals = schema.queries, schema.answers, schema.withdrawals
        answered = select(func.count(answers.c.number.distinct()))
        waiting = schema.waiting
        is_open = select(func.count()).where(waiting.c.run == run, conditions.is_open())
        with transaction(self.engine) as connection:
            now = statements.database_time(connection)
            leased = conditions.leased(now, waiting)
            counted = (
                select(func.count()).where(queries.c.run == run),
                answered.where(answers.c.run == run, conditions.is_label()),
                is_open,
                is_open.where(leased),
                select(func.count()).where(withdrawals.c.run == run),
                is_open.where(~leased, conditions.judged(annotator)),
            )
            query = select(*(count.scalar_subquery() for count in counted))
            return Progress(*connection.execute(query).one())

    def next_number(self, run: str) -> int:
        """The number that follows the highest that was posted; 0 if there is none."""
        table = schema.queries
        with transaction(self.engine) as connection:
            query = select(func.max(table.c.number)).where(table.c.run == run)
            highest = connection.execute(query).scalar_one()
        return 0 if highest is None else highest + 1

    def mark_gold(self, run: str, number: int, text: str) -> None:
        """Notes the answer that is known of a query, to check people by it; the last note counts.

        A query that nobody has answered is withdrawn: what checks people is not learnt from, and
        the run would wait for it in vain.

        Raises:
            StoreError: If there is no such query.
        """
        now = time.time()
        row = {"run": run, "number": number, "text": text, "marked_at": now}
        known = {"run": run, "number": number, "reason": KNOWN, "withdrawn_at": now}
        table = schema.queries
        unanswered = select(table.c.number).where(
            table.c.run == run, table.c.number == number, ~conditions.answered()
        )
        with transaction(self.engine, write=True) as connection:
            statements.require_queries(connection, run, [number])
            connection.execute(schema.gold_marks.insert(), row)
            if connection.execute(unanswered).first() is not None:
                statements.insert_missing(connection, schema.withdrawals, [known])

    def gold(self, run: str) -> dict[int, str]:
        """The known answers in their kind's stored form, by the query's number."""
        table = schema.gold_marks
        query = select(table.c.number, table.c.text).where(table.c.run == run).order_by(table.c.id)
        with transaction(self.engine) as connection:
            return dict(sorted(tuple(row) for row in connection.execute(query)))


def decode_returns(text: str | None) -> np.ndarray | None:
    """The (E, K) float64 returns from their stored form."""
    return None if text is None else np.array(json.loads(text), np.float64)


def _encode_returns(returns: np.ndarray | None) -> str | None:
    return None if returns is None else json.dumps(np.asarray(returns, np.float64).tolist())


def _insert_new(connection: Connection, run: str, queries: Sequence[Query]) -> list[Query]:
    """Adds the queries that were not posted before, and returns them."""
    common = {"run": run, "posted_at": time.time()}
    rows: list[Row] = [
        common
        | {
            "number": query.number,
            "kind": query.kind,
            "step": query.step,
            "wanted": query.wanted,
            "predicted_returns": _encode_returns(query.predicted_returns),
        }
        for query in queries
    ]
    if not rows:
        return []
    table = schema.queries
    added = statements.insert_into(connection, table).on_conflict_do_nothing()
    numbers = set(connection.execute(added.returning(table.c.number), rows).scalars())
    return [query for query in queries if query.number in numbers]


def _insert_clips(connection: Connection, queries: Sequence[Query]) -> None:
    """Adds the clips that are not there, and those that were and are evicted.

    In the order of their hashes, so that two that add the same never wait for one another.
    """
    clips: Mapping[str, Row] = {
        segment.content_hash: {"hash": segment.content_hash, "payload": encode_payload(segment)}
        for query in queries
        for segment in query.segments
    }
    if not clips:
        return
    added = statements.insert_into(connection, schema.segments)
    restored = added.on_conflict_do_update(
        index_elements=["hash"],
        set_={"payload": added.excluded.payload},
        where=func.length(schema.segments.c.payload) == 0,
    )
    connection.execute(restored, [clips[content_hash] for content_hash in sorted(clips)])


def _option_rows(run: str, queries: Sequence[Query]) -> list[Row]:
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


def _query_records(
    connection: Connection, run: str, numbers: Sequence[int] | None
) -> list[QueryRecord]:
    table, options, reasons = schema.queries, schema.query_segments, schema.withdrawals
    asked = [table.c.run == run]
    hashes_of = select(options.c.number, options.c.segment).where(options.c.run == run)
    if numbers is not None:
        asked.append(table.c.number.in_(numbers))
        hashes_of = hashes_of.where(options.c.number.in_(numbers))
    hashes: dict[int, tuple[str, ...]] = {}
    for number, content_hash in connection.execute(hashes_of.order_by(options.c.position)):
        hashes[number] = (*hashes.get(number, ()), content_hash)
    columns = (table.c.number, table.c.kind, table.c.step, table.c.posted_at, table.c.wanted)
    query = (
        select(*columns, table.c.predicted_returns, reasons.c.reason)
        .outerjoin_from(table, reasons, conditions.of_the_query(reasons))
        .where(*asked)
        .order_by(table.c.number)
    )
    return [
        QueryRecord(
            number=row.number,
            kind=row.kind,
            step=row.step,
            posted_at=row.posted_at,
            wanted=row.wanted,
            predicted_returns=decode_returns(row.predicted_returns),
            hashes=hashes.get(row.number, ()),
            withdrawn=row.reason,
        )
        for row in connection.execute(query)
    ]
