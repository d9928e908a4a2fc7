"""From the store to the fit: which answers are learnt from, and as what."""

from contextlib import closing

import numpy as np
import pytest

from pbrl.feedback import COMPARISON, Comparison
from pbrl.reward.labels import LabelReader
from pbrl.segments import Segment
from pbrl.store import LabelStore, Query

STEPS, OBS, ACT = 4, 3, 2
FIRST, SECOND, TIE = Comparison.FIRST, Comparison.SECOND, Comparison.TIE
CANT_TELL, SKIP = Comparison.CANT_TELL, Comparison.SKIP


def clip(number):
    rng = np.random.default_rng(number)
    return Segment(
        rng.normal(size=(STEPS, OBS)).astype(np.float32),
        rng.normal(size=(STEPS, ACT)).astype(np.float32),
        rng.normal(size=STEPS),
        np.zeros((STEPS, 0), np.float32),
    )


@pytest.fixture
def read(tmp_path):
    """Returns a function from the answers to queries 0, 1, ... to the labels and the store."""
    with closing(LabelStore(tmp_path / "labels.db")) as store:
        store.open_run("run", "task", "comparison")

        def give(*answers):
            pairs = [(clip(2 * n), clip(2 * n + 1)) for n in range(len(answers))]
            store.post("run", [Query(n, "comparison", pair, 0) for n, pair in enumerate(pairs)])
            for number, answer in enumerate(answers):
                store.answer("run", number, COMPARISON.encode(answer), "someone")
            return LabelReader(store, "run", COMPARISON).read(below=len(answers)), store

        yield give


def test_cant_tell_and_skip_are_kept_but_not_learnt_from(read):
    labels, store = read(FIRST, CANT_TELL, SECOND, SKIP, TIE)
    assert labels.numbers.tolist() == [0, 2, 4]
    assert labels.targets.tolist() == [[1, 0], [0, 1], [0.5, 0.5]]
    texts = [answered.text for answered in store.answers("run")]
    assert texts == ["first", "cant_tell", "second", "skip", "tie"]


def test_without_an_answer_to_learn_from_there_is_nothing_to_fit(read):
    assert read(CANT_TELL, SKIP)[0] is None


def test_predictors_see_observation_and_action_of_every_step(read):
    labels, _ = read(FIRST, SECOND)
    assert labels.inputs.shape == (2, 2, STEPS, OBS + ACT)
    third = clip(3)
    np.testing.assert_array_equal(labels.inputs[1, 1, :, :OBS], third.observations)
    np.testing.assert_array_equal(labels.inputs[1, 1, :, OBS:], third.actions)


def test_an_answer_taken_back_is_not_learnt_from(read):
    _, store = read(FIRST, SECOND)
    store.retract(store.answers("run")[0].id, "someone")
    assert LabelReader(store, "run", COMPARISON).read(below=2).numbers.tolist() == [1]


def test_the_learner_does_not_read_true_rewards(read):
    _, store = read(FIRST)
    asked = []
    segments = store.segments

    def noting(run, numbers, **options):
        asked.append(options)
        return segments(run, numbers, **options)

    store.segments = noting
    LabelReader(store, "run", COMPARISON).read(below=1)
    assert asked == [{"true_rewards": False}]
