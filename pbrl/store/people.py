"""People: whose names the store holds, and how one is taken off all that it did."""

import secrets

from sqlalchemy import Engine, func, select, text, union, update

from pbrl.errors import StoreError, nearest
from pbrl.store import schema
from pbrl.store.connected import Connected
from pbrl.store.database import transaction

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
            StoreError: If nobody has the name.
        """
        known = self.annotators()
        if annotator not in known:
            there_is = nearest(annotator, known) if known else "Nobody has answered yet."
            raise StoreError(f"The store {self.name} knows no annotator {annotator!r}. {there_is}")
        while (pseudonym := f"person-{secrets.token_hex(4)}") in known:
            pass
        with transaction(self.engine, write=True) as connection:
            if connection.dialect.name == "sqlite":  # else the old bytes stay in the file
                connection.execute(text("PRAGMA secure_delete = ON"))
            answers = schema.answers
            count = select(func.count()).where(answers.c.annotator == annotator)
            touched = connection.execute(count).scalar_one()
            for table in NAMED:
                named = update(table).where(table.c.annotator == annotator)
                connection.execute(named.values(annotator=pseudonym))
        _empty_log(self.engine)
        return touched


def _empty_log(engine: Engine) -> None:
    """Moves SQLite's log of changes, which holds old pages, into the file, if no one reads it."""
    if engine.dialect.name == "sqlite":
        connection = engine.raw_connection()
        try:
            connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            connection.close()
