"""`pbrl watch` at a real window under Xvfb: an agent acts, keys and films do what they say."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from labeling_ui.watch_window import lay_out
from pbrl.cli.watch import Player
from pbrl.errors import CheckpointError
from pbrl.runs import Run


@pytest.fixture
def run(debug_run: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(debug_run, tmp_path / "run"))


@pytest.fixture
def watched(desktop, run: Path) -> Iterator[subprocess.Popen]:
    process = subprocess.Popen(
        [sys.executable, "-m", "pbrl.cli", "watch", str(run)],
        env={**os.environ, "DISPLAY": desktop.name},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    desktop.focus()
    yield process
    if process.poll() is None:
        process.kill()
    process.communicate()


def stage(desktop) -> np.ndarray:
    """What the window shows of the task."""
    _, _, width, height = desktop.place()
    where = lay_out(width, height).stage
    return desktop.picture()[where.top : where.bottom, where.left : where.right]


def changes(desktop, seconds: float) -> bool:
    """Whether the picture of the task changes within some seconds."""
    before, deadline = stage(desktop), time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not np.array_equal(stage(desktop), before):
            return True
        time.sleep(0.02)
    return False


def until(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_it_acts_pauses_films_and_quits(desktop, watched: subprocess.Popen, run: Path):
    until(lambda: stage(desktop).std() > 5)  # the task is drawn
    assert changes(desktop, 10.0)
    desktop.key("space")
    time.sleep(0.3)
    assert not changes(desktop, 1.0)
    before = stage(desktop)
    for _ in range(30):  # a step of a pendulum that stands may move no pixel
        desktop.key("period")
    until(lambda: not np.array_equal(stage(desktop), before))
    desktop.key("v")
    desktop.key("space")
    time.sleep(1.0)
    desktop.key("v")
    until(lambda: bool(list(run.glob("watched-*.mp4"))))
    desktop.resize(900, 600)
    assert changes(desktop, 10.0)
    desktop.key("q")
    out, err = watched.communicate(timeout=30)
    assert (watched.returncode, err) == (0, "")
    (film,) = run.glob("watched-*.mp4")
    reader = cv2.VideoCapture(str(film))
    frames = []
    while (read := reader.read())[0]:
        frames.append(read[1])
    reader.release()
    assert len(frames) >= 5
    assert frames[0].std() > 5
    assert not np.array_equal(frames[0], frames[-1])
    assert re.search(r"The film is in \S+watched-1\.mp4", out)


def test_ctrl_c_while_filming_ends_with_a_whole_film(desktop, watched: subprocess.Popen, run: Path):
    until(lambda: stage(desktop).std() > 5)
    desktop.key("v")
    time.sleep(1.0)
    watched.send_signal(signal.SIGINT)
    out, err = watched.communicate(timeout=30)
    assert watched.returncode == 130
    assert "Traceback" not in err
    (film,) = run.glob("watched-*.mp4")
    reader = cv2.VideoCapture(str(film))
    assert reader.read()[0]
    reader.release()
    assert re.search(r"The film is in \S+watched-1\.mp4", out)


def test_its_rewards_are_those_of_the_run(run: Path):
    """Predicted reward by the run's ensemble, true reward by the task: of upright, 1 - angle^2."""
    player = Player(Run(run), seed=3)
    try:
        assert player.begin() == "the agent after 20,480 steps"
        moments = list(iter(player.next, None))
        assert len(moments) == 25
        assert all(m.predicted is not None and np.isfinite(m.predicted) for m in moments)
        angles = [moment.state[0, 1] for moment in moments]
        # The reward of a step is that of the state it leads to.
        expected = [1 - angle**2 for angle in angles[1:]]
        np.testing.assert_allclose([m.true for m in moments[:-1]], expected, atol=1e-5)
        assert player.picture(moments[0], 120, 90).shape == (90, 120, 3)
    finally:
        player.close()


def test_a_run_without_a_checkpoint_is_told(run: Path):
    shutil.rmtree(run / "checkpoints")
    with pytest.raises(CheckpointError, match="no checkpoint yet"):
        Player(Run(run))
