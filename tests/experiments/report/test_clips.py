"""Which pairs are shown: the most and the least certain, and where a sure prediction failed."""

import numpy as np

from experiments.report.answers import Answers
from experiments.report.clips import EACH, sorts_of


def answers(ahead, chosen):
    """Answers about pairs whose first clip is ahead by so much, with one predictor."""
    ahead = np.asarray(ahead, float)
    count = len(ahead)
    returns = np.stack([ahead, np.zeros(count)], axis=-1)[:, None]
    numbers = np.arange(count)
    return Answers(numbers, numbers, returns, np.asarray(chosen, float), ("a",) * count, 0)


def test_pairs_are_sorted_by_how_sure_the_ensemble_was():
    found = sorts_of(answers([0, 5, -4, 0.1, 3, -0.2, 1], [1, 1, 0, 0, 1, 0, 1]))
    assert {name: places.tolist() for name, places in found.items()} == {
        "Most sure": [1, 2, 4],
        "Least sure": [0, 3, 5],
        "Sure, and the answer was another": [],
    }


def test_what_was_surely_wrong_stands_apart():
    found = sorts_of(answers([5, 4, 3, 2, 0], [1, 0, 1, 1, 1]))
    assert found["Sure, and the answer was another"].tolist() == [1]
    assert found["Most sure"].tolist() == [0, 2, 3]
    assert found["Least sure"].tolist() == [4]


def test_a_tie_is_not_wrong_and_neither_is_a_close_call():
    found = sorts_of(answers([5, 0.5], [0.5, 0.0]))
    assert found["Sure, and the answer was another"].tolist() == []


def test_no_pair_is_shown_twice():
    rng = np.random.default_rng(0)
    for count in range(1, 12):
        found = sorts_of(answers(rng.normal(0, 3, count), rng.integers(0, 2, count)))
        places = np.concatenate(list(found.values()))
        assert len(set(places)) == len(places) == min(count, len(places))
        assert all(len(one) <= EACH for one in found.values())
