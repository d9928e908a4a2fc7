import io
import math
from typing import get_args

import pytest
from rich.console import Console

from pbrl.display import (
    COLOURS,
    LineDisplay,
    LiveDisplay,
    describe,
    display_for,
    panel,
    sparkline,
)
from pbrl.status import Part, Status

SHARES = {"fitting": 0.25, "acting": 0.5, "learning": 0.25}


def status(steps=5000, **changes):
    known = {
        "phase": "training on the learned reward",
        "steps": steps,
        "total_steps": 10_000,
        "steps_per_second": 100.0,
        "labels": 30,
        "label_budget": 40,
        "true_return": 1234.5,
        "learned_return": 67.8,
        "accuracy": 0.9,
        "shares": SHARES,
        "seconds_left": 50.0,
    }
    return Status(**known | changes)


def console(**options):
    return Console(file=io.StringIO(), **options)


def drawn(past, width):
    screen = console(width=width, force_terminal=True, color_system=None)
    screen.print(panel(past, "runs/Hopper"))
    return screen.file.getvalue()


def test_a_line_holds_all_that_is_known():
    assert describe(status()) == {
        "steps": "5,000 of 10,000",
        "time left": "0:00:50",
        "labels": "30 of 40",
        "true return": "1,234.5",
        "learned return": "67.8",
        "held-out answers predicted": "90%",
        "steps a second": "100",
        "time goes to": "acting 50%, learning 25%, fitting 25%",
        "now": "training on the learned reward",
    }


def test_what_is_unknown_is_left_out():
    names = ("true_return", "learned_return", "accuracy", "seconds_left")
    unknown = dict.fromkeys(names)
    line = describe(status(**unknown, label_budget=0, labels=0, shares={}, steps_per_second=0.0))
    assert set(line) == {"steps", "steps a second", "now"}


def test_pipes_get_plain_lines_now_and_then_and_one_at_the_end():
    pipe = console(width=40)
    with display_for(pipe, "runs/Hopper") as display:
        assert isinstance(display, LineDisplay)
        display.say("Training in [runs]/Hopper.")
        for steps in range(1000, 10_001, 1000):
            display.show(status(steps))
    lines = pipe.file.getvalue().splitlines()
    assert lines[0] == "Training in [runs]/Hopper."
    assert [line.split(" of ")[0] for line in lines[1:]] == ["steps 1,000", "steps 10,000"]
    assert "\x1b" not in pipe.file.getvalue()


def test_a_dumb_terminal_gets_lines_too():
    dumb = console(force_terminal=True, _environ={"TERM": "dumb"})
    assert isinstance(display_for(dumb, "runs/Hopper"), LineDisplay)


def test_a_terminal_gets_a_panel_that_stays_at_the_end_with_sentences_above_it():
    terminal = console(width=80, force_terminal=True, _environ={"TERM": "xterm"})
    with display_for(terminal, "runs/Hopper") as display:
        assert isinstance(display, LiveDisplay)
        display.show(status(5000))
        display.say("Stopping after this rollout.")
        display.show(status(6000))
    written = terminal.file.getvalue()
    assert "Stopping after this rollout." in written
    assert "6,000" in written[written.rindex("runs/Hopper") :]
    assert written.rindex("Stopping") < written.rindex("runs/Hopper")


@pytest.mark.parametrize("width", [60, 80, 200])
def test_the_panel_says_everything_at_usual_widths(width):
    past = [status(steps, true_return=steps / 10) for steps in range(1000, 5001, 1000)]
    said = drawn(past, width)
    for words in (
        *("runs/Hopper", "5,000 of 10,000", "30 of 40", "100", "0:00:50", "500.0", "67.8"),
        *("90% right", "acting 50%", "learning 25%", "fitting 25%", "▁", "█", "━"),
        "training on the learned reward",
    ):
        assert words in said
    assert max(map(len, said.splitlines())) <= min(width, 84)


def test_the_panel_of_a_narrow_terminal_is_not_wider():
    assert max(map(len, drawn([status()], 36).splitlines())) <= 36


def test_the_panel_of_a_true_reward_run_speaks_of_no_labels():
    said = drawn([status(label_budget=0, labels=0, learned_return=None, accuracy=None)], 80)
    assert "labels" not in said
    assert "learned return" not in said
    assert "held-out" not in said


def test_a_curve_goes_from_the_lowest_to_the_highest_block():
    assert sparkline([0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0], 8) == "▁▂▃▄▅▆▇█"
    assert sparkline([None, 3.0, -3.0], 8) == "█▁"
    assert sparkline([2.0, 2.0], 8) == "▁▁"
    assert sparkline([None, 2.0], 8) == ""


@pytest.mark.parametrize("count", [8, 9, 100, 1001])
def test_a_long_curve_fits_and_ends_with_the_last_value(count):
    values = [0.0] * (count - 1) + [1.0]
    curve = sparkline(values, 8)
    assert math.ceil(8 / 2) <= len(curve) <= 8
    assert curve[-1] == "█"


def test_every_part_has_a_colour():
    assert set(COLOURS) == set(get_args(Part))
