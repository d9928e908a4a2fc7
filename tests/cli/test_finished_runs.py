"""A run that is at its end: measured again, or continued with more steps or labels."""

import json
from dataclasses import replace

import pytest

from pbrl.checkpoints import latest_checkpoint
from pbrl.runs import Run
from pbrl.store import LabelStore


def count_answers(path):
    store = LabelStore(path / "labels.db")
    answers = store.answers(*store.runs())
    store.close()
    return len(answers)


def steps_of_metrics(path):
    lines = (path / "metrics.jsonl").read_text().splitlines()
    return [json.loads(line)["time/total_timesteps"] for line in lines]


def steps_of_questions(path):
    """Returns the steps at which each query was asked, by the store."""
    run = Run(path)
    store = LabelStore(run.labels_file)
    with store.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT step FROM queries ORDER BY number").scalars()
        steps = list(rows)
    store.close()
    return steps


def test_without_more_it_says_so_and_measures(pbrl, finished_run, fingerprint):
    before = fingerprint(finished_run)
    outcome = pbrl(f"train --resume {finished_run}")
    assert outcome.code == 0
    assert "is finished: 20,480 of 20,480 steps are done" in outcome.out
    assert "give more --total-steps" in outcome.out
    assert "true return" in outcome.out
    assert fingerprint(finished_run) == before


def test_fewer_steps_than_a_rollout_more_are_no_more(pbrl, finished_run):
    outcome = pbrl(f"train --resume {finished_run} --total-steps 20991")
    assert "20,480 of 20,991 steps are done, and a rollout takes 512" in outcome.out
    assert steps_of_metrics(finished_run)[-1] == 20_480


def test_more_steps_and_labels(pbrl, finished_run):
    """1,700 steps more are three rollouts; the last of them asks what the budget leaves."""
    outcome = pbrl(f"train --resume {finished_run} --total-steps 22180 --query.label-budget 46")
    assert outcome.code == 0
    assert "Going on with" in outcome.out
    steps = steps_of_metrics(finished_run)
    assert steps == list(range(512, 20_480 + 3 * 512 + 1, 512))
    assert count_answers(finished_run) == 46
    assert steps_of_questions(finished_run)[40:] == [22_016] * 6
    assert latest_checkpoint(Run(finished_run), print).steps == 22_016
    config = Run(finished_run).config()
    assert (config.total_steps, config.query.label_budget) == (22_180, 46)


def test_more_steps_alone_ask_nothing_more(pbrl, finished_run):
    assert pbrl(f"train --resume {finished_run} --total-steps 21504").code == 0
    assert steps_of_metrics(finished_run)[-1] == 21_504
    assert count_answers(finished_run) == 40


@pytest.mark.parametrize("while_acting", [False, True])
def test_more_labels_alone_teach_the_reward(pbrl, finished_run, fingerprint, while_acting):
    """Also where a reward is fitted beside the next rollout, which does not come any more."""
    run = Run(finished_run)
    reward = replace(run.config().reward, fit_while_acting=while_acting)
    run.write_config(replace(run.config(), reward=reward))
    before = fingerprint(finished_run)
    outcome = pbrl(f"train --resume {finished_run} --query.label-budget 50")
    assert outcome.code == 0
    assert "Only the reward learns from further labels" in outcome.out
    assert count_answers(finished_run) == 50
    after = fingerprint(finished_run)
    assert after["ensemble"] != before["ensemble"]
    assert after["policy"] == before["policy"]
    again = pbrl(f"train --resume {finished_run}")
    assert "To go on, give more --total-steps" in again.out
    assert fingerprint(finished_run) == after
