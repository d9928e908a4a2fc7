"""The likelihood of a choice: hand-computed cases, laws, references, array libraries."""

import math

import numpy as np
import pytest
import torch
from scipy.special import log_softmax, softmax

from pbrl.likelihood import (
    choice_log_probabilities,
    choice_or_tie_log_probabilities,
    choice_probability,
    ensemble_choice_probability,
    estimated_error_rate,
    log_sigmoid,
    with_errors,
)

RETURNS = np.random.default_rng(0).normal(scale=5, size=(3, 40, 2))


def test_hand_computed():
    # softmax(ln 3, 0) = (3/4, 1/4); with errors .9 x 3/4 + .05 = .725 and .9 x 1/4 + .05 = .275.
    returns = np.array([math.log(3), 0.0])
    assert choice_probability(returns) == pytest.approx(0.75)
    chosen = np.exp(choice_log_probabilities(returns, error_rate=0.1))
    np.testing.assert_allclose(chosen, [0.725, 0.275])


def test_the_parts_that_other_kinds_are_made_of_by_hand():
    # 1 / (1 + exp(-ln 3)) = 3/4; of four outcomes .9 x 3/4 + .1 / 4 = .7 and .9 / 12 + .025 = .1.
    assert math.exp(log_sigmoid(np.array(math.log(3)))) == pytest.approx(0.75)
    assert log_sigmoid(np.array(-1000.0)) == pytest.approx(-1000.0)
    logs = np.log([0.75, 1 / 12, 1 / 12, 1 / 12])
    np.testing.assert_allclose(np.exp(with_errors(logs, 0.1)), [0.7, 0.1, 0.1, 0.1])


def test_agrees_with_scipy():
    np.testing.assert_allclose(
        choice_log_probabilities(RETURNS, 0.0), log_softmax(RETURNS, axis=-1), atol=1e-12
    )
    reference = np.log(0.9 * softmax(RETURNS, axis=-1) + 0.05)
    np.testing.assert_allclose(choice_log_probabilities(RETURNS, 0.1), reference, atol=1e-12)
    np.testing.assert_allclose(choice_probability(RETURNS), softmax(RETURNS, axis=-1)[..., 0])


@pytest.mark.parametrize("error_rate", [0.0, 0.1, 0.7])
def test_laws_of_a_choice(error_rate: float):
    logs = choice_log_probabilities(RETURNS, error_rate)
    np.testing.assert_allclose(np.exp(logs).sum(-1), 1)
    swapped = choice_log_probabilities(RETURNS[..., ::-1], error_rate)
    np.testing.assert_allclose(logs, swapped[..., ::-1])
    np.testing.assert_allclose(logs, choice_log_probabilities(RETURNS + 7.5, error_rate), atol=1e-9)
    assert np.exp(logs).min() >= error_rate / 2


@pytest.mark.parametrize("error_rate", [0.0, 0.1])
@pytest.mark.parametrize("tie_margin", [0.2, 1.5])
def test_laws_of_a_choice_or_tie(error_rate: float, tie_margin: float):
    logs = choice_or_tie_log_probabilities(RETURNS, error_rate, tie_margin)
    np.testing.assert_allclose(np.exp(logs).sum(-1), 1)
    swapped = choice_or_tie_log_probabilities(RETURNS[..., ::-1], error_rate, tie_margin)
    np.testing.assert_allclose(logs, swapped[..., [1, 0, 2]])


@pytest.mark.parametrize("tie_margin", [None, 0.5])
def test_an_error_rate_for_each_answer(tie_margin: float | None):
    def logs(returns: np.ndarray, rate: object) -> np.ndarray:
        if tie_margin is None:
            return choice_log_probabilities(returns, rate)
        return choice_or_tie_log_probabilities(returns, rate, tie_margin)

    rates = np.linspace(0.02, 0.5, RETURNS.shape[1])
    together = logs(RETURNS, rates)  # (3, 40, 2) with (40,)
    one_by_one = [logs(RETURNS[:, n], float(rate)) for n, rate in enumerate(rates)]
    np.testing.assert_allclose(together, np.stack(one_by_one, axis=1))
    np.testing.assert_allclose(np.exp(together).sum(-1), 1)
    in_torch = logs(torch.from_numpy(RETURNS), torch.from_numpy(rates))
    torch.testing.assert_close(in_torch, torch.from_numpy(together))


