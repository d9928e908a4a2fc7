import os
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace

import pytest

from experiments.sweeps import local_workers, pbrl_process
from experiments.sweeps.local_workers import LocalWorkers, places
from experiments.sweeps.sweep import State
from pbrl.errors import ConfigError
from pbrl.runs import Run, locked


@pytest.fixture
def programs(monkeypatch):
    """Puts a small program in the place of `pbrl`: by verb, what Python is to run."""
    by_verb, processes = {}, []

    def start(arguments, log, cores):
        command = [sys.executable, "-S", "-c", by_verb[arguments[0]], *arguments[1:]]
        with log.open("a") as out:
            processes.append(subprocess.Popen(command, stdout=out, stderr=out))
        return processes[-1]

    monkeypatch.setattr(pbrl_process, "start", start)
    yield by_verb
    for process in processes:
        process.kill()
        process.wait()


def changes_until(workers, state):
    changes = []
    for _ in range(1000):
        changes += workers.changes()
        if changes and changes[-1].state is state:
            return changes
        time.sleep(0.02)
    pytest.fail(f"It never was {state}: {changes}")


TRAINS = "import pathlib; pathlib.Path('trained').touch()"
EVALUATES = "import sys; open(sys.argv[sys.argv.index('--json') + 1], 'w').write('{}')"
WAITS = "import time; print('up', flush=True); time.sleep(600)"


def test_a_run_is_trained_then_evaluated(programs, cell, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    programs |= {"train": TRAINS, "eval": EVALUATES}
    workers = LocalWorkers(tmp_path, [(0,)])
    assert workers.begin(cell).state is State.TRAINING
    assert not workers.free()
    changes = changes_until(workers, State.FINISHED)
    assert [one.state for one in changes] == [State.EVALUATING, State.FINISHED]
    assert workers.free() and (tmp_path / "trained").exists()
    assert (cell.folder(tmp_path) / "evaluation.json").read_text() == "{}"
    assert not (cell.folder(tmp_path) / "evaluation-draft.json").exists()


def test_a_run_that_fails_is_reported_with_its_last_words_and_log(programs, cell, tmp_path):
    programs["train"] = "import sys; sys.exit('pbrl: No room on the disk.')"
    workers = LocalWorkers(tmp_path, [(0,)])
    workers.begin(cell)
    (change,) = changes_until(workers, State.FAILED)
    assert change.sentence == (
        "debug, 40 labels, seed 1 failed: it ended with code 1. No room on the disk. Its log: "
        f"{cell.folder(tmp_path) / 'log.txt'}"
    )
    assert workers.free()


def test_a_run_that_is_killed_is_reported(programs, cell, tmp_path):
    programs["train"] = f"import os; os.kill(os.getpid(), {signal.SIGKILL})"
    workers = LocalWorkers(tmp_path, [(0,)])
    workers.begin(cell)
    (change,) = changes_until(workers, State.FAILED)
    assert "it was ended by SIGKILL" in change.sentence


def test_stopped_runs_are_not_evaluated_and_no_more_begun(programs, cell, tmp_path):
    programs["train"] = WAITS
    workers = LocalWorkers(tmp_path, [(0,), (0,)])
    workers.begin(cell)
    log = cell.folder(tmp_path) / "log.txt"
    while "up" not in log.read_text():
        time.sleep(0.02)
    workers.stop()
    (change,) = changes_until(workers, State.STOPPED)
    assert change.sentence == ""
    assert not workers.free()


def test_a_run_that_another_sweep_makes_is_left_alone(programs, cell, tmp_path):
    programs["train"] = TRAINS
    cell.folder(tmp_path).mkdir(parents=True)
    with locked(Run(cell.folder(tmp_path))):
        change = LocalWorkers(tmp_path, [(0,)]).begin(cell)
    assert change.state is State.FAILED
    assert "Another process is training in" in change.sentence
    assert not (cell.folder(tmp_path) / "log.txt").exists()


def test_a_run_that_was_finished_meanwhile_is_not_made(programs, finish, cell, tmp_path):
    finish(cell, tmp_path)
    assert LocalWorkers(tmp_path, [(0,)], episodes=2).begin(cell).state is State.FINISHED


def test_each_run_has_processors_of_its_own(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {5, 1, 2, 3, 4})
    monkeypatch.setattr(local_workers, "held_processors", lambda: Counter())
    assert places(1) == [(1,), (2,), (3,), (4,), (5,)]
    assert places(2) == [(1, 2), (3, 4)]
    assert places(2, jobs=1) == [(1, 2)]
    assert places(2, jobs=3) == [(1, 2), (3, 4), (1, 2)]
    with pytest.raises(ConfigError, match=r"6 processors \(--threads\), but .* 5"):
        places(6)


def test_processors_that_nobody_is_held_to_come_first(monkeypatch):
    """As beside another sweep: two on one processor would leave the other idle."""
    there = sorted(os.sched_getaffinity(0))
    if len(there) < 2:
        pytest.skip("one processor")
    alone = [sys.executable, "-c", f"import os, time; os.sched_setaffinity(0, [{there[0]}]); "
             "print('held', flush=True); time.sleep(60)"]  # fmt: skip
    with subprocess.Popen(alone, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        held = local_workers.held_processors()
        process.kill()
    assert held[there[0]] >= 1
    monkeypatch.setattr(local_workers, "held_processors", lambda: Counter({there[0]: 1}))
    assert places(1)[-1] == (there[0],)
    assert places(1, jobs=1) == [(there[1],)]


def test_a_second_run_takes_the_other_processor(programs, cell, tmp_path, monkeypatch):
    programs["train"] = WAITS
    given = []
    start = pbrl_process.start

    def noting(arguments, log, cores):
        given.append(cores)
        return start(arguments, log, cores)

    monkeypatch.setattr(local_workers.pbrl_process, "start", noting)
    workers = LocalWorkers(tmp_path, [(0,), (1,)])
    workers.begin(cell)
    workers.begin(replace(cell, seed=2))
    workers.stop()
    changes_until(workers, State.STOPPED)
    assert given == [(0,), (1,)]
