"""What only a server can do: be lost and come back, hang, and serve many at once."""

import multiprocessing
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pbrl.errors import StoreError, StoreUnreachable
from pbrl.segments import Segment
from pbrl.store import LabelStore, Query
from pbrl.store.statements import lock_run

RUN = "run"
ANSWERS = 10_000
SPAWN = multiprocessing.get_context("spawn")


@pytest.fixture
def store(postgresql_url: str, make_query):
    with closing(LabelStore(postgresql_url)) as store:
        store.open_run(RUN, "pbrl/Hopper-v0", "comparison")
        store.post(RUN, [make_query(number) for number in range(4)])
        yield store


def test_a_server_that_was_killed_and_is_back_goes_on(store: LabelStore, postgresql_server):
    first = store.answer(RUN, 0, "first", "ann", token="t-0")
    postgresql_server.stop(signal.SIGKILL)
    try:
        for call in (lambda: store.answers(RUN), lambda: store.answer(RUN, 1, "tie", "ann")):
            with pytest.raises(StoreUnreachable, match="Check the host and the port"):
                call()
    finally:
        postgresql_server.start()
    assert store.answer(RUN, 0, "first", "ann", token="t-0") == first
    assert [a.number for a in store.answers(RUN)] == [0]


def test_a_connection_that_was_cut_is_made_anew(store: LabelStore, postgresql_server):
    store.answer(RUN, 0, "first", "ann")
    cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
    postgresql_server.execute(f"{cut} AND backend_type = 'client backend'")
    store.answer(RUN, 1, "first", "ann")
    assert [a.number for a in store.answers(RUN)] == [0, 1]


