"""`pbrl train --annotator human` and `none`: options, stores and the viewer that it opens."""

import getpass
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import closing

import pytest

from pbrl.cli.options import new_settings, parse
from pbrl.cli.stores import STORE_VARIABLE, address, name_in_store, with_name_in_store, written_down
from pbrl.cli.viewer_process import (
    LOG,
    ViewerDisplay,
    has_display,
    how_to_label,
    is_open_already,
)
from pbrl.config import TrainConfig
from pbrl.runs import Run
from pbrl.store import LabelStore

SECRET = "postgresql://ann:hunter2@db.example/labels"
BARE = "postgresql+psycopg://ann@db.example/labels"
HUMAN = (
    "train debug --annotator human --no-viewer --total-steps 2048 --query.initial-steps 512 "
    "--query.label-budget 32 --agent.rollout-steps 32 --reward.initial-updates 5"
)


def settings(line):
    preset, options, rest = parse(line.split())
    return new_settings(preset, options, rest)


def test_options_of_people_are_settings():
    config = settings("debug --annotator human --max-lag 7 --overlap 0.2 --look-for smooth")
    assert (config.annotator, config.query.max_lag, config.query.overlap) == ("human", 7, 0.2)
    assert config.look_for == "smooth"
    assert settings("debug --annotator stoc").annotator == "teacher"


@pytest.mark.parametrize(
    ("options", "lag"),
    [
        ("Hopper", 20),
        ("Hopper --query.label-budget 1400", 20),
        ("Hopper --query.label-budget 70", 2),
        ("Hopper --query.label-budget 70 --max-lag 20", 20),
        ("Hopper --query.label-budget 70 --query.max-lag 20", 20),
        ("Hopper --query.max_lag=200", 200),
        ("debug", 2),
    ],
)
def test_the_lag_is_no_large_part_of_a_small_budget(options, lag):
    assert settings(f"{options} --annotator human").query.max_lag == lag


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ("--annotator humn", "There is no annotator 'humn'. Did you mean human"),
        ("--annotator human --true-reward", "On the true reward (--true-reward) nobody is asked"),
        ("--annotator none", "takes both --annotator none and --labels STORE"),
        ("--labels labels.db", "takes both --annotator none and --labels STORE"),
        ("--annotator human --max-lag -1", "--query.max-lag is -1, but must be at least 0"),
        ("--annotator human --overlap 2", "--query.overlap is 2.0, but must be at least 0"),
        ("--overlap 0.1", "--overlap is 0.1, but only people are asked the same question twice"),
        ("--annotator none --labels nowhere", "nowhere holds no labels"),
        ("--no-true-reward", "Add --annotator human"),
        ("--true-reward --reward-source preferences", "contradict each other"),
        ("--reward-source teacher", "thinks of each step, but --annotator is oracle: choose one"),
        ("--reward-source teacher --annotator human", "but --annotator is human: choose one"),
        ("--reward-source teacher --annotator level", "knows a behaviour of pbrl/Enduro-v0"),
    ],
)
def test_what_cannot_work_is_refused_and_leaves_no_folder(refused, tmp_path, options, says):
    assert says in refused(f"train debug {options} --runs {tmp_path}/runs")
    assert not list(tmp_path.glob("runs/*"))


@pytest.mark.parametrize("option", ["--store", "--annotator none --labels"])
def test_a_password_reaches_neither_the_settings_nor_the_screen(
    pbrl, tmp_path, monkeypatch, option
):
    config = settings(f"debug {option} {SECRET}")
    assert "hunter2" not in config.to_json()
    assert BARE in (config.store, config.labels_from)
    unreachable = SECRET.replace("db.example", "127.0.0.1:1")
    outcome = pbrl(f"train debug {option} {unreachable} --runs {tmp_path}")
    assert outcome.code == 2
    assert "hunter2" not in outcome.out + outcome.err
    assert "127.0.0.1" in outcome.err
    assert not list(tmp_path.iterdir())
    malformed = pbrl(f"train debug {option} postgresql://ann:hunter2@@h:port/x --runs {tmp_path}")
    assert malformed.code == 2
    assert "hunter2" not in malformed.out + malformed.err


def test_where_a_store_is(tmp_path, monkeypatch):
    run = Run(tmp_path)
    monkeypatch.delenv(STORE_VARIABLE, raising=False)
    assert address(run, TrainConfig()) == str(run.labels_file)
    shared = TrainConfig(store=written_down(SECRET))
    assert address(run, shared) == BARE
    assert address(run, shared, SECRET) == SECRET
    monkeypatch.setenv(STORE_VARIABLE, SECRET)
    assert address(run, shared) == SECRET
    assert address(run, TrainConfig(store=BARE.replace("ann", "bo"))) == BARE.replace("ann", "bo")
    monkeypatch.chdir(tmp_path)
    for store in ("team.db", "sqlite:///team.db", f"sqlite:///{tmp_path}/team.db"):
        assert written_down(store) == str(tmp_path / "team.db")
    assert written_down("sqlite:///team.db#run") == str(tmp_path / "team.db#run")


def test_in_a_shared_store_a_run_gets_a_name_of_its_own(tmp_path):
    config = TrainConfig(store=str(tmp_path / "team.db"))
    store = LabelStore(tmp_path / "team.db")
    store.open_run("run", "task", "comparison")
    store.open_run("run-2", "task", "comparison")
    named = with_name_in_store(config, Run(tmp_path / "run"), "")
    assert named.store_run == "run-3"
    assert name_in_store(Run(tmp_path / "moved"), named, store) == "run-3"
    store.close()
    assert with_name_in_store(TrainConfig(), Run(tmp_path / "run"), "") == TrainConfig()


