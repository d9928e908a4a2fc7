"""The grid of finished runs: what stands where, and what is refused."""

import numpy as np
import pytest

from experiments.analysis.returns import in_order, label_budget, returns_of
from experiments.sweeps.outcomes import Outcome
from pbrl.errors import PbrlError


def outcome(condition, seed, mean_return, untrained=None, task="Hopper", steps=1000, config="abc"):
    return Outcome(
        *(task, condition, seed, steps, mean_return, 1.0, 50),
        *(untrained, None, None, config, "pbrl 0.1.0"),
    )


HOPPER = [
    outcome("700 labels", 1, 90.0, untrained=-20.0),
    outcome("700 labels", 2, 40.0, untrained=0.0),
    outcome("true reward", 1, 180.0),
    outcome("true reward", 2, 200.0),
]


def test_each_run_stands_in_its_place():
    returns = returns_of(HOPPER, seeds=[2, 1])
    assert returns.conditions == ("true reward", "700 labels")
    np.testing.assert_array_equal(returns.of("true reward"), [[200], [180]])
    np.testing.assert_array_equal(returns.of("700 labels"), [[40], [90]])


@pytest.mark.parametrize(
    ("runs", "sentence"),
    [
        ([], "There is no finished run to score"),
        ([*HOPPER, HOPPER[0]], "Hopper, 700 labels, seed 1 stands 2 times"),
        ([outcome("true reward", 1, float("nan"))], "has the mean return nan"),
        ([*HOPPER, outcome("350 labels", 1, 1.0, steps=2000)], "for 1,000 and for 2,000 steps"),
    ],
)
def test_what_cannot_be_scored_is_refused_in_a_sentence(runs, sentence):
    with pytest.raises(PbrlError, match=sentence):
        returns_of(runs)


def test_a_condition_that_is_not_there_is_named():
    with pytest.raises(PbrlError, match="No run learnt from '70 labels'. Did you mean 700 labels?"):
        returns_of(HOPPER).of("70 labels")


@pytest.mark.parametrize(
    ("learnt", "measured_by"),
    [
        ("350 labels", "true reward"),
        ("700 labels, mistake teacher", "true reward"),
        ("700 labels, agent.lr=0.001", "true reward, agent.lr=0.001"),
        ("700 labels, agent.lr=0.001, reward.lr=0.01", "true reward, agent.lr=0.001"),
        ("700 labels, reward.lr=0.01, agent.lr=0.001", "true reward, agent.lr=0.001"),
        ("700 labels, reward.lr=0.01, agent.lr=0.002", "true reward"),
    ],
)
def test_scores_are_measured_by_true_rewards_runs_with_the_same_settings(learnt, measured_by):
    others = [outcome(learnt, 1, 1.0), outcome("true reward, agent.lr=0.001", 1, 7.0)]
    assert returns_of([*HOPPER, *others]).baseline(learnt) == measured_by


def test_without_runs_on_the_true_reward_there_is_nothing_to_measure_by():
    assert returns_of(HOPPER[:2]).baseline("700 labels") is None


def test_conditions_stand_by_their_number_of_labels():
    names = ["1400 labels", "no ensemble", "350 labels", "true reward", "350 labels"]
    assert in_order(names) == ("true reward", "350 labels", "1400 labels", "no ensemble")
    assert label_budget("1400 labels") == 1400
    assert label_budget("700 labels, no ensemble") is None
