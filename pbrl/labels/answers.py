"""Adds answers to a label store, each of them once."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, insert, select

from pbrl.labels.contents import AnswerFacts
from pbrl.labels.fields import refusal
from pbrl.labels.known import Known, checked_answer
from pbrl.store import schema
from pbrl.store.answers import ROLES, STRENGTHS
from pbrl.store.statements import chunks, insert_missing

FIELDS = (
    *("run", "number", "text", "annotator", "synthetic", "role", "left", "shown_at"),
    *("answered_at", "reaction_seconds", "token", "strength"),
)
"""What makes an answer this one: all but its id, which each store gives anew."""

Identity = tuple[Any, ...]


def _column(name: str) -> str:
    return {"left": "left_option"}.get(name, name)


@dataclass(frozen=True, slots=True)
class _There:
    """Answers that are there: in the store, and those that are added while it is done."""

    ids: dict[Identity, list[int]]
    """Of each answer of the store that was not met yet among the given ones."""
    synthetic: dict[tuple[str, int, str], tuple[int, str]]
    """Id and text of synthetic answers, by run, number and annotator."""
    tokens: set[str]
    """Tokens of any run."""
    given: set[int] = field(default_factory=set)
    """Ids that were given."""


def add_answers(
    connection: Connection, answers: Sequence[AnswerFacts], known: Known
) -> tuple[int, int]:
    """Adds the answers that the store has not and returns how many, and how many retractions.

    Raises:
        StoreError: An answer is wrong or contradicts the store.
    """
    there = _read(connection, answers)
    added, retractions = 0, []
    for answer in answers:
        _check(answer, known, there)
        ids = there.ids.get(_identity(answer))
        known_id, text = there.synthetic.get(_place(answer), (None, None))
        if ids:
            answer_id = ids.pop(0)
        elif answer.synthetic and text == answer.text and known_id is not None:
            answer_id = known_id  # the same run made twice: only the time is another
        else:
            _check_new(answer, there)
            row = {_column(name): getattr(answer, name) for name in FIELDS}
            statement = insert(schema.answers).returning(schema.answers.c.id)
            answer_id = connection.execute(statement, row).scalar_one()
            if answer.synthetic:
                there.synthetic[_place(answer)] = answer_id, answer.text
            added += 1
        if answer.retracted_at is not None:
            by, when = answer.annotator, answer.retracted_at
            row = {"answer_id": answer_id, "annotator": by, "retracted_at": when}
            retractions.append(row)
    retractions = _new_retractions(connection, retractions)
    insert_missing(connection, schema.retractions, retractions)
    return added, len(retractions)


def _identity(answer: AnswerFacts) -> Identity:
    return tuple(getattr(answer, name) for name in FIELDS)


def _place(answer: AnswerFacts) -> tuple[str, int, str]:
    return answer.run, answer.number, answer.annotator


def _read(connection: Connection, answers: Sequence[AnswerFacts]) -> _There:
    table = schema.answers
    ids: dict[Identity, list[int]] = defaultdict(list)
    synthetic: dict[tuple[str, int, str], tuple[int, str]] = {}
    columns = select(table.c.id, *(table.c[_column(name)] for name in FIELDS)).order_by(table.c.id)
    for run in sorted({answer.run for answer in answers}):
        for answer_id, *values in connection.execute(columns.where(table.c.run == run)):
            ids[tuple(values)].append(answer_id)
            fields = dict(zip(FIELDS, values, strict=True))
            if fields["synthetic"]:
                synthetic[run, fields["number"], fields["annotator"]] = answer_id, fields["text"]
    return _There(ids, synthetic, set(_stored_tokens(connection, answers)))


def _stored_tokens(connection: Connection, answers: Sequence[AnswerFacts]) -> Iterator[str]:
    """Goes through those of the answers' tokens that the store has, in whichever run."""
    column = schema.answers.c.token
    for chunk in chunks([answer.token for answer in answers if answer.token is not None]):
        yield from connection.execute(select(column).where(column.in_(chunk))).scalars()


def _check(answer: AnswerFacts, known: Known, there: _There) -> None:
    """Refuses an answer that is wrong by itself, or about something else than the store's query."""
    line = answer.line
    known.require_run(answer.run, answer.kind, line)
    env_id, _ = known.runs[answer.run]
    if env_id != answer.env_id:
        raise refusal(line, f"run {answer.run!r} is of task {env_id}, not of {answer.env_id}")
    clips = known.queries.get((answer.run, answer.number))
    about = f"query {answer.number} of run {answer.run!r}"
    if clips is None:
        raise refusal(
            line, f"{about} is neither in the store nor given with its clips (export with --clips)"
        )
    if clips != answer.clips:
        raise refusal(line, f"{about} is about other clips in the store than the answer")
    checked_answer(answer.kind, answer.text, len(clips), line)
    if answer.role not in ROLES:
        raise refusal(line, f"role is {answer.role!r}, expected one of {', '.join(ROLES)}")
    if answer.left is not None and not 0 <= answer.left < len(clips):
        raise refusal(line, f"left is {answer.left}, expected a position below {len(clips)}")
    if answer.strength not in STRENGTHS:
        raise refusal(line, f"strength is {answer.strength}, expected 1, 2 or nothing")
    if not answer.annotator or answer.token == "":
        raise refusal(line, "the annotator or the token is empty")
    if line and answer.id in there.given:
        raise refusal(line, f"answer {answer.id} is there twice")
    there.given.add(answer.id)


def _check_new(answer: AnswerFacts, there: _There) -> None:
    """Refuses an answer that takes the place of another one."""
    if answer.token is not None:
        if answer.token in there.tokens:
            raise refusal(
                answer.line, f"another answer with the token {answer.token!r} is there already"
            )
        there.tokens.add(answer.token)
    if answer.synthetic and _place(answer) in there.synthetic:
        raise refusal(
            answer.line,
            f"{answer.annotator} has answered query {answer.number} of run {answer.run!r} "
            "otherwise, and a synthetic annotator answers once",
        )


def _new_retractions(connection: Connection, rows: list[dict]) -> list[dict]:
    """Returns those that the store has not."""
    column = schema.retractions.c.answer_id
    found: set[int] = set()
    for chunk in chunks([row["answer_id"] for row in rows]):
        found.update(connection.execute(select(column).where(column.in_(chunk))).scalars())
    return [row for row in rows if row["answer_id"] not in found]
