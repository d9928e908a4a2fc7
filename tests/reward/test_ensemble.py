from dataclasses import replace

import numpy as np
import pytest
import torch

from pbrl.config import RewardConfig
from pbrl.errors import NumericalError
from pbrl.feedback import COMPARISON, Comparison
from pbrl.reward.bootstrap import bootstrap_counts
from pbrl.reward.ensemble import RewardEnsemble
from pbrl.reward.labels import LabelledClips

OBS, ACT, STEPS = 6, 2, 8
WEIGHTS = np.array([1.0, -0.5, 0.0, 0.3, 0.0, 0.0, 0.8, 0.0], np.float32)


def labelled(count, seed=0, flip=0.0):
    """Comparisons of random clips by a reward linear in observation and action."""
    rng = np.random.default_rng(seed)
    inputs = rng.standard_normal((count, 2, STEPS, OBS + ACT)).astype(np.float32)
    inputs = inputs * np.float32(3) + np.float32(5)
    returns = (inputs @ WEIGHTS).sum(axis=-1)
    first = (returns[:, 0] > returns[:, 1]) ^ (rng.random(count) < flip)
    answers = [Comparison.FIRST if f else Comparison.SECOND for f in first]
    return LabelledClips(np.arange(count), inputs, COMPARISON.targets(answers))


def ensemble(**changes):
    config = replace(RewardConfig(), **changes)
    return RewardEnsemble(config, OBS, ACT, COMPARISON, seed=3)


@pytest.fixture(scope="module")
def fitted():
    model, labels = ensemble(), labelled(300)
    return model, labels, model.fit(labels, 600)


def test_it_learns_the_reward_behind_the_answers(fitted):
    model, _, report = fitted
    fresh = labelled(400, seed=9)
    returns = model.returns(fresh.inputs.reshape(-1, STEPS, OBS + ACT)).reshape(3, 400, 2)
    predicted = returns[..., 0] > returns[..., 1]
    assert ((predicted == (fresh.targets[:, 0] == 1)).mean(axis=1) > 0.9).all()
    assert (report.validation_accuracy > 0.9).all()


def test_the_report_judges_each_member_by_what_it_left_out(fitted):
    model, labels, report = fitted
    left_out = bootstrap_counts(labels.numbers, 3, seed=3) == 0
    returns = model.returns(labels.inputs.reshape(-1, STEPS, OBS + ACT)).reshape(3, 300, 2)
    right = (returns[..., 0] > returns[..., 1]) == (labels.targets[:, 0] == 1)
    expected = [right[e][left_out[e]].mean() for e in range(3)]
    np.testing.assert_allclose(report.validation_accuracy, expected, atol=1e-6)


def test_losses_are_means_per_label_of_the_resample_and_of_the_rest(fitted):
    model, labels, report = fitted
    counts = bootstrap_counts(labels.numbers, 3, seed=3)
    returns = model.returns(labels.inputs.reshape(-1, STEPS, OBS + ACT)).reshape(3, 300, 2)
    log_likelihood = COMPARISON.log_likelihood(returns, labels.targets, 0.1)
    train = [np.average(-log_likelihood[e], weights=counts[e]) for e in range(3)]
    held = [-log_likelihood[e][counts[e] == 0].mean() for e in range(3)]
    np.testing.assert_allclose(report.train_loss, train, rtol=1e-4)
    np.testing.assert_allclose(report.validation_loss, held, rtol=1e-4)


def test_evaluating_the_labels_says_what_the_fit_said_and_changes_nothing(fitted):
    model, labels, report = fitted
    before = model.state()["output_mean"]
    again = model.evaluate(labels)
    assert again.labels == report.labels
    for name in ("train_loss", "validation_loss", "validation_accuracy", "l2"):
        np.testing.assert_allclose(getattr(again, name), getattr(report, name), rtol=1e-5)
    assert torch.equal(model.state()["output_mean"], before)


