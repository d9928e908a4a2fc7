"""The pairwise comparison: stored form, targets, likelihood, accuracy."""

import math

import numpy as np
import pytest
import torch

from pbrl.errors import FeedbackError
from pbrl.feedback import COMPARISON, Comparison, ComparisonKind

FITTED = [Comparison.FIRST, Comparison.SECOND, Comparison.TIE]
WITH_TIES = ComparisonKind(tie_margin=math.log(3))


def test_stored_values_never_change():
    assert {answer.name: answer.value for answer in Comparison} == {
        "FIRST": "first",
        "SECOND": "second",
        "TIE": "tie",
        "CANT_TELL": "cant_tell",
        "SKIP": "skip",
    }


def test_tie_cant_tell_and_skip_are_different_things():
    assert [answer for answer in Comparison if COMPARISON.informative(answer)] == FITTED


def test_targets():
    assert COMPARISON.targets(FITTED).tolist() == [[1, 0], [0, 1], [0.5, 0.5]]
    assert WITH_TIES.targets(FITTED).tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 1]]


def test_log_likelihood_hand_computed():
    # .9 softmax(ln 3, 0) + .05 = (.725, .275); a tie is the mean of both log-probabilities.
    returns = np.tile([math.log(3), 0.0], (3, 1))
    logs = COMPARISON.log_likelihood(returns, COMPARISON.targets(FITTED), error_rate=0.1)
    tie = 0.5 * (math.log(0.725) + math.log(0.275))
    np.testing.assert_allclose(logs, [math.log(0.725), math.log(0.275), tie])


def test_log_likelihood_with_a_tie_margin_hand_computed():
    # Strengths 2 and 1, theta 3: first 2/5, second 1/7, tie 16/35; no errors.
    returns = np.tile([math.log(2), 0.0], (3, 1))
    logs = WITH_TIES.log_likelihood(returns, WITH_TIES.targets(FITTED), error_rate=0.0)
    np.testing.assert_allclose(np.exp(logs), [2 / 5, 1 / 7, 16 / 35])


@pytest.mark.parametrize("kind", [COMPARISON, WITH_TIES])
def test_a_tie_is_best_explained_by_equal_returns(kind: ComparisonKind):
    returns = torch.zeros(1, 2, requires_grad=True)
    target = torch.from_numpy(kind.targets([Comparison.TIE]))
    kind.log_likelihood(returns, target, 0.1).sum().backward()
    torch.testing.assert_close(returns.grad, torch.zeros(1, 2))
    apart = kind.log_likelihood(torch.tensor([[1.0, 0.0]]), target, 0.1)
    assert apart < kind.log_likelihood(torch.zeros(1, 2), target, 0.1)


@pytest.mark.parametrize("kind", [COMPARISON, WITH_TIES])
def test_correct(kind: ComparisonKind):
    targets = kind.targets(FITTED)
    larger_first = np.tile([2.0, 1.0], (3, 1))
    assert kind.correct(larger_first, targets).tolist() == [1, 0, 0.5]
    assert kind.correct(larger_first[:, ::-1], targets).tolist() == [0, 1, 0.5]
    assert kind.correct(np.ones((3, 2)), targets).tolist() == [0.5, 0.5, 0.5]


def test_one_set_of_answers_against_an_ensemble():
    returns = torch.from_numpy(np.random.default_rng(0).normal(size=(4, 3, 2)))
    targets = torch.from_numpy(COMPARISON.targets(FITTED))
    logs = COMPARISON.log_likelihood(returns, targets, 0.1)
    assert logs.shape == (4, 3)
    torch.testing.assert_close(logs[2], COMPARISON.log_likelihood(returns[2], targets, 0.1))
    assert COMPARISON.correct(returns, targets).shape == (4, 3)


def test_only_a_comparison_of_two_clips_is_accepted():
    COMPARISON.check(Comparison.SKIP, num_options=2)
    with pytest.raises(FeedbackError, match="2 clips, the query has 3"):
        COMPARISON.check(Comparison.FIRST, num_options=3)
    with pytest.raises(FeedbackError, match="first, second, tie, cant_tell, skip"):
        COMPARISON.check("first", num_options=2)  # pyright: ignore[reportArgumentType]


def test_a_stored_text_that_is_no_answer_is_refused():
    with pytest.raises(FeedbackError, match="'left' does not answer"):
        COMPARISON.decode("left")


@pytest.mark.parametrize("margin", [0.0, -1.0, math.nan])
def test_a_tie_margin_that_makes_no_sense_is_refused(margin: float):
    with pytest.raises(FeedbackError, match="above 0"):
        ComparisonKind(tie_margin=margin)


@pytest.mark.parametrize("kind", [COMPARISON, WITH_TIES])
def test_what_is_added_to_both_returns_changes_nothing(kind: ComparisonKind):
    returns = np.random.default_rng(0).normal(size=(5, 3, 2))
    targets = kind.targets(FITTED)
    logs = kind.log_likelihood(returns, targets, 0.1)
    np.testing.assert_allclose(kind.log_likelihood(returns + 3.0, targets, 0.1), logs)
