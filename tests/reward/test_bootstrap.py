import math

import numpy as np

from pbrl.reward.bootstrap import bootstrap_counts, draw_minibatches


def test_a_resample_is_as_large_as_the_data_and_leaves_out_one_in_e():
    counts = bootstrap_counts(range(4000), members=3, seed=1)
    assert counts.shape == (3, 4000)
    np.testing.assert_allclose(counts.mean(axis=1), 1.0, atol=0.05)
    np.testing.assert_allclose((counts == 0).mean(axis=1), 1 / math.e, atol=0.03)


def test_members_resample_independently():
    left_out = bootstrap_counts(range(4000), members=2, seed=1) == 0
    assert abs((left_out[0] & left_out[1]).mean() - 1 / math.e**2) < 0.02


def test_a_label_keeps_its_side_when_others_arrive():
    few = bootstrap_counts(range(3, 30, 2), members=3, seed=1)
    many = bootstrap_counts(range(40), members=3, seed=1)
    np.testing.assert_array_equal(few, many[:, 3:30:2])
    assert not np.array_equal(many, bootstrap_counts(range(40), members=3, seed=2))


def test_minibatches_never_hold_what_a_member_left_out():
    counts = bootstrap_counts(range(50), members=3, seed=1)
    drawn = draw_minibatches(counts, 200, 16, np.random.default_rng(0))
    assert drawn.shape == (200, 3, 16)
    for member in range(3):
        seen = set(drawn[:, member].ravel())
        assert seen == set(np.flatnonzero(counts[member]))


def test_minibatches_draw_in_proportion_to_the_resample():
    counts = np.array([[0, 1, 3], [2, 2, 0]])
    drawn = draw_minibatches(counts, 1000, 40, np.random.default_rng(0))
    shares = [np.bincount(drawn[:, e].ravel(), minlength=3) / 40_000 for e in (0, 1)]
    np.testing.assert_allclose(shares, [[0, 0.25, 0.75], [0.5, 0.5, 0]], atol=0.02)


def test_a_member_never_leaves_everything_out():
    counts = np.concatenate([bootstrap_counts([0, 1], members=3, seed=s) for s in range(50)])
    assert (counts.sum(axis=1) > 0).all()
    assert (counts == 0).any()
