"""The ensemble as a whole: resamples, validation, normalisation, regularisation."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from pbrl.config import RewardConfig
from pbrl.feedback import COMPARISON, Comparison
from pbrl.reward.bootstrap import bootstrap_counts, draw_minibatches
from pbrl.reward.ensemble import RewardEnsemble
from pbrl.reward.fitting import ADAM, fit_step
from pbrl.reward.labels import LabelledClips
from pbrl.seeding import generator

OBS, ACT, STEPS, SEED = 3, 2, 5, 7


def labelled(count, seed=0, scale=1.0):
    """Answers at random about random clips."""
    rng = np.random.default_rng(seed)
    inputs = scale * rng.standard_normal((count, 2, STEPS, OBS + ACT)).astype(np.float32)
    answers = [(Comparison.FIRST, Comparison.SECOND)[i] for i in rng.integers(2, size=count)]
    return LabelledClips(np.arange(count), inputs, COMPARISON.targets(answers))


def ensemble(**changes):
    config = replace(RewardConfig(batch_size=16), **changes)
    return RewardEnsemble(config, OBS, ACT, COMPARISON, SEED)


def rewards_of(model, labels):
    """Returns what the ensemble says of all labelled steps, `(steps,)`."""
    rows = labels.inputs.reshape(-1, OBS + ACT)
    return model.reward(rows[:, :OBS], rows[:, OBS:])


def members_of(model, labels):
    """Returns each member's own normalised reward of all labelled steps, `(E, steps)`."""
    raw = model.returns(labels.inputs.reshape(-1, 1, OBS + ACT))
    return (raw - model.output_mean.numpy()[:, None]) / model.output_std.numpy()[:, None]


def test_each_member_has_zero_mean_and_deviation_one():
    model, labels = ensemble(), labelled(60)
    model.fit(labels, 40)
    members = members_of(model, labels)
    np.testing.assert_allclose(members.mean(axis=1), 0, atol=1e-4)
    np.testing.assert_allclose(members.std(axis=1), 1, atol=1e-2)
    np.testing.assert_allclose(rewards_of(model, labels), members.mean(axis=0), atol=1e-4)


def test_the_normaliser_forgets_what_was_before():
    """What an earlier fit saw, on another scale, leaves no trace."""
    model, later = ensemble(), labelled(40, seed=1)
    model.fit(labelled(40, scale=50.0), 20)
    model.fit(later, 20)
    members = members_of(model, later)
    np.testing.assert_allclose(members.mean(axis=1), 0, atol=1e-4)
    np.testing.assert_allclose(members.std(axis=1), 1, atol=1e-2)
    rows = later.inputs.reshape(-1, OBS + ACT)
    np.testing.assert_allclose(model.input_std, rows.std(axis=0), rtol=1e-4)


def test_a_clip_is_worth_the_sum_of_its_steps():
    model, labels = ensemble(), labelled(10)
    clips = labels.inputs.reshape(20, STEPS, OBS + ACT)
    steps = model.returns(clips.reshape(20 * STEPS, 1, OBS + ACT)).reshape(3, 20, STEPS)
    np.testing.assert_allclose(model.returns(clips), steps.sum(axis=-1), rtol=1e-4, atol=1e-5)


def test_a_fit_takes_the_papers_step():
    """By hand: the labels that each member draws, the loss with an error of a tenth, and L2."""
    config = RewardConfig(batch_size=16, l2_initial=0.01, lr=1e-2)
    model, labels = RewardEnsemble(config, OBS, ACT, COMPARISON, SEED), labelled(60)
    counts = bootstrap_counts(labels.numbers, 3, SEED)
    batch = torch.from_numpy(draw_minibatches(counts, 1, 16, generator(SEED, "reward"))[0])
    rows = labels.inputs.reshape(-1, OBS + ACT)
    inputs = torch.from_numpy((labels.inputs - rows.mean(axis=0)) / rows.std(axis=0))
    expected = fit_step(
        model.learner,
        torch.full((3,), 0.01),
        inputs[batch],
        torch.from_numpy(labels.targets)[batch],
        ADAM.corrections(1, 1)[0],
        mlp=model._mlp,
        kind=COMPARISON,
        error_rate=0.1,
        lr=1e-2,
    )
    model.fit(labels, 1)
    # Adam's first mean is a tenth of the gradient.
    torch.testing.assert_close(
        model.learner.first_moment, expected.first_moment, rtol=1e-3, atol=1e-6
    )


