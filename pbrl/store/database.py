"""Opens the database behind a label store, and says in sentences what goes wrong with it."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event, insert, inspect, make_url
from sqlalchemy import select as sql_select
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from pbrl.errors import StoreError
from pbrl.store.schema import METADATA, SCHEMA_VERSION, schema_version

LOCK_SECONDS = 30.0
"""How long a writer waits for another one."""


def open_database(url_or_path: str | Path) -> Engine:
    """Connects to a database and makes sure that its tables are there.

    Args:
        url_or_path: A SQLAlchemy URL of SQLite or PostgreSQL, or the path of a SQLite file, which
            is created if it is not there.

    Raises:
        StoreError: If it cannot be opened, is something else, or has a newer schema.
    """
    url = _parse(url_or_path)
    if url.get_backend_name() not in ("sqlite", "postgresql"):
        raise StoreError(
            f"A label store is a SQLite file or a PostgreSQL database, not {_named(url)}."
        )
    if url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:"):
        raise StoreError("A label store needs a file: in memory, answers would be lost.")
    try:
        engine = _sqlite_engine(url) if url.get_backend_name() == "sqlite" else create_engine(url)
    except (ModuleNotFoundError, NoSuchModuleError) as error:
        raise StoreError(f"The driver for {_named(url)} is not installed: {error}.") from error
    try:
        with transaction(engine, write=True) as connection:
            _check_or_create(connection)
    except BaseException:
        engine.dispose()
        raise
    return engine


@contextmanager
def transaction(engine: Engine, *, write: bool = False) -> Iterator[Connection]:
    """A transaction: all of it is committed, or nothing.

    Args:
        engine: From `open_database`.
        write: Whether it will write. It then waits for other writers at its start, where waiting
            is possible, and not half-way.

    Raises:
        StoreError: If the database fails (no space, read-only, locked, not a database, ...).
    """
    mode = "IMMEDIATE" if write else "DEFERRED"
    try:
        with engine.execution_options(sqlite_begin=mode).begin() as connection:
            yield connection
    except DBAPIError as error:
        raise StoreError(_sentence(engine.url, error)) from error


def _parse(url_or_path: str | Path) -> URL:
    if "://" not in str(url_or_path):
        return URL.create("sqlite", database=str(url_or_path))
    try:
        return make_url(str(url_or_path))
    except ArgumentError as error:
        raise StoreError(
            f"{url_or_path!r} is neither a path nor a database URL such as "
            "postgresql+psycopg://user@host/labels."
        ) from error


def _sqlite_engine(url: URL) -> Engine:
    """SQLite that loses nothing that was committed, and lets others read meanwhile."""
    engine = create_engine(url, connect_args={"timeout": LOCK_SECONDS})

    @event.listens_for(engine, "connect")
    def configure(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # sqlite3 itself begins no transactions: `begin` does
        # WAL: readers and one writer at a time. FULL: a commit is on the disk when it returns.
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        mode = connection.get_execution_options().get("sqlite_begin", "DEFERRED")
        connection.exec_driver_sql(f"BEGIN {mode}")

    return engine


def _check_or_create(connection: Connection) -> None:
    """Creates the tables in an empty database, and accepts only those of this schema's version."""
    tables = inspect(connection).get_table_names()
    name = _named(connection.engine.url)
    if not tables:
        METADATA.create_all(connection)
        connection.execute(insert(schema_version).values(version=SCHEMA_VERSION))
        return
    if schema_version.name not in tables:
        raise StoreError(f"{name} holds something else than labels. Name another file.")
    version = connection.execute(sql_select(schema_version.c.version)).scalar_one()
    if version > SCHEMA_VERSION:
        raise StoreError(
            f"{name} was written by a newer pbrl: its schema is version {version}, this one reads "
            f"up to {SCHEMA_VERSION}. Install a newer pbrl."
        )


def _sentence(url: URL, error: DBAPIError) -> str:
    """What went wrong and what to do, from the database's own message."""
    reason = str(error.orig)
    name = _named(url)
    advice = {
        "full": "Free some space and go on: what was committed is safe.",
        "disk I/O error": "Check the disk: what was committed before is safe.",
        "readonly": "Make the file and its folder writable.",
        "unable to open": "Check that the folder exists and is writable.",
        "locked": "Another program holds it: close it, or wait.",
        "not a database": "Name another file.",
        "malformed": "The file is damaged: restore it from a checkpoint or a copy.",
    }
    advised = next((text for sign, text in advice.items() if sign in reason), "")
    return f"The label store {name} failed: {reason}. {advised}".rstrip()


def _named(url: URL) -> str:
    """The path of a file, or the URL without its password."""
    if url.get_backend_name() == "sqlite" and url.database:
        return url.database
    return url.render_as_string(hide_password=True)
