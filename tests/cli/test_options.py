"""What is written after `pbrl train`: of a new run, and of one that goes on."""

import os

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces
from gymnasium.envs.registration import register

from pbrl.cli.options import new_settings, parse
from pbrl.runs import Run
from pbrl.settings_file import read_settings


class Odd(gymnasium.Env):
    """A task with spaces that are not supported."""

    observation_space = spaces.Box(-1, 1, (1,))
    action_space = spaces.Box(-1, 1, (1,))

    def __init__(self, observations=None, actions=None):
        self.observation_space = observations or self.observation_space
        self.action_space = actions or self.action_space


def dictionary():
    return Odd(observations=spaces.Dict({"place": spaces.Box(-1, 1, (1,))}))


def several():
    return Odd(actions=spaces.MultiDiscrete(np.array([2, 3])))


register("Dictionary-v0", dictionary, max_episode_steps=10)
register("Several-v0", several, max_episode_steps=10)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("train HalfCheeta", "There is no preset 'HalfCheeta'. Did you mean HalfCheetah"),
        ("train zzz", "There is no preset 'zzz'. There is: Ant, BeamRider"),
        ("train --env pbrl/Hoper-v0", "There is no task 'pbrl/Hoper-v0'. Did you mean pbrl/Hopper"),
        ("train --env Cartpole-v1", "Did you mean CartPole-v1?"),
        ("train --env NoModule:Task-v0", "NoModule"),
        ("train", "Name a preset, before all options, or a task"),
        ("train debug --env CartPole-v1", "Name a preset, before all options, or a task"),
        ("train --seed 3 debug", "Name a preset, before all options, or a task"),
        ("train debug --annotator oracel", "no annotator 'oracel'. Did you mean oracle"),
        ("train --env CartPole-v1", "pass --allow-termination"),
        ("train --env Dictionary-v0", "Dictionary-v0 observes Dict"),
        ("train --env Several-v0", "only Box and Discrete actions are supported"),
        ("train debug --no-true-reward", "can only be judged by people"),
        ("train debug --annotator backflp", "no annotator 'backflp'. Did you mean backflip"),
        ("train Walker2d --annotator backflip", "knows a behaviour of pbrl/Hopper-v0, but the"),
        ("train Hopper-backflip --annotator oracle", "'oracle', which judges by it"),
        ("train Hopper-backflip --true-reward", "the agent is to learn from it"),
        ("train debug --env.num-envs 0", "--env.num-envs is 0, but must be at least 1"),
        ("train debug --reward.ensemble-size 0", "--reward.ensemble-size is 0"),
        ("train debug --agent.lr -0.1", "--agent.lr is -0.1, but must be above 0"),
        ("train debug --agent.batch-size 1", "--agent.batch-size is 1, but must be at least 2"),
        ("train debug --seed -1", "--seed is -1"),
        ("train debug --query.label-budget 4", "A budget of 4 labels leaves 1"),
        ("train debug --query.segment-seconds 9", "have 90 steps, but an episode"),
        ("train debug --query.acquisition disagrement", "Did you mean disagreement?"),
    ],
)
def test_what_cannot_be_trained_is_refused_and_leaves_no_folder(refused, tmp_path, line, says):
    assert says in refused(f"{line} --runs {tmp_path}/runs")
    assert not list(tmp_path.glob("runs/*"))


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("--true-reward --no-true-reward", "not allowed with"),
        ("--total-steps many", "many"),
        ("--colour red", "colour"),
    ],
)
def test_options_that_are_no_settings_are_explained(pbrl, tmp_path, line, says):
    outcome = pbrl(f"train debug {line} --runs {tmp_path}")
    assert outcome.code == 2
    assert says in outcome.err
    assert not list(tmp_path.iterdir())


def test_an_option_may_follow_a_task(refused):
    assert "pass --allow-termination" in refused("train --env CartPole-v1 --seed 3")


def test_settings_lists_every_setting_with_its_value(pbrl):
    outcome = pbrl("train HalfCheetah --settings")
    assert outcome.code == 0
    assert "--query.label-budget INT" in outcome.out
    assert "(default: 700)" in outcome.out


@pytest.mark.parametrize(
    ("processors", "load", "threads"), [(16, 0.1, 8), (4, 0.4, 4), (4, 2.6, 1), (2, 9.0, 1)]
)
def test_a_run_takes_the_idle_processors_and_no_more_than_environments(
    monkeypatch, processors, load, threads
):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(processors)))
    monkeypatch.setattr(os, "getloadavg", lambda: (load, 0.0, 0.0))
    preset, given, rest = parse(["debug"])
    assert new_settings(preset, given, rest).threads == threads
    preset, given, rest = parse(["debug", "--threads", "3"])
    assert new_settings(preset, given, rest).threads == 3


def test_a_folder_that_cannot_be_written_to_is_named(refused, tmp_path):
    file = tmp_path / "file"
    file.touch()
    assert f"Could not write {file}" in refused(f"train debug --runs {file}")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ("--seed 5 --agent.lr 1", "agent.lr (0.0003 to 1.0), seed (1 to 5)"),
        ("--annotator skip", "teacher (oracle to skip)"),
        ("--true-reward", "reward_source (preferences to true)"),
        ("--no-true-reward", "env.true_reward (True to False)"),
        ("--total-steps 4096", "total_steps was 20480, given 4096"),
        ("--query.label-budget 39", "query.label_budget was 40, given 39"),
        ("--env CartPole-v1", "A run knows its task"),
        ("--total-steps x", None),
    ],
)
def test_a_run_goes_on_as_it_was_trained(pbrl, debug_run, options, says):
    before = Run(debug_run).config()
    outcome = pbrl(f"train --resume {debug_run} {options}")
    assert outcome.code == 2
    assert says is None or says in outcome.err
    assert Run(debug_run).config() == before


def test_a_folder_that_is_no_run_is_refused(refused, tmp_path):
    assert "is not a run" in refused(f"train --resume {tmp_path}")
    assert "is not a run" in refused(f"train --resume {tmp_path}/none")
    assert not list(tmp_path.iterdir())


def test_a_behaviour_is_taught_by_its_teacher_or_by_people():
    taught = new_settings(*parse(["Hopper-backflip"]))
    asked = new_settings(*parse(["Hopper-backflip", "--annotator", "human"]))
    assert (taught.annotator, taught.teacher) == ("teacher", "backflip")
    assert (asked.annotator, asked.look_for) == ("human", taught.look_for)
    assert "backwards" in taught.look_for
    plain = new_settings(*parse(["Hopper", "--annotator", "backflip"]))
    assert plain.teacher == "backflip" and plain.env.true_reward
    assert read_settings(taught.to_json()) == taught
