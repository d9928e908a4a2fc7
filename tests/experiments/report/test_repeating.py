"""The command that repeats a run gives its very settings."""

import shlex
from dataclasses import replace

import pytest

from experiments.presets import PRESETS, settings_for
from experiments.report.recorded import read_run
from experiments.report.repeating import command
from pbrl.cli.options import new_settings, parse

HOPPER = replace(PRESETS["Hopper"], threads=1, learner_threads=1)
CARTPOLE = settings_for("CartPole-v1")
CARTPOLE = replace(
    CARTPOLE,
    env=replace(CARTPOLE.env, env_id="CartPole-v1", allow_termination=True),
    threads=1,
)
PONG = PRESETS["Pong"]
PONG = replace(
    PONG, threads=1, learner_threads=1, env=replace(PONG.env, blanks=((0, 0, 5, 5), (9, 9, 1, 2)))
)

SETTINGS = {
    "preset": HOPPER,
    "seed": replace(HOPPER, seed=7, total_steps=50_000),
    "true reward": replace(HOPPER, reward_source="true"),
    "teacher": replace(HOPPER, teacher="mistake"),
    "people": replace(HOPPER, annotator="human", look_for="jump; 'high' & far"),
    "people, no true reward": replace(
        HOPPER, annotator="human", env=replace(HOPPER.env, true_reward=False)
    ),
    "settings": replace(
        HOPPER,
        agent=replace(HOPPER.agent, hidden_sizes=(32, 32, 32), lr_decay=False, lr=1e-3),
        query=replace(HOPPER.query, max_lag=5, overlap=0.25, acquisition="entropy"),
        annotator="human",
    ),
    "another task": CARTPOLE,
    "game": PONG,
}


def settings_of(line):
    words = shlex.split(line)
    assert words[:2] == ["pbrl", "train"]
    return new_settings(*parse(words[2:]))


@pytest.mark.parametrize("name", SETTINGS)
def test_the_command_gives_the_settings(name):
    assert settings_of(command(SETTINGS[name])) == SETTINGS[name]


def test_the_preset_that_differs_least_is_named():
    assert command(HOPPER).startswith("pbrl train Hopper ")
    assert command(CARTPOLE).startswith("pbrl train --env CartPole-v1 ")


def test_the_command_of_a_real_run(debug_run):
    config = read_run(debug_run).config
    assert settings_of(command(config)) == config
    assert command(config).startswith("pbrl train debug")
