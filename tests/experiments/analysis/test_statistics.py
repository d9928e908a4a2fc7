"""Statistics over runs and tasks: by hand, their laws, and SciPy's own."""

import numpy as np
import pytest
from scipy import stats

from experiments.analysis.statistics import (
    interquartile_mean,
    mean,
    probability_of_improvement,
    students_interval,
)


def rng():
    return np.random.default_rng(0)


@pytest.fixture
def scores():
    return np.random.default_rng(1).normal(1.0, 0.3, size=(5, 8))


def test_the_interquartile_mean_by_hand():
    """Of 0, 1, ..., 7 the quarters 0, 1 and 6, 7 are cut off."""
    found = interquartile_mean(np.array([[7.0, 2, 4, 0], [1, 100, 5, 3]]), rng())
    assert found.value == np.mean([2, 3, 4, 5])
    assert (found.runs, found.tasks) == (8, 4)


def test_the_interquartile_mean_is_that_of_scipy(scores):
    reference = stats.trim_mean(scores, 0.25, axis=None)
    assert interquartile_mean(scores, rng()).value == pytest.approx(reference)


def test_the_order_of_runs_and_tasks_does_not_matter(scores):
    shuffled = rng().permuted(scores, axis=0)[:, ::-1]
    for statistic in (interquartile_mean, mean):
        assert statistic(shuffled, rng()).value == pytest.approx(statistic(scores, rng()).value)


def test_shifting_scores_shifts_the_interval(scores):
    for statistic in (interquartile_mean, mean):
        here, there = statistic(scores, rng()), statistic(scores + 10, rng())
        assert there.low == pytest.approx(here.low + 10)
        assert there.high == pytest.approx(here.high + 10)


def test_the_interval_of_symmetric_scores_lies_around_the_number():
    scores = np.repeat(np.array([[-2.0], [-1], [0], [1], [2]]), 8, axis=1)
    for statistic in (interquartile_mean, mean):
        found = statistic(scores, rng())
        assert found.value == pytest.approx(0)
        assert found.low < 0 < found.high
        assert found.low == pytest.approx(-found.high, abs=0.1)


def test_the_interval_of_the_mean_is_the_normal_one_where_runs_are_many():
    """With 100 runs of 4 tasks the mean's error is the deviation / sqrt(400)."""
    scores = rng().normal(0, 1, size=(100, 4))
    error = np.sqrt(np.sum(scores.var(axis=0) / 100)) / 4
    found = mean(scores, rng())
    assert found.high - found.low == pytest.approx(2 * 1.96 * error, rel=0.03)


def test_runs_are_drawn_within_their_own_task():
    """Tasks that differ, whose runs do not, leave nothing to chance."""
    scores = np.tile([0.0, 1, 2, 5], (3, 1))
    for statistic in (interquartile_mean, mean):
        found = statistic(scores, rng())
        assert found.low == found.value == found.high


def test_missing_runs_and_tasks_are_left_out():
    scores = np.array([[1.0, np.nan, 4], [3, np.nan, np.nan], [np.nan, np.nan, 6]])
    found = mean(scores, rng())
    assert found.value == np.mean([2, 5])
    assert (found.runs, found.tasks) == (4, 2)
    assert found.low < found.value < found.high


def test_one_run_of_a_task_gives_no_interval_and_none_no_number():
    single = mean(np.array([[1.0, 2], [np.nan, 3]]), rng())
    assert single.value == 1.75
    assert np.isnan([single.low, single.high]).all()
    assert np.isnan(mean(np.full((2, 2), np.nan), rng()).value)


def test_the_same_stream_gives_the_same_interval(scores):
    assert interquartile_mean(scores, rng()) == interquartile_mean(scores, rng())


def test_the_probability_of_improvement_by_hand():
    """Of 1, 3 against 2, 3: below, below, above, equal, which is 1.5 of 4. The other task: 1."""
    better, worse = np.array([[1.0, 9], [3, 8]]), np.array([[2.0, 1], [3, 2]])
    found = probability_of_improvement(better, worse, rng())
    assert found.value == (1.5 / 4 + 1) / 2
    assert 0 <= found.low <= found.value <= found.high <= 1


def test_the_probability_of_improvement_is_mann_whitneys():
    better, worse = rng().integers(0, 6, size=(5, 3)), rng().integers(0, 5, size=(4, 3))
    u = stats.mannwhitneyu(better, worse, axis=0).statistic
    found = probability_of_improvement(better.astype(float), worse.astype(float), rng())
    assert found.value == pytest.approx(np.mean(u / 20))
    assert (found.runs, found.tasks) == (27, 3)


def test_both_directions_of_improvement_add_up_to_one(scores):
    other = rng().normal(0.9, 0.3, size=(4, 8))
    there = probability_of_improvement(scores, other, rng())
    back = probability_of_improvement(other, scores, rng())
    assert there.value + back.value == pytest.approx(1)
    assert probability_of_improvement(scores, scores, rng()).value == pytest.approx(0.5)


def test_improvement_looks_at_tasks_that_both_have():
    better, worse = np.array([[1.0, 5], [2, np.nan]]), np.array([[0.0, np.nan], [0, np.nan]])
    found = probability_of_improvement(better, worse, rng())
    assert (found.value, found.tasks) == (1.0, 1)
    nothing = probability_of_improvement(better[:, 1:], worse[:, 1:], rng())
    assert np.isnan(nothing.value)


def test_students_interval_by_hand():
    """Of 1, 2, 3: error 1 / sqrt(3), and t is 4.303 with two degrees of freedom."""
    found = students_interval(np.array([1.0, np.nan, 2, 3]))
    assert found.value == 2
    assert found.high - 2 == pytest.approx(4.3027 / np.sqrt(3), rel=1e-4)
    assert np.isnan(students_interval(np.array([1.0])).low)
    assert students_interval(np.array([np.nan])).runs == 0


def test_five_values_are_too_few_for_a_percentile_interval():
    """What the bootstrap of the mean holds of 1,000 normal samples of five, beside Student's."""
    samples = rng().normal(size=(1000, 5))
    drawn = samples[np.arange(1000)[:, None, None], rng().integers(5, size=(1000, 500, 5))]
    low, high = np.quantile(drawn.mean(axis=-1), [0.025, 0.975], axis=1)
    assert ((low < 0) & (high > 0)).mean() == pytest.approx(0.84, abs=0.03)
    held = [found.low < 0 < found.high for found in map(students_interval, samples)]
    assert np.mean(held) == pytest.approx(0.95, abs=0.02)
