from dataclasses import replace

import numpy as np
import pytest

from pbrl.buffer import SegmentBuffer
from pbrl.config import QueryConfig
from pbrl.errors import ConfigError
from pbrl.query import selection
from pbrl.query.acquisition import ACQUISITIONS, highest
from pbrl.query.selection import select_queries

LENGTH, NUM_ENVS, STEPS = 5, 2, 100


@pytest.fixture
def buffer():
    rng = np.random.default_rng(0)
    ring = SegmentBuffer(NUM_ENVS, NUM_ENVS * STEPS, observation_shape=(3,), act_dim=2, state_dim=1)
    ring.add(
        rng.standard_normal((STEPS, NUM_ENVS, 3)).astype(np.float32),
        rng.standard_normal((STEPS, NUM_ENVS, 2)).astype(np.float32),
        rng.standard_normal((STEPS, NUM_ENVS)),
        np.zeros((STEPS, NUM_ENVS, 1), np.float32),
        np.zeros((STEPS, NUM_ENVS), bool),
    )
    return ring


class Ensemble:
    """Two members that agree on clips but for the first observation's sign."""

    def __init__(self):
        self.clips_seen = 0

    def returns_of(self, observations, actions):
        return self.returns(np.concatenate([observations, actions], axis=-1))

    def returns(self, clips):
        assert clips.shape[1:] == (LENGTH, 5)
        self.clips_seen += len(clips)
        lean = clips[:, 0, 0]
        return np.stack([lean, -lean])


def select(buffer, predicted, numbers=range(4, 7), **changes):
    config = replace(QueryConfig(), **changes)
    return select_queries(
        buffer, LENGTH, numbers, predicted, config, "comparison", np.random.default_rng(1)
    )


def test_ten_times_as_many_candidates_are_scored_as_asked(buffer):
    ensemble = Ensemble()
    queries = select(buffer, ensemble.returns_of)
    assert ensemble.clips_seen == 10 * len(queries) * 2


def test_many_candidates_are_scored_in_parts_as_at_once(buffer, monkeypatch):
    at_once = select(buffer, Ensemble().returns_of, range(10))
    monkeypatch.setattr(selection, "CLIPS_AT_ONCE", 7)
    parts = []
    ensemble = Ensemble()

    def predicted(observations, actions):
        parts.append(len(observations))
        return ensemble.returns_of(observations, actions)

    in_parts = select(buffer, predicted, range(10))
    assert parts == [7] * 28 + [4]
    for one, other in zip(at_once, in_parts, strict=True):
        assert [c.content_hash for c in one.segments] == [c.content_hash for c in other.segments]
        np.testing.assert_array_equal(one.predicted_returns, other.predicted_returns)


@pytest.mark.parametrize(
    "chosen", [[0, 1], [0, 0, 0], [0, 1, 60], [0.0, 1.0, 2.0], [-1, 0, 1]],
)  # fmt: skip
def test_an_acquisition_function_that_chooses_nothing_sensible_is_named(
    buffer, monkeypatch, chosen
):
    monkeypatch.setitem(ACQUISITIONS, "mine", lambda *_: np.array(chosen))
    with pytest.raises(ConfigError, match="'mine' is to return 3 different indices below 30"):
        select(buffer, Ensemble().returns_of, acquisition="mine")


@pytest.mark.parametrize("score", [lambda r: r[..., 0], lambda r: r[0, :, 0] * np.nan])
def test_scores_are_finite_and_one_for_each_candidate(buffer, monkeypatch, score):
    monkeypatch.setitem(ACQUISITIONS, "mine", highest(score))
    with pytest.raises(ConfigError, match="A score of each of 30 candidates is needed, finite"):
        select(buffer, Ensemble().returns_of, acquisition="mine")


def test_what_is_asked_is_what_the_ensemble_disagrees_on(buffer):
    def spread(queries):
        firsts = [[c.observations[0, 0] for c in q.segments] for q in queries]
        return np.mean([abs(a - b) for a, b in firsts])

    many = range(10)
    chosen = spread(select(buffer, Ensemble().returns_of, many))
    assert chosen > 2 * spread(select(buffer, Ensemble().returns_of, many, acquisition="uniform"))


def test_queries_carry_number_kind_step_and_copied_clips(buffer):
    queries = select(buffer, Ensemble().returns_of)
    assert [q.number for q in queries] == [4, 5, 6]
    assert {q.kind for q in queries} == {"comparison"}
    assert {q.step for q in queries} == {NUM_ENVS * STEPS}
    for query in queries:
        assert [len(clip) for clip in query.segments] == [LENGTH, LENGTH]
        assert all(clip.observations.base is None for clip in query.segments)


def test_the_first_queries_are_drawn_without_looking_at_predictors(buffer):
    queries = select(buffer, None)
    assert [q.number for q in queries] == [4, 5, 6]


def test_queries_carry_what_each_member_predicted_of_their_clips(buffer):
    ensemble = Ensemble()
    for query in select(buffer, ensemble.returns_of):
        clips = [np.concatenate([c.observations, c.actions], axis=1) for c in query.segments]
        np.testing.assert_array_equal(query.predicted_returns, ensemble.returns(np.stack(clips)))
    assert all(query.predicted_returns is None for query in select(buffer, None))
