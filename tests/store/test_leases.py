"""Leases: one viewer at a time, for a while; by the database's clock, on both databases."""

import multiprocessing
import os
import signal
import threading
import time
from contextlib import closing

import numpy as np
import pytest

from pbrl.errors import ClipDamaged, StoreError
from pbrl.store import LabelStore, OpenQuery, Progress

RUN = "run"
LONG = 60.0
SHORT = 0.3


def take(store: LabelStore, who: str, count: int = 1, seconds: float = LONG) -> list[int]:
    """Leases as a person whose viewer has the person's name in capitals."""
    leased = store.lease(RUN, who, who.upper(), count=count, seconds=seconds)
    return [query.number for query in leased]


@pytest.fixture
def store(store: LabelStore, make_query) -> LabelStore:
    """Five queries, each wanted once."""
    store.post(RUN, [make_query(number) for number in range(5)])
    return store


def test_a_leased_query_has_all_that_a_viewer_shows(store: LabelStore, make_query):
    query = make_query(5, predicted_returns=np.array([[1.5, -2.0], [0.1, 1e300]]))
    store.post(RUN, [query])
    *_, leased = store.lease(RUN, "ann", "a", count=9, seconds=LONG)
    assert (leased.number, leased.kind, leased.step) == (5, "comparison", 500)
    assert abs(leased.posted_at - time.time()) < 60
    np.testing.assert_array_equal(leased.predicted_returns, query.predicted_returns)
    for clip, original in zip(leased.segments, query.segments, strict=True):
        assert clip.content_hash == original.content_hash
        assert np.isnan(clip.true_rewards).all()


def test_two_viewers_never_get_the_same_query_lowest_numbers_first(store: LabelStore):
    assert take(store, "ann", 2) == [0, 1]
    assert take(store, "bob", 2) == [2, 3]
    assert take(store, "ann", 2) == [4]  # what it has is not handed out again
    assert take(store, "bob", 2) == []
    assert [(q.number, q.leased) for q in store.open_queries(RUN)] == [(n, True) for n in range(5)]
    assert store.progress(RUN) == Progress(asked=5, answered=0, open=5, leased=5, withdrawn=0)


def test_a_lease_runs_out_and_another_viewer_gets_the_query(store: LabelStore):
    assert take(store, "ann", 5, SHORT) == [0, 1, 2, 3, 4]
    assert take(store, "bob") == []
    time.sleep(SHORT + 0.1)
    assert [q.leased for q in store.open_queries(RUN)] == [False] * 5
    assert store.progress(RUN).leased == 0
    assert take(store, "bob") == [0]


def test_a_lease_that_is_renewed_lasts(store: LabelStore):
    seconds = 4 * SHORT  # a machine that does much else takes its time
    take(store, "ann", 2, seconds)
    for _ in range(5):
        time.sleep(SHORT)
        assert store.renew(RUN, "ann", "ANN", seconds=seconds) == [0, 1]
    assert take(store, "bob", 9) == [2, 3, 4]


def test_a_lease_that_ran_out_is_not_revived(store: LabelStore):
    take(store, "ann", 2, SHORT)
    time.sleep(SHORT + 0.1)
    assert take(store, "bob") == [0]
    assert store.renew(RUN, "ann", "ANN", seconds=LONG) == []
    assert store.renew(RUN, "bob", "BOB", seconds=LONG) == [0]


def test_a_lease_that_ran_out_is_not_renewed_though_nobody_took_it(store: LabelStore):
    take(store, "ann", 2, SHORT)
    time.sleep(SHORT + 0.1)
    assert store.renew(RUN, "ann", "ANN", seconds=LONG) == []
    assert take(store, "ann", 2) == [0, 1]


def test_leases_are_given_back(store: LabelStore):
    take(store, "ann", 5)
    store.release(RUN, "ANN", [1, 3])
    assert take(store, "bob", 5) == [1, 3]
    store.release(RUN, "ANN")
    store.release(RUN, "ANN", [])
    assert take(store, "cem", 5) == [0, 2, 4]


def test_an_answer_ends_the_lease_and_the_query(store: LabelStore):
    take(store, "ann", 2)
    store.answer(RUN, 0, "first", "ann", viewer="ANN")
    assert store.renew(RUN, "ann", "ANN", seconds=LONG) == [1]
    assert store.progress(RUN) == Progress(asked=5, answered=1, open=4, leased=1, withdrawn=0)
    assert take(store, "bob", 9) == [2, 3, 4]


def test_an_answer_after_the_lease_ran_out_counts(store: LabelStore):
    take(store, "ann", 1, SHORT)
    time.sleep(SHORT + 0.1)
    store.answer(RUN, 0, "first", "ann", viewer="ANN")
    assert [a.text for a in store.answers(RUN)] == ["first"]
    assert take(store, "bob") == [1]