def test_two_runs_that_begin_at_once_have_two_names(tmp_path):
    """The second one looks before the first has asked anything."""
    config = TrainConfig(store=str(tmp_path / "team.db"))
    names = [
        with_name_in_store(config, Run(tmp_path / machine / "run"), "").store_run
        for machine in ("a", "b", "c")
    ]
    assert names == ["run", "run-2", "run-3"]


def test_a_store_that_is_not_there_is_not_made_to_learn_from(pbrl, tmp_path):
    line = "train debug --annotator none --labels"
    for store in (f"{tmp_path}/labls.db", f"sqlite:///{tmp_path}/labls.db"):
        outcome = pbrl(f"{line} {store} --runs {tmp_path}/runs")
        assert outcome.code == 2
        assert "labls.db holds no labels" in outcome.err
    assert not (tmp_path / "labls.db").exists()


def test_two_runs_share_a_store(pbrl, tmp_path):
    tiny = (
        "--total-steps 1024 --query.initial-steps 512 --query.label-budget 32 "
        "--agent.rollout-steps 32 --reward.initial-updates 5 --reward.updates 5"
    )
    for folder in ("a", "b"):
        line = f"train debug {tiny} --store {tmp_path}/team.db --runs {tmp_path}/{folder}"
        assert pbrl(line).code == 0
    store = LabelStore(tmp_path / "team.db")
    names = store.runs()
    counts = [store.progress(name).answered for name in names]
    store.close()
    assert len(names) == 2 and counts == [32, 32]
    (run,) = (tmp_path / "b").iterdir()
    assert json.loads((run / "config.json").read_text())["store_run"] == names[1]
    assert not (run / "labels.db").exists()
    assert "answers" in pbrl(f"eval {run} --episodes 2").out


def test_nothing_that_finds_a_store_needs_torch():
    program = "import sys, pbrl.cli.stores; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "False\n"


def wait_for(condition, seconds=120):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_ctrl_c_while_it_waits_stops_within_a_second_with_a_checkpoint(start, tmp_path):
    process = start(f"{HUMAN} --runs {tmp_path}")
    lines = []
    while not any("Training waits" in line for line in lines):
        lines.append(process.stdout.readline())
        assert lines[-1], process.stderr.read()
    assert any("People judge the clips with: pbrl label" in line for line in lines)
    begun = time.monotonic()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert time.monotonic() - begun < 5  # of which a second is the stop, the rest a busy machine
    assert process.returncode == 130 and not err
    assert "Stopped at step 512" in out
    (run,) = tmp_path.iterdir()
    assert [path.name for path in run.glob("checkpoints/*")] == ["step_000000000512"]


class Said:
    """A display that keeps what is said."""

    def __init__(self):
        self.said = []

    def show(self, status):
        pass

    def say(self, sentence):
        self.said.append(sentence)


@pytest.mark.parametrize(
    ("program", "says"),
    [
        ("print('a summary')", "The viewer was closed. Training goes on as long as it need not"),
        ("import sys; sys.exit('pbrl: There is no OpenGL.')", "The viewer ended: pbrl: There is"),
    ],
)
def test_a_viewer_that_ends_is_reported_once_with_the_way_back(
    tmp_path, monkeypatch, program, says
):
    """The viewer's place is taken by a module of that name: what is looked at is who starts it."""
    package = tmp_path / "pbrl"
    package.mkdir()
    (package / "__init__.py").touch()
    look = "import os, sys; open('seen', 'w').write(f'{os.getsid(0)} {sys.argv} {os.environ}')"
    (package / "cli.py").write_text(f"{look}\n{program}\n")
    monkeypatch.chdir(tmp_path)
    run, display = Run(tmp_path), Said()
    watched = ViewerDisplay(display, run)
    watched.open_viewer(TrainConfig(store=written_down(SECRET)), SECRET)
    watched._process.wait()
    for _ in range(3):
        watched.show(None)
    assert len(display.said) == 1
    assert display.said[0].startswith(says)
    assert f"pbrl label {tmp_path}" in display.said[0]
    seen = (tmp_path / "seen").read_text()
    session, _, rest = seen.partition(" ")
    arguments, _, environment = rest.partition(" environ(")
    assert int(session) != os.getsid(0)
    assert "hunter2" not in arguments and "label" in arguments
    assert SECRET in environment
    assert "hunter2" not in display.said[0]
    assert (tmp_path / LOG).exists()


def test_how_to_label_names_the_folder_and_a_shared_store(tmp_path):
    assert how_to_label(Run(tmp_path), TrainConfig()) == f"pbrl label {tmp_path}"
    assert BARE in how_to_label(Run(tmp_path), TrainConfig(store=BARE))


@pytest.mark.skipif(sys.platform != "linux", reason="other systems always have one")
def test_whether_there_is_a_display(monkeypatch):
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.delenv("DISPLAY", raising=False)
    assert not has_display()
    monkeypatch.setenv("DISPLAY", ":7")
    assert has_display()


def test_a_viewer_of_ones_own_that_is_still_open_is_known(tmp_path):
    run, config = Run(tmp_path / "mine"), TrainConfig()
    run.path.mkdir()
    with closing(LabelStore(run.labels_file)) as store:
        store.open_run("mine", "pbrl/Hopper-v0", "comparison")
        assert not is_open_already(run, config, "")
        store.renew("mine", "somebody else", "far", seconds=60.0)
        assert not is_open_already(run, config, "")
        store.renew("mine", getpass.getuser(), "near", seconds=60.0)
        assert is_open_already(run, config, "")
        store.leave("mine", "near")
        assert not is_open_already(run, config, "")
