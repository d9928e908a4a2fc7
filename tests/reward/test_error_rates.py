"""Each annotator's share of errors: from the store's answers into the likelihood."""

from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest
import torch

from pbrl.config import RewardConfig
from pbrl.feedback import COMPARISON, Comparison
from pbrl.reward.bootstrap import bootstrap_counts
from pbrl.reward.ensemble import RewardEnsemble
from pbrl.reward.error_rates import PRIOR, ErrorRates
from pbrl.reward.labels import LabelledClips, LabelReader
from pbrl.segments import Segment
from pbrl.store import LabelStore, Query

RUN, STEPS, OBS, ACT = "run", 3, 2, 1
ON = RewardConfig(error_rate_by_annotator=True)
WEIGHTS = np.array([1.0, -0.5, 0.8], np.float32)


def pair(rng):
    inputs = rng.standard_normal((2, STEPS, OBS + ACT)).astype(np.float32)
    nothing = np.zeros((STEPS, 0), np.float32)
    return tuple(Segment(i[:, :OBS], i[:, OBS:], np.full(STEPS, np.nan), nothing) for i in inputs)


@pytest.fixture
def store(tmp_path):
    with closing(LabelStore(tmp_path / "labels.db")) as opened:
        opened.open_run(RUN, "task", "comparison")
        yield opened


def judged(store, count, *, certain=True, predicted=True, **people):
    """Posts queries and lets people answer them all, each with a share of wrong answers.

    The ensemble is sure of the first clip (or of neither), and it is right.
    """
    rng = np.random.default_rng(0)
    first = store.next_number(RUN)
    returns = np.array([[20.0 if certain else 0.0, 0.0]] * 3) if predicted else None
    queries = [
        Query(first + n, "comparison", pair(rng), 0, predicted_returns=returns)
        for n in range(count)
    ]
    store.post(RUN, queries)
    for name, wrong in people.items():
        texts = {
            query.number: "second" if n < round(wrong * count) else "first"
            for n, query in enumerate(queries)
        }
        store.answer_many(RUN, texts, name)


def rates(store, config=ON):
    """Each annotator's rate, as a fit sees it."""
    reader = LabelReader(store, RUN, COMPARISON, config)
    below = store.next_number(RUN)
    labels = reader.read(below=below)
    names = [a.annotator for a in store.answers(RUN, below=below) if a.text in ("first", "second")]
    found = {}
    for name, rate in zip(names, labels.error_rates, strict=True):
        assert found.setdefault(name, rate) == rate
    return found


def drawn(rate, count, fixed=0.1):
    """The estimate from so many answers that were certain, drawn to the fixed rate."""
    return (count * rate + PRIOR * fixed) / (count + PRIOR)


def test_each_annotator_has_a_rate_of_their_own(store):
    """Wrong in a tenth of the answers is random in a fifth of them."""
    judged(store, 100, careful=0.1, careless=0.2)
    expected = {"careful": drawn(0.2, 100), "careless": drawn(0.4, 100)}
    assert rates(store) == pytest.approx(expected, abs=1e-6)


def test_it_stays_between_a_fiftieth_and_a_half(store):
    judged(store, 150, oracle=0.0, contrary=0.9)
    assert rates(store) == pytest.approx({"oracle": 0.02, "contrary": 0.5})


def test_it_begins_with_the_fixed_rate_and_leaves_it_as_answers_are_foretold(store):
    judged(store, 40, predicted=False, early=0.5)
    assert rates(store) == pytest.approx({"early": 0.1})
    assert rates(store, replace(ON, error_rate=0.3)) == pytest.approx({"early": 0.3})
    judged(store, 10, early=0.0)
    assert rates(store) == pytest.approx({"early": drawn(0.0, 10)})
    judged(store, 50, early=0.0)
    assert rates(store) == pytest.approx({"early": drawn(0.0, 60)})


def test_an_ensemble_without_opinion_leaves_the_fixed_rate(store):
    judged(store, 40, certain=False, ann=0.3)
    assert rates(store) == pytest.approx({"ann": 0.1})


@pytest.mark.parametrize("rate", [0.0, 0.2])
@pytest.mark.parametrize("spread", [0.3, 1.0, 3.0])
def test_of_a_model_that_is_right_about_itself_it_is_near_the_truth(rate, spread):
    """Also where the model is seldom sure: pairs are asked on which its members disagree."""
    rng = np.random.default_rng(0)
    found = []
    for _ in range(200):
        p = 1 / (1 + np.exp(-rng.normal(scale=spread, size=100)))
        first = np.where(rng.random(100) < rate, rng.random(100) < 0.5, rng.random(100) < p)
        targets = np.stack([first, ~first], axis=1).astype(np.float32)
        found.append(ErrorRates(None, RUN, 0.1)._rate(p, targets))
    assert abs(np.mean(found) - np.clip(rate, 0.02, 0.5)) < 0.1
    assert np.mean(np.array(found) > 0.4) < 0.05


