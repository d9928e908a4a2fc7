"""Labels to files and back: complete, once, or not at all."""

import base64
import csv
import dataclasses
import json
from contextlib import closing

import numpy as np
import pytest

from pbrl.errors import StoreError
from pbrl.labels.addition import add_contents
from pbrl.labels.contents import store_contents
from pbrl.labels.exchange import read_labels, write_labels
from pbrl.labels.statistics import label_statistics
from pbrl.store import LabelStore

RUN = "run"
VERSIONS = {"pbrl": "0.1.0", "numpy": "2.0"}


@pytest.fixture
def judged(open_store, query):
    """A store with all that there is to travel."""
    store = open_store("judged", run=None)
    store.open_run(RUN, "pbrl/Hopper-v0", "comparison", look_for="Überschläge, please")
    predicted = np.array([[0.1, 1 / 3], [2.5, -1e-9]])
    store.post(RUN, [query(number, predicted if number % 2 else None) for number in range(6)])
    store.post(RUN, [query(6, wanted=2)])
    store.answer(RUN, 0, "first", "ann", left=1, shown_at=1.5, answered_at=1 / 3, token="t0",
                 strength=2)  # fmt: skip
    store.answer(RUN, 1, "tie", "Zoë, “the 2nd”\n", reaction_seconds=2.25, token="t1")
    store.answer(RUN, 0, "second", "ann", left=0, role="repeat", token="t2")
    store.retract(store.answer(RUN, 2, "cant_tell", "ann", token="t3"), "ann")
    store.answer_many(RUN, {3: "second", 4: "first"}, "oracle")
    store.withdraw(RUN, [5], "grown old")
    store.mark_gold(RUN, 0, "first")
    return store


def facts(store):
    """All that a store holds, but for the ids of answers."""
    contents = store_contents(store, store.runs(), clips=True)
    answers = [dataclasses.replace(answer, id=0) for answer in contents.answers]
    return contents.runs, contents.queries, answers, dict(contents.clips)


def exported(store, path, clips=True):
    write_labels(path, store_contents(store, store.runs(), clips=clips), VERSIONS)
    return path


def test_json_lines_bring_everything_to_an_empty_store(judged, open_store, tmp_path):
    file = exported(judged, tmp_path / "labels.jsonl")
    other = open_store("other", run=None)
    [added] = add_contents(other, [read_labels(file)])
    assert facts(other) == facts(judged)
    assert (added.runs, added.queries, added.answers, added.taken_back) == (1, 7, 6, 1)
    for number, clips in judged.segments(RUN, range(7)).items():
        for clip, copy in zip(clips, other.segments(RUN, [number])[number], strict=True):
            assert copy.content_hash == clip.content_hash
            np.testing.assert_array_equal(copy.true_rewards, clip.true_rewards)
    assert other.progress(RUN) == judged.progress(RUN)
    assert other.gold(RUN) == {0: "first"}
    assert label_statistics(other, [RUN]) == label_statistics(judged, [RUN])


@pytest.mark.parametrize("name", ["labels.jsonl", "labels.csv"])
def test_the_same_file_twice_adds_nothing(judged, open_store, tmp_path, name):
    file = exported(judged, tmp_path / name)
    before = facts(judged)
    for _ in range(2):
        [added] = add_contents(judged, [read_labels(file)])
        assert (added.runs, added.queries, added.answers, added.taken_back) == (0, 0, 0, 0)
        assert added.known == 6
    assert facts(judged) == before


def test_a_table_brings_answers_to_a_store_that_has_the_queries(judged, open_store, tmp_path):
    file = exported(judged, tmp_path / "labels.csv")
    other = open_store("other", queries=range(7))
    [added] = add_contents(other, [read_labels(file)])
    assert (added.answers, added.taken_back) == (6, 1)
    assert facts(other)[2] == facts(judged)[2]
    add_contents(other, [read_labels(file)])
    assert facts(other)[2] == facts(judged)[2]