def test_who_hangs_with_a_lock_is_cut_off(
    postgresql_url: str, store: LabelStore, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("pbrl.store.database.LOCK_SECONDS", 1.0)
    with closing(LabelStore(postgresql_url)) as hanging:
        connection = hanging.engine.connect()
        connection.exec_driver_sql("SELECT * FROM runs FOR UPDATE")
        monkeypatch.setattr("pbrl.store.database.LOCK_SECONDS", 30.0)
        assert store.lease(RUN, "ann", "A", count=1, seconds=60)
        connection.invalidate()
        connection.close()


def test_a_lock_that_is_held_for_long_is_told(
    postgresql_url: str, store: LabelStore, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("pbrl.store.database.LOCK_SECONDS", 0.3)
    with closing(LabelStore(postgresql_url)) as impatient, store.engine.begin() as connection:
        connection.exec_driver_sql("SELECT * FROM runs FOR UPDATE")
        with pytest.raises(StoreUnreachable, match="lock timeout.*Another program holds it"):
            impatient.lease(RUN, "ann", "A", count=1, seconds=60)
        assert impatient.answers(RUN) == []  # readers go on
        impatient.answer(RUN, 0, "first", "ann")  # and so do those who answer


def test_one_at_a_time_hands_out_the_queries_of_a_run(
    postgresql_url: str, store: LabelStore, monkeypatch: pytest.MonkeyPatch
):
    """With a lock that answers, posts and those who read do not take."""
    answer = store.answer(RUN, 0, "first", "ann")
    monkeypatch.setattr("pbrl.store.database.LOCK_SECONDS", 0.3)
    with closing(LabelStore(postgresql_url)) as impatient, store.engine.begin() as connection:
        lock_run(connection, RUN)
        with pytest.raises(StoreUnreachable, match="lock timeout"):
            impatient.lease(RUN, "ann", "A", count=1, seconds=60)
        with pytest.raises(StoreUnreachable, match="lock timeout"):
            impatient.retract(answer, "ann")
        impatient.answer(RUN, 1, "first", "ann", viewer="A")
        assert impatient.renew(RUN, "ann", "A", seconds=60) == []
    assert [query.number for query in store.lease(RUN, "ann", "A", count=9, seconds=60)] == [2, 3]


def in_threads(work: Callable[[int], None]) -> None:
    """Runs it in 4 threads, with their numbers, and raises what one of them raised."""
    with ThreadPoolExecutor(4) as threads:
        for future in [threads.submit(work, n) for n in range(4)]:
            future.result(120)


def test_runs_that_post_the_same_clips_in_another_order_do_not_block_one_another(
    postgresql_url: str, store: LabelStore, make_segment
):
    clips = [make_segment(seed) for seed in range(60)]

    def post(shuffle: int) -> None:
        rng = np.random.default_rng(shuffle)
        with closing(LabelStore(postgresql_url)) as own:
            own.open_run(f"run {shuffle}", "pbrl/Hopper-v0", "comparison")
            for first in range(0, 300, 30):
                pairs = enumerate(rng.permutation(60).reshape(30, 2), first)
                queries = [Query(n, "comparison", (clips[a], clips[b]), 0) for n, (a, b) in pairs]
                own.post(f"run {shuffle}", queries)

    in_threads(post)
    assert [len(store.queries(f"run {n}")) for n in range(4)] == [300] * 4


def test_of_a_query_that_two_post_at_once_one_version_counts(
    postgresql_url: str, store: LabelStore, make_segment
):
    clips = [make_segment(seed) for seed in range(60)]

    def post(shuffle: int) -> None:
        rng = np.random.default_rng(shuffle)
        with closing(LabelStore(postgresql_url)) as own:
            for number in range(10, 20):
                pairs = rng.permutation(60).reshape(30, 2)
                queries = [
                    Query(30 * number + i, "comparison", (clips[a], clips[b]), step=shuffle)
                    for i, (a, b) in enumerate(pairs)
                ]
                own.post(RUN, queries)

    in_threads(post)
    queries = store.queries(RUN)
    assert len(queries) == 304
    assert all(len(query.hashes) == 2 for query in queries)
    rebuilt = {step: np.random.default_rng(step) for step in range(4)}
    for number in range(10, 20):  # the clips of a query are those of the trainer whose step it has
        pairs = {step: rng.permutation(60).reshape(30, 2) for step, rng in rebuilt.items()}
        for query in queries[4 + 30 * (number - 10) :][:30]:
            expected = pairs[query.step][query.number - 30 * number]
            assert query.hashes == tuple(clips[n].content_hash for n in expected)


def test_another_schema_in_the_database_is_refused(postgresql_url: str, postgresql_server):
    name = postgresql_url.rsplit("/", 1)[1]
    postgresql_server.execute("CREATE TABLE recipes (name text)", name)
    with pytest.raises(StoreError, match="something else than labels"):
        LabelStore(postgresql_url)


# 10,000 answers


def tiny_clips(seed: int) -> tuple[Segment, Segment]:
    rng = np.random.default_rng(seed)
    arrays: dict[str, Any] = {
        "observations": rng.normal(size=(2, 2)).astype(np.float32),
        "actions": rng.normal(size=(2, 1)).astype(np.float32),
        "render_states": rng.normal(size=(2, 1)).astype(np.float32),
        "true_rewards": np.zeros(2),
    }
    other = arrays | {"actions": arrays["actions"] + 1}
    return Segment(**arrays), Segment(**other)


def be_trainer(url: str) -> None:
    """Posts a few hundred queries ahead, and reads the answers as they come."""
    with closing(LabelStore(url)) as store:
        clips = [tiny_clips(seed) for seed in range(20)]
        posted, read = 0, 0
        while read < ANSWERS:
            if posted < ANSWERS and store.progress(RUN).open < 500:
                numbers = range(posted, min(posted + 1000, ANSWERS))
                store.post(RUN, [Query(n, "comparison", clips[n % 20], step=n) for n in numbers])
                posted = numbers.stop
            else:
                time.sleep(0.3)
                read = len(store.answers(RUN))


def be_viewer(url: str, name: str, ledger: Path) -> None:
    """Answers until all is answered, and notes in a file of its own what it has answered."""
    leased, done = [], 0
    with closing(LabelStore(url)) as store, ledger.open("w") as noted:
        while done == 0 or leased or store.progress(RUN).answered < ANSWERS:
            leased = store.lease(RUN, name, name, count=50, seconds=30)
            time.sleep(0 if leased else 0.1)
            for query in leased:
                token = f"{name}-{query.number}-{done}"
                answer = (RUN, query.number, ("first", "second")[query.number % 2], name)
                identity = store.answer(*answer, token=token, viewer=name, left=0)
                if done % 50 == 0:  # a retry
                    assert store.answer(*answer, token=token, viewer=name, left=0) == identity
                noted.write(f"{identity} {query.number} {token}\n")
                done += 1


@pytest.mark.slow
def test_two_viewers_and_a_trainer_lose_and_double_nothing(postgresql_url: str, tmp_path: Path):
    """10,000 answers, compared with what the viewers noted outside the store."""
    with closing(LabelStore(postgresql_url)) as store:
        store.open_run(RUN, "pbrl/Hopper-v0", "comparison")
        ledgers = {name: tmp_path / name for name in ("ann", "bob")}
        trainer = SPAWN.Process(target=be_trainer, args=(postgresql_url,))
        viewers = [
            SPAWN.Process(target=be_viewer, args=(postgresql_url, name, ledger))
            for name, ledger in ledgers.items()
        ]
        for process in (trainer, *viewers):
            process.start()
        for process in (trainer, *viewers):
            process.join(280)
            assert process.exitcode == 0
        noted = {
            (int(identity), int(number), token, name)
            for name, ledger in ledgers.items()
            for identity, number, token in map(str.split, ledger.read_text().splitlines())
        }
        records = store.answer_records(RUN, retracted=True)
        assert {(a.id, a.number, a.token, a.annotator) for a in records} == noted
        assert sorted(a.number for a in store.answers(RUN)) == list(range(ANSWERS))
        assert all(a.text == ("first", "second")[a.number % 2] for a in records)
        assert {a.annotator for a in records} == {"ann", "bob"}
        assert store.progress(RUN).open == 0
