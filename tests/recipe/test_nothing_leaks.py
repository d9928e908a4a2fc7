"""The true reward is for oracles and records: with frozen answers, no weight depends on it."""

import dataclasses
from dataclasses import dataclass

import numpy as np
import pytest
import torch

import envs
from pbrl.store import LabelStore


@dataclass(frozen=True, slots=True)
class Frozen:
    """An annotator that repeats the answers of another run."""

    store: LabelStore
    run: str

    def answer(self, store, run, queries, episode_return):
        given = {answered.number: answered.text for answered in self.store.answers(self.run)}
        store.answer_many(run, {query.number: given[query.number] for query in queries}, "frozen")


@pytest.fixture
def blind(story, tell, monkeypatch):
    """The same run again, answers frozen, in a task whose true reward is NaN at every step."""

    def unknown(physics, velocity):
        return np.full(len(velocity), np.nan)

    env_id = story.config.env.env_id
    task = dataclasses.replace(envs.TASKS[env_id], reward=unknown)
    monkeypatch.setitem(envs.TASKS, env_id, task)
    env = dataclasses.replace(story.config.env, true_reward=False)
    config = dataclasses.replace(story.config, env=env)
    return tell(config, Frozen(story.store, story.trainer.learning._run))


def test_without_true_rewards_every_weight_is_the_same(story, blind):
    assert np.isnan(blind.steps("true_rewards")).all()
    assert np.isfinite(story.steps("true_rewards")).all()
    assert len(blind.laps) == len(story.laps)
    for ours, theirs in zip(blind.laps, story.laps, strict=True):
        assert torch.equal(ours.policy, theirs.policy)
    for ours, theirs in zip(blind.rounds, story.rounds, strict=True):
        for query, same in zip(ours.queries, theirs.queries, strict=True):
            assert [c.content_hash for c in query.segments] == [
                c.content_hash for c in same.segments
            ]
    ends = [told.trainer for told in (blind, story)]
    assert equal_trees(*[end.learning.ensemble.state() for end in ends])
    assert equal_trees(*[end.agent.policy.state_dict() for end in ends])


def equal_trees(a, b):
    """Whether nested dicts of tensors and numbers are equal."""
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(equal_trees(a[name], b[name]) for name in a)
    return torch.equal(a, b) if isinstance(a, torch.Tensor) else a == b
