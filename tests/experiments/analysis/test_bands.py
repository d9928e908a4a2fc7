"""The mean and the interval of learning curves: by hand, beside Student's, as CSV."""

import numpy as np
import pytest

from experiments.analysis.bands import band_of, write_bands
from experiments.analysis.curves import Curve
from experiments.analysis.statistics import students_interval


def test_mean_and_interval_by_hand():
    """Of 6 and 10: error 2, and t is 12.706 with one degree of freedom."""
    nan = np.nan
    curve = Curve(
        "Ant", "700 labels", (1, 2), np.arange(3), np.array([[nan, 2, 6], [nan, nan, 10]])
    )
    band = band_of(curve)
    np.testing.assert_array_equal(band.runs, [0, 1, 2])
    np.testing.assert_array_equal(band.mean, [nan, 2, 8])
    assert band.low == pytest.approx([nan, nan, 8 - 2 * 12.706], rel=1e-4, nan_ok=True)


def test_the_interval_is_students_at_each_step():
    returns = np.random.default_rng(0).normal(size=(5, 7))
    returns[:2, 3] = np.nan
    returns[1:, 4] = np.nan
    band = band_of(Curve("Hopper", "700 labels", tuple(range(5)), np.arange(7), returns))
    for step in range(7):
        reference = students_interval(returns[:, step])
        assert band.mean[step] == pytest.approx(reference.value)
        assert band.low[step] == pytest.approx(reference.low, nan_ok=True)
        assert band.high[step] == pytest.approx(reference.high, nan_ok=True)


def test_bands_as_csv(tmp_path):
    returns = np.array([[np.nan, 2, 6], [np.nan, np.nan, 10]])
    curve = Curve("Ant", "700 labels", (1, 2), np.array([0, 10, 20]), returns)
    write_bands([curve], tmp_path / "bands.csv")
    assert (tmp_path / "bands.csv").read_text() == (
        "task,condition,steps,runs,mean,low,high\n"
        "Ant,700 labels,10,1,2,,\n"
        "Ant,700 labels,20,2,8,-17.4124,33.4124\n"
    )
