"""What is kept of an answer, retries, roles, and people who want to be forgotten."""

import re
import sqlite3
import threading
from contextlib import closing

import pytest

from pbrl.errors import StoreError
from pbrl.store import AnswerRecord, LabelStore, people

RUN = "run"


@pytest.fixture
def store(store: LabelStore, make_query) -> LabelStore:
    store.post(RUN, [make_query(number) for number in range(5)])
    return store


def test_every_column_comes_back(store: LabelStore):
    times = {"shown_at": 5.0, "answered_at": 7.5, "reaction_seconds": 2.25}
    rest = {"left": 1, "role": "repeat", "token": "t-1", "strength": 2}
    first = store.answer(RUN, 3, "first", "ann", **times, **rest)
    store.answer_many(RUN, {0: "first"}, "oracle")
    expected = AnswerRecord(
        *(first, 3, "first", "ann"),
        synthetic=False,
        **rest,
        **times,
        retracted_at=None,
    )
    found, synthetic = store.answer_records(RUN)
    assert found == expected
    assert (synthetic.synthetic, synthetic.role, synthetic.left) == (True, "label", None)
    assert (synthetic.token, synthetic.shown_at, synthetic.strength) == (None, None, None)


@pytest.mark.parametrize("strength", [0, 3, "much"])
def test_other_strengths_are_refused(store: LabelStore, strength):
    with pytest.raises(StoreError, match="1 .better., 2 .much better. or None, not"):
        store.answer(RUN, 0, "first", "ann", strength=strength)
    assert store.answers(RUN) == []


def test_records_of_one_annotator_and_those_taken_back(store: LabelStore):
    ids = [store.answer(RUN, number, "first", who) for number, who in ((1, "ann"), (0, "bob"))]
    store.retract(ids[0], "ann")
    assert [a.id for a in store.answer_records(RUN)] == ids[1:]
    assert [a.id for a in store.answer_records(RUN, retracted=True)] == ids  # by id
    (taken_back,) = store.answer_records(RUN, annotator="ann", retracted=True)
    assert taken_back.retracted_at is not None
    assert taken_back.retracted_at >= taken_back.answered_at
    assert store.answer_records(RUN, annotator="ann") == []
    assert store.answer_records("another") == []


def test_checks_of_people_are_never_learnt_from(store: LabelStore):
    for number, role in enumerate(("label", "repeat", "gold")):
        store.answer(RUN, number, "first", "ann", role=role)
    assert [a.number for a in store.answers(RUN)] == [0]
    assert store.unanswered(RUN) == [1, 2, 3, 4]
    assert [a.role for a in store.answer_records(RUN)] == ["label", "repeat", "gold"]
    with pytest.raises(StoreError, match="label, repeat, gold, not 'golden'"):
        store.answer(RUN, 0, "first", "ann", role="golden")


def test_a_retry_adds_nothing(store: LabelStore):
    first = store.answer(RUN, 0, "first", "ann", token="t-1")
    assert store.answer(RUN, 0, "first", "ann", token="t-1", viewer="A") == first
    assert store.answer(RUN, 0, "first", "ann", token="t-2") != first
    assert len(store.answers(RUN)) == 2


def test_a_retry_of_what_was_taken_back_stays_taken_back(store: LabelStore):
    first = store.answer(RUN, 0, "first", "ann", token="t-1")
    store.retract(first, "ann")
    assert store.answer(RUN, 0, "first", "ann", token="t-1") == first
    assert store.answers(RUN) == []


def test_a_token_of_another_query_is_refused(store: LabelStore):
    store.answer(RUN, 0, "first", "ann", token="t-1")
    with pytest.raises(StoreError, match="'t-1' is that of an answer to query 0 of run 'run'"):
        store.answer(RUN, 1, "first", "ann", token="t-1")
    assert [a.number for a in store.answers(RUN)] == [0]


def test_retries_at_the_same_time_add_one_answer(store: LabelStore, database: str):
    ids: list[int] = []

    def send() -> None:
        with closing(LabelStore(database)) as own:
            ids.extend(own.answer(RUN, 0, "first", "ann", token=f"t-{n}") for n in range(20))

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(ids) == 80
    assert sorted(set(ids)) == [a.id for a in store.answers(RUN)]
    assert len(set(ids)) == 20


