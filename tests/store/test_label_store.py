"""The label store: idempotent posting, answers that are only added, failures that lose nothing."""

import dataclasses
import multiprocessing
import os
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import event

from pbrl.errors import StoreError
from pbrl.segments import Segment
from pbrl.store import Answered, LabelStore, Query

RUN = "run"


def make_segment(seed: int, steps: int = 5) -> Segment:
    rng = np.random.default_rng(seed)
    return Segment(
        observations=rng.normal(size=(steps, 3)).astype(np.float32),
        actions=rng.normal(size=(steps, 2)).astype(np.float32),
        true_rewards=rng.normal(size=steps),
        render_states=rng.normal(size=(steps, 4)).astype(np.float32),
    )


def make_query(number: int, seed: int | None = None, options: int = 2) -> Query:
    seed = 10 * number if seed is None else seed
    clips = tuple(make_segment(seed + option) for option in range(options))
    return Query(number, "comparison", clips, step=100 * number)


def hashes(segments: tuple[Segment, ...]) -> list[str]:
    return [segment.content_hash for segment in segments]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "labels.db"


@pytest.fixture
def file_store(path: Path) -> Iterator[LabelStore]:
    with closing(LabelStore(path)) as store:
        store.open_run(RUN, "pbrl/Hopper-v0", "comparison")
        yield store


def count(store: LabelStore, table: str) -> int:
    with store.engine.connect() as connection:
        return connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one()


# Runs


def test_runs_are_listed_in_the_order_in_which_they_were_opened(store: LabelStore):
    already = store.runs()
    store.open_run("b", "pbrl/Hopper-v0", "comparison")
    store.open_run("a", "pbrl/Hopper-v0", "comparison")
    assert store.runs() == [*already, "b", "a"]


def test_opening_a_run_again_changes_nothing(store: LabelStore):
    store.open_run(RUN, "pbrl/Hopper-v0", "comparison")
    assert count(store, "runs") == 1


@pytest.mark.parametrize(
    ("env_id", "kind"), [("pbrl/Ant-v0", "comparison"), ("pbrl/Hopper-v0", "ranking")]
)
def test_a_run_cannot_change_its_task_or_kind(store: LabelStore, env_id: str, kind: str):
    with pytest.raises(StoreError, match="Hopper-v0 and comparison|Use another name"):
        store.open_run(RUN, env_id, kind)


def test_runs_are_apart(store: LabelStore):
    store.open_run("other", "pbrl/Ant-v0", "comparison")
    store.post(RUN, [make_query(0), make_query(1)])
    store.post("other", [make_query(0, seed=99)])
    store.answer_many("other", {0: "tie"}, "oracle")
    assert store.unanswered(RUN) == [0, 1]
    assert store.unanswered("other") == []
    assert store.answers(RUN) == []
    assert hashes(store.segments("other", [0])[0]) == hashes(make_query(0, seed=99).segments)


# Queries


def test_clips_come_back_exactly_and_in_order(store: LabelStore):
    queries = [make_query(0), make_query(1, options=3), make_query(2)]
    store.post(RUN, queries)
    found = store.segments(RUN, [2, 1])
    assert list(found) == [2, 1]
    for number, segments in found.items():
        assert hashes(segments) == hashes(queries[number].segments)
        for back, clip in zip(segments, queries[number].segments, strict=True):
            np.testing.assert_array_equal(back.true_rewards, clip.true_rewards)
    assert store.segments(RUN, []) == {}


def test_order_is_that_of_the_query_also_when_clips_are_shared(store: LabelStore):
    a, b, c = make_segment(1), make_segment(2), make_segment(3)
    for number, clips in enumerate([(a, b), (b, a), (a, c), (c, b)]):
        store.post(RUN, [Query(number, "comparison", clips, step=0)])
        assert hashes(store.segments(RUN, [number])[number]) == hashes(clips)
    assert count(store, "segments") == 3


def test_clips_that_look_the_same_keep_their_own_true_rewards(store: LabelStore):
    clip = make_segment(1)
    twin = dataclasses.replace(clip, true_rewards=clip.true_rewards + 1)
    store.post(RUN, [Query(0, "comparison", (clip, twin), step=0)])
    first, second = store.segments(RUN, [0])[0]
    np.testing.assert_array_equal(first.true_rewards + 1, second.true_rewards)
    assert count(store, "segments") == 1


def test_true_rewards_can_be_withheld(store: LabelStore):
    store.post(RUN, [make_query(0)])
    for clip in store.segments(RUN, [0], true_rewards=False)[0]:
        assert np.isnan(clip.true_rewards).all()


