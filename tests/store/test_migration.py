"""Stores of version 1 become version 2 when they are opened, whole or not at all."""

import multiprocessing
import os
import shutil
import signal
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Engine, create_engine, event, inspect, text

from pbrl.errors import StoreError
from pbrl.store import Answered, LabelStore, Progress, RunInfo
from pbrl.store.payload import encode_payload, encode_true_rewards

RUN = "run"

VERSION_1 = """
CREATE TABLE runs (
    run VARCHAR NOT NULL, env_id VARCHAR NOT NULL, kind VARCHAR NOT NULL, opened_at FLOAT NOT NULL,
    PRIMARY KEY (run)
);
CREATE TABLE schema_version (version INTEGER NOT NULL);
CREATE TABLE segments (hash VARCHAR(64) NOT NULL, payload BLOB NOT NULL, PRIMARY KEY (hash));
CREATE TABLE queries (
    run VARCHAR NOT NULL, number INTEGER NOT NULL, kind VARCHAR NOT NULL, step INTEGER NOT NULL,
    posted_at FLOAT NOT NULL,
    PRIMARY KEY (run, number), FOREIGN KEY(run) REFERENCES runs (run)
);
CREATE TABLE answers (
    id INTEGER NOT NULL, run VARCHAR NOT NULL, number INTEGER NOT NULL, text VARCHAR NOT NULL,
    annotator VARCHAR NOT NULL, synthetic BOOLEAN NOT NULL, shown_at FLOAT,
    answered_at FLOAT NOT NULL, reaction_seconds FLOAT,
    PRIMARY KEY (id), FOREIGN KEY(run, number) REFERENCES queries (run, number)
);
CREATE INDEX answers_of_query ON answers (run, number);
CREATE UNIQUE INDEX one_synthetic_answer ON answers (run, number, annotator) WHERE synthetic;
CREATE TABLE query_segments (
    run VARCHAR NOT NULL, number INTEGER NOT NULL, position INTEGER NOT NULL,
    segment VARCHAR(64) NOT NULL, true_rewards BLOB NOT NULL,
    PRIMARY KEY (run, number, position),
    FOREIGN KEY(run, number) REFERENCES queries (run, number),
    FOREIGN KEY(segment) REFERENCES segments (hash)
);
CREATE TABLE retractions (
    answer_id INTEGER NOT NULL, annotator VARCHAR NOT NULL, retracted_at FLOAT NOT NULL,
    PRIMARY KEY (answer_id), FOREIGN KEY(answer_id) REFERENCES answers (id)
);
INSERT INTO schema_version VALUES (1);
INSERT INTO runs VALUES ('run', 'pbrl/Hopper-v0', 'comparison', 1000.5);
"""
FOR_POSTGRESQL = (("BLOB", "BYTEA"), ("    id INTEGER", "    id SERIAL"))
ANSWERS = (
    (1, 0, "first", "oracle", True, None, 2000.0, None),
    (2, 1, "tie", "ann", False, 1.5, 2001.0, 0.75),
    (3, 2, "second", "ann", False, 2.5, 2002.0, 0.5),
)


def write_version_1(database: str, make_query) -> None:
    """Writes 4 queries, 3 answers of which the last was taken back, with statements of its own."""
    is_file = "://" not in database
    engine = create_engine(f"sqlite:///{database}" if is_file else database)
    statements = VERSION_1
    for old, new in () if is_file else FOR_POSTGRESQL:
        statements = statements.replace(old, new)
    with closing_engine(engine), engine.begin() as connection:
        for statement in statements.split(";")[:-1]:
            connection.exec_driver_sql(statement)

        def insert(table: str, *values: object) -> None:
            names = [f"v{i}" for i in range(len(values))]
            marks = ", ".join(f":{name}" for name in names)
            statement = text(f"INSERT INTO {table} VALUES ({marks})")
            connection.execute(statement, dict(zip(names, values, strict=True)))

        for query in map(make_query, range(4)):
            insert("queries", RUN, query.number, query.kind, query.step, 1500.0 + query.number)
            for position, clip in enumerate(query.segments):
                insert("segments", clip.content_hash, encode_payload(clip))
                rewards = encode_true_rewards(clip)
                place = (RUN, query.number, position, clip.content_hash)
                insert("query_segments", *place, rewards)
        for key, *values in ANSWERS:
            insert("answers", key, RUN, *values)
        insert("retractions", 3, "ann", 2003.0)
        if not is_file:
            connection.exec_driver_sql("SELECT setval('answers_id_seq', 3)")


class closing_engine:  # noqa: N801 - reads as contextlib.closing does
    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def __enter__(self) -> Engine:
        return self.engine

    def __exit__(self, *_: object) -> None:
        self.engine.dispose()


@pytest.fixture
def old(database: str, make_query) -> str:
    write_version_1(database, make_query)
    return database


