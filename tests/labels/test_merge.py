"""Stores come together; nobody's answers are lost, doubled or mixed up."""

import pytest

from pbrl.errors import StoreError
from pbrl.labels.merge import merge_stores

RUN = "run"


def answers(store, run=RUN):
    return sorted((a.number, a.text, a.annotator) for a in store.answers(run))


def test_runs_of_several_stores_keep_their_names(open_store):
    one, two = open_store("one", "a", [0, 1]), open_store("two", "b", [5])
    one.answer("a", 0, "first", "ann")
    two.answer("b", 5, "tie", "bob")
    target = open_store("target", run=None)
    sentences = merge_stores([one, two], target)
    assert sorted(target.runs()) == ["a", "b"]
    assert answers(target, "a") == [(0, "first", "ann")]
    assert answers(target, "b") == [(5, "tie", "bob")]
    assert "1 answers are new" in sentences[0]
    assert answers(one, "a") == [(0, "first", "ann")]
    for name, source in (("a", one), ("b", two)):
        assert target.run_info(name) == source.run_info(name)


def test_copies_that_were_answered_apart_become_one_run(open_store):
    target = open_store("target", queries=range(4))
    copies = [open_store(name, queries=range(4)) for name in ("one", "two")]
    for store, name in zip(copies, ("ann", "bob"), strict=True):
        store.answer(RUN, 0, "first", name, token=f"of {name}")
    for _ in range(2):  # the second time adds nothing
        merge_stores(copies, target)
        assert answers(target) == [(0, "first", "ann"), (0, "first", "bob")]
    assert target.runs() == [RUN]


def test_another_run_of_the_same_name_is_refused_or_renamed(open_store, query):
    target, other = open_store("target", queries=[0]), open_store("other")
    other.post(RUN, [query(0, seed=77)])
    other.answer(RUN, 0, "second", "ann")
    third = open_store("third", "fine", [0])
    with pytest.raises(StoreError, match=r"about other clips. Nothing was merged. With --rename"):
        merge_stores([third, other], target)
    assert target.runs() == [RUN]  # not even the one that was fine
    for _ in range(2):  # the second time it is found under its new name
        [_, sentence] = merge_stores([third, other], target, rename=True)
        assert sentence.endswith("Run 'run' is now 'run-2': there was another run of that name.")
        assert sorted(target.runs()) == ["fine", RUN, "run-2"]
        assert (answers(target), answers(target, "run-2")) == ([], [(0, "second", "ann")])


def test_a_new_name_is_not_that_of_another_run_that_comes_along(open_store, query):
    target, other = open_store("target", queries=[0]), open_store("other")
    other.post(RUN, [query(0, seed=77)])
    other.open_run("run-2", "pbrl/Hopper-v0", "comparison")
    other.post("run-2", [query(0, seed=99)])
    other.answer(RUN, 0, "second", "ann")
    for _ in range(2):
        merge_stores([other], target, rename=True)
        assert sorted(target.runs()) == [RUN, "run-2", "run-3"]
        assert answers(target, "run-3") == [(0, "second", "ann")]


def test_the_runs_that_are_meant_come_along_and_no_others(open_store):
    shared, target = open_store("shared", "mine", [0]), open_store("target", run=None)
    shared.open_run("theirs", "pbrl/Hopper-v0", "comparison")
    shared.answer("mine", 0, "first", "ann")
    merge_stores([shared], target, runs=[["mine"]])
    assert target.runs() == ["mine"]


def test_a_synthetic_run_that_was_made_twice_is_one(open_store):
    one, two, target = (open_store(n, queries=range(3)) for n in ("one", "two", "target"))
    one.answer_many(RUN, {0: "first", 1: "tie"}, "oracle")
    two.answer_many(RUN, {0: "first", 1: "tie", 2: "second"}, "oracle")
    merge_stores([one, two], target)
    assert answers(target) == [
        (0, "first", "oracle"),
        (1, "tie", "oracle"),
        (2, "second", "oracle"),
    ]
    three = open_store("three", queries=range(3))
    three.answer_many(RUN, {0: "second"}, "oracle")
    with pytest.raises(StoreError, match="has answered query 0 .* otherwise"):
        merge_stores([three], target)


@pytest.mark.parametrize("order", [("a", "b"), ("b", "a")])
def test_what_one_copy_evicted_and_the_other_answered_is_learnt_from(open_store, order):
    copies = {name: open_store(name, queries=range(3)) for name in order}
    copies["a"].withdraw(RUN, [2], "old")
    assert copies["a"].evict(0) > 0
    copies["b"].answer(RUN, 2, "first", "bob")
    target = open_store("target", run=None)
    merge_stores([copies[name] for name in order], target)
    assert answers(target) == [(2, "first", "bob")]
    (clips,) = target.segments(RUN, [2]).values()
    assert [clip.content_hash for clip in clips] == list(copies["b"].queries(RUN, [2])[0].hashes)


def test_a_pair_that_one_copy_marked_as_gold_is_asked_no_more(open_store):
    original, copy = (open_store(n, queries=range(3)) for n in ("original", "copy"))
    copy.mark_gold(RUN, 1, "first")
    merge_stores([copy], original)
    assert original.gold(RUN) == {1: "first"}
    assert [query.number for query in original.open_queries(RUN)] == [0, 2]


def test_another_task_of_the_same_name_is_another_run(open_store):
    target, other = open_store("target", queries=[0]), open_store("other", run=None)
    other.open_run(RUN, "pbrl/Ant-v0", "comparison")
    with pytest.raises(StoreError, match="pbrl/Ant-v0"):
        merge_stores([other], target)
    merge_stores([other], target, rename=True)
    assert target.run_info("run-2").env_id == "pbrl/Ant-v0"


def test_a_runs_own_store_takes_no_other_run(open_store, tmp_path):
    """On resuming, the run would be taken for the other one."""
    own, copy = open_store("labels", queries=range(2)), open_store("copy", queries=range(2))
    (tmp_path / "config.json").write_text("{}")
    other = open_store("other", "older", [0])
    with pytest.raises(StoreError, match=r"'older' does not belong into .*labels.db"):
        merge_stores([other], own)
    copy.answer(RUN, 1, "tie", "ann")
    merge_stores([copy], own)
    assert answers(own) == [(1, "tie", "ann")]


def test_a_store_is_not_merged_into_itself(store):
    with pytest.raises(StoreError, match="cannot be merged into itself"):
        merge_stores([store], store)
