"""When an answer stands and a query is open, as conditions of SQL.

An answer stands unless it was retracted. A query is open until it was withdrawn, or has as many
standing answers to learn from as are wanted.

Conditions on a query are on a row of `queries`, or of `waiting`: the queries that may be open. Rows
of other tables are counted for each, by their index, and not joined: a PostgreSQL that has not
looked yet at how much was just posted would compare each row with each.
"""

from sqlalchemy import ColumnElement, Table, and_, exists, func, select

from pbrl.store import schema
from pbrl.store.schema import answers, queries, waiting

LABEL = "label"
"""The role of the answers that are learnt from."""


def of_the_query(table: Table, query: Table = queries) -> ColumnElement[bool]:
    """Whether a row of a table belongs to the query at hand."""
    return and_(table.c.run == query.c.run, table.c.number == query.c.number)


def count_of(table: Table, query: Table, *conditions: ColumnElement[bool]) -> ColumnElement[int]:
    """How many rows of a table belong to the query at hand and are such."""
    count = select(func.count()).select_from(table).where(of_the_query(table, query), *conditions)
    return count.correlate(query).scalar_subquery()


def retracted() -> ColumnElement[bool]:
    """Whether an answer was taken back, as a condition on the answers' table."""
    return exists().where(schema.retractions.c.answer_id == answers.c.id)


def is_label() -> ColumnElement[bool]:
    """Whether an answer stands and is learnt from, as a condition on the answers' table."""
    return and_(answers.c.role == LABEL, ~retracted())


def answered() -> ColumnElement[bool]:
    """Whether a query has an answer that is learnt from."""
    return exists().where(of_the_query(answers), is_label())


def judged(annotator: str | None) -> ColumnElement[bool]:
    """Whether a query that waits has a standing answer of this annotator's, of whatever role."""
    return count_of(answers, waiting, answers.c.annotator == annotator, ~retracted()) > 0


def withdrawn(query: Table = queries) -> ColumnElement[bool]:
    """Whether a query is no longer asked."""
    return count_of(schema.withdrawals, query) > 0


def leased(now: float, query: Table = queries) -> ColumnElement[bool]:
    """Whether a viewer has the query now."""
    return count_of(schema.leases, query, schema.leases.c.ends_at > now) > 0


def is_open() -> ColumnElement[bool]:
    """Whether a query that waits is open indeed."""
    labels = count_of(answers, waiting, is_label())
    return and_(~withdrawn(waiting), labels < waiting.c.wanted)