def test_text_that_no_database_can_hold_is_told(store: LabelStore):
    with pytest.raises(StoreError, match="codec can't encode.*valid Unicode"):
        store.answer(RUN, 0, "first", "ann\udcff")
    assert store.answers(RUN) == []


# People


def test_a_person_is_forgotten_and_the_answers_stay(store: LabelStore, monkeypatch):
    store.answer(RUN, 0, "first", "Ann Example")
    store.retract(store.answer(RUN, 1, "tie", "Ann Example"), "Ann Example")
    store.retract(store.answer(RUN, 2, "tie", "bob"), "Ann Example")
    store.lease(RUN, "Ann Example", "v", count=1, seconds=60)
    assert store.annotators() == ["Ann Example", "bob"]
    with pytest.raises(StoreError, match="A viewer of 'Ann Example' is open"):
        store.forget("Ann Example")
    assert store.annotators() == ["Ann Example", "bob"]
    monkeypatch.setattr(people, "SEEN_SECONDS", 0.0)
    assert store.forget("Ann Example") == 2
    (pseudonym,) = [name for name in store.annotators() if name != "bob"]
    assert re.fullmatch(r"person-[0-9a-f]{8}", pseudonym)
    assert [(a.number, a.text) for a in store.answers(RUN)] == [(0, "first")]
    records = store.answer_records(RUN, retracted=True)
    assert [a.annotator for a in records] == [pseudonym, pseudonym, "bob"]
    assert [v.annotator for v in store.viewers(RUN)] == [pseudonym]
    for table in ("answers", "retractions", "leases", "viewers"):
        with store.engine.connect() as connection:
            names = connection.exec_driver_sql(f"SELECT annotator FROM {table}").scalars().all()
        assert names, table
        assert "Ann Example" not in names


def test_a_forgotten_name_leaves_no_bytes_in_the_file(tmp_path):
    """Neither of what is there now nor of rows that were deleted before, by whichever SQLite."""
    path = tmp_path / "labels.db"
    with closing(LabelStore(path)) as store:
        store.open_run(RUN, "task", "comparison")
        with closing(sqlite3.connect(path)) as careless:  # as one of an earlier version
            careless.execute("PRAGMA secure_delete = OFF")
            row = "INSERT INTO viewers (run, viewer, annotator, seen_at) VALUES (?, ?, ?, 0)"
            careless.executemany(row, [(RUN, f"v{n}", f"Wilhelmina{n % 2}") for n in range(200)])
            careless.commit()
            careless.execute("DELETE FROM viewers WHERE annotator = 'Wilhelmina0'")
            careless.commit()
        store.forget("Wilhelmina1")
    assert b"Wilhelmina" not in path.read_bytes()
    assert not path.with_name("labels.db-wal").exists()


def test_who_is_unknown_cannot_be_forgotten(store: LabelStore):
    with pytest.raises(StoreError, match="no annotator 'an'.*Nobody has answered yet"):
        store.forget("an")
    store.answer(RUN, 0, "first", "ann")
    store.answer(RUN, 0, "first", "zoe")
    with pytest.raises(StoreError, match="no annotator 'an'. Did you mean ann"):
        store.forget("an")
    with pytest.raises(StoreError, match="There is: ann, zoe"):
        store.forget("w")
    assert store.annotators() == ["ann", "zoe"]


def test_no_byte_of_a_forgotten_name_stays_in_the_file(tmp_path, make_query):
    path = tmp_path / "labels.db"
    with closing(LabelStore(path)) as store:
        store.open_run(RUN, "pbrl/Hopper-v0", "comparison")
        store.post(RUN, [make_query(0)])
        for _ in range(200):
            store.answer(RUN, 0, "first", "Annabella Example")
        assert store.forget("Annabella Example") == 200
        for file in tmp_path.iterdir():
            assert b"Annabella" not in file.read_bytes(), file
