"""Answers: only ever added. Who takes one back adds a retraction."""

import time
from collections.abc import Mapping

from sqlalchemy import Connection, delete, exists, select

from pbrl.errors import StoreError
from pbrl.store import conditions, schema, statements
from pbrl.store.connected import Connected
from pbrl.store.database import transaction
from pbrl.store.records import Answered, AnswerRecord
from pbrl.store.statements import Row

ROLES = (conditions.LABEL, "repeat", "gold")
"""What answers are for: to be learnt from, or to check the person."""
STRENGTHS = (None, 1, 2)
"""How much better the chosen clip is: not asked for, better, much better."""


class Answers(Connected):
    """The answers in a label store."""

    def answer(
        self,
        run: str,
        number: int,
        text: str,
        annotator: str,
        *,
        shown_at: float | None = None,
        answered_at: float | None = None,
        reaction_seconds: float | None = None,
        left: int | None = None,
        role: str = conditions.LABEL,
        token: str | None = None,
        viewer: str | None = None,
        strength: int | None = None,
    ) -> int:
        """Adds a person's answer; each call is an answer of its own, but for a retry.

        It is taken whether or not the viewer has the query on lease: a lease may have run out.

        Args:
            run: The run that asked.
            number: The query's number in it.
            text: The answer in its kind's stored form.
            annotator: Who answered.
            shown_at: When the clips were first shown, in seconds since 1970, UTC.
            answered_at: When it was answered; now if left out.
            reaction_seconds: Time the person took.
            left: Position of the option that stood left.
            role: "label" is learnt from; "repeat" and "gold" only check the person.
            token: An identity that the viewer made for this answer. The same again, after a
                connection was lost, is the same answer and adds nothing.
            viewer: Whose lease of the query ends with the answer.
            strength: 1 if the chosen clip is better, 2 if it is much better; None if that was not
                asked for, or neither was chosen.

        Returns:
            The answer's id, by which it can be retracted.

        Raises:
            StoreError: If there is no such query, role or strength, or the token is another
                query's.
        """
        if role not in ROLES:
            raise StoreError(f"An answer's role is one of {', '.join(ROLES)}, not {role!r}.")
        if strength not in STRENGTHS:
            raise StoreError(
                f"A strength is 1 (better), 2 (much better) or None, not {strength!r}."
            )
        row = {
            "run": run,
            "number": number,
            "text": text,
            "annotator": annotator,
            "synthetic": False,
            "shown_at": shown_at,
            "answered_at": time.time() if answered_at is None else answered_at,
            "reaction_seconds": reaction_seconds,
            "role": role,
            "left_option": left,
            "token": token,
            "strength": strength,
        }
        with transaction(self.engine, write=True) as connection:
            statements.require_queries(connection, run, [number])
            if viewer is not None:
                _end_lease(connection, run, number, viewer)
            return _insert_once(connection, row)

    def answer_many(self, run: str, texts: Mapping[int, str], annotator: str) -> None:
        """Adds a synthetic annotator's answers; those it has given before stand as they are.

        Args:
            run: The run that asked.
            texts: Answers in their kind's stored form, by the query's number.
            annotator: Name of the synthetic annotator.

        Raises:
            StoreError: If there is no such query; none of the answers is added then.
        """
        common = {"run": run, "annotator": annotator, "synthetic": True, "answered_at": time.time()}
        rows = [common | {"number": number, "text": text} for number, text in texts.items()]
        with transaction(self.engine, write=True) as connection:
            statements.require_queries(connection, run, list(texts))
            statements.insert_missing(connection, schema.answers, rows)

    def retract(
        self, answer_id: int, annotator: str, *, viewer: str | None = None, seconds: float = 60.0
    ) -> bool:
        """Takes an answer back: it stays in the store, a retraction is added.

        Args:
            answer_id: The answer's id.
            annotator: Who takes it back.
            viewer: A viewer that shows the query again, and gets it on lease in the same step, so
                that no other one does; unless the annotator has judged it anew since, elsewhere.
            seconds: How long that lease is.

        Returns:
            Whether the viewer has the query.

        Raises:
            StoreError: If there is no such answer.
        """
        row = {"answer_id": answer_id, "annotator": annotator, "retracted_at": time.time()}
        table = schema.answers
        with transaction(self.engine, write=True) as connection:
            query = select(table.c.run, table.c.number).where(table.c.id == answer_id)
            found = connection.execute(query).first()
            if found is None:
                raise StoreError(f"The store has no answer {answer_id} to take back.")
            statements.lock_run(connection, found.run)
            queries = schema.queries
            it = (queries.c.run == found.run, queries.c.number == found.number)
            statements.let_wait(connection, *it)
            statements.insert_missing(connection, schema.retractions, [row])
            own = (table.c.run == found.run, table.c.number == found.number)
            anew = exists().where(*own, table.c.annotator == annotator, conditions.is_label())
            leased = viewer is not None and not connection.execute(select(anew)).scalar_one()
            if leased:
                ends_at = statements.database_time(connection) + seconds
                lease = {"viewer": viewer, "annotator": annotator, "ends_at": ends_at}
                lease |= {"run": found.run, "number": found.number}
                statements.put(connection, schema.leases, lease)
        return leased

    def answers(self, run: str, *, first: int = 0, below: int | None = None) -> list[Answered]:
        """The answers to learn from that stand, to the queries with `first` <= number < `below`.

        They come by number, and those to one query in the order in which they were given. One that
        came after its query's clips were evicted is not among them.
        """
        table, gone = schema.answers, schema.evictions
        evicted = exists().where(gone.c.run == table.c.run, gone.c.number == table.c.number)
        query = select(table.c.id, table.c.number, table.c.text, table.c.annotator).where(
            table.c.run == run, table.c.number >= first, conditions.is_label(), ~evicted
        )
        if below is not None:
            query = query.where(table.c.number < below)
        with transaction(self.engine) as connection:
            rows = connection.execute(query.order_by(table.c.number, table.c.id))
            return [Answered(*row) for row in rows]

    def answer_records(
        self, run: str, *, annotator: str | None = None, retracted: bool = False
    ) -> list[AnswerRecord]:
        """All that is known of a run's answers, by id, those that only check people included.

        Args:
            run: The run that asked.
            annotator: Only this one's.
            retracted: Whether those that were taken back come too.
        """
        table, taken_back = schema.answers, schema.retractions
        names = "id number text annotator synthetic role left_option"
        times = "shown_at answered_at reaction_seconds token strength"
        columns = [table.c[name] for name in f"{names} {times}".split()]
        query = (
            select(*columns, taken_back.c.retracted_at)
            .outerjoin_from(table, taken_back, taken_back.c.answer_id == table.c.id)
            .where(table.c.run == run)
            .order_by(table.c.id)
        )
        if annotator is not None:
            query = query.where(table.c.annotator == annotator)
        if not retracted:
            query = query.where(taken_back.c.retracted_at.is_(None))
        with transaction(self.engine) as connection:
            return [AnswerRecord(*row) for row in connection.execute(query)]


def _end_lease(connection: Connection, run: str, number: int, viewer: str) -> None:
    table = schema.leases
    lease = (table.c.run == run, table.c.number == number, table.c.viewer == viewer)
    connection.execute(delete(table).where(*lease))


def _insert_once(connection: Connection, row: Row) -> int:
    """Adds an answer unless its token is there, and returns the id of the one that is."""
    table = schema.answers
    added = statements.insert_into(connection, table)
    if row["token"] is not None:
        added = added.on_conflict_do_nothing(index_elements=["token"])
    new = connection.execute(added.returning(table.c.id), row).scalar()
    if new is not None:
        return new
    query = select(table.c.id, table.c.run, table.c.number).where(table.c.token == row["token"])
    first = connection.execute(query).one()
    if (first.run, first.number) != (row["run"], row["number"]):
        raise StoreError(
            f"The token {row['token']!r} is that of an answer to query {first.number} of run "
            f"{first.run!r}. Every answer needs a token of its own."
        )
    return first.id
