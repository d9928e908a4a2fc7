"""People: whose names the store holds, and how one is taken off all that it did."""

import secrets
import sqlite3

from sqlalchemy import Connection, Engine, func, select, union, update

from pbrl.errors import StoreError, nearest
from pbrl.store import schema, statements
from pbrl.store.connected import Connected
from pbrl.store.database import transaction
from pbrl.store.statements import SEEN_SECONDS

NAMED = (schema.answers, schema.retractions, schema.viewers, schema.leases)
"""The tables that hold names of annotators."""


class People(Connected):
    """The annotators of a label store."""

    def annotators(self) -> list[str]:
        """The names of all who answered or are there, synthetic annotators included, sorted."""
        names = union(*(select(table.c.annotator) for table in NAMED))
        with transaction(self.engine) as connection:
            return sorted(connection.execute(names).scalars())

    def forget(self, annotator: str) -> int:
        """Puts a made-up name in place of a person's, everywhere; the answers stay.

        Returns:
            How many answers had the name.

        Raises:
            StoreError: If nobody has the name, a viewer of that name is open, which would write it
                again, or others hold the store, so that its file cannot be written anew.
        """
        known = self.annotators()
        if annotator not in known:
            there_is = nearest(annotator, known) if known else "Nobody has answered yet."
            raise StoreError(f"The store {self.name} knows no annotator {annotator!r}. {there_is}")
        while (pseudonym := f"person-{secrets.token_hex(4)}") in known:
            pass
        _without_remains(self.engine)
        with transaction(self.engine, write=True) as connection:
            _check_closed(connection, annotator)
            answers = schema.answers
            count = select(func.count()).where(answers.c.annotator == annotator)
            touched = connection.execute(count).scalar_one()
            for table in NAMED:
                named = update(table).where(table.c.annotator == annotator)
                connection.execute(named.values(annotator=pseudonym))
        _empty_log(self.engine)
        return touched


def _check_closed(connection: Connection, annotator: str) -> None:
    """Refuses a name at which a viewer was heard of within the last seconds."""
    table = schema.viewers
    since = statements.database_time(connection) - SEEN_SECONDS
    open_ones = select(func.count()).where(table.c.annotator == annotator, table.c.seen_at > since)
    if connection.execute(open_ones).scalar_one():
        raise StoreError(
            f"A viewer of {annotator!r} is open, and would write the name again: close it, wait "
            f"{SEEN_SECONDS:g} seconds, and forget the name then."
        )


def _without_remains(engine: Engine) -> None:
    """Writes SQLite's file anew, without the bytes of rows that were deleted long ago."""
    if engine.dialect.name != "sqlite":
        return
    connection = engine.raw_connection()
    try:
        connection.cursor().execute("VACUUM")
    except sqlite3.OperationalError as error:
        raise StoreError(
            f"The label store could not be written anew ({error}): what was deleted from it would "
            "stay in the file. Forget the name when nobody uses it."
        ) from error
    finally:
        connection.close()


def _empty_log(engine: Engine) -> None:
    """Moves SQLite's log of changes, which holds old pages, into the file, if no one reads it."""
    if engine.dialect.name == "sqlite":
        connection = engine.raw_connection()
        try:
            connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            connection.close()