def test_it_is_estimated_anew_at_each_fit_from_what_stands(store):
    judged(store, 40, certain=True, oracle=0.0)
    reader = LabelReader(store, RUN, COMPARISON, ON)
    right = reader.read(below=40).error_rates[0]
    judged(store, 40, oracle=0.5)
    assert reader.read(below=80).error_rates[0] > 0.3 > right
    assert reader.read(below=40).error_rates[0] == right
    for record in store.answer_records(RUN):
        if record.number >= 40 and record.text == "second":
            store.retract(record.id, "oracle")
    assert reader.read(below=80).error_rates[0] < right


def test_ties_and_cant_tells_tell_nothing_of_errors(store):
    judged(store, 100, ann=0.1)
    judged(store, 20)
    store.answer_many(RUN, dict.fromkeys(range(100, 110), "tie"), "ann")
    store.answer_many(RUN, dict.fromkeys(range(110, 120), "cant_tell"), "ann")
    labels = LabelReader(store, RUN, COMPARISON, ON).read(below=120)
    assert len(labels) == 110
    np.testing.assert_allclose(labels.error_rates, drawn(0.2, 100), atol=1e-6)


@pytest.mark.parametrize("config", [None, RewardConfig()])
def test_it_is_off_unless_asked_for(store, config):
    judged(store, 40, ann=0.5)
    assert LabelReader(store, RUN, COMPARISON, config).read(below=40).error_rates is None


def test_rates_must_be_one_for_each_label():
    with pytest.raises(ValueError, match="2 labels, rates"):
        LabelledClips(
            np.arange(2),
            np.zeros((2, 2, STEPS, 3), np.float32),
            np.zeros((2, 2), np.float32),
            np.zeros(3, np.float32),
        )


# In the fit


def labelled(count, flip, seed=0):
    """Comparisons by a linear reward, of which a share (B,) is turned around."""
    rng = np.random.default_rng(seed)
    inputs = rng.standard_normal((count, 2, STEPS, OBS + ACT)).astype(np.float32)
    returns = (inputs @ WEIGHTS).sum(axis=-1)
    first = (returns[:, 0] > returns[:, 1]) ^ (rng.random(count) < flip)
    answers = [Comparison.FIRST if f else Comparison.SECOND for f in first]
    return LabelledClips(np.arange(count), inputs, COMPARISON.targets(answers))


def ensemble():
    return RewardEnsemble(RewardConfig(), OBS, ACT, COMPARISON, seed=3)


def test_equal_rates_are_the_fixed_rate():
    labels = labelled(60, 0.1)
    alike = replace(labels, error_rates=np.full(60, 0.1, np.float32))
    plain, by_annotator = ensemble(), ensemble()
    reports = plain.fit(labels, 60), by_annotator.fit(alike, 60)
    torch.testing.assert_close(
        plain.learner.parameters, by_annotator.learner.parameters, atol=1e-4, rtol=0
    )
    np.testing.assert_allclose(reports[0].train_loss, reports[1].train_loss, rtol=1e-3)


def test_losses_reckon_with_each_labels_own_rate():
    labels = labelled(20, 0.0)
    rates_ = np.linspace(0.02, 0.5, 20, dtype=np.float32)
    labels = replace(labels, error_rates=rates_)
    model = ensemble()
    report = model.evaluate(labels)
    returns = model.returns(labels.inputs.reshape(-1, STEPS, OBS + ACT)).reshape(3, 20, 2)
    logs = np.stack(
        [COMPARISON.log_likelihood(returns[:, n], labels.targets[n], float(rates_[n]))
         for n in range(20)], axis=1,
    )  # fmt: skip
    drawn = bootstrap_counts(labels.numbers, 3, seed=3)
    expected = [np.average(-logs[e], weights=drawn[e]) for e in range(3)]
    np.testing.assert_allclose(report.train_loss, expected, rtol=1e-4)


def test_knowing_who_guesses_helps():
    """Half of the answers are coin flips: told which ones, the ensemble learns better."""
    guessed = np.arange(240) % 2 == 0
    labels = labelled(240, np.where(guessed, 0.5, 0.0), seed=1)
    told = replace(labels, error_rates=np.where(guessed, 0.5, 0.02).astype(np.float32))
    fresh = labelled(500, 0.0, seed=9)
    right = []
    for one in (labels, told):
        model = ensemble()
        model.fit(one, 400)
        returns = model.returns(fresh.inputs.reshape(-1, STEPS, OBS + ACT)).reshape(3, 500, 2)
        predicted = returns.mean(axis=0)
        right.append(((predicted[:, 0] > predicted[:, 1]) == (fresh.targets[:, 0] == 1)).mean())
    assert right[1] > right[0]
