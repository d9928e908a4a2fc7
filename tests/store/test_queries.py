"""Queries: what is kept of them, withdrawing, counting, and pairs whose answer is known."""

import numpy as np
import pytest

from pbrl.errors import StoreError
from pbrl.store import LabelStore, OpenQuery, Progress

RUN = "run"


def test_all_of_a_query_comes_back(store: LabelStore, make_query):
    returns = np.random.default_rng(0).normal(size=(3, 2)).astype(np.float32)
    queries = [make_query(0, predicted_returns=returns, wanted=2), make_query(1)]
    store.post(RUN, queries)
    first, second = store.queries(RUN)
    assert (first.number, first.kind, first.step, first.wanted) == (0, "comparison", 0, 2)
    assert first.predicted_returns is not None
    np.testing.assert_array_equal(first.predicted_returns, returns)
    assert first.predicted_returns.dtype == np.float64
    assert (second.predicted_returns, second.wanted, second.withdrawn) == (None, 1, None)
    for record, query in zip((first, second), queries, strict=True):
        assert record.hashes == tuple(s.content_hash for s in query.segments)
    assert first.posted_at == second.posted_at


def test_returns_that_are_not_finite_come_back(store: LabelStore, make_query):
    returns = np.array([[np.nan, np.inf], [-np.inf, 0.1]])
    store.post(RUN, [make_query(0, predicted_returns=returns)])
    (record,) = store.queries(RUN)
    np.testing.assert_array_equal(record.predicted_returns, returns)


def test_some_queries_by_number(store: LabelStore, make_query, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("pbrl.store.statements.CHUNK", 2)
    store.post(RUN, [make_query(number) for number in range(6)])
    assert [q.number for q in store.queries(RUN, [5, 0, 3, 1, 3])] == [0, 1, 3, 5]
    assert store.queries(RUN, []) == []
    assert store.queries("another") == []
    with pytest.raises(StoreError, match="no query 6"):
        store.queries(RUN, [1, 6])


def test_withdrawn_queries_keep_their_first_reason_and_their_clips(store: LabelStore, make_query):
    store.post(RUN, [make_query(number) for number in range(4)])
    store.withdraw(RUN, [1, 2], "older than 50,000 steps")
    store.withdraw(RUN, [2, 3], "the run has finished")
    reasons = [q.withdrawn for q in store.queries(RUN)]
    old = "older than 50,000 steps"
    assert reasons == [None, old, old, "the run has finished"]
    assert store.open_queries(RUN) == [OpenQuery(0, 0, leased=False)]
    assert store.progress(RUN) == Progress(asked=4, answered=0, open=1, leased=0, withdrawn=3)
    assert len(store.segments(RUN, [1, 2, 3])) == 3
    assert store.unanswered(RUN) == [0, 1, 2, 3]
    with pytest.raises(StoreError, match="no query 9"):
        store.withdraw(RUN, [0, 9], "none of them")
    assert store.progress(RUN).withdrawn == 3
    store.withdraw(RUN, [], "nothing")


def test_an_answer_to_a_withdrawn_query_counts(store: LabelStore, make_query):
    store.post(RUN, [make_query(0)])
    store.withdraw(RUN, [0], "old")
    store.answer(RUN, 0, "first", "ann")
    assert [a.number for a in store.answers(RUN)] == [0]
    assert store.progress(RUN) == Progress(asked=1, answered=1, open=0, leased=0, withdrawn=1)


def test_progress_of_a_run_without_queries(store: LabelStore):
    assert store.progress(RUN) == Progress(0, 0, 0, 0, 0)
    assert store.open_queries(RUN) == []


def test_open_until_all_wanted_answers_stand(store: LabelStore, make_query):
    store.post(RUN, [make_query(0, wanted=2), make_query(1)])
    store.answer(RUN, 0, "first", "ann")
    second = store.answer(RUN, 0, "first", "bob")
    store.answer(RUN, 1, "first", "ann")
    assert store.open_queries(RUN) == []
    store.retract(second, "bob")
    assert [q.number for q in store.open_queries(RUN)] == [0]
    assert store.progress(RUN) == Progress(asked=2, answered=2, open=1, leased=0, withdrawn=0)


def test_the_next_number(store: LabelStore, make_query):
    assert store.next_number(RUN) == 0
    store.post(RUN, [make_query(0), make_query(7)])
    assert store.next_number(RUN) == 8
    assert store.next_number("another") == 0


def test_the_last_mark_of_a_gold_pair_counts(store: LabelStore, make_query):
    store.post(RUN, [make_query(number) for number in range(4)])
    assert store.gold(RUN) == {}
    for number, text in ((2, "first"), (0, "second"), (2, "tie")):
        store.mark_gold(RUN, number, text)
    assert store.gold(RUN) == {0: "second", 2: "tie"}
    assert store.gold("another") == {}
    with pytest.raises(StoreError, match="no query 4"):
        store.mark_gold(RUN, 4, "first")


def test_a_query_that_is_marked_as_gold_is_asked_no_longer_unless_it_is_learnt_from(
    store: LabelStore, make_query
):
    store.post(RUN, [make_query(number, wanted=2) for number in range(3)])
    store.answer(RUN, 1, "first", "ann")
    for number in (0, 1):
        store.mark_gold(RUN, number, "first")
    reasons = [query.withdrawn for query in store.queries(RUN)]
    assert reasons == ["its answer is known, and it checks people", None, None]
    assert [query.number for query in store.open_queries(RUN)] == [1, 2]


def test_steps_beyond_32_bits(store: LabelStore, make_segment):
    from pbrl.store import Query

    store.post(RUN, [Query(0, "comparison", (make_segment(0), make_segment(1)), step=2**40)])
    assert store.queries(RUN)[0].step == 2**40
