"""The ensemble that sees pictures: it learns, measures itself as after training, and goes on."""

import numpy as np
import pytest
import torch

from pbrl.config import RewardConfig
from pbrl.feedback import COMPARISON, Comparison
from pbrl.reward import picture_ensemble
from pbrl.reward.cnn import measure_statistics
from pbrl.reward.labels import LabelledClips
from pbrl.reward.picture_ensemble import PART, PictureEnsemble

STEPS, SHAPE = 3, (4, 84, 84)
CONFIG = RewardConfig(
    lr=1e-3, batch_size=6, dropout=0.2, reward_std=0.05, checked_labels=0, l2_every=10
)


@pytest.fixture(autouse=True)
def uncompiled(monkeypatch):
    """Compiled code is tested with a run from the command line."""
    monkeypatch.setattr(picture_ensemble, "compile_function", lambda function: function)


def labelled(count, seed=0):
    """The clip is better whose newest pictures have the brighter square; noise all around."""
    rng = np.random.default_rng(seed)
    clips, answers = [], []
    for _ in range(count):
        pair = rng.integers(0, 40, (2, STEPS + 3, 84, 84), np.uint8)
        light = rng.permutation([60, 220])
        for clip, shine in zip(pair, light, strict=True):
            clip[:, 30:54, 30:54] = shine
        clips.append(pair)
        answers.append((Comparison.FIRST, Comparison.SECOND)[int(light.argmax())])
    return LabelledClips(np.arange(count), clips, COMPARISON.targets(answers))


def ensemble(**changes):
    config = {**{f: getattr(CONFIG, f) for f in CONFIG.__slots__}, **changes}
    return PictureEnsemble(RewardConfig(**config), SHAPE, 6, COMPARISON, seed=1)


@pytest.fixture(scope="module")
def fitted():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(picture_ensemble, "compile_function", lambda function: function)
        model = ensemble()
        return model, model.fit(labelled(30), 60)


def test_it_learns_what_the_answers_prefer(fitted):
    model, report = fitted
    assert report.labels == 30
    assert np.nanmean(report.validation_accuracy) > 0.9
    fresh = labelled(20, seed=9)
    returns = model.returns(np.concatenate(fresh.inputs)).mean(axis=0).reshape(20, 2)
    chosen = np.eye(2)[returns.argmax(axis=1)]
    assert (chosen == fresh.targets).all(axis=1).mean() > 0.9


def test_its_reward_is_normalised_over_the_labelled_clips_and_ignores_actions(fitted):
    model, _ = fitted
    clips = np.concatenate(labelled(30).inputs)  # (60, T + 3, 84, 84)
    seen = np.stack([clips[:, t : t + 4] for t in range(STEPS)])  # (T, 60, 4, 84, 84)
    rewards = model.reward(seen, np.zeros((STEPS, 60, 6), np.float32))
    assert rewards.shape == (STEPS, 60)
    assert rewards.mean() == pytest.approx(0.0, abs=0.005)
    assert 0.03 < rewards.std() <= 0.051  # members that disagree spread less together
    other = model.reward(seen, np.ones((STEPS, 60, 6), np.float32))
    np.testing.assert_array_equal(rewards, other)


def test_parts_of_a_batch_are_judged_alike(fitted):
    model, _ = fitted
    seen = np.random.default_rng(0).integers(0, 256, (PART + 10, *SHAPE), np.uint8)
    together = model.reward(seen, np.zeros((len(seen), 6), np.float32))
    alone = model.reward(seen[-7:], np.zeros((7, 6), np.float32))
    np.testing.assert_allclose(together[-7:], alone, rtol=1e-4, atol=1e-5)


def test_losses_are_measured_as_after_training(fitted):
    """Without dropout and with kept means and variances: twice the same, whatever else is asked."""
    model, report = fitted
    labels = labelled(30)
    again = model.evaluate(labels)
    np.testing.assert_allclose(again.train_loss, report.train_loss, rtol=1e-5)
    few = LabelledClips(labels.numbers[:5], labels.inputs[:5], labels.targets[:5])
    one = LabelledClips(labels.numbers[:1], labels.inputs[:1], labels.targets[:1])
    alone = model.returns(np.concatenate(one.inputs))
    np.testing.assert_allclose(model.returns(np.concatenate(few.inputs))[:, :2], alone, rtol=1e-4)


def test_what_normalises_is_measured_with_the_weights_as_they_are():
    """A fit of few and large steps leaves nothing behind of the weights before."""
    labels = labelled(12)
    model = ensemble(lr=0.1, l2_every=50)
    for _ in range(2):
        model.fit(labels, 3)
        parts = [np.concatenate(labels.inputs[first : first + 6]) for first in (0, 6)]
        measured = [
            measure_statistics(model._cnn, model.learner.parameters, torch.from_numpy(part))
            for part in parts
        ]
        torch.testing.assert_close(model.statistics, sum(measured) / 2)


def test_losses_may_be_measured_on_some_labels():
    model = ensemble(checked_labels=8)
    seen = []
    step_rewards = model._step_rewards
    model._step_rewards = lambda inputs: seen.append(len(inputs)) or step_rewards(inputs)
    report = model.fit(labelled(12), 10)
    assert seen == [8]
    assert report.labels == 12


def test_a_gradient_step_may_look_at_some_steps_of_each_clip():
    """Where nothing moves one of three steps, three times, is worth as much as all three."""
    labels = labelled(12)
    for pair in labels.inputs:
        pair[:] = pair[:, :1]
    whole, part = (ensemble(dropout=0.0, fit_stride=stride) for stride in (1, 3))
    before = whole.learner.parameters
    for model in (whole, part):
        model.fit(labels, 2)
    moved = (whole.learner.parameters - before).abs().mean()
    apart = (whole.learner.parameters - part.learner.parameters).abs().mean()
    assert apart < 0.01 * moved


def test_it_learns_from_some_steps_too():
    model = ensemble(fit_stride=2)
    report = model.fit(labelled(30), 60)
    assert np.nanmean(report.validation_accuracy) > 0.9


def test_it_goes_on_exactly_from_its_state():
    labels = labelled(10)
    model = ensemble()
    model.fit(labels, 3)
    other = ensemble()
    other.set_state(model.state())
    for one in (model, other):
        one.fit(labels, 3)
    for name, value in model.state().items():
        if isinstance(value, torch.Tensor):
            assert torch.equal(value, other.state()[name]), name
    assert torch.equal(model.learner.parameters, other.learner.parameters)
    assert not torch.equal(model.statistics[0], torch.zeros_like(model.statistics[0]))
