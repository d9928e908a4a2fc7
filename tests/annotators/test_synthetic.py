"""Synthetic annotators through the real store: what they answer, and that they answer it again."""

import dataclasses
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from pbrl.annotators import (
    REWARD_SCALES,
    TEACHERS,
    RewardScale,
    SyntheticAnnotator,
    Teacher,
    synthetic_annotator,
)
from pbrl.errors import ConfigError, TaskError
from pbrl.segments import Segment
from pbrl.store import LabelStore, Query

RUN = "run"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[LabelStore]:
    with closing(LabelStore(tmp_path / "labels.db")) as store:
        store.open_run(RUN, "task", "comparison")
        store.open_run("other", "task", "comparison")
        yield store


def clip(rewards: list[float] | np.ndarray, tag: int = 0) -> Segment:
    rewards = np.array(rewards, dtype=np.float64)
    column = np.column_stack([rewards, np.full(len(rewards), tag)]).astype(np.float32)
    return Segment(column, column, rewards, column)


def query(number: int, first: list[float], second: list[float]) -> Query:
    return Query(number, "comparison", (clip(first, 2 * number), clip(second, 2 * number + 1)), 0)


def random_queries(count: int) -> list[Query]:
    rewards = np.random.default_rng(0).normal(size=(count, 2, 4))
    return [query(number, *rewards[number].tolist()) for number in range(count)]


def make(teacher: Teacher, seed: int = 1, scale: RewardScale | None = None) -> SyntheticAnnotator:
    return SyntheticAnnotator("synthetic", teacher, seed, 100, scale or RewardScale())


def ask(
    store: LabelStore,
    annotator: SyntheticAnnotator,
    queries: list[Query],
    run: str = RUN,
    episode_return: float | None = None,
) -> dict[int, str]:
    store.post(run, queries)
    annotator.answer(store, run, queries, episode_return)
    return {answered.number: answered.text for answered in store.answers(run)}


def test_the_oracle_answers_every_query(store: LabelStore):
    oracle = synthetic_annotator("oracle", "CartPole-v1", episode_steps=100, seed=0)
    queries = [query(0, [1, 1], [0, 1]), query(1, [0, 0], [3, -1]), query(2, [1, 2], [2, 1])]
    assert ask(store, oracle, queries) == {0: "first", 1: "second", 2: "tie"}
    assert {answered.annotator for answered in store.answers(RUN)} == {"oracle"}
    assert store.unanswered(RUN) == []


def test_answering_nothing_does_nothing(store: LabelStore):
    assert ask(store, make(Teacher()), []) == {}


def test_an_answer_depends_on_seed_and_number_only(store: LabelStore):
    annotator = make(Teacher(beta=0.5, epsilon=0.3))
    queries = random_queries(60)
    at_once = ask(store, annotator, queries)
    for begin in (40, 0, 20):  # in other portions, in another order
        piece = ask(store, annotator, queries[begin : begin + 20], run="other")
    assert piece == at_once


def test_another_seed_draws_otherwise(store: LabelStore):
    queries = random_queries(60)
    teacher = Teacher(beta=0.0)
    assert ask(store, make(teacher, seed=1), queries) != ask(
        store, make(teacher, seed=2), queries, run="other"
    )


def test_every_query_draws_its_own(store: LabelStore):
    same = [query(number, [1.0], [0.0]) for number in range(200)]
    texts = list(ask(store, make(Teacher(epsilon=0.5)), same).values())
    assert 70 < texts.count("first") < 130


def test_answering_again_after_a_crash_changes_nothing(store: LabelStore):
    annotator, queries = make(Teacher(epsilon=0.5)), random_queries(30)
    before = ask(store, annotator, queries)
    assert ask(store, annotator, queries, episode_return=5.0) == before
    assert len(store.answers(RUN)) == 30


def test_it_judges_the_clips_that_the_store_has(store: LabelStore):
    store.post(RUN, [query(0, [1.0], [0.0])])
    redone = [query(0, [0.0], [1.0])]  # posted too late: the first version stands
    assert ask(store, make(Teacher()), redone) == {0: "first"}


def test_thresholds_scale_with_recent_episodes_once(store: LabelStore):
    # Recent episodes earn 200 in 100 steps, a clip of 4 steps earns 8 of it: threshold .1 x 8.
    annotator = make(TEACHERS["equal"])
    queries = [query(0, [1, 1, 1, 0.79], [1, 1, 1, 0]), query(1, [1, 1, 1, 0.81], [1, 1, 1, 0])]
    assert ask(store, annotator, queries, episode_return=200.0) == {0: "tie", 1: "first"}
    assert set(ask(store, annotator, queries, run="other").values()) == {"first"}  # not yet known


def test_thresholds_are_those_of_shifted_and_scaled_rewards(store: LabelStore):
    # Episodes earn -300 in 100 steps, shifted by 4 and scaled by 2: 2 (-3 + 4) = 2 a step, 8 a
    # clip of 4 steps. The threshold of .1 x 8 lies at a sum of .8 / 2 - 4 x 4 = -15.6.
    annotator = make(TEACHERS["skip"], scale=RewardScale(shift=4.0, scale=2.0))
    worst = [-4.0, -4.0, -4.0]
    queries = [
        query(0, [*worst, -3.61], [*worst, -4.0]),
        query(1, [*worst, -3.59], [*worst, -4.0]),
    ]
    assert ask(store, annotator, queries, episode_return=-300.0) == {0: "skip", 1: "first"}


def test_a_task_without_true_reward_is_told(store: LabelStore):
    unknown = dataclasses.replace(clip([1.0, 1.0], 8), true_rewards=np.array([1.0, np.nan]))
    queries = [query(0, [1, 1], [0, 0]), Query(1, "comparison", (clip([5, 5], 9), unknown), 0)]
    with pytest.raises(TaskError, match="no true reward.*let a person answer"):
        ask(store, make(Teacher()), queries)
    assert store.unanswered(RUN) == [0, 1]


def test_named_annotators():
    myopic = synthetic_annotator("myopic", "pbrl/Hopper-v0", episode_steps=1000, seed=3)
    assert myopic.teacher == TEACHERS["myopic"]
    assert myopic.scale == REWARD_SCALES["pbrl/Hopper-v0"]
    assert (myopic.name, myopic.seed, myopic.episode_steps) == ("myopic", 3, 1000)
    with pytest.raises(ConfigError, match="no teacher 'orakle'. Did you mean oracle"):
        synthetic_annotator("orakle", "pbrl/Hopper-v0", episode_steps=1000, seed=3)
