"""What every kind of feedback must do, over all kinds."""

import numpy as np
import pytest

from pbrl.errors import FeedbackError
from pbrl.feedback import KINDS, Comparison, FeedbackKind, find_kind

ANSWERS = {
    "comparison": list(Comparison),
    "return": [(1.5, -0.25), (0.1, 0.1), (-1e-300, 3e8)],
}
"""Answers of each kind to try; a new kind adds its own."""

OPTIONS = {"comparison": 2, "return": 2}

kinds = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())


@kinds
def test_a_kind_is_found_by_the_name_it_stores(kind: FeedbackKind):
    assert find_kind(kind.name) is kind


@kinds
def test_answers_survive_storage(kind: FeedbackKind):
    for answer in ANSWERS[kind.name]:
        kind.check(answer, OPTIONS[kind.name])
        assert kind.decode(kind.encode(answer)) == answer


@kinds
def test_likelihood_and_accuracy_of_every_informative_answer(kind: FeedbackKind):
    answers = [answer for answer in ANSWERS[kind.name] if kind.informative(answer)]
    targets = kind.targets(answers)
    assert targets.dtype == np.float32
    assert len(targets) == len(answers)
    returns = np.random.default_rng(0).normal(size=(5, len(answers), OPTIONS[kind.name]))
    logs = kind.log_likelihood(returns, targets, error_rate=0.1)
    assert logs.shape == (5, len(answers))
    assert np.all(logs < 0)
    correct = kind.correct(returns, targets)
    assert np.all((correct >= 0) & (correct <= 1))


@kinds
def test_no_answers_are_no_rows(kind: FeedbackKind):
    rows = len(kind.targets(ANSWERS[kind.name][:1])[0])
    assert kind.targets([]).shape == (0, rows)


def test_an_unknown_kind_is_refused_with_the_nearest_name():
    with pytest.raises(FeedbackError, match="Did you mean comparison"):
        find_kind("comparisons")