@pytest.mark.parametrize("std", [1.0, 0.05])
def test_each_members_reward_is_normalised_then_averaged(std):
    model, labels = ensemble(reward_std=std), labelled(100)
    model.fit(labels, 50)
    rows = labels.inputs.reshape(-1, OBS + ACT)
    raw = model.returns(rows[:, None, :])  # clips of one step: (E, steps)
    members = std * (raw - raw.mean(axis=1, keepdims=True)) / raw.std(axis=1, keepdims=True)
    reward = model.reward(rows[:, :OBS], rows[:, OBS:])
    np.testing.assert_allclose(reward, members.mean(axis=0), atol=2e-3 * std)
    assert abs(reward.mean()) < 1e-3 * std
    # Not normalised by what the members' outputs happen to measure together:
    assert raw.std(axis=1).max() / raw.std(axis=1).min() > 1.001


def test_predictors_own_their_input_normaliser(fitted):
    model, labels, _ = fitted
    rows = labels.inputs.reshape(-1, OBS + ACT)
    np.testing.assert_allclose(model.input_mean, rows.mean(axis=0), rtol=1e-4)
    np.testing.assert_allclose(model.input_std, rows.std(axis=0), rtol=1e-4)


def test_reward_keeps_the_shape_of_a_rollout(fitted):
    model, *_ = fitted
    rng = np.random.default_rng(0)
    observations = rng.standard_normal((4, 5, OBS)).astype(np.float32)
    actions = rng.standard_normal((4, 5, ACT)).astype(np.float32)
    rewards = model.reward(observations, actions)
    assert rewards.shape == (4, 5)
    alone = model.reward(observations[2, 3], actions[2, 3])
    np.testing.assert_allclose(rewards[2, 3], alone, rtol=1e-4, atol=1e-5)


@pytest.mark.slow
def test_regularisation_brings_the_loss_ratio_between_its_bounds_and_keeps_it_there():
    labels = labelled(120, flip=0.25)  # errors that a network without L2 learns by heart
    loose = ensemble(l2_initial=0.0).fit(labels, 1500)
    assert (loose.validation_loss / loose.train_loss > 1.5).all()
    model = ensemble()
    model.fit(labels, 4000)
    for _ in range(8):
        report = model.fit(labels, 100)
        ratio = report.validation_loss / report.train_loss
        assert (ratio > 1.05).all()
        assert (ratio < 1.6).all()


def test_the_same_seed_gives_the_same_weights_and_another_does_not():
    labels = labelled(40)
    weights = []
    for seed in (3, 3, 4):
        model = RewardEnsemble(RewardConfig(), OBS, ACT, COMPARISON, seed)
        model.fit(labels, 20)
        weights.append(model.learner.parameters)
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_it_goes_on_exactly_from_its_state(tmp_path):
    labels = labelled(40)
    model = ensemble()
    model.fit(labels, 20)
    torch.save(model.state(), tmp_path / "state.pt")
    model.fit(labels, 20)
    other = ensemble()
    other.set_state(torch.load(tmp_path / "state.pt", weights_only=True))
    other.fit(labels, 20)
    assert torch.equal(model.learner.parameters, other.learner.parameters)
    rows = labels.inputs[0, 0]
    np.testing.assert_array_equal(
        model.reward(rows[:, :OBS], rows[:, OBS:]), other.reward(rows[:, :OBS], rows[:, OBS:])
    )


def test_a_reward_that_is_not_finite_is_an_error(fitted):
    model, *_ = fitted
    observations = np.zeros((3, OBS), np.float32)
    observations[1, 2] = np.nan
    with pytest.raises(NumericalError, match="not finite for 1 of 3 steps"):
        model.reward(observations, np.zeros((3, ACT), np.float32))


def test_labels_that_are_not_finite_stop_the_fit():
    labels = labelled(40)
    labels.inputs[3, 0, 0, 0] = np.nan
    with pytest.raises(NumericalError, match="after fitting 40 labels"):
        ensemble().fit(labels, 5)
