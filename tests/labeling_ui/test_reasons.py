"""Whenever there is nothing to judge, the screen says why."""

import pytest

from labeling_ui.messages import DeskStatus, TrainerWord
from labeling_ui.reasons import reason

ACTING = TrainerWord(
    "acting", "acting for the first clips", "The agent acts for the first clips.", 0.25
)


def run(trainer: TrainerWord | None = None, **facts) -> DeskStatus:
    return DeskStatus(connected=True, trainer=trainer, **facts)


@pytest.mark.parametrize(
    ("status", "facts", "words", "waits", "progress"),
    [
        (DeskStatus(), {}, "Opening", True, None),
        (DeskStatus(opening="The run is just starting."), {}, "just starting", True, None),
        (run(ACTING), {}, "acts for the first clips", True, 0.25),
        (run(TrainerWord("training", "training the agent")), {}, "training the agent", True, None),
        (run(), {}, "has not said anything yet", True, None),
        (
            run(TrainerWord("training", silent_seconds=180.0)),
            {},
            "not been heard of for 3 minutes",
            False,
            None,
        ),
        (run(TrainerWord("finished")), {}, "has finished", False, None),
        (run(TrainerWord("stopped")), {}, "was stopped", False, None),
        (run(TrainerWord("stopped"), with_others=2), {}, "last 2 open pairs", True, None),
        (run(ACTING, labels=700, budget=700), {}, "all the answers", False, None),
        (run(ACTING, with_others=3), {}, "last 3 open pairs", True, 0.25),
        (run(ACTING, for_others=1), {}, "1 waits for other people", True, 0.25),
        (run(for_others=2, with_others=3), {}, "5 wait for other people", True, None),
        (run(labels=60), {}, "Every pair is judged", False, None),
        (run(ACTING), {"drawing": 0.5}, "A moment", True, 0.5),
        (run(ACTING), {"not_drawable": "Install libegl1."}, "libegl1", False, None),
        (run(ACTING), {"away": True}, "pairs went back", False, None),
        (run(ACTING), {"preparing_practice": True}, "practise", True, None),
        (DeskStatus(trouble="It is locked."), {}, "It is locked.", True, None),
    ],
)
def test_the_reason_and_how_long_it_takes(status, facts, words, waits, progress):
    why = reason(status, **facts)
    assert why.headline
    assert words in why.sentence
    assert (why.waits, why.progress) == (waits, progress)


def test_a_store_in_trouble_keeps_what_was_given():
    assert "your answers are kept" in reason(DeskStatus(trouble="It is locked.")).sentence
