"""Scripted teachers through the real store: what they answer, and that they see no reward."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pbrl.annotators import BehaviourTeacher
from pbrl.behaviours import BEHAVIOURS, Behaviour
from pbrl.feedback import Comparison
from pbrl.segments import Segment
from pbrl.store import LabelStore, Query

RUN = "run"
FIRST, SECOND, TIE = Comparison.FIRST, Comparison.SECOND, Comparison.TIE
HEIGHT = Behaviour(
    env_id="task",
    look_for="Prefer the higher one.",
    sight="render_states",
    score=lambda states: states.mean(axis=(-2, -1)),
    averages=True,
    equal_within=0.5,
    measure=lambda states: {"height": float(states.mean())},
)
TEACHER = BehaviourTeacher("height", HEIGHT)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[LabelStore]:
    with closing(LabelStore(tmp_path / "labels.db")) as store:
        for run in (RUN, "other"):
            store.open_run(run, "task", "comparison")
        yield store


def clip(height: float, rewards: float = 0.0, tag: float = 0.0) -> Segment:
    return Segment(
        np.full((4, 1), tag, np.float32),
        np.zeros((4, 1), np.float32),
        np.full(4, rewards, np.float64),
        np.full((4, 2), height, np.float32),
    )


def ask(store: LabelStore, pairs: list[tuple[Segment, Segment]], run: str = RUN) -> list[str]:
    queries = [Query(n, "comparison", pair, 0) for n, pair in enumerate(pairs)]
    store.post(run, queries)
    TEACHER.answer(store, run, queries, None)
    return [answered.text for answered in store.answers(run)]


def test_the_clip_that_shows_more_is_chosen(store: LabelStore):
    pairs = [(clip(3), clip(1, tag=1)), (clip(2, tag=2), clip(4, tag=3))]
    assert ask(store, pairs) == ["first", "second"]
    assert {answered.annotator for answered in store.answers(RUN)} == {"height"}
    assert store.unanswered(RUN) == []


def test_what_hardly_differs_is_equal(store: LabelStore):
    pairs = [
        (clip(1), clip(1, tag=1)),
        (clip(1, tag=2), clip(1.5, tag=3)),
        (clip(1, tag=4), clip(1.51, tag=5)),
    ]
    assert ask(store, pairs) == ["tie", "tie", "second"]


def test_answering_nothing_does_nothing(store: LabelStore):
    assert ask(store, []) == []


def test_true_rewards_are_not_even_read(store: LabelStore, monkeypatch):
    asked, segments = [], store.segments

    def noting(run, numbers, **options):
        asked.append(options)
        return segments(run, numbers, **options)

    monkeypatch.setattr(store, "segments", noting)
    ask(store, [(clip(3, rewards=-9), clip(1, rewards=9, tag=1))])
    assert asked == [{"true_rewards": False}]


def test_noise_in_the_place_of_rewards_changes_no_answer(store: LabelStore):
    heights = np.random.default_rng(0).normal(size=(50, 2))

    def pairs(noise: float) -> list[tuple[Segment, Segment]]:
        rng = np.random.default_rng(1)
        return [
            (clip(a, noise * rng.normal(), 2 * n), clip(b, noise * rng.normal(), 2 * n + 1))
            for n, (a, b) in enumerate(heights)
        ]

    with_nothing, with_noise = ask(store, pairs(np.nan)), ask(store, pairs(5.0), run="other")
    assert with_nothing == with_noise
    assert {"first", "second", "tie"} == set(with_noise)


def test_swapping_the_clips_swaps_the_answer():
    scores = np.random.default_rng(0).normal(size=(40, 2))
    swapped = {FIRST: SECOND, SECOND: FIRST, TIE: TIE}
    assert TEACHER.compare(scores[:, ::-1]) == [swapped[a] for a in TEACHER.compare(scores)]


@pytest.mark.parametrize("name", BEHAVIOURS)
def test_two_equal_clips_are_equal(name):
    teacher = BehaviourTeacher(name, replace(BEHAVIOURS[name], equal_within=0.0))
    assert teacher.compare(np.array([[0.3, 0.3], [0.0, 0.0]])) == [TIE, TIE]
