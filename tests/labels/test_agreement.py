"""Shares and alpha: cases computed by hand, and laws."""

import numpy as np
import pytest

from pbrl.labels.agreement import Share, krippendorff_alpha, share_of


def table(rows):
    """Units and values of a table with a row for each observer, None where one did not judge."""
    entries = [(u, v) for row in rows for u, v in enumerate(row) if v is not None]
    return tuple(zip(*entries, strict=True))


def test_alpha_of_binary_data():
    """Krippendorff 2011, *Computing Krippendorff's Alpha-Reliability*, section A.

    Of 10 articles 4 are judged differently: observed 8 of 20 coincidences. With 14 zeros and 6
    ones, alpha = 1 - 19 x 4 x 2 / (2 x 14 x 6) = 1 - 19 x 4 / 84 = .095.
    """
    meg = [0, 1, 0, 0, 0, 0, 0, 0, 1, 0]
    owen = [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]
    alpha = krippendorff_alpha(*table([meg, owen]))
    assert alpha == pytest.approx(1 - 19 * 4 / 84)
    assert round(alpha, 3) == 0.095


def test_alpha_of_nominal_data_with_missing_values():
    """The same, section C: four observers, twelve units, .743."""
    no = None
    observers = [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, no, no, no],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, no, 3],
        [no, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, no],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, no],
    ]
    assert round(krippendorff_alpha(*table(observers)), 3) == 0.743


def test_alpha_is_one_where_all_agree_and_undefined_where_nothing_could_differ():
    assert krippendorff_alpha(*table([[1, -1, 0], [1, -1, 0]])) == 1
    assert krippendorff_alpha(*table([[1, 1], [1, 1]])) is None
    assert krippendorff_alpha(*table([[1, 0, None], [None, None, 1]])) is None
    assert krippendorff_alpha([], []) is None


def test_alpha_is_near_zero_for_guesses_and_does_not_depend_on_names_or_order():
    rng = np.random.default_rng(0)
    units, values = np.repeat(np.arange(3000), 2), rng.integers(3, size=6000)
    alpha = krippendorff_alpha(units, values)
    assert abs(alpha) < 0.05
    order = rng.permutation(6000)
    again = krippendorff_alpha(units[order], np.array(["b", "a", "c"])[values[order]])
    assert again == pytest.approx(alpha)


def test_wilsons_interval_by_hand():
    """z = 1.96, p = .8, n = 10: (.8 + .19208 +- 1.96 sqrt(.016 + .009604)) / 1.38416."""
    low, high = Share(8, 10).interval
    assert (round(low, 3), round(high, 3)) == (0.490, 0.943)


def test_laws_of_the_interval():
    for count in range(11):
        low, high = Share(count, 10).interval
        other_low, other_high = Share(10 - count, 10).interval
        edges = np.array([0, low, count / 10, high, 1])
        assert (np.diff(edges) > -1e-12).all()
        assert (1 - high, 1 - low) == pytest.approx((other_low, other_high), abs=1e-12)
    widths = [np.diff(Share(n / 2, n).interval)[0] for n in (10, 100, 1000)]
    assert widths == sorted(widths, reverse=True)


def test_the_interval_covers_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(0)
    truth = rng.uniform(0.2, 0.8, size=4000)  # many, since counts are discrete
    drawn = rng.binomial(80, truth)
    intervals = np.array([Share(int(count), 80).interval for count in drawn])
    inside = (intervals[:, 0] <= truth) & (truth <= intervals[:, 1])
    assert inside.mean() == pytest.approx(0.95, abs=0.01)


def test_a_share_of_nothing_is_none():
    assert share_of([]) is None
    assert share_of([True, False, 0.5]) == Share(1.5, 3)