def test_losses_are_means_over_splits_of_unequal_size():
    """Of about 60 drawn labels and about 22 left out, by hand."""
    model, labels = ensemble(), labelled(60)
    report = model.fit(labels, 30)
    returns = model.returns(labels.inputs.reshape(120, STEPS, OBS + ACT)).reshape(3, 60, 2)
    loss = -COMPARISON.log_likelihood(returns, labels.targets, 0.1)
    counts = bootstrap_counts(labels.numbers, 3, SEED)
    for member in range(3):
        drawn = np.repeat(loss[member], counts[member])
        left_out = loss[member][counts[member] == 0]
        assert report.train_loss[member] == pytest.approx(drawn.mean(), rel=1e-3)
        assert report.validation_loss[member] == pytest.approx(left_out.mean(), rel=1e-3)


def test_answers_are_judged_by_members_that_left_them_out():
    """Fitted by heart, every member is right on what it trained on, and no better than chance on
    the rest: that is what the report and an evaluation say."""
    model, labels = ensemble(lr=1e-2, l2_initial=0.0), labelled(60)
    fitted = model.fit(labels, 400)
    judged = model.evaluate(labels)
    left_out = bootstrap_counts(labels.numbers, 3, SEED) == 0
    returns = model.returns(labels.inputs.reshape(120, STEPS, OBS + ACT)).reshape(3, 60, 2)
    right = (returns[..., 0] > returns[..., 1]) == (labels.targets[:, 0] == 1)
    expected = [right[member][left_out[member]].mean() for member in range(3)]
    assert right[~left_out].mean() > 0.98
    for report in (fitted, judged):
        np.testing.assert_allclose(report.validation_accuracy, expected, atol=1e-6)
        assert (report.validation_accuracy < 0.8).all()


def test_actions_count():
    model, labels = ensemble(), labelled(60)
    model.fit(labels, 40)
    observations = np.zeros((2, OBS), np.float32)
    actions = np.array([[0.0, 0.0], [1.0, -1.0]], np.float32)
    still, moving = model.reward(observations, actions)
    assert still != moving


def test_a_member_never_trains_on_what_it_is_validated_on():
    """Every label that a member left out may say the opposite: its weights stay the same."""
    labels = labelled(60)
    for member in range(3):
        left_out = bootstrap_counts(labels.numbers, 3, SEED)[member] == 0
        assert 10 < left_out.sum() < 35  # about 60 / e
        targets = labels.targets.copy()
        targets[left_out] = targets[left_out, ::-1]
        weights = []
        for given in (labels, replace(labels, targets=targets)):
            model = ensemble(l2_every=1000)  # L2, which does look at them, moves once in a while
            model.fit(given, 30)
            weights.append(model.learner.parameters[member])
        assert torch.equal(*weights)


def test_l2_rises_while_validation_loss_is_too_high():
    """Answers at random: what is learnt by heart does not hold, so every member's L2 rises."""
    labels = labelled(60)
    model = ensemble(l2_initial=1e-4, l2_every=10, l2_factor=1.25, lr=1e-2)
    report = model.fit(labels, 300)
    assert (report.validation_loss / report.train_loss > 1.5).all()
    assert (report.l2 > 5 * 1e-4).all()


def test_l2_falls_while_validation_loss_is_no_higher():
    """Before anything is learnt both are the same but for chance."""
    model = ensemble(l2_initial=1e-4, l2_every=1, l2_factor=1.25, lr=1e-9)
    report = model.fit(labelled(60), 10)
    ratio = report.validation_loss / report.train_loss
    assert (ratio < 1.1).all()
    np.testing.assert_allclose(report.l2, 1e-4 * 1.25**-10, rtol=1e-3)


def test_l2_moves_though_a_fit_has_fewer_steps_than_lie_between_two_adjustments():
    labels = labelled(40)
    model = ensemble(l2_initial=1e-4, l2_every=10, l2_factor=1.25, lr=1e-9)
    fallen = [model.fit(labels, 4).l2 for _ in range(5)]  # 4, 8, 12, 16 and 20 steps
    for l2, times in zip(fallen, (0, 0, 1, 1, 2), strict=True):
        np.testing.assert_allclose(l2, 1e-4 * 1.25**-times, rtol=1e-3)


@pytest.mark.parametrize("l2", [0.0, 1.0])
def test_l2_shrinks_weights(l2):
    model = ensemble(l2_initial=l2, l2_every=10_000)
    before = model.learner.parameters.square().sum(dim=1)
    model.fit(labelled(60), 100)
    after = model.learner.parameters.square().sum(dim=1)
    assert (after < 0.8 * before).all() if l2 else (after > 0.9 * before).all()


@pytest.mark.parametrize("updates", [50, 60])
def test_a_report_is_of_the_predictors_after_the_last_step(updates):
    """Also where L2 was moved some steps before, by losses that hold no longer."""
    model, labels = ensemble(), labelled(60)
    np.testing.assert_array_equal(
        model.fit(labels, updates).train_loss, model.evaluate(labels).train_loss
    )