def test_the_files_say_where_they_come_from(judged, tmp_path):
    lines = exported(judged, tmp_path / "labels.jsonl").read_text().splitlines()
    header, *rest = map(json.loads, lines)
    assert header == {"type": "header", "format": "pbrl-labels", "version": 1, "versions": VERSIONS}
    counts = {kind: sum(one["type"] == kind for one in rest) for kind in ("run", "clip", "query")}
    assert counts == {"run": 1, "clip": 14, "query": 7}
    with exported(judged, tmp_path / "labels.csv").open(encoding="utf-8", newline="") as file:
        [first, *_] = rows = list(csv.DictReader(file))
    assert len(rows) == 6
    assert first["env_id"] == "pbrl/Hopper-v0"
    assert first["versions"] == "pbrl 0.1.0; numpy 2.0"
    assert first["clips"].split() == list(judged.queries(RUN, [0])[0].hashes)
    assert float(first["answered_at"]) == 1 / 3
    assert [row["strength"] for row in rows] == ["2", *[""] * 5]


def test_postgresql_takes_and_gives_the_same(judged, postgresql_url, tmp_path):
    file = exported(judged, tmp_path / "labels.jsonl")
    with closing(LabelStore(postgresql_url)) as other:
        for expected in (6, 0):
            [added] = add_contents(other, [read_labels(file)])
            assert added.answers == expected
        assert facts(other) == facts(judged)
        assert label_statistics(other, [RUN]) == label_statistics(judged, [RUN])
        changed(file, "answer", text="third")
        assert "does not answer a comparison" in refused(other, file)


def test_without_clips_the_file_is_small_and_answers_travel(judged, open_store, tmp_path):
    file = exported(judged, tmp_path / "labels.jsonl", clips=False)
    assert "payload" not in file.read_text()
    other = open_store("other", queries=range(7))
    [added] = add_contents(other, [read_labels(file)])
    assert (added.queries, added.answers) == (0, 6)
    with pytest.raises(StoreError, match=r"Line 3: query 0 .* export with --clips"):
        add_contents(open_store("empty", run=None), [read_labels(file)])


def test_what_came_after_an_export_is_added_to_by_it(judged, open_store, tmp_path):
    other = open_store("other", run=None)
    add_contents(other, [read_labels(exported(judged, tmp_path / "one.jsonl"))])
    other.answer(RUN, 5, "first", "bob")
    other.retract(other.answer_records(RUN)[0].id, "ann")
    back = exported(other, tmp_path / "two.jsonl", clips=False)
    [added] = add_contents(judged, [read_labels(back)])
    assert (added.answers, added.taken_back, added.known) == (1, 1, 6)
    assert facts(judged) == facts(other)


def test_two_equal_answers_of_one_person_stay_two(open_store, tmp_path):
    store, other = open_store("one", queries=[0]), open_store("two", queries=[0])
    for _ in range(2):
        store.answer(RUN, 0, "first", "ann", answered_at=5.0)
    for expected in (2, 0):
        [added] = add_contents(other, [read_labels(exported(store, tmp_path / "labels.jsonl"))])
        assert added.answers == expected
    assert len(other.answers(RUN)) == 2


def test_evicted_clips_travel_as_such(open_store, tmp_path):
    store = open_store("one", queries=range(2))
    store.answer(RUN, 0, "first", "ann")
    store.withdraw(RUN, [1], "old")
    store.evict(0)
    other = open_store("two", run=None)
    add_contents(other, [read_labels(exported(store, tmp_path / "labels.jsonl"))])
    assert facts(other) == facts(store)
    with pytest.raises(StoreError, match="evicted"):
        other.segments(RUN, [1])


# What is refused, as a whole


def refused(store, file) -> str:
    """What is said of a file that must be refused, which must leave the store as it is."""
    before = facts(store)
    with pytest.raises(StoreError) as error:
        add_contents(store, [read_labels(file)])
    assert facts(store) == before
    return str(error.value)