def check_contents(store: LabelStore, make_query) -> None:
    """What `write_version_1` wrote is all there."""
    assert store.run_info(RUN) == RunInfo(RUN, "pbrl/Hopper-v0", "comparison", "", 1000.5)
    assert store.answers(RUN) == [Answered(1, 0, "first", "oracle"), Answered(2, 1, "tie", "ann")]
    assert store.unanswered(RUN) == [2, 3]
    records = store.answer_records(RUN, retracted=True)
    found = [
        (a.id, a.number, a.text, a.annotator, a.synthetic, a.shown_at, a.answered_at)
        for a in records
    ]
    assert found == [answer[:7] for answer in ANSWERS]
    assert [a.reaction_seconds for a in records] == [None, 0.75, 0.5]
    assert [(a.role, a.left, a.token, a.strength) for a in records] == [("label", *[None] * 3)] * 3
    assert [a.retracted_at for a in records] == [None, None, 2003.0]
    for number, clips in store.segments(RUN, range(4)).items():
        for clip, original in zip(clips, make_query(number).segments, strict=True):
            assert clip.content_hash == original.content_hash
            np.testing.assert_array_equal(clip.true_rewards, original.true_rewards)
    for query in store.queries(RUN):
        original = make_query(query.number)
        assert (query.step, query.posted_at) == (original.step, 1500.0 + query.number)
        assert (query.wanted, query.predicted_returns, query.withdrawn) == (1, None, None)


def test_contents_are_kept_and_everything_new_works(old: str, make_query):
    with closing(LabelStore(old)) as store:
        check_contents(store, make_query)
        assert store.progress(RUN) == Progress(asked=4, answered=2, open=2, leased=0, withdrawn=0)
        leased = store.lease(RUN, "bob", "B", count=9, seconds=60)
        assert [query.number for query in leased] == [2, 3]
        given = {"left": 1, "token": "t", "strength": 2, "viewer": "B"}
        assert store.answer(RUN, 2, "first", "bob", **given) > 3
        store.withdraw(RUN, [3], "old")
        store.mark_gold(RUN, 0, "first")
        store.post(RUN, [make_query(4, wanted=2, predicted_returns=np.zeros((3, 2)))])
        store.leave(RUN, "B")
        assert store.evict(0) > 0
    with closing(LabelStore(old)) as store:
        assert [a.number for a in store.answers(RUN)] == [0, 1, 2]
        assert [a.strength for a in store.answer_records(RUN)] == [None, None, 2]


def test_the_result_has_the_columns_of_a_new_store(old: str, tmp_path: Path):
    def described(engine: Engine) -> dict:
        found = inspect(engine)
        return {
            table: (
                {
                    (c["name"], c["nullable"], c["default"] is None)
                    for c in found.get_columns(table)
                },
                {(i["name"], tuple(i["column_names"])) for i in found.get_indexes(table)},
                {tuple(k["constrained_columns"]) for k in found.get_foreign_keys(table)},
                tuple(found.get_pk_constraint(table)["constrained_columns"]),
            )
            for table in found.get_table_names()
        }

    is_file = "://" not in old
    with closing(LabelStore(old)) as store:
        migrated = described(store.engine)
        if not is_file:  # a new one in the same database
            with store.engine.begin() as connection:
                connection.exec_driver_sql("DROP SCHEMA public CASCADE")
                connection.exec_driver_sql("CREATE SCHEMA public")
    with closing(LabelStore(tmp_path / "new.db" if is_file else old)) as store:
        assert described(store.engine) == migrated


def test_opening_at_the_same_time_migrates_once(old: str, make_query):
    stores: list[LabelStore] = []
    threads = [threading.Thread(target=lambda: stores.append(LabelStore(old))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(stores) == 6
    for store in stores:
        check_contents(store, make_query)
        store.close()


def test_creating_at_the_same_time_creates_once(database: str):
    stores: list[LabelStore] = []
    threads = [
        threading.Thread(target=lambda: stores.append(LabelStore(database))) for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(stores) == 6
    for store in stores:
        assert store.runs() == []
        store.close()


def migrate_until(path: str, statement: int) -> None:
    """Opens a store, and dies before the given statement of its migration."""
    seen = 0

    @event.listens_for(Engine, "before_cursor_execute")
    def count(_connection, _cursor, text: str, *_: object) -> None:
        nonlocal seen
        seen += text.lstrip().startswith(("ALTER", "CREATE", "UPDATE"))
        if seen == statement:
            os.kill(os.getpid(), signal.SIGKILL)

    LabelStore(path).close()


@pytest.mark.parametrize("statement", [1, 5, 9, 15])
def test_a_migration_that_is_killed_leaves_the_file_as_it_was(
    tmp_path: Path, make_query, statement: int
):
    path = tmp_path / "labels.db"
    write_version_1(str(path), make_query)
    process = multiprocessing.get_context("spawn").Process(
        target=migrate_until, args=(str(path), statement)
    )
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    shutil.copytree(tmp_path, tmp_path / "copy")
    with closing(sqlite3.connect(tmp_path / "copy" / "labels.db")) as connection:
        assert connection.execute("SELECT version FROM schema_version").fetchall() == [(1,)]
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        assert ("leases",) not in tables.fetchall()
        assert len(connection.execute("SELECT * FROM runs").fetchone()) == 4
    with closing(LabelStore(path)) as store:
        check_contents(store, make_query)


def test_a_version_1_that_cannot_be_written_is_told(tmp_path: Path, make_query):
    path = tmp_path / "labels.db"
    write_version_1(str(path), make_query)
    before = path.read_bytes()
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA journal_mode = WAL")
        before = path.read_bytes()
        other.execute("BEGIN IMMEDIATE")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("pbrl.store.database.LOCK_SECONDS", 0.1)
            with pytest.raises(StoreError, match="locked. Another program"):
                LabelStore(path)
        other.rollback()
    assert path.read_bytes() == before
