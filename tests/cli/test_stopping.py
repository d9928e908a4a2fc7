"""Ctrl-C, in a process of its own."""

import re
import signal
import time
from contextlib import closing

import pytest

from pbrl.cli import train
from pbrl.runs import new_run
from pbrl.store import LabelStore

LONG_ROLLOUT = (
    "--agent.rollout-steps 20000 --query.initial-steps 160000 --query.buffer-steps 160000 "
    "--total-steps 320000"
)


def read_until(stream, words):
    """Reads lines until one holds the words; returns all of them."""
    lines = []
    while not lines or words not in lines[-1]:
        lines.append(stream.readline())
        assert lines[-1], f"ended without saying {words!r}: {lines}"
    return lines


def wait_for(file, lines):
    deadline = time.monotonic() + 120
    while not file.exists() or len(file.read_text().splitlines()) < lines:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def answered(run):
    """Returns how many answers are in the run's label store."""
    if not (run / "labels.db").exists():
        return 0
    with closing(LabelStore(run / "labels.db")) as store:
        return sum(len(store.answers(name)) for name in store.runs())


def test_ctrl_c_stops_with_a_checkpoint_and_says_how_to_go_on(start, pbrl, tmp_path):
    process = start(f"train debug --total-steps 5120 --runs {tmp_path}")
    read_until(process.stdout, "Training in")
    (run,) = tmp_path.iterdir()
    wait_for(run / "metrics.jsonl", lines=6)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert not err
    (last,) = [line for line in out.splitlines() if line.startswith("Stopped at step")]
    command = last.partition("Go on with: pbrl ")[2]
    assert command == f"train --resume {run}"
    steps = int(re.search("step ([0-9,]+)", last)[1].replace(",", ""))
    assert [path.name for path in run.glob("checkpoints/*")] == [f"step_{steps:012d}"]
    assert f"from step {steps:,}" in pbrl(command).out
    assert len((run / "metrics.jsonl").read_text().splitlines()) == 10


def test_ctrl_c_does_not_wait_for_a_long_fit(start, tmp_path):
    process = start(f"train debug --reward.initial-updates 10000000 --runs {tmp_path}")
    read_until(process.stdout, "Training in")
    (run,) = tmp_path.iterdir()
    deadline = time.monotonic() + 120
    while not answered(run):  # after these it fits
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode in (130, -signal.SIGINT)
    assert "Stopped at once" in out
    assert "Go on with: pbrl train --resume" in out
    assert not err


def test_a_second_ctrl_c_stops_at_once(start, tmp_path):
    process = start(f"train debug {LONG_ROLLOUT} --runs {tmp_path}")
    read_until(process.stdout, "Training in")
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    read_until(process.stdout, "Again stops at once")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    # Python ends by the signal itself where the interrupt went through code that was compiled from
    # text, as the compiler's is; shells report both as 130.
    assert process.returncode in (130, -signal.SIGINT)
    assert "Stopped at once" in out
    assert "Go on with: pbrl train --resume" in out
    assert not err


def test_ctrl_c_before_a_run_has_begun_leaves_nothing(start, tmp_path):
    """Python heeds SIGINT before training does, unless it is started in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        process = start(f"train debug --runs {tmp_path}")
    finally:
        signal.signal(signal.SIGINT, before)
    deadline = time.monotonic() + 120
    while not list(tmp_path.iterdir()):
        assert time.monotonic() < deadline
        time.sleep(0.001)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.endswith("pbrl: Stopped at once.\n")
    assert not list(tmp_path.iterdir())


def test_ctrl_c_while_a_runs_folder_is_made_leaves_none(monkeypatch, tmp_path):
    def interrupted(root, stem):
        run = new_run(root, stem)
        signal.raise_signal(signal.SIGINT)
        return run

    monkeypatch.setattr(train, "new_run", interrupted)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            train.main(["debug", "--runs", str(tmp_path)])
    finally:
        signal.signal(signal.SIGINT, before)
    assert not list(tmp_path.iterdir())


def test_ctrl_c_after_the_end_says_that_the_run_is_finished(start, tmp_path):
    process = start(f"train debug --total-steps 4096 --episodes 5000 --runs {tmp_path}")
    read_until(process.stdout, "Playing 5000 fresh episodes.")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    (run,) = tmp_path.iterdir()
    assert f"The run is finished; `pbrl eval {run}` measures it." in out
    assert "PPO.load" not in out
    assert not err


def test_no_fresh_episodes_are_played_where_none_are_wanted(pbrl, tmp_path):
    outcome = pbrl(f"train debug --total-steps 4096 --episodes 0 --runs {tmp_path}")
    assert outcome.code == 0
    assert "fresh episodes" not in outcome.out and "PPO.load" in outcome.out
