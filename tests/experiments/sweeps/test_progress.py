import io
import json
from dataclasses import replace

import pytest
from rich.console import Console

from experiments.sweeps.progress import LineProgress, LiveProgress, progress_for, summary
from experiments.sweeps.sweep import State, Sweep


def console(terminal):
    return Console(file=io.StringIO(), force_terminal=terminal, width=140, _environ={})


@pytest.fixture
def runs(cell, tmp_path):
    """Three runs: one in the middle, one that failed, one that waits."""
    cells = [replace(cell, seed=number) for number in (1, 2, 3)]
    sweep = Sweep(cells, tmp_path)
    run = cells[0].folder(tmp_path) / "run"
    run.mkdir(parents=True)
    (run / "config.json").write_text("{}")
    line = {"time/total_timesteps": 5120, "time/fps": 1234.5, "rollout/ep_rew_mean": 17.25}
    (run / "metrics.jsonl").write_text(json.dumps(line | {"train/value_loss": 0.5}) + "\n")
    sweep.states |= {cells[0]: State.TRAINING, cells[1]: State.FAILED}
    return sweep


def test_the_summary_counts_and_says_the_time_left(runs):
    assert summary(runs).startswith("3 runs: 1 waiting, 1 training, 1 failed; time left 0:")


def test_a_terminal_shows_each_run_that_is_made(runs):
    there = console(terminal=True)
    with progress_for(there) as display:
        assert isinstance(display, LiveProgress)
        display.show(runs)
        display.say("pbrl train debug")
        display.say("Something failed.")
    shown = there.file.getvalue()
    for words in ("debug, 40 labels, seed 1", "5,120 of 20,480", "1,234 a second", "return 17.2"):
        assert words in shown
    assert "Something failed." in shown
    assert "seed 2" not in shown and "pbrl train" not in shown


def test_of_a_first_fit_it_says_that_nothing_is_learnt_yet(runs):
    (first,) = runs.those(State.TRAINING)
    metrics = runs.root.glob("**/metrics.jsonl")
    next(metrics).write_text('{"time/total_timesteps": 5120, "rollout/ep_rew_mean": 17.25}\n')
    there = console(terminal=True)
    with progress_for(there) as display:
        display.show(runs)
    assert "not learning yet" in there.file.getvalue()
    assert "time left" not in summary(runs)


def test_elsewhere_lines_say_what_happens_and_now_and_then_how_it_stands(runs, monkeypatch):
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    there = console(terminal=False)
    with progress_for(there) as display:
        assert isinstance(display, LineProgress)
        display.say("pbrl train debug")
        display.show(runs)
        assert there.file.getvalue() == "pbrl train debug\n"
        now[0] = 31
        display.show(runs)
        display.show(runs)
    lines = there.file.getvalue().splitlines()
    assert len(lines) == 2
    assert lines[1].startswith("3 runs: ")
    assert lines[1].endswith("; debug, 40 labels, seed 1 at 5,120")
