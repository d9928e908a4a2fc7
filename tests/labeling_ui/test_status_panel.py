"""The sidebar says what the trainer does once, and moves only while the trainer does."""

import pytest

from labeling_ui.messages import TrainerWord
from labeling_ui.status_panel import _unknown_progress, steps_of, words_of

WAITING = "Training waits for 3 answers: 1 is there."


def word(state: str, **facts) -> TrainerWord:
    given = {"waiting_for": WAITING, "steps": 500, "total_steps": 1000, "steps_per_second": 20.0}
    return TrainerWord(state, **(given | facts))


def test_one_sentence_stands_there_once():
    assert words_of(word("waiting", phase=WAITING)) == ("", WAITING)
    assert words_of(word("waiting", phase="waiting")) == ("Waiting", WAITING)
    assert words_of(word("training", waiting_for="")) == ("Training", "")


def test_a_trainer_at_work_has_a_pace_and_a_bar_that_moves():
    assert steps_of(word("training")) == "500 of 1,000 steps  ·  20/s"
    assert _unknown_progress(word("waiting"))


@pytest.mark.parametrize("state", ["stopped", "finished"])
def test_a_trainer_that_has_ended_has_no_pace_and_nothing_moves(state):
    trainer = word(state, silent_seconds=900.0)
    assert steps_of(trainer) == "500 of 1,000 steps"
    assert not _unknown_progress(trainer)
    assert words_of(trainer)[1] == WAITING  # it has said good-bye: that it is silent is no news


def test_a_trainer_that_is_silent_is_said_to_be():
    trainer = word("training", silent_seconds=185.0)
    said = "The trainer has not been heard of for 3 minutes."
    assert words_of(trainer) == ("Training", said)
    assert steps_of(trainer) == "500 of 1,000 steps"
    assert not _unknown_progress(trainer)
