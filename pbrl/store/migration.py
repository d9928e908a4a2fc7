"""Creates the tables of a label store, and brings those of an older version up to this one.

A migration is one transaction: whatever kills it, the store is left in one version, whole.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager

from sqlalchemy import Connection, Engine, insert, inspect, select, text, update

from pbrl.errors import StoreError
from pbrl.store import schema, statements
from pbrl.store.schema import METADATA, SCHEMA_VERSION, schema_version
from pbrl.store.urls import named

Begin = Callable[..., AbstractContextManager[Connection]]

COLUMNS_OF_2 = (
    "ALTER TABLE runs ADD COLUMN look_for VARCHAR DEFAULT '' NOT NULL",
    "ALTER TABLE queries ADD COLUMN wanted INTEGER DEFAULT 1 NOT NULL",
    "ALTER TABLE queries ADD COLUMN predicted_returns VARCHAR",
    "ALTER TABLE answers ADD COLUMN role VARCHAR DEFAULT 'label' NOT NULL",
    "ALTER TABLE answers ADD COLUMN left_option INTEGER",
    "ALTER TABLE answers ADD COLUMN token VARCHAR",
    "ALTER TABLE answers ADD COLUMN strength INTEGER",
)
CREATION_LOCK = 0x7062726C
"""PostgreSQL's number of the lock that those hold who create or migrate ("pbrl")."""


def bring_up_to_date(engine: Engine, begin: Begin) -> None:
    """Makes sure that a database has the tables of `SCHEMA_VERSION`.

    Nothing is written, nor locked for writing, if it has them.

    Args:
        engine: The database.
        begin: `pbrl.store.database.transaction`.

    Raises:
        StoreError: If it holds something else, has a newer schema, or cannot be written.
    """
    with begin(engine) as connection:
        if stored_version(connection) == SCHEMA_VERSION:
            return
    with begin(engine, write=True) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text(f"SELECT pg_advisory_xact_lock({CREATION_LOCK})"))
        version = stored_version(connection)  # another process may have been faster
        if version is None:
            METADATA.create_all(connection)
            connection.execute(insert(schema_version).values(version=SCHEMA_VERSION))
        elif version < SCHEMA_VERSION:
            from_1_to_2(connection)
            connection.execute(update(schema_version).values(version=SCHEMA_VERSION))


def stored_version(connection: Connection) -> int | None:
    """Returns the version of a database's schema, None if it is empty.

    Raises:
        StoreError: If it holds something else, or is newer than this program.
    """
    tables = inspect(connection).get_table_names()
    if not tables:
        return None
    name = named(connection.engine.url)
    if schema_version.name not in tables or schema.answers.name not in tables:
        raise StoreError(f"{name} holds something else than labels. Name another one.")
    version = connection.execute(select(schema_version.c.version)).scalar_one()
    if version > SCHEMA_VERSION:
        raise StoreError(
            f"{name} was written by a newer pbrl: its schema is version {version}, this one reads "
            f"up to {SCHEMA_VERSION}. Install a newer pbrl."
        )
    return version


def from_1_to_2(connection: Connection) -> None:
    """Adds leases, viewers, withdrawals and what else people need; all that was there stays."""
    for statement in COLUMNS_OF_2:
        connection.execute(text(statement))
    if connection.dialect.name == "postgresql":  # SQLite's integers have 64 bits already
        connection.execute(text("ALTER TABLE queries ALTER COLUMN step TYPE BIGINT"))
    METADATA.create_all(connection, tables=schema.ADDED_IN_2)
    statements.let_wait(connection)
    for index in (schema.queries_of_segment, schema.answer_of_token):
        index.create(connection)
