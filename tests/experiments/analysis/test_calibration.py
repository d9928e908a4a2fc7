"""Calibration: a case by hand, laws, and SciPy's interval."""

import numpy as np
import pytest
from scipy import stats

from experiments.analysis.calibration import calibration, first_probabilities, wilson_interval


def test_a_case_by_hand():
    # Folded to the likelier clip: .62 right, .62 wrong, .9 right, .9 a tie.
    found = calibration(np.array([0.62, 0.62, 0.1, 0.9]), np.array([1.0, 0.0, 0.0, 0.5]))
    assert found.counts.tolist() == [0, 0, 2, 0, 0, 0, 0, 0, 2, 0]
    np.testing.assert_allclose(found.predicted[[2, 8]], [0.62, 0.9])
    np.testing.assert_allclose(found.answered[[2, 8]], [0.5, 0.75])
    assert np.isnan(found.predicted[0])
    assert found.brier == pytest.approx((0.38**2 + 0.62**2 + 0.1**2 + 0.4**2) / 4)
    assert found.error == pytest.approx((0.12 * 2 + 0.15 * 2) / 4)
    assert found.answers == 4


def test_the_order_of_the_clips_does_not_matter():
    rng = np.random.default_rng(0)
    first, chosen = rng.random(200), rng.choice([0.0, 0.5, 1.0], 200)
    first[:5] = 0.5
    one, other = calibration(first, chosen), calibration(1 - first, 1 - chosen)
    np.testing.assert_array_equal(one.counts, other.counts)
    np.testing.assert_allclose(one.answered, other.answered)
    assert (one.brier, one.error) == pytest.approx((other.brier, other.error))


def test_answers_drawn_from_the_predictions_are_calibrated():
    rng = np.random.default_rng(0)
    first = rng.random(100_000)
    found = calibration(first, (rng.random(100_000) < first).astype(float))
    assert found.error < 0.01
    assert found.brier == pytest.approx(np.mean(first * (1 - first)), abs=0.005)
    assert (found.low < found.answered).all() and (found.answered < found.high).all()


def test_borders_belong_to_the_part_above():
    found = calibration(np.array([0.5, 0.55, 0.7, 0.95, 1.0]), np.ones(5))
    assert found.counts.tolist() == [1, 1, 0, 0, 1, 0, 0, 0, 0, 2]


def test_members_are_averaged_and_errors_mixed_in():
    returns = np.array([[[np.log(3), 0.0], [0.0, 0.0]]])  # one pair, two members: .75 and .5
    assert first_probabilities(returns, 0.0) == pytest.approx([0.625])
    assert first_probabilities(returns, 0.1) == pytest.approx([0.9 * 0.625 + 0.05])


@pytest.mark.parametrize(("right", "count"), [(0, 4), (3, 10), (50, 50)])
def test_the_interval_is_scipys(right, count):
    expected = stats.binomtest(right, count).proportion_ci(method="wilson")
    low, high = wilson_interval(np.array(right / count), np.array(count))
    assert (low, high) == pytest.approx((expected.low, expected.high), abs=1e-6)
