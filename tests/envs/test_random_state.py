import numpy as np

from envs.random_state import pack_generators, unpack_generators


def test_generators_go_on_where_they_were():
    generators = [np.random.default_rng(seed) for seed in (0, 1, 2**64)]
    generators[1].integers(2**32, dtype=np.uint32)  # leaves half of 64 bits buffered
    rows = pack_generators(generators)
    assert (rows.shape, rows.dtype) == ((3, 6), np.uint64)
    assert rows[1, 4] == 1
    for old, new in zip(generators, unpack_generators(rows), strict=True):
        assert old.integers(2**32, dtype=np.uint32) == new.integers(2**32, dtype=np.uint32)
        np.testing.assert_array_equal(old.standard_normal(5), new.standard_normal(5))