def test_who_takes_an_answer_back_gets_the_query_again(store: LabelStore):
    take(store, "ann")
    first = store.answer(RUN, 0, "first", "ann", viewer="ANN")
    store.retract(first, "ann", viewer="ANN", seconds=LONG)
    assert take(store, "bob") == [1]
    assert store.renew(RUN, "ann", "ANN", seconds=LONG) == [0]
    store.answer(RUN, 0, "second", "ann", viewer="ANN")
    assert [a.text for a in store.answers(RUN)] == ["second"]


def test_who_has_judged_a_query_anew_meanwhile_does_not_get_it_again(store: LabelStore):
    take(store, "ann")
    first = store.answer(RUN, 0, "first", "ann", viewer="ANN")
    assert store.retract(first, "ann", viewer="ann's other", seconds=LONG)
    store.answer(RUN, 0, "second", "ann", viewer="ann's other")
    assert not store.retract(first, "ann", viewer="ANN", seconds=LONG)
    assert store.renew(RUN, "ann", "ANN", seconds=LONG) == []
    assert [a.text for a in store.answers(RUN)] == ["second"]


def test_a_query_that_another_person_has_judged_too_comes_back(store: LabelStore, make_query):
    store.post(RUN, [make_query(5, wanted=2)])
    first = store.answer(RUN, 5, "first", "ann", viewer="ANN")
    store.answer(RUN, 5, "first", "bob", viewer="BOB")
    assert store.retract(first, "ann", viewer="ANN", seconds=LONG)
    assert store.renew(RUN, "ann", "ANN", seconds=LONG) == [5]


def test_open_queries_that_one_has_judged_are_for_others(store: LabelStore, make_query):
    store.post(RUN, [make_query(number, wanted=2) for number in (5, 6, 7)])
    taken_back = [store.answer(RUN, n, "first", "ann") for n in (5, 6, 7)][2]
    store.retract(taken_back, "ann")
    store.answer(RUN, 6, "first", "bob")
    assert store.progress(RUN, "ann").for_others == 1  # 6 has both answers, 7 none
    assert store.progress(RUN, "bob").for_others == 0
    assert store.progress(RUN).for_others == 0
    store.lease(RUN, "bob", "BOB", count=9, seconds=LONG)
    assert store.progress(RUN, "ann").for_others == 0  # it counts as leased


def test_a_query_whose_answer_was_taken_back_is_handed_out_again(store: LabelStore):
    take(store, "ann")
    first = store.answer(RUN, 0, "first", "ann", viewer="ANN")
    assert take(store, "bob") == [1]
    store.retract(first, "ann")
    assert store.open_queries(RUN)[0] == OpenQuery(0, 0, leased=False)
    assert take(store, "bob") == [0]
    store.release(RUN, "BOB")
    assert take(store, "ann", 2) == [0, 1]


def test_taking_an_answer_back_does_not_ask_a_withdrawn_query_again(store: LabelStore):
    first = store.answer(RUN, 0, "first", "ann")
    store.withdraw(RUN, [0], "old")
    store.retract(first, "ann")
    assert take(store, "bob", 9) == [1, 2, 3, 4]
    assert [q.number for q in store.open_queries(RUN)] == [1, 2, 3, 4]


def test_overlap_is_two_different_people(store: LabelStore, make_query):
    store.withdraw(RUN, range(5), "not of this test")
    store.post(RUN, [make_query(number, wanted=2) for number in (5, 6)])
    assert take(store, "ann") == [5]
    second_viewer = store.lease(RUN, "ann", "ANN's other", count=9, seconds=LONG)
    assert [query.number for query in second_viewer] == [6]
    assert take(store, "bob", 2) == [5, 6]
    assert take(store, "cem", 2) == []
    store.answer(RUN, 5, "first", "ann", viewer="ANN")
    assert take(store, "ann", 2) == []
    assert take(store, "cem", 2) == []
    store.release(RUN, "BOB")
    assert take(store, "cem", 1) == [5]
    store.answer(RUN, 5, "second", "cem", viewer="CEM")
    assert take(store, "bob", 9) == [6]
    assert store.open_queries(RUN) == [OpenQuery(6, 600, True)]


def test_answers_that_check_people_do_not_close_a_query(store: LabelStore):
    store.answer(RUN, 0, "first", "ann", role="gold")
    store.answer(RUN, 1, "first", "ann", role="repeat")
    assert store.progress(RUN).open == 5
    assert take(store, "ann", 2) == [2, 3]  # what she has judged she is not asked again
    assert take(store, "bob", 2) == [0, 1]


def test_a_query_that_nobody_shall_answer_is_not_handed_out(store: LabelStore, make_query):
    store.withdraw(RUN, range(5), "not of this test")
    store.post(RUN, [make_query(5, wanted=0)])
    assert take(store, "ann", 9) == []
    assert store.progress(RUN).open == 0


def test_withdrawn_queries_are_not_handed_out(store: LabelStore):
    store.withdraw(RUN, [0, 2], "old")
    assert take(store, "ann", 9) == [1, 3, 4]


