"""Leases: a query is with one viewer at a time, until it is answered, given back or time is up.

Times are those of the database's own clock.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, Row, delete, or_, select, update

from pbrl.errors import ClipDamaged
from pbrl.segments import Segment
from pbrl.store import conditions, schema, statements
from pbrl.store.connected import Connected
from pbrl.store.database import transaction
from pbrl.store.payload import decode_segment
from pbrl.store.queries import decode_returns
from pbrl.store.records import Leased, Viewer


class Leases(Connected):
    """Who is there, and who has which query."""

    def lease(
        self, run: str, annotator: str, viewer: str, *, count: int, seconds: float
    ) -> list[Leased]:
        """Hands a viewer up to `count` more queries to judge, the lowest numbers first.

        They are open, no standing answer of this annotator is among theirs, no viewer of this
        annotator has them, and no more viewers have them than answers are wanted still. One with a
        damaged clip is withdrawn, with that as the reason, and the next is taken.

        Args:
            run: The run that asked.
            annotator: Who sits at the viewer.
            viewer: The viewer's own identity.
            count: How many, beside those that it has.
            seconds: How long it has them, unless it renews.

        Raises:
            StoreError: If the run was not opened.
        """
        found: list[Leased] = []
        with transaction(self.engine, write=True) as connection:
            statements.lock_run(connection, run)
            now = statements.database_time(connection)
            _see(connection, run, annotator, viewer, now)
            table = schema.leases
            connection.execute(delete(table).where(table.c.run == run, table.c.ends_at <= now))
            _forget_closed(connection, run)
            while len(found) < count:
                rows = _available(connection, run, annotator, viewer, count - len(found))
                if not rows:
                    break
                whole = _whole(connection, run, rows)
                lease = {"run": run, "viewer": viewer, "annotator": annotator}
                lease |= {"ends_at": now + seconds}
                new = [lease | {"number": query.number} for query in whole]
                statements.insert_missing(connection, table, new)
                found += whole
        return found

    def renew(self, run: str, annotator: str, viewer: str, *, seconds: float) -> list[int]:
        """Lets a viewer's leases last for `seconds` from now, and notes that it is there.

        Returns:
            Numbers of the queries that it has; one that is missing has run out before.

        Raises:
            StoreError: If the run was not opened.
        """
        table = schema.leases
        with transaction(self.engine, write=True) as connection:
            statements.require_run(connection, run)
            now = statements.database_time(connection)
            _see(connection, run, annotator, viewer, now)
            mine = (table.c.run == run, table.c.viewer == viewer, table.c.ends_at > now)
            renewed = update(table).where(*mine).values(ends_at=now + seconds)
            return sorted(connection.execute(renewed.returning(table.c.number)).scalars())

    def release(self, run: str, viewer: str, numbers: Sequence[int] | None = None) -> None:
        """Gives a viewer's leases back.

        Args:
            run: The run that asked.
            viewer: The viewer's own identity.
            numbers: Numbers of queries; all that it has if left out.
        """
        table = schema.leases
        mine = delete(table).where(table.c.run == run, table.c.viewer == viewer)
        with transaction(self.engine, write=True) as connection:
            if numbers is None:
                connection.execute(mine)
            else:
                for chunk in statements.chunks(numbers):
                    connection.execute(mine.where(table.c.number.in_(chunk)))

    def viewers(self, run: str, *, within_seconds: float = statements.SEEN_SECONDS) -> list[Viewer]:
        """The viewers that were heard of within the last seconds, by their identity."""
        table = schema.viewers
        with transaction(self.engine) as connection:
            since = statements.database_time(connection) - within_seconds
            query = (
                select(table.c.viewer, table.c.annotator, table.c.seen_at)
                .where(table.c.run == run, table.c.seen_at > since)
                .order_by(table.c.viewer)
            )
            return [Viewer(*row) for row in connection.execute(query)]

    def leave(self, run: str, viewer: str) -> None:
        """Takes out a viewer that closes, and its leases."""
        with transaction(self.engine, write=True) as connection:
            for table in (schema.viewers, schema.leases):
                mine = (table.c.run == run, table.c.viewer == viewer)
                connection.execute(delete(table).where(*mine))


def _see(connection: Connection, run: str, annotator: str, viewer: str, now: float) -> None:
    """Notes that a viewer is there."""
    row = {"run": run, "viewer": viewer, "annotator": annotator, "seen_at": now}
    statements.put(connection, schema.viewers, row)


def _forget_closed(connection: Connection, run: str) -> None:
    """Takes the queries that are not open out of those that wait.

    Only who has locked the run may do so: a retraction opens a query again, under the same lock.
    """
    waiting = schema.waiting
    closed = (waiting.c.run == run, ~conditions.is_open())
    connection.execute(delete(waiting).where(*closed))


def _available(
    connection: Connection, run: str, annotator: str, viewer: str, count: int
) -> Sequence[Row]:
    """The next queries for a viewer; leases that have run out must be gone."""
    waiting, answers, leases = schema.waiting, schema.answers, schema.leases
    mine = or_(leases.c.annotator == annotator, leases.c.viewer == viewer)
    labels = conditions.count_of(answers, waiting, conditions.is_label())
    about_to_come = conditions.count_of(leases, waiting)
    numbers = (
        select(waiting.c.number)
        .where(waiting.c.run == run, ~conditions.withdrawn(waiting))
        .where(labels + about_to_come < waiting.c.wanted)
        .where(~conditions.judged(annotator), conditions.count_of(leases, waiting, mine) == 0)
        .order_by(waiting.c.number)
        .limit(count)
    )
    found = connection.execute(numbers).scalars().all()
    table = schema.queries
    columns = (table.c.number, table.c.kind, table.c.step, table.c.posted_at)
    query = select(*columns, table.c.predicted_returns)
    query = query.where(table.c.run == run, table.c.number.in_(found)).order_by(table.c.number)
    return connection.execute(query).all()


def _whole(connection: Connection, run: str, rows: Sequence[Row]) -> list[Leased]:
    """The queries with their clips, without those of which one is damaged: they are withdrawn."""
    options, clips = schema.query_segments, schema.segments
    query = (
        select(options.c.number, clips.c.hash, statements.payload(connection))
        .join_from(options, clips)
        .where(options.c.run == run, options.c.number.in_([row.number for row in rows]))
        .order_by(options.c.position)
    )
    whole: dict[int, tuple[Segment, ...]] = {row.number: () for row in rows}
    damaged: dict[int, str] = {}
    for number, content_hash, payload in connection.execute(query):
        try:
            whole[number] += (decode_segment(content_hash, payload),)
        except ClipDamaged:
            damaged.setdefault(number, f"damaged clip {content_hash}")
    now = statements.database_time(connection)
    withdrawn = [
        {"run": run, "number": number, "reason": reason, "withdrawn_at": now}
        for number, reason in damaged.items()
    ]
    statements.insert_missing(connection, schema.withdrawals, withdrawn)
    return [
        Leased(
            number=row.number,
            kind=row.kind,
            step=row.step,
            posted_at=row.posted_at,
            segments=whole[row.number],
            predicted_returns=decode_returns(row.predicted_returns),
        )
        for row in rows
        if row.number not in damaged
    ]