def changed(file, which, **fields):
    """Sets fields of the first line of a type that has them otherwise, and returns its number."""
    lines = file.read_text().splitlines()
    for index, line in enumerate(lines):
        values = json.loads(line)
        if values["type"] == which:
            lines[index] = json.dumps(values | fields)
            file.write_text("\n".join(lines) + "\n")
            return index + 1
    raise AssertionError


@pytest.mark.parametrize(
    ("which", "fields", "said"),
    [
        ("header", {"format": "other"}, "does not begin with"),
        ("header", {"version": 2}, "of version 2, this pbrl reads 1; install a newer"),
        ("run", {"env_id": "pbrl/Ant-v0"}, "is of task pbrl/Hopper-v0, not of pbrl/Ant-v0|Ant"),
        ("run", {"kind": "ranking"}, "no feedback kind 'ranking'"),
        ("run", {"opened_at": "now"}, "opened_at is 'now', expected a number"),
        ("run", {"colour": "red"}, "an unknown 'colour'"),
        ("clip", {"payload": "AAAA"}, "is damaged"),
        ("clip", {"payload": 5}, "is damaged"),
        ("clip", {"payload": "?"}, "is damaged"),
        ("query", {"number": 1.5}, "number is 1.5, expected a whole number"),
        ("query", {"kind": "ranking"}, "is of comparison feedback, not of ranking"),
        ("query", {"clips": ["00", "11"]}, "its clips do not come along|about other clips"),
        ("query", {"true_rewards": ["AAAA", "AAAA"]}, "damaged, or its true rewards"),
        ("query", {"gold": "third"}, "'third' does not answer a comparison"),
        ("query", {"predicted_returns": [[1, None]]}, "expected a number"),
        ("answer", {"text": "third"}, "'third' does not answer a comparison"),
        ("answer", {"text": None}, "text is None, expected text"),
        ("answer", {"role": "boss"}, "role is 'boss', expected one of label, repeat, gold"),
        ("answer", {"left": 2}, "left is 2, expected a position below 2"),
        ("answer", {"strength": 3}, "strength is 3, expected 1, 2 or nothing"),
        ("answer", {"strength": "much"}, "strength is 'much', expected a whole number"),
        ("answer", {"number": 77}, "query 77 of run 'run' is neither in the store nor given"),
        ("answer", {"run": "rum"}, "run 'rum' is neither given nor in the store"),
        ("answer", {"env_id": "pbrl/Ant-v0"}, "of task pbrl/Hopper-v0, not of pbrl/Ant-v0"),
        ("answer", {"clips": ["00", "11"]}, "about other clips in the store than the answer"),
        ("answer", {"annotator": ""}, "the annotator or the token is empty"),
        ("answer", {"token": "t1"}, "another answer with the token 't1'"),
        ("answer", {"id": 2}, "answer 2 is there twice"),
        ("answer", {"answered_at": True}, "answered_at is True, expected a number"),
        ("answer", {"type": "anwser"}, "it is a 'anwser', expected clip, run, query, answer"),
    ],
)
def test_a_wrong_line_is_named_with_its_reason(judged, open_store, tmp_path, which, fields, said):
    file = exported(judged, tmp_path / "labels.jsonl")
    line = changed(file, which, **fields)
    error = refused(open_store("other", run=None), file)
    assert "Nothing was imported." in error
    named = int(error.split(":")[0].removeprefix("Line "))
    assert named >= line  # a fault of a run may first be seen where it is used
    if which not in ("run", "query", "answer") or len(fields) == 1 and "type" in fields:
        assert named == line
    assert any(sign in error for sign in said.split("|")), error


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("not json\n", "Line 1: it is not JSON"),
        ("[1]\n", "Line 1: it is not a JSON object"),
        ("{}\n", "Line 1: the file does not begin"),
    ],
)
def test_a_file_of_something_else_is_refused(store, tmp_path, text, said):
    file = tmp_path / "labels.jsonl"
    file.write_text(text)
    assert said in refused(store, file)


def test_a_file_that_was_cut_short_is_refused(judged, open_store, tmp_path):
    file = exported(judged, tmp_path / "labels.jsonl")
    content = file.read_bytes()
    file.write_bytes(content[:-20])
    last = content.count(b"\n")
    assert f"Line {last}: it is not JSON" in refused(open_store("other"), file)


