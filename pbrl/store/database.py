"""Opens the database behind a label store, and says in sentences what goes wrong with it."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, NoSuchModuleError, OperationalError, SQLAlchemyError

from pbrl.errors import StoreError, StoreUnreachable
from pbrl.store.migration import bring_up_to_date
from pbrl.store.urls import EXAMPLE, named, parse_url

LOCK_SECONDS = 30.0
"""How long a writer waits for another one."""
CONNECT_SECONDS = 10
"""How long to wait for a server that does not answer."""


def open_database(url_or_path: str | Path) -> Engine:
    """Connects to a database and makes sure that its tables are there.

    Args:
        url_or_path: A SQLAlchemy URL of SQLite or PostgreSQL, or the path of a SQLite file, which
            is created if it is not there.

    Raises:
        StoreError: If it cannot be opened, is something else, or has a newer schema.
    """
    url = parse_url(url_or_path)
    if url.get_backend_name() not in ("sqlite", "postgresql"):
        raise StoreError(
            f"A label store is a SQLite file or a PostgreSQL database, not {named(url)}."
        )
    if url.get_backend_name() == "postgresql" and url.get_driver_name() != "psycopg":
        raise StoreError(f"PostgreSQL is reached by psycopg, not as {named(url)}. Write {EXAMPLE}.")
    if url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:"):
        raise StoreError("A label store needs a file: in memory, answers would be lost.")
    try:
        sqlite = url.get_backend_name() == "sqlite"
        engine = _sqlite_engine(url) if sqlite else _postgresql_engine(url)
    except (ImportError, NoSuchModuleError) as error:
        raise StoreError(
            f"The driver for {named(url)} cannot be loaded: {error}. Install it with "
            "pip install 'psycopg[binary]'."
        ) from None
    try:
        bring_up_to_date(engine, transaction)
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
        kind = StoreUnreachable if _passes(error) else StoreError
        raise kind(_sentence(engine.url, str(error.orig))) from error
    except (SQLAlchemyError, UnicodeError, OverflowError) as error:
        # Of a host's name, of text to be stored, of a number of more than 63 bits.
        raise StoreError(_sentence(engine.url, str(error))) from error


def _postgresql_engine(url: URL) -> Engine:
    """PostgreSQL that is connected anew when it was lost, and where no one waits for the dead."""
    secret = {name: value for name, value in url.query.items() if "password" in name}
    url = url.difference_update_query(secret)  # SQLAlchemy hides only the user's own password
    waiting = {
        "connect_timeout": CONNECT_SECONDS,
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 20_000,
    }
    arguments = {name: value for name, value in waiting.items() if name not in url.query}
    engine = create_engine(url, pool_pre_ping=True, connect_args=arguments | secret)

    @event.listens_for(engine, "connect")
    def configure(connection, _record: object) -> None:  # noqa: ANN001 - psycopg may be absent
        milliseconds = int(1000 * LOCK_SECONDS)
        connection.autocommit = True
        # The second ends the transaction of a client that hangs or lost its net, with its locks.
        for name in ("lock_timeout", "idle_in_transaction_session_timeout"):
            connection.execute(f"SET {name} = {milliseconds}")
        connection.autocommit = False

    return engine


def _sqlite_engine(url: URL) -> Engine:
    """SQLite that loses nothing that was committed, and lets others read meanwhile."""
    engine = create_engine(url, connect_args={"timeout": LOCK_SECONDS})

    @event.listens_for(engine, "do_connect")
    def connect(_dialect: object, _record: object, arguments: list, options: dict) -> object:
        return _connect_sqlite(arguments[0], options)

    @event.listens_for(engine, "connect")
    def configure(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # sqlite3 itself begins no transactions: `begin` does
        # WAL: readers and one writer at a time. FULL: a commit is on the disk when it returns.
        # Secure: what is deleted, such as a name on a lease, leaves no bytes in the file.
        pragmas = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON")
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        mode = connection.get_execution_options().get("sqlite_begin", "DEFERRED")
        connection.exec_driver_sql(f"BEGIN {mode}")

    return engine


def _connect_sqlite(path: str, options: dict) -> sqlite3.Connection:
    """A connection to a file; to one that cannot be written, as to what no one changes.

    Even a reader writes beside the file, which others of its kind are to see. Where it may not, the
    file can be read still if no change waits beside it.
    """
    connection = sqlite3.connect(path, **options)
    file, log = Path(path), Path(f"{path}-wal")
    if not file.exists() or (os.access(file, os.W_OK) and os.access(file.parent, os.W_OK)):
        return connection
    try:
        connection.execute("SELECT count(*) FROM sqlite_master")
    except sqlite3.OperationalError:
        connection.close()
        if log.exists() and log.stat().st_size:
            raise
        uri = f"{file.absolute().as_uri()}?mode=ro&immutable=1"
        return sqlite3.connect(uri, **options, uri=True)
    return connection


def _passes(error: DBAPIError) -> bool:
    """Whether the same may work later: the database is away, or another one holds it."""
    reason = str(error.orig)
    lasting = ("authentication failed", "does not exist", "no password supplied", "no pg_hba.conf")
    if "psycopg" in type(error.orig).__module__:
        operational = isinstance(error, OperationalError) or error.connection_invalidated
        return operational and not any(sign in reason for sign in lasting)
    return "locked" in reason


def _sentence(url: URL, reason: str) -> str:
    """What went wrong and what to do, from the database's own message."""
    advice = {
        "database or disk is full": "Free some space and go on: what was committed is safe.",
        "No space left": "Free some space and go on: what was committed is safe.",
        "disk I/O error": "Check the disk: what was committed before is safe.",
        "readonly": "Make the file and its folder writable.",
        "unable to open": "Check that the folder exists and is writable.",
        "database is locked": "Another program holds it: close it, or wait.",
        "lock timeout": "Another program holds it: close it, or wait.",
        "not a database": "Name another file.",
        "malformed": "The file is damaged: restore it from a checkpoint or a copy.",
        "no password supplied": "Set PGPASSWORD, or write it into ~/.pgpass.",
        "authentication failed": "Check the user's name and the password (PGPASSWORD, ~/.pgpass).",
        "does not exist": "Check the URL, or create it.",
        "onnection": "Check the host and the port, and that the server runs.",
        "permission denied": "Ask for the right to use this database.",
        "codec can't": "Names and texts must be valid Unicode.",
    }
    advised = next((text for sign, text in advice.items() if sign in reason), "")
    if url.password:
        reason = reason.replace(str(url.password), "***")
    reason = " ".join(reason.split()).rstrip(".")
    return f"The label store {named(url)} failed: {reason}. {advised}".rstrip()
