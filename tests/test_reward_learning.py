"""When questions are asked and what is fitted, with a store and an annotator of the tests' own."""

import dataclasses
import threading
from dataclasses import dataclass, field

import numpy as np
import pytest
import torch

from pbrl import reward_learning
from pbrl.buffer import SegmentBuffer
from pbrl.config import EnvConfig, QueryConfig, RewardConfig, TrainConfig
from pbrl.errors import StoreError
from pbrl.feedback import COMPARISON, Comparison
from pbrl.reward.ensemble import RewardEnsemble
from pbrl.reward_learning import RewardLearning
from pbrl.rollout import Rollout
from pbrl.status import Clock
from pbrl.store import LabelStore

CONFIG = TrainConfig(
    env=EnvConfig(num_envs=2),
    reward=RewardConfig(initial_updates=20, updates=5, batch_size=8),
    query=QueryConfig(label_budget=40, initial_steps=200, schedule_steps=100.0),
    total_steps=1000,
)
STEPS, OBS, ACT = 100, 3, 1


@dataclass
class Scripted:
    """Gives one answer to all, and keeps what it was asked."""

    says: Comparison = Comparison.FIRST
    rounds: list[list[int]] = field(default_factory=list)

    def answer(self, store, run, queries, episode_return):
        numbers = [query.number for query in queries]
        self.rounds.append(numbers)
        store.answer_many(run, dict.fromkeys(numbers, COMPARISON.encode(self.says)), "scripted")


def rollout(seed):
    rng = np.random.default_rng(seed)
    ended = np.zeros((STEPS, 2), bool)
    ended[-1] = True
    return Rollout(
        rng.normal(size=(STEPS, 2, OBS)).astype(np.float32),
        rng.normal(size=(STEPS, 2, ACT)).astype(np.float32),
        rng.normal(size=(STEPS, 2)),
        np.zeros_like(ended),
        ended,
        np.zeros((STEPS, 2, 0), np.float32),
    )


@pytest.fixture
def begin(tmp_path):
    """Returns a function that begins, or goes on with, the preference side of a run."""
    stores = []

    def make(annotator, file="labels.db", config=CONFIG):
        stores.append(LabelStore(tmp_path / file))
        stores[-1].open_run("run", "task", COMPARISON.name)
        ensemble = RewardEnsemble(CONFIG.reward, OBS, ACT, COMPARISON, seed=1)
        buffer = SegmentBuffer(2, 1000, (OBS,), ACT, 0)
        return RewardLearning(
            config, ensemble, buffer, 5, stores[-1], "run", COMPARISON, annotator, Clock()
        )

    yield make
    for store in stores:
        store.close()


def test_a_quarter_is_asked_first_and_nothing_twice(begin):
    annotator = Scripted()
    learning = begin(annotator)
    learning.remember(rollout(0))
    assert not learning.ready
    assert learning.ask_and_fit(200, 1000, None)
    assert learning.ready and learning.labels == 10
    assert not learning.ask_and_fit(200, 1000, None)
    assert learning.ask_and_fit(1000, 1000, None)
    assert annotator.rounds == [list(range(10)), list(range(10, 40))]
    assert not learning.ask_and_fit(1000, 1000, None)


def test_answers_that_teach_nothing_are_followed_by_more_questions(begin):
    annotator = Scripted(says=Comparison.SKIP)
    learning = begin(annotator)
    learning.remember(rollout(0))
    assert not learning.ask_and_fit(200, 1000, None)
    assert not learning.ready
    annotator.says = Comparison.SECOND
    assert learning.ask_and_fit(600, 1000, None)
    assert learning.ready
    assert learning.labels == len(annotator.rounds[1]) == learning.asked - 10


def test_it_goes_on_from_its_state(begin):
    learning = begin(Scripted())
    learning.remember(rollout(0))
    learning.ask_and_fit(200, 1000, None)
    other = begin(Scripted())
    other.set_state(learning.state())
    assert (other.asked, other.labels, other.accuracy) == (10, 10, learning.accuracy)
    seen = rollout(1)
    np.testing.assert_array_equal(other.reward(seen), learning.reward(seen))
    for one in (learning, other):
        one.remember(seen)
        one.ask_and_fit(600, 1000, None)
    np.testing.assert_array_equal(other.reward(seen), learning.reward(seen))


def test_a_store_that_lacks_the_questions_is_refused(begin):
    learning = begin(Scripted())
    learning.remember(rollout(0))
    learning.ask_and_fit(200, 1000, None)
    with pytest.raises(StoreError, match="no query 9 of run 'run'"):
        begin(Scripted(), file="empty.db").set_state(learning.state())


@pytest.fixture
def threads_of_torch():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("threads_of_torch")
def test_a_fit_is_aside_where_a_processor_is_left_and_comes_to_the_same(begin, monkeypatch):
    """Beside the block in a thread of its own, or after it in the block's own."""
    aside = dataclasses.replace(CONFIG.reward, fit_while_acting=True)
    config = dataclasses.replace(CONFIG, reward=aside, threads=2)
    seen, fitted = rollout(1), {}
    for processors in (2, 3):
        monkeypatch.setattr(reward_learning, "usable_processors", lambda p=processors: p)
        learning = begin(Scripted(), file=f"{processors}.db", config=config)
        learning.remember(rollout(0))
        learning.ask_and_fit(200, 1000, None)
        learning.remember(seen)
        assert not learning.ask_and_fit(600, 1000, None)
        where, fit = [], learning.ensemble.fit
        begun, lowered = threading.Event(), threading.Event()

        def told(*args, where=where, fit=fit, begun=begun, lowered=lowered):
            begun.set()
            lowered.wait(10.0)
            where.extend([threading.current_thread(), torch.get_num_threads()])
            return fit(*args)

        monkeypatch.setattr(learning.ensemble, "fit", told)
        torch.set_num_threads(2)
        with learning.fitting_aside():
            assert begun.wait(10.0 if processors == 3 else 0.0) == (processors == 3)
            torch.set_num_threads(1)  # as acting does, which is not to change the fit
            lowered.set()
            if processors == 2:
                torch.set_num_threads(2)
        torch.set_num_threads(2)
        assert learning.labels == learning.asked > 10
        assert (where[0] is threading.current_thread()) == (processors == 2)
        assert where[1] == 2
        fitted[processors] = learning.reward(seen)
    np.testing.assert_array_equal(fitted[2], fitted[3])