def test_an_ensembles_probability_is_the_mean_over_members():
    returns = np.array([[[math.log(3), 0.0]], [[0.0, 0.0]]])
    np.testing.assert_allclose(ensemble_choice_probability(returns), [(0.75 + 0.5) / 2])


def test_estimated_error_rate_by_hand():
    # (1 - e) .9 + e / 2 = .7 at e = .5; no more agreement than by chance is e = 1.
    agreement = np.array([0.9, 0.7, 0.5, 0.2, 1.0, 0.8])
    confidence = np.array([0.9, 0.9, 0.9, 0.9, 0.9, 0.5])
    expected = [0, 0.5, 1, 1, 0, np.nan]
    np.testing.assert_allclose(estimated_error_rate(agreement, confidence), expected, atol=1e-12)
    assert estimated_error_rate(np.float64(0.7), np.float64(0.9)) == pytest.approx(0.5)


def test_rao_kupper_hand_computed():
    # Strengths 2 and 1, theta = exp(m) = 3: 2 / (2 + 3), 1 / (1 + 6), and the rest.
    returns = np.array([math.log(2), 0.0])
    first, second, tie = np.exp(choice_or_tie_log_probabilities(returns, 0.0, math.log(3)))
    assert first == pytest.approx(2 / 5)
    assert second == pytest.approx(1 / 7)
    assert tie == pytest.approx(1 - 2 / 5 - 1 / 7)


def test_without_a_margin_rao_kupper_is_the_plain_choice():
    logs = choice_or_tie_log_probabilities(RETURNS, 0.0, 1e-9)
    np.testing.assert_allclose(logs[..., :2], choice_log_probabilities(RETURNS, 0.0), atol=1e-6)


def test_extreme_returns_stay_finite_and_keep_a_gradient():
    returns = torch.tensor([[-3000.0, 3000.0]], requires_grad=True)
    logs = choice_log_probabilities(returns, error_rate=0.0)
    assert torch.isfinite(logs).all()
    logs[0, 0].backward()
    assert returns.grad is not None
    torch.testing.assert_close(returns.grad, torch.tensor([[1.0, -1.0]]))
    with_errors = choice_log_probabilities(np.array([-3000.0, 3000.0]), error_rate=0.1)
    np.testing.assert_allclose(np.exp(with_errors), [0.05, 0.95])


@pytest.mark.parametrize("error_rate", [0.0, 0.1])
def test_torch_equals_numpy(error_rate: float):
    returns = torch.from_numpy(RETURNS)
    torch.testing.assert_close(
        choice_log_probabilities(returns, error_rate),
        torch.from_numpy(choice_log_probabilities(RETURNS, error_rate)),
    )
    torch.testing.assert_close(
        choice_or_tie_log_probabilities(returns, error_rate, 0.5),
        torch.from_numpy(choice_or_tie_log_probabilities(RETURNS, error_rate, 0.5)),
    )
    assert choice_log_probabilities(returns.float(), error_rate).dtype == torch.float32
    assert choice_log_probabilities(RETURNS.astype(np.float32), error_rate).dtype == np.float32


def loss(returns: torch.Tensor) -> torch.Tensor:
    choice = choice_log_probabilities(returns, 0.1)[..., 0].sum()
    return choice + choice_or_tie_log_probabilities(returns, 0.1, 0.5)[..., 2].sum()


def test_gradients_agree_with_finite_differences():
    returns = torch.from_numpy(RETURNS[0, :5].copy()).requires_grad_()
    assert torch.autograd.gradcheck(loss, (returns,))


def test_works_in_one_compiled_graph_and_under_function_transforms():
    returns = torch.from_numpy(RETURNS)
    per_member = torch.func.vmap(torch.func.grad(loss))
    eager = torch.func.grad(loss)(returns)
    torch.testing.assert_close(per_member(returns), eager)
    compiled = torch.compile(per_member, fullgraph=True, backend="eager")
    torch.testing.assert_close(compiled(returns), eager)