def test_no_such_file_and_other_endings(store, tmp_path):
    with pytest.raises(StoreError, match="Could not read .*No such file"):
        read_labels(tmp_path / "none.jsonl")
    with pytest.raises(StoreError, match="neither JSON Lines nor CSV"):
        exported(store, tmp_path / "labels.xlsx")
    with pytest.raises(StoreError, match="Could not write .*Nothing was exported"):
        exported(store, tmp_path / "none" / "labels.csv")
    assert not list(tmp_path.glob(".*draft"))


def test_what_contradicts_the_store_is_refused(judged, open_store, query, tmp_path):
    file = exported(judged, tmp_path / "labels.jsonl")
    other = open_store("other")
    other.post(RUN, [query(3, seed=999)])
    assert "the store has a query 3 of run 'run' about other clips" in refused(other, file)
    again = open_store("again", queries=range(7))
    again.answer_many(RUN, {3: "first"}, "oracle")
    assert "oracle has answered query 3 of run 'run' otherwise" in refused(again, file)
    third = open_store("third", queries=range(7))
    third.answer(RUN, 5, "tie", "bob", token="t0")
    assert "another answer with the token 't0'" in refused(third, file)
    gold = open_store("gold", queries=range(7))
    gold.mark_gold(RUN, 0, "second")
    assert "the right answer of query 0 is 'first', but 'second'" in refused(gold, file)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("annotator", "who", "Line 1: it has no annotator, an unknown 'who'"),
        ("first", "third", "'third' does not answer a comparison"),
        ("false", "perhaps", "synthetic is 'perhaps', expected true or false"),
        ("0.3333", "x0.3333", "answered_at is 'x0.3333"),
        (",t2,", ",t2", "Line 5: it has 17 cells, the header 18"),
        (",t2,", ",t0,", "another answer with the token 't0'"),
    ],
)
def test_a_wrong_row_is_named(judged, open_store, tmp_path, old, new, said):
    file = exported(judged, tmp_path / "labels.csv")
    content = file.read_text()
    assert old in content
    file.write_text(content.replace(old, new, 1))
    assert said in refused(open_store("other", queries=range(7)), file)


def test_a_table_from_a_spreadsheet_is_read(judged, open_store, tmp_path):
    """With a byte order mark and the line ends of Windows; columns may be in another order."""
    file = exported(judged, tmp_path / "labels.csv")
    with file.open(encoding="utf-8", newline="") as content:
        rows = list(csv.DictReader(content))
    with file.open("w", encoding="utf-8-sig", newline="") as content:
        table = csv.DictWriter(content, sorted(rows[0]))
        table.writeheader()
        table.writerows(rows)
    other = open_store("other", queries=range(7))
    add_contents(other, [read_labels(file)])
    assert facts(other)[2] == facts(judged)[2]


@pytest.mark.parametrize("damage", ["substr(payload, 1, 300)", "'no bytes'"])
def test_a_damaged_clip_is_not_exported(judged, tmp_path, damage):
    digest = judged.queries(RUN, [0])[0].hashes[0]
    with judged.engine.begin() as connection:
        statement = f"UPDATE segments SET payload = {damage} WHERE hash = ?"
        connection.exec_driver_sql(statement, (digest,))
    with pytest.raises(StoreError, match=digest):
        exported(judged, tmp_path / "labels.jsonl")
    assert list(tmp_path.glob("*labels.jsonl*")) == []


def test_true_rewards_travel_unchanged(judged, tmp_path):
    lines = exported(judged, tmp_path / "labels.jsonl").read_text().splitlines()
    [first, *_] = [v for v in map(json.loads, lines) if v["type"] == "query"]
    rewards = np.frombuffer(base64.b64decode(first["true_rewards"][0]), "<f8")
    np.testing.assert_array_equal(rewards, judged.segments(RUN, [0])[0][0].true_rewards)
