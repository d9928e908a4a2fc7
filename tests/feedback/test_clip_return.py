"""Returns told as numbers: stored form, checks, least squares, order."""

import math

import numpy as np
import pytest
import torch

from pbrl.errors import FeedbackError
from pbrl.feedback import CLIP_RETURN


def test_numbers_come_back_from_the_store_to_the_bit():
    told = (math.pi * 1e7, -5e-324)
    assert CLIP_RETURN.decode(CLIP_RETURN.encode(told)) == told
    assert CLIP_RETURN.encode((1.5, -0.25)) == "[1.5, -0.25]"


@pytest.mark.parametrize("answer", [(1.0,), (1.0, 2.0, 3.0), (1.0, math.nan), (math.inf, 0.0), "x"])
def test_an_answer_is_a_finite_number_for_each_clip(answer):
    with pytest.raises(FeedbackError, match="the returns of 2 clips"):
        CLIP_RETURN.check(answer, 2)


@pytest.mark.parametrize(
    "text",
    ["first", "[1.0, null]", "3", "[1.0, NaN]", '{"1": 0}', "[[1]]", '"12"', "[true]", '["1"]']
    + [f"[{10**400}]", "[" * 100_000],
)
def test_what_tells_no_returns_is_refused(text):
    with pytest.raises(FeedbackError, match="does not tell returns"):
        CLIP_RETURN.decode(text)


def test_log_likelihood_by_hand():
    targets = CLIP_RETURN.targets([(1.0, 2.0), (0.0, 0.0)])
    logs = CLIP_RETURN.log_likelihood(np.array([[1.0, 4.0], [3.0, -1.0]]), targets, 0.1)
    assert logs.tolist() == [-2.0, -5.0]


def test_its_gradient_is_the_error():
    returns = torch.tensor([[1.0, 4.0]], requires_grad=True)
    targets = torch.from_numpy(CLIP_RETURN.targets([(1.0, 2.0)]))
    (-CLIP_RETURN.log_likelihood(returns, targets, 0.1)).sum().backward()
    assert returns.grad is not None
    assert returns.grad.tolist() == [[0.0, 2.0]]


def test_the_share_of_errors_changes_nothing():
    returns, targets = np.ones((3, 2)), CLIP_RETURN.targets([(0.0, 1.0)] * 3)
    by_annotator = CLIP_RETURN.log_likelihood(returns, targets, np.array([0.1, 0.2, 0.3]))
    assert by_annotator.tolist() == CLIP_RETURN.log_likelihood(returns, targets, 0.0).tolist()


def test_right_is_who_orders_the_clips_alike():
    targets = CLIP_RETURN.targets([(1.0, 2.0)] * 3 + [(1.0, 1.0)])
    returns = np.array([[-7.0, 9.0], [9.0, -7.0], [0.0, 0.0], [0.0, 1.0]])
    assert CLIP_RETURN.correct(returns, targets).tolist() == [1.0, 0.0, 0.5, 0.5]


def test_of_three_clips_every_pair_counts():
    targets = CLIP_RETURN.targets([(1.0, 2.0, 3.0)])
    two_of_three = np.array([[1.0, 3.0, 2.0]])
    assert CLIP_RETURN.correct(two_of_three, targets).tolist() == pytest.approx([2 / 3])
    assert CLIP_RETURN.correct(torch.tensor([[5.0]]), torch.tensor([[1.0]])).tolist() == [0.5]
