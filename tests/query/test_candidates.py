import numpy as np
import pytest

from pbrl.errors import ConfigError
from pbrl.query.candidates import propose_pairs


def clips(envs=2, starts=30):
    env, start = np.divmod(np.arange(envs * starts), starts)
    return env, start


def propose(count, length=5, seed=0, **kwargs):
    return propose_pairs(*clips(**kwargs), length, count, np.random.default_rng(seed))


def test_clips_of_a_pair_never_overlap_nor_are_the_same():
    found = propose(200)
    assert found.envs.shape == found.starts.shape == (200, 2)
    apart = np.abs(np.diff(found.starts, axis=1)[:, 0]) >= 5
    assert (apart | (found.envs[:, 0] != found.envs[:, 1])).all()
    touching = ~apart & (found.envs[:, 0] != found.envs[:, 1])
    assert touching.any()  # clips of the same moment in different environments are a pair


def test_a_pair_is_proposed_once_whatever_its_order_but_a_clip_may_return_in_another_pair():
    found = propose(60, starts=6, envs=3, length=3)
    pairs = [tuple(sorted(pair)) for pair in found.clips() for pair in [map(tuple, pair)]]
    assert len(set(pairs)) == 60
    first = [pair[0] for pair in pairs]
    assert len(set(first)) < 60


def test_too_little_experience_is_a_sentence():
    with pytest.raises(ConfigError, match=r"100 different pairs of clips of 5 steps"):
        propose(100, envs=1, starts=6)
    with pytest.raises(ConfigError, match="No episode so far was as long as a clip, 5 steps"):
        propose(1, envs=1, starts=0)


def test_take_keeps_the_chosen():
    found = propose(10)
    kept = found.take(np.array([7, 2]))
    assert kept.clips() == [found.clips()[7], found.clips()[2]]
