import math

import numpy as np
import pytest

from pbrl.errors import ConfigError
from pbrl.query.acquisition import (
    ACQUISITIONS,
    disagreement,
    entropy,
    find_acquisition,
    highest,
    information_gain,
)

LOGIT = math.log(3)  # a margin at which the choice is 3 to 1

# Two members, three candidates: both sure of the first clip, one for each clip, both undecided.
RETURNS = np.array([[[LOGIT, 0], [LOGIT, 0], [5, 5]], [[LOGIT, 0], [0, LOGIT], [1, 1]]], float)


def rng():
    return np.random.default_rng(0)


def test_disagreement_is_the_variance_of_the_predicted_choice():
    """Probabilities .75 and .25: variance 1/16 for each of the two options."""
    np.testing.assert_allclose(disagreement(RETURNS), [0, 2 / 16, 0], atol=1e-12)


def test_entropy_is_that_of_the_mean_choice():
    sure = -0.75 * math.log(0.75) - 0.25 * math.log(0.25)
    np.testing.assert_allclose(entropy(RETURNS), [sure, math.log(2), math.log(2)])


def test_information_gain_is_what_members_know_beyond_their_mean():
    sure = -0.75 * math.log(0.75) - 0.25 * math.log(0.25)
    np.testing.assert_allclose(information_gain(RETURNS), [0, math.log(2) - sure, 0], atol=1e-12)


@pytest.mark.parametrize("score", [disagreement, entropy, information_gain])
def test_scores_do_not_change_with_a_shift_or_the_order_of_options(score):
    returns = rng().standard_normal((3, 50, 2))
    np.testing.assert_allclose(score(returns + 7), score(returns))
    np.testing.assert_allclose(score(returns[..., ::-1]), score(returns))
    assert (score(returns) >= -1e-12).all()


def test_disagreement_asks_where_members_disagree_most():
    assert ACQUISITIONS["disagreement"](RETURNS, 1, rng()).tolist() == [1]


@pytest.mark.parametrize("name", ["disagreement", "entropy", "information_gain"])
def test_scored_functions_take_the_highest_scores(name):
    score = {f.__name__: f for f in (disagreement, entropy, information_gain)}[name]
    returns = rng().standard_normal((3, 100, 2))
    chosen = ACQUISITIONS[name](returns, 10, rng())
    rest = np.setdiff1d(np.arange(100), chosen)
    assert score(returns)[chosen].min() >= score(returns)[rest].max()


def test_uniform_does_not_look_at_predictions():
    returns = rng().standard_normal((3, 20, 2))
    drawn = [ACQUISITIONS["uniform"](returns, 5, np.random.default_rng(s)) for s in range(400)]
    share = np.bincount(np.concatenate(drawn), minlength=20) / 2000
    np.testing.assert_allclose(share, 1 / 20, atol=0.02)


def test_k_centre_takes_one_of_each_cluster():
    centres = np.array([[4.0, 0], [0, 4], [0, 0]])
    returns = np.repeat(centres, 10, axis=0)[None] + rng().normal(0, 0.01, (2, 30, 2))
    chosen = ACQUISITIONS["k_centre"](returns, 3, rng())
    assert sorted(chosen // 10) == [0, 1, 2]


@pytest.mark.parametrize("name", ACQUISITIONS)
def test_each_chooses_as_many_different_candidates_as_are_asked(name):
    chosen = ACQUISITIONS[name](rng().standard_normal((3, 40, 2)), 7, rng())
    assert len(chosen) == len(set(chosen.tolist())) == 7


def test_a_function_of_ones_own_is_found_beside_the_others(monkeypatch):
    lowest_number = highest(lambda returns: -np.arange(returns.shape[1]))
    monkeypatch.setitem(ACQUISITIONS, "lowest_number", lowest_number)
    assert find_acquisition("lowest_number") is lowest_number
    assert lowest_number(RETURNS, 2, rng()).tolist() == [0, 1]


def test_an_unknown_function_is_refused_with_the_nearest_name_and_how_to_add_one():
    with pytest.raises(ConfigError, match=r"Did you mean entropy.*adds it to ACQUISITIONS"):
        find_acquisition("entropie")
