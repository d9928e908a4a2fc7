"""Adds facts to a label store: all of them, in one transaction, or none.

What is there already is left as it is, so that adding the same facts twice adds nothing; facts that
contradict what is there are refused.
"""

import base64
import binascii
import dataclasses
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, delete, insert, select

from pbrl.errors import StoreError
from pbrl.labels.answers import add_answers
from pbrl.labels.contents import Clips, Contents, QueryFacts, RunFacts
from pbrl.labels.fields import refusal
from pbrl.labels.known import Known, checked_answer, kind_of
from pbrl.runs import Run
from pbrl.store import LabelStore, schema
from pbrl.store.database import transaction
from pbrl.store.payload import decode_segment
from pbrl.store.statements import insert_missing, let_wait
from pbrl.store.statements import payload as stored_payload


@dataclass(frozen=True, slots=True)
class Added:
    """What was new to the store."""

    runs: int
    """Runs."""
    queries: int
    """Queries."""
    answers: int
    """Answers."""
    taken_back: int
    """Retractions of answers, new ones or such as were there."""
    known: int
    """Answers that were there already."""
    renamed: dict[str, str]
    """Runs that got another name, since the store has another run of theirs."""


def add_contents(
    store: LabelStore, given: Sequence[Contents], *, rename: bool = False
) -> list[Added]:
    """Adds facts to a store and returns what was new of each.

    Args:
        store: The store.
        given: Facts from files or other stores.
        rename: Gives a run of which the store has another, of the same name, the name RUN-2 (or -3,
            ...), instead of refusing it.

    Raises:
        StoreError: Something is wrong with the facts or contradicts the store; nothing was added.
    """
    with transaction(store.engine, write=True) as connection:
        return [_add(connection, contents, rename) for contents in given]


def _add(connection: Connection, contents: Contents, rename: bool) -> Added:
    contents, renamed = _without_conflicts(connection, contents, rename)
    names = {fact.run for fact in (*contents.runs, *contents.queries, *contents.answers)}
    known = Known.of(connection, names)
    runs = _add_runs(connection, contents.runs, known)
    queries = _add_queries(connection, contents, known)
    answers, taken_back = add_answers(connection, contents.answers, known)
    # An answer that was taken back may have left its query open, so all are looked at.
    let_wait(connection, schema.queries.c.run.in_(names))
    old = len(contents.answers) - answers
    return Added(runs, queries, answers, taken_back, old, renamed)


def _without_conflicts(
    connection: Connection, contents: Contents, rename: bool
) -> tuple[Contents, dict[str, str]]:
    """Returns the facts with names for their runs that agree with the store, and what changed."""
    renamed: dict[str, str] = {}
    taken = {run.run for run in contents.runs}  # by the others that come along
    for run in contents.runs if rename else ():
        name, count = run.run, 1
        while _differs(connection, contents, run, name) or (name != run.run and name in taken):
            count += 1
            name = f"{run.run}-{count}"
        taken.add(name)
        if name != run.run:
            renamed[run.run] = name

    def named(facts: Sequence) -> tuple:
        return tuple(dataclasses.replace(f, run=renamed.get(f.run, f.run)) for f in facts)

    if renamed:
        facts = (named(contents.runs), named(contents.queries), named(contents.answers))
        contents = Contents(*facts, contents.clips)
    return contents, renamed


def _differs(connection: Connection, contents: Contents, run: RunFacts, name: str) -> bool:
    """Returns whether the store's run of this name is another one than the given run."""
    known = Known.of(connection, {name})
    if name not in known.runs:
        return False
    return known.runs[name] != (run.env_id, run.kind) or any(
        known.queries.get((name, query.number), query.clips) != query.clips
        for query in contents.queries
        if query.run == run.run
    )


def _add_runs(connection: Connection, runs: Sequence[RunFacts], known: Known) -> int:
    new = []
    for run in runs:
        kind_of(run.kind, run.line)
        if known.runs.setdefault(run.run, (run.env_id, run.kind)) != (run.env_id, run.kind):
            env_id, kind = known.runs[run.run]
            raise refusal(
                run.line,
                f"run {run.run!r} is of task {run.env_id} and {run.kind} feedback, the store has "
                f"one of that name of {env_id} and {kind}",
            )
        if run.run not in known.stored_runs:
            known.stored_runs.add(run.run)
            new.append(_row(run))
    if new:
        _require_shared(connection, new[0]["run"], runs[0].line)
        connection.execute(insert(schema.runs), new)
    return len(new)


def _require_shared(connection: Connection, run: str, line: int) -> None:
    """Refuses to put another run into a store that lies in a run's folder and is that run's own."""
    url = connection.engine.url
    if url.get_backend_name() != "sqlite" or not url.database:
        return
    folder = Run(Path(url.database).resolve().parent)
    if folder.labels_file.name == Path(url.database).name and folder.config_file.is_file():
        raise refusal(
            line,
            f"run {run!r} does not belong into {url.database}, the store of one run, which holds "
            "no other; name a store of its own",
        )


def _row(fact: RunFacts) -> dict:
    return {k: v for k, v in dataclasses.asdict(fact).items() if k != "line"}


