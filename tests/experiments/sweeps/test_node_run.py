import os
import subprocess
import sys
import threading
import time
from dataclasses import replace

import pytest

from experiments.sweeps import node_run, pbrl_process
from experiments.sweeps.node_run import Order, carry_out, own_folder
from experiments.sweeps.sweep import State

WAITS = "import time; print('up', flush=True); time.sleep(600)"


@pytest.fixture
def order(cell, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "node"))
    monkeypatch.setattr(node_run, "LOOK_EVERY_SECONDS", 0.05)
    for name in ("node", "shared"):
        (tmp_path / name).mkdir()
    (tmp_path / "shared/.sign").touch()
    return Order(cell, tmp_path / "shared", ".sign", 5)


@pytest.fixture
def programs(monkeypatch):
    """Puts a small program in the place of `pbrl`: by verb, what Python is to run."""
    by_verb = {}

    def start(arguments, log, orphaned):
        command = [sys.executable, "-S", "-c", by_verb[arguments[0]], *arguments[1:]]
        with log.open("a") as out:
            return subprocess.Popen(command, stdout=out, stderr=out)

    monkeypatch.setattr(pbrl_process, "start", start)
    return by_verb


def test_a_run_is_made_on_the_machines_own_disk_and_published(order, programs):
    programs["train"] = (
        "import os, sys; run = sys.argv[sys.argv.index('--runs') + 1] + '/run'; "
        "os.makedirs(run + '/checkpoints/step_8'); os.mkdir(run + '/tensorboard'); "
        "open(run + '/config.json', 'w').write('{}')"
    )
    programs["eval"] = "import sys; open(sys.argv[sys.argv.index('--json') + 1], 'w').write('{}')"
    assert carry_out(order).state is State.FINISHED
    there = order.cell.folder(order.shared)
    assert (there / "run/checkpoints/step_8").is_dir()
    assert (there / "evaluation.json").read_text() == "{}"
    assert not order.cell.folder(own_folder(order.shared)).exists()  # the disk is not filled up


def test_a_failure_names_the_log_that_all_can_read(order, programs):
    programs["train"] = "import sys; sys.exit('pbrl: It is raining.')"
    change = carry_out(order)
    assert change.state is State.FAILED
    log = order.cell.folder(order.shared) / "log.txt"
    assert f"It is raining. Its log: {log}" in change.sentence
    assert "It is raining." in log.read_text()


def test_a_machine_that_does_not_see_the_shared_folder_says_so(order, programs):
    (order.shared / order.sign).unlink()
    change = carry_out(order)
    assert change.state is State.FAILED
    assert f"does not see the shared folder {order.shared}" in change.sentence


def test_a_run_that_another_sweep_makes_is_left_to_it(order, programs, tmp_path):
    programs["train"] = WAITS
    other = replace(order, sign=".other")
    (order.shared / other.sign).touch()
    first = threading.Thread(target=carry_out, args=[other])
    first.start()
    claim = order.cell.folder(order.shared) / ".made-by"
    while not claim.is_file() or not order.cell.folder(own_folder(order.shared)).is_dir():
        time.sleep(0.01)
    change = carry_out(order)
    assert change.state is State.FAILED
    assert "another sweep makes it now" in change.sentence
    assert order.cell.folder(own_folder(order.shared)).is_dir()
    (order.shared / other.sign).unlink()
    first.join()
    assert not claim.exists()


@pytest.mark.parametrize("trace", ["nothing since", "it was stopped", "it is the same"])
def test_a_run_that_no_other_sweep_makes_any_more_is_gone_on_with(order, programs, trace):
    programs["train"] = "import sys; sys.exit('pbrl: It is raining.')"
    claim = order.cell.folder(order.shared) / ".made-by"
    claim.parent.mkdir(parents=True)
    claim.write_text(order.sign if trace == "it is the same" else ".other")
    if trace == "nothing since":
        (order.shared / ".other").touch()
        os.utime(claim, (0, 0))
    assert "It is raining." in carry_out(order).sentence


def test_it_stops_when_the_sign_goes_away(order, programs):
    programs["train"] = WAITS
    threading.Timer(0.5, (order.shared / order.sign).unlink).start()
    assert carry_out(order).state is State.STOPPED
    assert not (order.cell.folder(order.shared) / "evaluation.json").exists()


def test_a_run_that_was_finished_is_not_made_again(order, finish):
    """The process that made it may have died before it could say so, and Ray begins it anew."""
    finish(order.cell, order.shared)
    assert carry_out(replace(order, episodes=2)).state is State.FINISHED
    assert not own_folder(order.shared).exists()


def test_a_run_that_could_not_be_measured_anew_has_failed(order, programs, finish):
    """What other episodes measured is there still, and is not what was asked for."""
    finish(order.cell, order.shared)  # by two episodes, of five
    programs |= {"train": "pass", "eval": "import sys; sys.exit('pbrl: No room.')"}
    change = carry_out(order)
    assert change.state is State.FAILED
    assert "No room." in change.sentence
