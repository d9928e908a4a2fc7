"""Answers whose clips were damaged since: one who is told goes on without them."""

from contextlib import closing

import numpy as np
import pytest

from pbrl.config import RewardConfig
from pbrl.errors import ClipDamaged, StoreUnreachable
from pbrl.feedback import COMPARISON
from pbrl.reward.labels import LabelReader
from pbrl.segments import Segment
from pbrl.store import LabelStore, Query

RUN, LABELS = "run", 4


def clip(seed):
    rng = np.random.default_rng(seed)
    observations, actions = (rng.normal(size=(3, n)).astype(np.float32) for n in (2, 1))
    return Segment(observations, actions, np.zeros(3), np.zeros((3, 0), np.float32))


@pytest.fixture
def store(tmp_path):
    """Four questions, all answered."""
    with closing(LabelStore(tmp_path / "labels.db")) as store:
        store.open_run(RUN, "task", "comparison")
        clips = [(clip(2 * n), clip(2 * n + 1)) for n in range(LABELS)]
        store.post(RUN, [Query(n, "comparison", pair, 0) for n, pair in enumerate(clips)])
        for number in range(LABELS):
            store.answer(RUN, number, "first", "ann")
        yield store


def damage(store, number, payload="x'00'"):
    """Puts something else in place of a query's second clip, and returns its hash."""
    (query,) = store.queries(RUN, [number])
    with store.engine.begin() as connection:
        change = f"UPDATE segments SET payload = {payload} WHERE hash = ?"
        connection.exec_driver_sql(change, (query.hashes[1],))
    return query.hashes[1]


@pytest.mark.parametrize("payload", ["x'00'", "'no bytes'"])
def test_the_answers_to_a_damaged_question_are_left_out_and_told_of_once(store, payload):
    digests = [damage(store, number, payload) for number in (1, 3)]
    said = []
    reader = LabelReader(store, RUN, COMPARISON, say=said.append)
    for _ in range(2):
        labels = reader.read(below=LABELS)
        assert labels.numbers.tolist() == [0, 2]
        np.testing.assert_array_equal(labels.inputs[1, 0, :, :2], clip(4).observations)
    assert len(said) == 2
    for number, digest, sentence in zip((1, 3), digests, said, strict=True):
        assert digest in sentence
        assert sentence.endswith(f"The answers to question {number} are left out.")


def test_damage_of_a_clip_that_was_read_before_changes_nothing(store):
    said = []
    reader = LabelReader(store, RUN, COMPARISON, say=said.append)
    reader.read(below=2)
    damage(store, 0)
    damage(store, 2)
    assert reader.read(below=LABELS).numbers.tolist() == [0, 1, 3]
    assert len(said) == 1


def test_where_all_are_damaged_there_is_nothing_to_learn_from(store):
    for number in range(LABELS):
        damage(store, number)
    assert LabelReader(store, RUN, COMPARISON, say=lambda _: None).read(below=LABELS) is None


def test_where_no_one_is_told_damage_is_an_error(store):
    digest = damage(store, 1)
    with pytest.raises(ClipDamaged, match=digest):
        LabelReader(store, RUN, COMPARISON).read(below=LABELS)


def test_a_store_that_is_away_is_no_damage(store, monkeypatch):
    def away(*_, **__):
        raise StoreUnreachable("It is away.")

    monkeypatch.setattr(store, "segments", away)
    reader = LabelReader(store, RUN, COMPARISON, say=pytest.fail)
    with pytest.raises(StoreUnreachable):
        reader.read(below=LABELS)


def test_only_the_latest_labels_are_kept(store):
    reader = LabelReader(store, RUN, COMPARISON, RewardConfig(label_window=2))
    assert reader.read(below=3).numbers.tolist() == [1, 2]
    assert reader.read(below=LABELS).numbers.tolist() == [2, 3]
    assert set(reader._inputs) == {2, 3}, "the clips of the others are let go"
    whole = LabelReader(store, RUN, COMPARISON, RewardConfig())
    assert whole.read(below=LABELS).numbers.tolist() == [0, 1, 2, 3]
