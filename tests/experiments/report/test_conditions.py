"""Which runs are taken together, what they are called, and which one is shown."""

from dataclasses import replace
from pathlib import Path

import pytest

from experiments.presets import PRESETS
from experiments.report.conditions import conditions_of, learnt_from, task_name
from experiments.report.recorded import TRUE_RETURN, Recorded
from pbrl.runs import Run

CONFIG = PRESETS["Hopper"]


def recorded(seed=1, true_return=0.0, config=CONFIG, **changes):
    line = {"time/total_timesteps": 2048, TRUE_RETURN: true_return}
    config = replace(config, seed=seed, **changes)
    return Recorded(Run(Path(f"run{seed}")), config, {}, (line,))


def test_runs_that_differ_in_their_seed_alone_are_one_condition():
    (found,) = conditions_of([recorded(1), recorded(2, threads=4, checkpoint_steps=5)])
    assert found.title == "Hopper, 700 labels"
    assert [run.config.seed for run in found.runs] == [1, 2]


def test_the_true_reward_comes_first_and_tasks_in_the_order_given():
    runs = [recorded(), recorded(reward_source="true"), recorded(config=PRESETS["Ant"])]
    assert [one.title for one in conditions_of(runs)] == [
        *("Hopper, true reward", "Hopper, 700 labels", "Ant, 700 labels")
    ]


def test_other_differences_are_in_the_name():
    other = replace(CONFIG.query, acquisition="uniform")
    found = conditions_of([recorded(), recorded(query=other)])
    assert [one.name for one in found] == [
        "700 labels, query.acquisition disagreement",
        "700 labels, query.acquisition uniform",
    ]


def test_rewards_learnt_from_other_peoples_answers_are_no_one_condition():
    frozen = {"annotator": "none"}
    found = conditions_of(
        [recorded(labels_from="anna.db", **frozen), recorded(2, labels_from="bob.db", **frozen)]
    )
    assert [one.name for one in found] == [
        "frozen reward, labels_from anna.db",
        "frozen reward, labels_from bob.db",
    ]


def test_what_a_run_does_not_use_is_no_difference():
    other = replace(CONFIG.query, acquisition="uniform")
    found = conditions_of(
        [recorded(reward_source="true"), recorded(2, reward_source="true", query=other)]
    )
    assert [one.name for one in found] == ["true reward"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"annotator": "human"}, "700 labels, people"),
        ({"teacher": "mistake"}, "700 labels, mistake"),
        ({"annotator": "none", "labels_from": "x.db"}, "frozen reward"),
        ({"reward_source": "teacher", "teacher": "level"}, "score by level"),
        ({"reward_source": "true"}, "true reward"),
    ],
)
def test_what_a_run_learns_from(changes, words):
    assert learnt_from(replace(CONFIG, **changes)) == words


def test_task_names():
    assert task_name("pbrl/HalfCheetah-v0") == "HalfCheetah"
    assert task_name("CartPole-v1") == "CartPole-v1"
    assert task_name("ALE/Freeway-v5") == "ALE/Freeway-v5"


def test_the_middle_run_is_shown():
    (found,) = conditions_of([recorded(1, 5.0), recorded(2, 9.0), recorded(3, 7.0)])
    assert found.middle.config.seed == 3
    (found,) = conditions_of([recorded(1, 5.0), recorded(2, 1.0)])
    assert found.middle.config.seed == 2
    (found,) = conditions_of([recorded(1, float("nan")), recorded(2, 1.0)])
    assert found.middle.config.seed == 1