def _add_queries(connection: Connection, contents: Contents, known: Known) -> int:
    """Adds the queries that the store has not, with their clips."""
    new = 0
    for query in contents.queries:
        known.require_run(query.run, query.kind, query.line)
        key = (query.run, query.number)
        if key in known.given_queries:
            raise refusal(query.line, f"query {query.number} of run {query.run!r} is there twice")
        known.given_queries.add(key)
        if known.queries.setdefault(key, query.clips) != query.clips:
            raise refusal(
                query.line,
                f"the store has a query {query.number} of run {query.run!r} about other clips",
            )
        if key in known.stored_queries:
            _complete(connection, query, contents.clips)
        else:
            _add_query(connection, query, contents.clips)
            new += 1
        _add_gold(connection, query)
    return new


def _add_query(connection: Connection, query: QueryFacts, clips: Clips) -> None:
    if not query.clips:
        raise refusal(query.line, f"query {query.number} has no clips")
    payloads = [_payload(connection, query, clip, clips) for clip in query.clips]
    if not all(payloads) and query.withdrawn is None:
        raise refusal(query.line, f"a clip of query {query.number} is empty, but it is still asked")
    rewards = _true_rewards(query, payloads)
    key = {"run": query.run, "number": query.number}
    returns = query.predicted_returns
    row = {n: getattr(query, n) for n in ("kind", "step", "posted_at", "wanted")}
    row["predicted_returns"] = None if returns is None else json.dumps(returns)
    connection.execute(insert(schema.queries), key | row)
    connection.execute(
        insert(schema.query_segments),
        [
            key | {"position": position, "segment": clip, "true_rewards": reward}
            for position, (clip, reward) in enumerate(zip(query.clips, rewards, strict=True))
        ],
    )
    if query.withdrawn is not None:
        row = key | {"reason": query.withdrawn, "withdrawn_at": time.time()}
        connection.execute(insert(schema.withdrawals), row)
    if not all(payloads):
        connection.execute(insert(schema.evictions), key | {"evicted_at": time.time()})


def _complete(connection: Connection, query: QueryFacts, clips: Clips) -> None:
    """Adds to a query that is there what is new of it: a withdrawal, clips that were evicted."""
    key = {"run": query.run, "number": query.number}
    if query.withdrawn is not None:
        row = key | {"reason": query.withdrawn, "withdrawn_at": time.time()}
        insert_missing(connection, schema.withdrawals, [row])
    gone = schema.evictions
    evicted = delete(gone).where(gone.c.run == query.run, gone.c.number == query.number)
    come_along = all(clips.get(clip) for clip in query.clips)
    if come_along and all([_payload(connection, query, clip, clips) for clip in query.clips]):
        connection.execute(evicted)


def _payload(connection: Connection, query: QueryFacts, clip: str, clips: Clips) -> bytes:
    """Returns a clip's payload, which is in the store afterwards; empty if it was evicted."""
    table = schema.segments
    there = select(stored_payload(connection)).where(table.c.hash == clip)
    stored = connection.execute(there).scalar()
    if stored:
        return stored
    if clip not in clips:
        raise refusal(
            query.line,
            f"query {query.number} of run {query.run!r} is not in the store and its clips do not "
            "come along: export with --clips",
        )
    payload = clips[clip]
    if stored is None:
        connection.execute(insert(table), {"hash": clip, "payload": payload})
    elif payload:  # it had been evicted
        connection.execute(table.update().where(table.c.hash == clip).values(payload=payload))
    return payload


def _true_rewards(query: QueryFacts, payloads: Sequence[bytes]) -> list[bytes]:
    """Returns the true rewards of each clip, one for each of its steps."""
    if len(query.true_rewards) != len(query.clips):
        raise refusal(
            query.line,
            f"query {query.number} of run {query.run!r} is not in the store and comes with true "
            f"rewards of {len(query.true_rewards)} of its {len(query.clips)} clips: export with "
            "--clips",
        )
    rewards = []
    for clip, payload, text in zip(query.clips, payloads, query.true_rewards, strict=True):
        try:
            rewards.append(base64.b64decode(text, validate=True))
            if payload:
                decode_segment(clip, payload, rewards[-1])
        except (binascii.Error, StoreError):
            raise refusal(
                query.line, f"clip {clip} of query {query.number} is damaged, or its true rewards"
            ) from None
    return rewards


def _add_gold(connection: Connection, query: QueryFacts) -> None:
    """Marks the right answer of a query, unless the store knows one."""
    if query.gold is None:
        return
    checked_answer(query.kind, query.gold, len(query.clips), query.line)
    table = schema.gold_marks
    key = {"run": query.run, "number": query.number}
    marks = select(table.c.text).where(*(table.c[n] == v for n, v in key.items()))
    found = connection.execute(marks.order_by(table.c.id.desc())).scalars().first()
    if found is None:
        row = key | {"text": query.gold, "marked_at": time.time()}
        connection.execute(insert(table), row)
    elif found != query.gold:
        raise refusal(
            query.line,
            f"the right answer of query {query.number} is {query.gold!r}, but {found!r} in the "
            "store",
        )
