"""What a store knows already of the runs that facts are added to, and checks against it."""

from collections.abc import Collection
from dataclasses import dataclass, field

from sqlalchemy import Connection, select

from pbrl.errors import FeedbackError, nearest
from pbrl.feedback import FeedbackKind, find_kind
from pbrl.labels.fields import refusal
from pbrl.store import schema

QueryKey = tuple[str, int]
"""Run and number."""


@dataclass(frozen=True, slots=True)
class Known:
    """Runs and queries: those of the store, to which those that are added come while it is done."""

    runs: dict[str, tuple[str, str]]
    """Task and kind of all runs, by name."""
    queries: dict[QueryKey, tuple[str, ...]]
    """Hashes of the clips of the queries of the runs in question."""
    stored_runs: set[str]
    """Names of the runs that are in the store."""
    stored_queries: frozenset[QueryKey]
    """Queries that were there before."""
    given_queries: set[QueryKey] = field(default_factory=set)
    """Queries that were given."""

    @classmethod
    def of(cls, connection: Connection, names: Collection[str]) -> "Known":
        """Reads what a store knows of runs of these names."""
        table, options = schema.runs, schema.query_segments
        rows = connection.execute(select(table.c.run, table.c.env_id, table.c.kind))
        runs = {run: (env_id, kind) for run, env_id, kind in rows}
        queries: dict[QueryKey, tuple[str, ...]] = {}
        columns = select(options.c.number, options.c.segment).order_by(options.c.position)
        for run in sorted(names):
            for number, clip in connection.execute(columns.where(options.c.run == run)):
                queries[run, number] = (*queries.get((run, number), ()), clip)
        return cls(runs, queries, set(runs), frozenset(queries))

    def require_run(self, run: str, kind: str, line: int) -> None:
        """Raises StoreError unless there is such a run, of this kind of feedback."""
        if run not in self.runs:
            there_is = nearest(run, self.runs) if self.runs else "There are no runs."
            raise refusal(line, f"run {run!r} is neither given nor in the store ({there_is})")
        if self.runs[run][1] != kind:
            raise refusal(line, f"run {run!r} is of {self.runs[run][1]} feedback, not of {kind}")


def kind_of(name: str, line: int) -> FeedbackKind:
    """Returns a kind of feedback; raises StoreError, which names the line, if there is none."""
    try:
        return find_kind(name)
    except FeedbackError as error:
        raise refusal(line, str(error).rstrip(".")) from None


def checked_answer(kind: str, text: str, options: int, line: int) -> None:
    """Raises StoreError unless the text answers a query of this kind about so many clips."""
    found = kind_of(kind, line)
    try:
        found.check(found.decode(text), options)
    except FeedbackError as error:
        raise refusal(line, str(error).rstrip(".")) from None