def test_a_query_that_is_posted_again_stands_as_it_was(store: LabelStore):
    store.post(RUN, [make_query(0), make_query(1)])
    store.post(RUN, [make_query(1, seed=999), make_query(2)])
    assert store.unanswered(RUN) == [0, 1, 2]
    assert hashes(store.segments(RUN, [1])[1]) == hashes(make_query(1).segments)
    assert count(store, "segments") == 6  # none of the second version


def test_more_queries_than_fit_into_one_statement(
    store: LabelStore, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("pbrl.store.statements.CHUNK", 7)
    clips = (make_segment(1), make_segment(2))
    store.post(RUN, [Query(number, "comparison", clips, step=0) for number in range(30)])
    store.answer_many(RUN, dict.fromkeys(range(25), "first"), "oracle")
    found = store.segments(RUN, range(30))
    assert [len(segments) for segments in found.values()] == [2] * 30
    assert store.unanswered(RUN) == list(range(25, 30))


def test_posting_is_all_or_nothing(store: LabelStore):
    broken = Query(1, "comparison", (make_segment(1),), step=None)  # pyright: ignore
    with pytest.raises(StoreError):
        store.post(RUN, [make_query(0), broken])
    assert store.unanswered(RUN) == []
    assert count(store, "segments") == 0


def test_a_run_that_was_not_opened_is_refused_by_name(store: LabelStore):
    with pytest.raises(StoreError, match="no run 'rum'. There is: run"):
        store.post("rum", [make_query(0)])


# Answers


def test_answers_come_by_number_then_in_the_order_given(store: LabelStore):
    store.post(RUN, [make_query(number) for number in range(4)])
    store.answer(RUN, 2, "second", "ann")
    store.answer(RUN, 0, "tie", "ann")
    store.answer(RUN, 2, "first", "bob")
    found = [(a.number, a.text, a.annotator) for a in store.answers(RUN)]
    assert found == [(0, "tie", "ann"), (2, "second", "ann"), (2, "first", "bob")]


def test_answers_of_a_range_of_queries(store: LabelStore):
    store.post(RUN, [make_query(number) for number in range(5)])
    store.answer_many(RUN, dict.fromkeys(range(5), "first"), "oracle")
    assert [a.number for a in store.answers(RUN, below=3)] == [0, 1, 2]
    assert [a.number for a in store.answers(RUN, first=3)] == [3, 4]
    assert [a.number for a in store.answers(RUN, first=1, below=2)] == [1]
    assert store.answers(RUN, below=0) == []


def test_a_synthetic_answer_is_given_once(store: LabelStore):
    store.post(RUN, [make_query(0), make_query(1)])
    store.answer_many(RUN, {0: "first"}, "oracle")
    store.answer_many(RUN, {0: "second", 1: "tie"}, "oracle")
    assert [(a.number, a.text) for a in store.answers(RUN)] == [(0, "first"), (1, "tie")]
    store.answer_many(RUN, {0: "second"}, "mistake")
    assert [a.text for a in store.answers(RUN, below=1)] == ["first", "second"]


def test_a_person_may_answer_again(store: LabelStore):
    store.post(RUN, [make_query(0)])
    store.answer(RUN, 0, "first", "ann")
    store.answer(RUN, 0, "second", "ann")
    assert [a.text for a in store.answers(RUN)] == ["first", "second"]


def test_times_of_a_persons_answer_are_kept(store: LabelStore):
    store.post(RUN, [make_query(0)])
    before = time.time()
    store.answer(RUN, 0, "first", "ann")
    store.answer(RUN, 0, "tie", "bob", shown_at=5.0, answered_at=7.5, reaction_seconds=2.25)
    first, second = store.answer_records(RUN)
    assert first.shown_at is None
    assert before <= first.answered_at <= time.time()
    assert (second.shown_at, second.answered_at, second.reaction_seconds) == (5.0, 7.5, 2.25)
    assert second.synthetic is False


def test_an_answer_that_is_taken_back_no_longer_stands_and_stays_stored(store: LabelStore):
    store.post(RUN, [make_query(0)])
    wrong = store.answer(RUN, 0, "first", "ann")
    assert store.answers(RUN) == [Answered(wrong, 0, "first", "ann")]
    store.retract(wrong, "ann")
    store.retract(wrong, "ann")
    assert store.answers(RUN) == []
    assert store.unanswered(RUN) == [0]
    right = store.answer(RUN, 0, "second", "ann")
    assert store.answers(RUN) == [Answered(right, 0, "second", "ann")]
    assert store.unanswered(RUN) == []
    assert (count(store, "answers"), count(store, "retractions")) == (2, 1)


def test_answering_what_was_never_asked_is_refused(store: LabelStore):
    store.post(RUN, [make_query(0)])
    with pytest.raises(StoreError, match="no query 7 of run 'run'"):
        store.answer(RUN, 7, "first", "ann")
    with pytest.raises(StoreError, match="no query 1, 2, 3, 4, 5, ... of run"):
        store.answer_many(RUN, dict.fromkeys(range(9), "first"), "oracle")
    with pytest.raises(StoreError, match="no query 3 of run"):
        store.segments(RUN, [0, 3])
    with pytest.raises(StoreError, match="no answer 12"):
        store.retract(12, "ann")
    assert store.answers(RUN) == []


# Failures


def test_a_damaged_clip_is_named(store: LabelStore):
    query = make_query(0)
    store.post(RUN, [query])
    digest = query.segments[1].content_hash
    with store.engine.begin() as connection:
        connection.exec_driver_sql(
            f"UPDATE segments SET payload = substr(payload, 1, 300) WHERE hash = '{digest}'"
        )
    with pytest.raises(StoreError, match=digest):
        store.segments(RUN, [0])


def test_a_full_disk_is_told_and_nothing_is_half_written(path: Path):
    with closing(LabelStore(path)) as store:
        store.open_run(RUN, "pbrl/Hopper-v0", "comparison")
        store.post(RUN, [make_query(0)])
        store.engine.dispose()

        @event.listens_for(store.engine, "connect")
        def limit(connection: sqlite3.Connection, _record: object) -> None:
            pages = connection.execute("PRAGMA page_count").fetchone()[0]
            connection.execute(f"PRAGMA max_page_count = {pages + 5}")

        with pytest.raises(StoreError, match="full. Free some space"):
            store.post(RUN, [make_query(number) for number in range(1, 200)])
        assert store.unanswered(RUN) == [0]
        store.answer(RUN, 0, "first", "ann")  # small things still fit


def test_a_store_that_cannot_be_written_is_told(path: Path):
    LabelStore(path).close()
    with closing(LabelStore(path)) as store:
        store.engine.dispose()

        @event.listens_for(store.engine, "connect")
        def forbid(connection: sqlite3.Connection, _record: object) -> None:
            connection.execute("PRAGMA query_only = ON")

        with pytest.raises(StoreError, match="readonly.*writable"):
            store.open_run(RUN, "pbrl/Hopper-v0", "comparison")


def test_a_store_that_another_program_holds_is_told(
    file_store: LabelStore, path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("pbrl.store.database.LOCK_SECONDS", 0.1)
    with closing(LabelStore(path)) as impatient, closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="locked. Another program"):
            impatient.post(RUN, [make_query(0)])
        assert impatient.unanswered(RUN) == []  # readers go on
        other.rollback()
        impatient.post(RUN, [make_query(0)])
        assert file_store.unanswered(RUN) == [0]


def answer_all(path: Path, annotator: str) -> None:
    with closing(LabelStore(path)) as store:
        for number in range(20):
            store.answer(RUN, number, "first", annotator)


def test_several_processes_answer_at_once(file_store: LabelStore, path: Path):
    file_store.post(RUN, [make_query(number) for number in range(20)])
    context = multiprocessing.get_context("spawn")
    people = [context.Process(target=answer_all, args=(path, name)) for name in ("ann", "bob")]
    for person in people:
        person.start()
    for person in people:
        person.join(60)
        assert person.exitcode == 0
    assert len(file_store.answers(RUN)) == 40


def post_until_killed(path: Path) -> None:
    with closing(LabelStore(path)) as store:
        for number in range(0, 1_000_000, 10):
            queries = [make_query(number + i) for i in range(10)]
            store.post(RUN, queries)
            store.answer_many(RUN, {q.number: "first" for q in queries}, "oracle")


@pytest.mark.parametrize("wait", [0.05, 0.11, 0.17])
def test_what_was_committed_survives_a_kill_whole(file_store: LabelStore, path: Path, wait: float):
    process = multiprocessing.get_context("spawn").Process(target=post_until_killed, args=(path,))
    process.start()
    deadline = time.monotonic() + 60
    while not file_store.answers(RUN) and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(wait)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    answered = [a.number for a in file_store.answers(RUN)]
    posted = sorted(answered + file_store.unanswered(RUN))
    assert posted == list(range(len(posted)))
    assert len(answered) % 10 == 0
    assert len(posted) - len(answered) in (0, 10)
    assert all(len(clips) == 2 for clips in file_store.segments(RUN, posted).values())
    file_store.post(
        RUN, [make_query(number) for number in range(len(posted) + 10)]
    )  # and on it goes
