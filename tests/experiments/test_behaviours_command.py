"""`python -m experiments.behaviours` on a tiny run that was taught a behaviour."""

import csv
import dataclasses
import json
import re

import numpy as np
import pytest
import torch
from rich.console import Console

import envs
from experiments.behaviours import agent_of, behaviour_of, main, play
from experiments.presets import BEHAVIOUR_PRESETS, PRESETS
from pbrl.behaviours import BEHAVIOURS
from pbrl.cli import main as pbrl
from pbrl.cli.assembly import open_trainer
from pbrl.display import display_for
from pbrl.errors import ConfigError
from pbrl.reward.saved import TORSO_ANGLE, load_reward
from pbrl.runs import Run

TINY = (
    "--total-steps 1024 --query.initial-steps 512 --query.label-budget 32 --agent.rollout-steps 64 "
    "--reward.initial-updates 5 --reward.updates 5 --threads 1"
)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    assert pbrl(["train", "Hopper-backflip", *TINY.split(), "--runs", str(folder)]) == 0
    return next(folder.iterdir())


def test_the_run_says_who_taught_it(run):
    config = Run(run).config()
    assert run.name == "Hopper-v0-backflip-32labels-seed1"
    assert (config.teacher, config.env.true_reward) == ("backflip", False)


def test_it_goes_on(run):
    more = ["--total-steps", "1536"]
    assert pbrl(["train", "--resume", str(run), *more]) == 0
    assert Run(run).config().teacher == "backflip"


def test_what_is_measured_is_printed_written_and_filmed(run, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("experiments.behaviours.FILM_SIZE", (64, 48))
    table = tmp_path / "measures.csv"
    films = ["--films", str(tmp_path)]
    assert main([str(run), "--episodes", "3", "--csv", str(table), *films]) == 0
    printed = capsys.readouterr().out
    assert "3 fresh episodes: backflip" in printed
    assert (tmp_path / f"{run.name}.mp4").stat().st_size > 1000
    rows = list(csv.DictReader(table.read_text().splitlines()))
    measures = BEHAVIOURS["backflip"].measure(np.zeros((5, 6), np.float32))
    assert [row["measure"] for row in rows] == list(measures)
    for row in rows:
        assert row["measure"] in printed
        assert float(row["low"]) <= float(row["mean"]) <= float(row["high"])


def test_the_untrained_policy_is_the_one_that_the_run_began_with(run, tmp_path):
    tables = [tmp_path / "trained.csv", tmp_path / "untrained.csv"]
    assert main([str(run), "--episodes", "2", "--csv", str(tables[0])]) == 0
    assert main([str(run), "--episodes", "2", "--csv", str(tables[1]), "--untrained"]) == 0
    trained, untrained = (list(csv.DictReader(t.read_text().splitlines())) for t in tables)
    assert {row["steps"] for row in untrained} == {"0"}
    assert [row["mean"] for row in untrained] != [row["mean"] for row in trained]
    config = Run(run).config()
    before = open_trainer(config, Run(tmp_path), display_for(Console(), ""), None).agent
    agent, _ = agent_of(Run(run), config, untrained=True)
    ours, theirs = agent.policy.state_dict(), before.policy.state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def test_an_evaluation_holds_its_teacher_against_the_learned_reward(run, tmp_path, capsys):
    file = tmp_path / "it.json"
    assert pbrl(["eval", str(run), "--episodes", "2", "--json", str(file)]) == 0
    found = json.loads(file.read_text())["taught_correlation"]
    printed = capsys.readouterr().out
    assert -1 <= found <= 1
    shown = f"{found:.2f}".replace("0.", ".").replace("1.", "1.")
    lines = printed.partition("with the teacher's score")[2].splitlines()
    assert re.search(r"clips +-?\d?\.\d", lines[1]), (lines, shown)


def test_its_reward_is_of_poses_however_often_the_body_has_turned(run):
    """It was learnt without whole turns, and other programs' observations have them."""
    reward = load_reward(run)
    observations = np.random.default_rng(0).uniform(-1, 1, (20, 11))
    turned = observations.copy()
    turned[:, 1] -= 4 * np.pi
    actions = np.zeros((20, 3))
    found = reward(observations, actions)
    np.testing.assert_allclose(reward(turned, actions), found, atol=1e-4)
    assert found.std() > 0.01


def test_the_angle_is_at_one_place_in_all_observations():
    assert {t.torso_angle for t in envs.TASKS.values()} == {None, TORSO_ANGLE}


def test_how_the_body_is_held_in_any_run(run, capsys):
    assert main([str(run), "--of", "posture", "--episodes", "2"]) == 0
    printed = capsys.readouterr().out
    assert "2 fresh episodes: posture" in printed
    assert re.search(r"on the foot +[01]\.\d{3}  \(95 % interval", printed)


def test_a_run_of_another_task_or_without_a_behaviour_is_refused(run, tmp_path, capsys):
    assert main([str(run), "--of", "one-leg"]) == 2
    assert "'one-leg' is a behaviour of pbrl/HalfCheetah-v0" in capsys.readouterr().err
    assert main([str(tmp_path)]) == 2
    assert "is not a run" in capsys.readouterr().err
    with pytest.raises(ConfigError, match="'oracle', who knows no behaviour: say what to"):
        behaviour_of(PRESETS["Hopper"], None)
    assert behaviour_of(PRESETS["Hopper"], "backflip")[1] is BEHAVIOURS["backflip"]


class Still:
    """An agent that does nothing."""

    def __init__(self, action):
        self._action = action

    def predict(self, observations, deterministic):
        return np.stack([self._action] * len(observations)), None


def test_episodes_of_states_begin_anew_and_are_whole():
    config = BEHAVIOUR_PRESETS["HalfCheetah-one-leg"]
    played = play(config, Still(np.zeros(6, np.float32)), BEHAVIOURS["one-leg"], 2)
    assert [episode.shape for episode in played.seen] == [(1000, 9)] * 2
    assert not np.array_equal(*played.seen)
    again = dataclasses.replace(config, seed=9)
    other = play(again, Still(np.zeros(6, np.float32)), BEHAVIOURS["one-leg"], 1)
    assert not np.array_equal(played.seen[0], other.seen[0])


def test_games_are_seen_in_pictures_and_filmed_in_colour(monkeypatch):
    from experiments import behaviours

    game = behaviours.describe_task("pbrl/Enduro-v0")
    cut = dataclasses.replace(game, episode_steps=20)
    monkeypatch.setattr(behaviours, "describe_task", lambda _: cut)
    config, behaviour = BEHAVIOUR_PRESETS["Enduro-level"], BEHAVIOURS["level"]
    played = play(config, Still(np.int64(1)), behaviour, 2, films=True)
    assert [episode.shape for episode in played.seen] == [(20, 84, 84)] * 2
    assert len(played.frames) == 20 and played.frames[0].shape == (210, 160, 3)
    assert set(behaviour.measure(played.seen[0])) > {"share of steps level"}
