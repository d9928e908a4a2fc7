"""Clips: read with a check of their hash, and evicted when no one will want them."""

import time
from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, func, or_, select, update

from pbrl.errors import StoreError
from pbrl.segments import Segment
from pbrl.store import conditions, schema, statements
from pbrl.store.connected import Connected
from pbrl.store.database import transaction
from pbrl.store.payload import decode_segment


class Clips(Connected):
    """The clips in a label store."""

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
            ClipDamaged: If a clip is damaged.
            StoreError: If there is no such query, or a clip was evicted.
        """
        options, clips = schema.query_segments, schema.segments
        rewards = [options.c.true_rewards] if true_rewards else []
        found: dict[int, tuple[Segment, ...]] = dict.fromkeys(numbers, ())
        with transaction(self.engine) as connection:
            statements.require_queries(connection, run, numbers)
            columns = (options.c.number, clips.c.hash, statements.payload(connection), *rewards)
            query = select(*columns).join_from(options, clips).order_by(options.c.position)
            for chunk in statements.chunks(numbers):
                asked = query.where(options.c.run == run, options.c.number.in_(chunk))
                for number, *stored in connection.execute(asked):
                    found[number] += (_decode(*stored),)
        return found

    def size_bytes(self) -> int:
        """The bytes of all clips, of all runs."""
        with transaction(self.engine) as connection:
            return int(connection.execute(select(statements.stored_bytes())).scalar_one())

    def evict(self, budget_bytes: int) -> int:
        """Frees the space of clips that no one will want, the oldest first, until the rest fits.

        Those are the clips that belong only to queries that were withdrawn, were never answered
        (not even by an answer that was taken back), are no one's lease and have no known answer.
        If the others alone exceed the budget, they stay.

        Args:
            budget_bytes: Bytes that all clips of all runs may have together.

        Returns:
            Bytes that were freed. The file does not shrink: what is posted next fills it.
        """
        with transaction(self.engine, write=True) as connection:
            size = connection.execute(select(statements.stored_bytes())).scalar_one()
            if size <= budget_bytes:
                return 0
            now = statements.database_time(connection)
            chosen, freed = [], 0
            for clip in connection.execute(_evictable(now)):
                if size - freed <= budget_bytes:
                    break
                chosen.append(clip.hash)
                freed += clip.length
            for chunk in statements.chunks(chosen):
                _free(connection, chunk)
            return freed


def _decode(content_hash: str, payload: bytes, true_rewards: bytes | None = None) -> Segment:
    if not payload:
        raise StoreError(
            f"The clip {content_hash} was evicted from the label store to free its space: its "
            "queries were withdrawn, and no one had answered them."
        )
    return decode_segment(content_hash, payload, true_rewards)


def _evictable(now: float) -> Select:
    """Selects hash and length of the clips that no one will want, the oldest first."""
    clips, options, table = schema.segments, schema.query_segments, schema.queries
    length = func.length(clips.c.payload)
    return (
        select(clips.c.hash, length.label("length"))
        .join_from(clips, options, options.c.segment == clips.c.hash)
        .join(table, and_(table.c.run == options.c.run, table.c.number == options.c.number))
        .where(length > 0)
        .group_by(clips.c.hash)
        .having(func.count().filter(_still_wanted(now)) == 0)
        .order_by(func.min(table.c.posted_at), func.min(table.c.number), clips.c.hash)
    )


def _still_wanted(now: float) -> ColumnElement[bool]:
    """Whether a query's clips must stay."""
    answered, gold = schema.answers, schema.gold_marks
    return or_(
        ~conditions.withdrawn(),
        exists().where(conditions.of_the_query(answered)),
        exists().where(conditions.of_the_query(gold)),
        conditions.leased(now),
    )


def _free(connection: Connection, hashes: Sequence[str]) -> None:
    """Empties clips, and notes the queries that had them."""
    clips, options = schema.segments, schema.query_segments
    connection.execute(update(clips).where(clips.c.hash.in_(hashes)).values(payload=b""))
    query = select(options.c.run, options.c.number).where(options.c.segment.in_(hashes)).distinct()
    rows = [
        {"run": run, "number": number, "evicted_at": time.time()}
        for run, number in connection.execute(query)
    ]
    statements.insert_missing(connection, schema.evictions, rows)
