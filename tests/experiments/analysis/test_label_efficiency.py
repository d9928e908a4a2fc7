"""Labels needed for a share of the true reward's score: by hand, their laws, what is not known."""

import numpy as np
import pytest

from experiments.analysis.label_efficiency import label_efficiency, labels_needed
from experiments.analysis.returns import Returns

BUDGETS = (350, 700, 1400)


def returns(*means, spread=0.0, tasks=("Hopper", "Ant"), untrained=-10.0):
    """Three runs of each task at each budget, whose true-reward agents return 90."""
    spreads = np.array([-1.0, 0, 1]) * spread
    learned = np.array([90.0, *means])[:, None, None] + spreads[:, None] * np.ones(len(tasks))
    return Returns(
        conditions=("true reward", *(f"{budget} labels" for budget in BUDGETS)),
        seeds=(1, 2, 3),
        tasks=tasks,
        learned=learned,
        untrained=np.full(len(tasks), untrained),
        steps=(1000,) * len(tasks),
        configs_differ=(),
    )


def rng():
    return np.random.default_rng(0)


def test_labels_needed_by_hand():
    """From .8 at 350 to 1 at 700, .9 is halfway; .5, then .8 and .7 pool to .75, and so on."""
    assert labels_needed(BUDGETS, np.array([0.8, 1.0, 1.1]), 0.9) == 525
    assert labels_needed(BUDGETS, np.array([0.8, 0.7, 1.05]), 0.9) == 1050
    assert labels_needed((350, 700), np.array([0.8, 0.9]), 0.9) == 700


def test_outside_the_budgets_nothing_is_guessed():
    assert labels_needed(BUDGETS, np.array([0.95, 0.9, 1.0]), 0.9) == 350
    assert labels_needed(BUDGETS, np.array([0.1, 0.2, 0.89]), 0.9) == np.inf


def test_higher_scores_never_need_more_labels():
    draw = rng()
    for _ in range(200):
        scores = draw.uniform(0.5, 1.2, size=3)
        better = scores + draw.uniform(0, 0.2, size=3)
        assert labels_needed(BUDGETS, better, 0.9) <= labels_needed(BUDGETS, scores, 0.9) + 1e-6


@pytest.mark.parametrize("task", [None, "Hopper"])
def test_over_tasks_and_for_one(task):
    """Untrained -10, true 90: a return of 70 scores .8, and .9 lies halfway to 90."""
    found = label_efficiency(returns(70, 90, 95, spread=4), rng(), task)
    assert found.value == pytest.approx(525)
    assert 350 <= found.low < 525 < found.high <= 1400
    assert found.tasks == (("Hopper", "Ant") if task is None else ("Hopper",))
    assert str(found).startswith("525 (")


def test_a_share_that_is_not_reached_or_always_is_said():
    assert str(label_efficiency(returns(10, 20, 30), rng())) == "more than 1,400 (both ends too)"
    assert str(label_efficiency(returns(88, 90, 90), rng())) == "at most 350 (both ends too)"


def test_an_interval_may_end_where_the_share_is_not_reached():
    found = label_efficiency(returns(40, 70, 82, spread=15), rng(), "Hopper")
    assert np.isfinite(found.value)
    assert found.high == np.inf
    assert str(found).endswith("to more than 1,400)")


def test_the_runs_on_the_true_reward_are_drawn_anew_too():
    """Nothing else varies here."""
    still = returns(70, 90, 95)
    still.learned[0, :, :] += np.array([-9.0, 0, 9])[:, None]
    found = label_efficiency(still, rng())
    assert found.low < found.value < found.high


def test_a_share_is_the_same_in_any_unit():
    here = label_efficiency(returns(70, 90, 95, spread=4), rng())
    moved = returns(70, 90, 95, spread=4, untrained=-110.0)
    moved.learned[:] = moved.learned - 100
    assert label_efficiency(moved, rng()).high == pytest.approx(here.high)


def test_only_tasks_with_every_budget_count():
    some = returns(70, 90, 95)
    some.learned[2, :, 1] = np.nan
    assert label_efficiency(some, rng()).tasks == ("Hopper",)
    nothing = label_efficiency(some, rng(), "Ant")
    assert (str(nothing), nothing.tasks) == ("not known", ())


def test_single_runs_give_no_interval():
    some = returns(70, 90, 95)
    some.learned[1, 1:, :] = np.nan
    assert str(label_efficiency(some, rng())) == "525 (no interval)"


def test_agents_on_the_true_reward_that_gained_nothing_in_a_resample_reach_nothing():
    still = returns(70, 90, 95, tasks=("Hopper",))
    still.learned[0, :, 0] = [-300.0, 100, 470]
    found = label_efficiency(still, rng())
    assert found.value == pytest.approx(525)
    assert found.high == np.inf
