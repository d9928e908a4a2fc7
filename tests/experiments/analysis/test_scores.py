"""Scores of finished runs: by hand, their laws, and what is missing is said."""

import numpy as np
import pytest

from experiments.analysis.returns import returns_of
from experiments.analysis.scores import remarks, scores
from experiments.sweeps.outcomes import Outcome


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


def test_scores_by_hand():
    """Untrained -10, true 190: 90 is halfway, and 40 a quarter of the way."""
    returns = returns_of(HOPPER)
    assert returns.conditions == ("true reward", "700 labels")
    assert returns.untrained == [-10.0]
    assert returns.true == [190.0]
    np.testing.assert_allclose(scores(returns)[1], [[0.5], [0.25]])
    assert remarks(returns) == ()
    assert returns.steps == (1000,)


def test_what_was_made_with_other_settings_is_measured_by_the_true_reward_with_them():
    runs = [
        *HOPPER,
        outcome("true reward, agent.lr=0.1", 1, 40.0),
        outcome("700 labels, agent.lr=0.1", 1, 15.0),
        outcome("700 labels, mistake teacher, agent.lr=0.1", 1, 40.0),
        outcome("700 labels, mistake teacher", 1, 40.0),
    ]
    returns = returns_of(runs, seeds=[1])
    found = dict(zip(returns.conditions, scores(returns)[:, 0, 0], strict=True))
    assert found["true reward, agent.lr=0.1"] == 1
    assert found["700 labels, agent.lr=0.1"] == 0.5  # of -10 to 40
    assert found["700 labels, mistake teacher, agent.lr=0.1"] == 1
    assert found["700 labels, mistake teacher"] == 50 / 190  # of -10 to 180
    (alone,) = scores(returns_of(runs[-3:-1], seeds=[1]))[:1]
    assert np.isnan(alone).all()


def test_negative_returns_do_not_mislead():
    """Reacher: (-12 + 44) / (-6 + 44) = .84, where the plain ratio would be 2."""
    runs = [
        outcome("700 labels", 1, -12.0, untrained=-44.0, task="Reacher"),
        outcome("true reward", 1, -6.0, task="Reacher"),
    ]
    assert scores(returns_of(runs))[1, 0, 0] == pytest.approx(32 / 38)


def test_runs_on_the_true_reward_score_one_on_average_on_each_task():
    rng = np.random.default_rng(0)
    runs = [
        outcome("true reward", seed, rng.normal(100 * number, 10), untrained=-50.0, task=task)
        for number, task in enumerate(["Hopper", "Ant", "Reacher"])
        for seed in range(5)
    ]
    np.testing.assert_allclose(scores(returns_of(runs))[0].mean(axis=0), 1)


def test_scores_stay_when_a_task_is_rescaled():
    rescaled = [
        outcome(
            *(one.condition, one.seed, 3 * one.mean_return - 7),
            untrained=None if one.untrained_return is None else 3 * one.untrained_return - 7,
        )
        for one in HOPPER
    ]
    np.testing.assert_allclose(scores(returns_of(rescaled)), scores(returns_of(HOPPER)))


def test_what_is_missing_is_nan_and_said():
    runs = [*HOPPER[:1], *HOPPER[2:], outcome("700 labels", 1, 3.0, untrained=1.0, task="Ant")]
    returns = returns_of(
        runs,
        tasks=["Ant", "Reacher", "Hopper"],
        conditions=["true reward", "350 labels", "700 labels"],
    )
    assert remarks(returns) == (
        "Ant, true reward: not run.",
        "Ant, 350 labels: not run.",
        "Ant, 700 labels: no run of seed 2.",
        "Reacher: not run.",
        "Hopper, 350 labels: not run.",
        "Hopper, 700 labels: no run of seed 2.",
        "Ant: no score, as no run learnt from the true reward.",
    )
    assert returns.steps == (1000, None, 1000)
    found = scores(returns)
    assert found.shape == (3, 2, 3)
    assert np.isfinite(found).sum() == 3


def test_seeds_that_were_asked_for_count_as_missing():
    assert remarks(returns_of(HOPPER, seeds=[1, 2, 3])) == (
        "Hopper, true reward: no run of seed 3.",
        "Hopper, 700 labels: no run of seed 3.",
    )


@pytest.mark.parametrize(
    ("runs", "sentence"),
    [
        (HOPPER[:2], "no score, as no run learnt from the true reward"),
        (HOPPER[2:], "no score, as no run measured the return before training"),
        (
            [HOPPER[0], outcome("true reward", 1, -30.0)],
            "agents on the true reward return -30.0, no more than the -20.0 before training",
        ),
    ],
)
def test_without_a_scale_there_is_no_score(runs, sentence):
    returns = returns_of(runs)
    assert np.isnan(scores(returns)).all()
    assert sentence in remarks(returns)[-1]


def test_settings_that_differ_within_a_condition_are_said():
    runs = [*HOPPER[:3], outcome("true reward", 2, 1.0, config="def")]
    (remark,) = remarks(returns_of(runs))
    assert remark == "Hopper, true reward: the runs' settings differ (configurations abc, def)."