def damage(store: LabelStore, content_hash: str) -> None:
    change = "UPDATE segments SET payload = substr(payload, 1, 300) WHERE hash = "
    with store.engine.begin() as connection:
        connection.exec_driver_sql(f"{change}'{content_hash}'")


def test_a_damaged_clip_is_never_shown_and_is_told_of(store: LabelStore, make_query):
    broken = {n: make_query(n).segments[n % 2].content_hash for n in (0, 1, 3)}
    for content_hash in broken.values():
        damage(store, content_hash)
    assert take(store, "ann", 2) == [2, 4]
    reasons = {q.number: q.withdrawn for q in store.queries(RUN) if q.withdrawn}
    assert reasons == {number: f"damaged clip {name}" for number, name in broken.items()}
    assert store.progress(RUN) == Progress(asked=5, answered=0, open=2, leased=2, withdrawn=3)
    assert store.renew(RUN, "ann", "ANN", seconds=LONG) == [2, 4]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # the others check types
@pytest.mark.parametrize(
    "value", ["CAST(payload AS TEXT)", "'no bytes'", "CAST(x'fffe' AS TEXT)", "4000000000", "1.5"]
)
def test_a_clip_that_is_no_bytes_is_damaged(store: LabelStore, make_query, value):
    content_hash = make_query(1).segments[0].content_hash
    with store.engine.begin() as connection:
        change = f"UPDATE segments SET payload = {value} WHERE hash = '{content_hash}'"
        connection.exec_driver_sql(change)
    assert take(store, "ann", 3) == [0, 2, 3]
    (withdrawn,) = [query for query in store.queries(RUN) if query.withdrawn]
    assert (withdrawn.number, withdrawn.withdrawn) == (1, f"damaged clip {content_hash}")
    with pytest.raises(ClipDamaged, match=f"{content_hash} in the label store is damaged"):
        store.segments(RUN, [1])
    assert set(store.segments(RUN, [0, 2, 3, 4])) == {0, 2, 3, 4}


def test_runs_are_apart(store: LabelStore, make_query):
    store.open_run("other", "pbrl/Hopper-v0", "comparison")
    store.post("other", [make_query(0, seed=77)])
    take(store, "ann", 9)
    (other,) = store.lease("other", "ann", "ANN", count=9, seconds=LONG)
    assert other.segments[0].content_hash == make_query(0, seed=77).segments[0].content_hash
    store.leave("other", "ANN")
    assert take(store, "bob") == []


def test_a_run_that_is_not_there_is_named(store: LabelStore):
    for call in (
        lambda: store.lease("rum", "ann", "ANN", count=1, seconds=LONG),
        lambda: store.renew("rum", "ann", "ANN", seconds=LONG),
    ):
        with pytest.raises(StoreError, match="no run 'rum'. There is: run"):
            call()


def test_who_is_there(store: LabelStore):
    assert store.viewers(RUN) == []
    take(store, "bob")
    store.renew(RUN, "ann", "ANN", seconds=LONG)
    found = store.viewers(RUN)
    assert [(v.viewer, v.annotator) for v in found] == [("ANN", "ann"), ("BOB", "bob")]
    assert all(abs(v.seen_at - time.time()) < 5 for v in found)
    time.sleep(0.3)
    assert store.viewers(RUN, within_seconds=0.2) == []
    store.leave(RUN, "BOB")
    assert [v.viewer for v in store.viewers(RUN)] == ["ANN"]
    assert take(store, "cem") == [0]


def test_threads_of_one_store_get_different_queries(store: LabelStore, make_query):
    store.post(RUN, [make_query(number) for number in range(5, 40)])
    taken: dict[str, list[int]] = {}

    def work(who: str) -> None:
        taken[who] = [n for _ in range(5) for n in take(store, who, 2)]

    threads = [threading.Thread(target=work, args=(who,)) for who in ("ann", "bob", "cem", "dea")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(n for numbers in taken.values() for n in numbers) == list(range(40))


def lease_and_hang(database: str, pipe) -> None:
    with closing(LabelStore(database)) as store:
        pipe.send(take(store, "ann", 2, seconds=2.0))
        time.sleep(600)


def test_what_a_killed_viewer_had_is_free_when_its_time_is_up(store: LabelStore, database: str):
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    viewer = context.Process(target=lease_and_hang, args=(database, there))
    viewer.start()
    assert here.poll(60)
    assert here.recv() == [0, 1]
    assert viewer.pid is not None
    os.kill(viewer.pid, signal.SIGKILL)
    viewer.join()
    here.close()
    there.close()
    assert take(store, "bob") == [2]
    deadline = time.monotonic() + 10
    found: list[int] = []
    while not found and time.monotonic() < deadline:
        time.sleep(0.2)
        store.release(RUN, "BOB")
        found = [n for n in take(store, "bob") if n == 0]
    assert found == [0]
