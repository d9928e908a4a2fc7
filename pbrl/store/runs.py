"""Runs: their opening, and what their trainers publish."""

import dataclasses
import time

from sqlalchemy import select, update

from pbrl.errors import StoreError
from pbrl.store import schema, statements
from pbrl.store.connected import Connected
from pbrl.store.database import transaction
from pbrl.store.published import Published
from pbrl.store.records import RunInfo


class Runs(Connected):
    """The runs of a label store."""

    def open_run(self, run: str, env_id: str, kind: str, *, look_for: str = "") -> None:
        """Makes a run known; if it is, only another text of what to look for counts.

        Args:
            run: Its name.
            env_id: The task's Gymnasium id.
            kind: Name of the kind of feedback.
            look_for: The user's own text of what to judge by; empty for the task's, or for that
                which was given before.

        Raises:
            StoreError: If the store knows it with another task or kind of feedback.
        """
        row = {"run": run, "env_id": env_id, "kind": kind, "opened_at": time.time()}
        table = schema.runs
        with transaction(self.engine, write=True) as connection:
            statements.insert_missing(connection, table, [row | {"look_for": look_for}])
            stored = connection.execute(
                select(table.c.env_id, table.c.kind).where(table.c.run == run)
            ).one()
            if tuple(stored) != (env_id, kind):
                raise StoreError(
                    f"The store has run {run!r} with task {stored.env_id} and {stored.kind} "
                    f"feedback; now it was opened with {env_id} and {kind}. Use another name or "
                    "another store."
                )
            if look_for:
                new = update(table).where(table.c.run == run, table.c.look_for != look_for)
                connection.execute(new.values(look_for=look_for))

    def claim_name(self, run: str, env_id: str, kind: str) -> bool:
        """Makes a new run known; returns False, and does nothing, if there is one of that name.

        Args:
            run: Its name.
            env_id: The task's Gymnasium id.
            kind: Name of the kind of feedback.
        """
        row = {"run": run, "env_id": env_id, "kind": kind, "opened_at": time.time()}
        with transaction(self.engine, write=True) as connection:
            insert = statements.insert_into(connection, schema.runs).on_conflict_do_nothing()
            added = insert.returning(schema.runs.c.run)
            return connection.execute(added, row | {"look_for": ""}).first() is not None

    def runs(self) -> list[str]:
        """The names of the runs that it knows, in the order in which they were opened."""
        query = select(schema.runs.c.run).order_by(schema.runs.c.opened_at)
        with transaction(self.engine) as connection:
            return list(connection.execute(query).scalars())

    def run_info(self, run: str) -> RunInfo:
        """What the store knows of a run from its opening.

        Raises:
            StoreError: If it does not know the run.
        """
        table = schema.runs
        columns = (table.c.run, table.c.env_id, table.c.kind, table.c.look_for, table.c.opened_at)
        with transaction(self.engine) as connection:
            row = connection.execute(select(*columns).where(table.c.run == run)).first()
            if row is None:
                statements.require_run(connection, run)
        return RunInfo(*row)  # pyright: ignore[reportOptionalIterable] - a missing run was raised

    def publish(self, run: str, published: Published) -> None:
        """Tells the viewers how the run stands, in place of what was told before.

        Raises:
            StoreError: If the run was not opened.
        """
        with transaction(self.engine, write=True) as connection:
            statements.require_run(connection, run)
            row = {"run": run, "text": published.to_json()}
            now = statements.database_time(connection)
            statements.put(connection, schema.published, row | {"updated_at": now})

    def published(self, run: str) -> Published | None:
        """What the trainer told last; None if it has told nothing yet.

        Raises:
            StoreError: If it cannot be read.
        """
        table = schema.published
        query = select(table.c.text, table.c.updated_at).where(table.c.run == run)
        with transaction(self.engine) as connection:
            row = connection.execute(query).first()
        if row is None:
            return None
        return dataclasses.replace(Published.from_json(row.text), updated_at=row.updated_at)
