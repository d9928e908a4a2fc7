"""The statements that label stores are made of: rows to add, and checks before adding them."""

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    case,
    func,
    literal,
    literal_column,
    select,
    true,
)
from sqlalchemy.dialects import postgresql, sqlite

from pbrl.errors import StoreError
from pbrl.store import schema

Row = dict[str, Any]
Value = TypeVar("Value")

CHUNK = 1000
"""Values named in one statement; SQLite takes some 32,000."""
SEEN_SECONDS = 15.0
"""Since its last sign of life a viewer counts as open."""
NO_CLIP = b"?"
"""Is no clip's payload, and not that of an evicted one."""


def chunks(values: Sequence[Value]) -> Iterator[Sequence[Value]]:
    """The values in pieces that fit into one statement."""
    for begin in range(0, len(values), CHUNK):
        yield values[begin : begin + CHUNK]


def insert_into(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An insertion that can say what becomes of a row whose key is there already."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    return dialect.insert(table)


def insert_missing(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Adds the rows whose keys are not there yet."""
    if rows:
        connection.execute(insert_into(connection, table).on_conflict_do_nothing(), rows)


def put(connection: Connection, table: Table, row: Row) -> None:
    """Adds a row, or overwrites the one that has its primary key."""
    added = insert_into(connection, table)
    keys = [column.name for column in table.primary_key]
    values = {name: added.excluded[name] for name in row if name not in keys}
    connection.execute(added.on_conflict_do_update(index_elements=keys, set_=values), row)


def database_time(connection: Connection) -> float:
    """The database's own clock: computers may disagree, and leases must not."""
    now = (
        "(julianday('now') - 2440587.5) * 86400.0"
        if connection.dialect.name == "sqlite"
        else "CAST(extract(epoch FROM clock_timestamp()) AS double precision)"
    )
    return float(connection.execute(select(literal_column(now))).scalar_one())


def lock_run(connection: Connection, run: str) -> None:
    """Lets no other process hand out this run's queries until the transaction ends.

    On SQLite the transaction itself does that.

    Raises:
        StoreError: If the run was not opened.
    """
    table = schema.runs
    query = select(table.c.run).where(table.c.run == run).with_for_update(key_share=True)
    if connection.execute(query).first() is None:
        require_run(connection, run)


def let_wait(connection: Connection, *which: ColumnElement[bool]) -> None:
    """Puts queries, all or those that are such, among those that may be open."""
    names = ["run", "number", "step", "wanted"]
    queries = select(*(schema.queries.c[name] for name in names)).where(true(), *which)
    added = insert_into(connection, schema.waiting).from_select(names, queries)
    connection.execute(added.on_conflict_do_nothing())


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
        listed = ", ".join(map(str, missing[:5])) + (", ..." if len(missing) > 5 else "")
        raise StoreError(f"The store has no query {listed} of run {run!r}: it was never posted.")


def require_run(connection: Connection, run: str) -> None:
    """Raises StoreError unless the run was opened."""
    known = sorted(connection.execute(select(schema.runs.c.run)).scalars())
    if run not in known:
        there_is = f"There is: {', '.join(known)}." if known else "It has no runs."
        raise StoreError(f"The store has no run {run!r}. {there_is}")


def payload(connection: Connection) -> ColumnElement[bytes]:
    """A clip's payload, as an expression; `NO_CLIP` where there is something else than bytes.

    SQLite keeps whatever it is given, and the whole query fails if that cannot be read as bytes.
    """
    column = schema.segments.c.payload
    if connection.dialect.name != "sqlite":
        return column
    return case((func.typeof(column) == "blob", column), else_=literal(NO_CLIP))


def stored_bytes() -> Any:
    """The bytes of all clips that were not evicted, as an expression."""
    return func.coalesce(func.sum(func.length(schema.segments.c.payload)), 0)
