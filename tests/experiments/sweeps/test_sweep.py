import os
import signal
from dataclasses import replace

import pytest

from experiments.sweeps import sweep
from experiments.sweeps.sweep import Change, State, Sweep, carry_out
from pbrl.errors import CheckpointError


class Heard:
    """A display that keeps what it is told."""

    def __init__(self):
        self.sentences = []

    def show(self, _sweep):
        pass

    def say(self, sentence):
        self.sentences.append(sentence)


class Two:
    """Workers for two runs at a time, each of which takes two looks; `ends` says how."""

    def __init__(self, ends, interrupted_at=None):
        self.ends, self.running, self.begun = ends, {}, []
        self.looks, self.interrupted_at, self.stops = 0, interrupted_at, 0

    def free(self):
        return len(self.running) < 2 and not self.stops

    def begin(self, cell):
        self.begun.append(cell.seed)
        self.running[cell] = 2
        return Change(cell, State.TRAINING)

    def changes(self):
        self.looks += 1
        if self.looks == self.interrupted_at:
            os.kill(os.getpid(), signal.SIGINT)
        if self.stops:
            stopped, self.running = self.running, {}
            return [Change(cell, State.STOPPED) for cell in stopped]
        self.running = {cell: looks - 1 for cell, looks in self.running.items()}
        done = [cell for cell, looks in self.running.items() if not looks]
        for cell in done:
            del self.running[cell]
        return [Change(cell, self.ends.get(cell.seed, State.FINISHED), "said") for cell in done]

    def stop(self):
        self.stops += 1


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    monkeypatch.setattr(sweep, "LOOK_EVERY_SECONDS", 0)


@pytest.fixture
def cells(cell):
    return [replace(cell, seed=number) for number in range(1, 6)]


def test_a_failed_run_does_not_stop_the_others(cells, tmp_path):
    runs, display = Sweep(cells, tmp_path), Heard()
    carry_out(runs, Two({2: State.FAILED}), display)
    assert [cell.seed for cell in runs.those(State.FAILED)] == [2]
    assert [cell.seed for cell in runs.those(State.FINISHED)] == [1, 3, 4, 5]
    assert len(display.sentences) == 5


def test_a_finished_run_is_not_made_again(finish, cells, tmp_path):
    finish(cells[1], tmp_path)
    workers = Two({})
    carry_out(Sweep(cells, tmp_path), workers, Heard())
    assert workers.begun == [1, 3, 4, 5]


def test_a_run_that_was_measured_by_other_episodes_is_measured_again(finish, cells, tmp_path):
    finish(cells[0], tmp_path)  # by two
    finish(cells[1], tmp_path, returns=None, learned_returns=[0.0] * 5)  # it has no true reward
    for episodes, begun in ((2, [2, 3, 4, 5]), (5, [1, 3, 4, 5]), (None, [3, 4, 5])):
        workers = Two({})
        carry_out(Sweep(cells, tmp_path, episodes), workers, Heard())
        assert workers.begun == begun


def test_ctrl_c_stops_what_runs_and_begins_no_more(cells, tmp_path):
    runs, workers, display = Sweep(cells, tmp_path), Two({}, interrupted_at=3), Heard()
    before = signal.getsignal(signal.SIGINT)
    carry_out(runs, workers, display)
    assert workers.stops == 1
    assert workers.begun == [1, 2, 3, 4]
    assert [cell.seed for cell in runs.those(State.FINISHED)] == [1, 2]
    assert [cell.seed for cell in runs.those(State.STOPPED)] == [3, 4, 5]
    assert "Stopping all runs, each with a checkpoint" in display.sentences[-1]
    assert signal.getsignal(signal.SIGINT) is before


def test_a_run_with_other_settings_is_refused_before_any_is_begun(finish, cells, tmp_path):
    run = finish(cells[4], tmp_path)
    (run / "config.json").write_text(replace(cells[4], labels=50).config().to_json())
    with pytest.raises(CheckpointError, match="label_budget is 50, asked for 40"):
        Sweep(cells, tmp_path)


def test_the_time_left_is_by_the_pace_so_far(finish, cells, tmp_path, monkeypatch):
    """Half a run done in 100 s: the other half and a whole one take 300 s."""
    now = [1000.0]
    monkeypatch.setattr(sweep.time, "monotonic", lambda: now[0])
    (cells[0].folder(tmp_path) / "run").mkdir(parents=True)
    finish(cells[2], tmp_path)
    runs = Sweep(cells[:3], tmp_path)
    assert runs.seconds_left() is None
    now[0] += 100
    run = cells[0].folder(tmp_path) / "run"
    (run / "config.json").write_text("{}")
    (run / "metrics.jsonl").write_text('{"time/total_timesteps": 10240, "train/value_loss": 1.0}\n')
    runs.states[cells[0]] = State.TRAINING
    assert runs.seconds_left() == pytest.approx(300)


def test_a_first_fit_says_nothing_of_the_pace(cells, tmp_path, monkeypatch):
    """2,048 steps, then a fit of ten minutes, then 1,024 steps in ten seconds."""
    now = [1000.0]
    monkeypatch.setattr(sweep.time, "monotonic", lambda: now[0])
    run = cells[0].folder(tmp_path) / "run"
    run.mkdir(parents=True)
    runs = Sweep(cells[:1], tmp_path)
    (run / "config.json").write_text("{}")
    runs.states[cells[0]] = State.TRAINING
    (run / "metrics.jsonl").write_text('{"time/total_timesteps": 2048}\n')
    for _ in range(20):
        now[0] += 30
        assert runs.seconds_left() is None
    now[0] += 10
    (run / "metrics.jsonl").write_text('{"time/total_timesteps": 3072, "train/value_loss": 1.0}\n')
    assert runs.seconds_left() == pytest.approx((20_480 - 3072) / 102.4)
