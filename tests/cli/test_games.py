"""Games from the command line: a run from its first question to its film, and wrong input."""

import dataclasses
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np
import pytest

import pbrl
from experiments.presets import PRESETS
from pbrl.agents import PreferencePPO
from pbrl.agents.picture_format import FORMATS
from pbrl.checkpoints import latest_checkpoint
from pbrl.cli import evaluate, main, memory
from pbrl.cli.assembly import describe_task, open_trainer
from pbrl.errors import PbrlError
from pbrl.reward_learning import is_long
from pbrl.runs import Run
from pbrl.store import LabelStore

TINY = (
    *("--env.num-envs", "2", "--agent.rollout-steps", "64", "--agent.batch-size", "64"),
    *("--agent.epochs", "1", "--query.label-budget", "20", "--query.initial-fraction", "0.5"),
    *("--query.initial-steps", "384", "--query.every-steps", "128"),
    *("--query.buffer-steps", "512", "--reward.initial-updates", "3", "--reward.updates", "2"),
    *("--reward.batch-size", "2", "--reward.checked-labels", "6", "--total-steps", "768"),
)


@pytest.fixture(scope="module")
def pong_run(tmp_path_factory) -> Path:
    runs = tmp_path_factory.mktemp("runs")
    command = [sys.executable, "-m", "pbrl.cli", "train", "Pong", *TINY, "--runs", str(runs)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr
    return next(runs.iterdir())


def test_a_run_asks_fits_and_ends(pong_run):
    lines = [json.loads(line) for line in (pong_run / "metrics.jsonl").read_text().splitlines()]
    assert lines[-1]["time/total_timesteps"] == 768
    store = LabelStore(Run(pong_run).labels_file)
    (name,) = store.runs()
    assert len(store.answers(name)) == 20
    clips = store.segments(name, [0])[0]
    assert clips[0].observations.shape == (28, 84, 84)
    assert store.size_bytes() < 40 * 40_000, "pictures are compressed"
    store.close()


def test_the_format_that_was_measured_stands_in_the_settings(pong_run):
    config = json.loads((pong_run / "config.json").read_text())
    chosen = config["agent"]["picture_format"]
    assert chosen in FORMATS
    assert config["reward"]["picture_format"] == chosen
    agent = PreferencePPO.load(latest_checkpoint(Run(pong_run), print).agent, device="cpu")
    assert agent.picture_format == chosen


def test_a_long_fit_says_how_far_it_is():
    """The first one takes an hour on two processors."""
    shown = []

    class Display:
        def show(self, status):
            shown.append(status.phase)

        def say(self, sentence):
            raise AssertionError(sentence)

    config = dataclasses.replace(
        PRESETS["debug"], reward=dataclasses.replace(PRESETS["debug"].reward, initial_updates=2020)
    )
    with tempfile.TemporaryDirectory() as folder:
        trainer = open_trainer(config, Run(Path(folder)), Display(), None)
        trainer._iterate()
        while not trainer.learning.ready:
            trainer._iterate()
        trainer.close()
    assert shown[:3] == [f"fitting the first reward, {n}% done" for n in (0, 2, 5)]
    assert shown[-1] != shown[-2]
    assert "fitting" not in trainer.status().phase


def test_a_fit_on_pictures_is_long_sooner():
    assert is_long(100, (4, 84, 84)) and not is_long(99, (4, 84, 84))
    assert is_long(2000, (17,)) and not is_long(1999, (17,))


def test_the_learned_reward_is_a_function_of_pictures(pong_run):
    reward = pbrl.load_reward(pong_run)
    seen = np.random.default_rng(0).integers(0, 256, (5, 2, 4, 84, 84), np.uint8)
    paid = reward(seen, np.zeros((5, 2), int))
    assert paid.shape == (5, 2)
    assert np.array_equal(paid, reward(seen, np.full((5, 2), 3))), "actions do not matter"
    with pytest.raises(PbrlError, match="84"):
        reward(np.zeros((5, 4, 80, 80), np.uint8), np.zeros(5, int))


def test_a_film_is_in_colour_and_at_a_games_rate(pong_run, tmp_path, monkeypatch):
    short = dataclasses.replace(describe_task("pbrl/Pong-v0"), episode_steps=60)
    monkeypatch.setattr(evaluate, "describe_task", lambda env_id: short)
    agent = PreferencePPO.load(latest_checkpoint(Run(pong_run), print).agent, device="cpu")
    film = tmp_path / "pong.mp4"
    said = evaluate._film(Run(pong_run).config(), agent, film, deterministic=True)
    assert "15 steps a second" in said
    shown = cv2.VideoCapture(str(film))
    ok, frame = shown.read()
    assert ok
    assert np.ptp(frame.astype(int), axis=-1).max() > 60, "Pong's ground is brown"
    assert shown.get(cv2.CAP_PROP_FPS) == pytest.approx(15)


def refused(capsys, *arguments: str) -> str:
    assert main(["train", *arguments]) == 2
    return " ".join(capsys.readouterr().err.split())


def test_an_unknown_game_is_answered_with_its_nearest(capsys):
    assert "ALE/Breakout-v5" in refused(capsys, "--env", "ALE/Brekout-v5")
    assert "Did you mean Pong" in refused(capsys, "Pog")


def test_a_rectangle_outside_the_picture_is_refused(capsys, tmp_path):
    said = refused(
        capsys, "--env", "ALE/Freeway-v5", *TINY, "--runs", str(tmp_path),
        "--env.blanks", "200", "0", "20", "10",
    )  # fmt: skip
    assert "210 rows and 160 columns" in said
    assert not list(tmp_path.iterdir())
    said = refused(capsys, "debug", "--env.blanks", "0", "0", "20", "10", "--runs", str(tmp_path))
    assert "games only" in said


def test_too_little_memory_is_said_before_the_start(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "free_memory", lambda: 3_000_000_000)
    said = refused(capsys, "Pong", "--runs", str(tmp_path), "--query.buffer-steps", "300000")
    assert "take about 4." in said
    assert "3.0 GB are free" in said
    fits = said.partition("It fits with ")[2].split()
    option, value = fits[0], fits[1].rstrip(".")
    assert option == "--query.buffer-steps"
    assert not list(tmp_path.iterdir())
    assert int(value) < 300_000


def test_memory_is_counted_by_pictures_once():
    task = describe_task("pbrl/Pong-v0")
    needed = memory.needs(PRESETS["Pong"], task, 25)
    assert needed.buffer == 32_768 * 84 * 84
    assert needed.labels == 2 * 3000 * 28 * 84 * 84
    assert needed.total < 6e9, "of ten million steps with 5,500 labels"
    assert memory.free_memory() is None or memory.free_memory() > 1e8
