"""A reward learnt once from an existing store: what it is learnt from, and an exact resume."""

import dataclasses
import shutil
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from pbrl.agents import preference_ppo
from pbrl.checkpoints import latest_checkpoint
from pbrl.cli.assembly import open_trainer
from pbrl.config import AgentConfig, EnvConfig, QueryConfig, RewardConfig, TrainConfig
from pbrl.errors import ConfigError, StoreError
from pbrl.metrics import read_metrics
from pbrl.reward import ensemble
from pbrl.reward.saved import load_reward
from pbrl.runs import Run
from pbrl.store import LabelStore


class Desk:
    """A display that can stop the run that it shows."""

    def __init__(self):
        self.stop_at, self.trainer, self.phases = None, None, []

    def show(self, status):
        self.phases.append(status.phase)
        if status.steps == self.stop_at:
            self.trainer.stopping = True

    def say(self, sentence):
        raise AssertionError(sentence)


@pytest.fixture(autouse=True)
def uncompiled(monkeypatch):
    for module in (preference_ppo, ensemble):
        monkeypatch.setattr(module, "compile_function", lambda function: function)


@pytest.fixture
def config(debug_run):
    return TrainConfig(
        env=EnvConfig("pbrl/InvertedPendulum-v0", num_envs=2),
        agent=AgentConfig(rollout_steps=50, batch_size=50, epochs=1),
        reward=RewardConfig(batch_size=16, initial_updates=10),
        query=QueryConfig(label_budget=32),
        total_steps=500,
        annotator="none",
        labels_from=str(debug_run),
    )


@pytest.fixture
def opened(tmp_path):
    """Returns a function that opens a run at its start or where its last checkpoint left it."""

    def begin(config, folder="run"):
        (tmp_path / folder).mkdir(exist_ok=True)
        run, desk = Run(tmp_path / folder), Desk()
        desk.trainer = open_trainer(config, run, desk, latest_checkpoint(run, pytest.fail))
        run.write_config(config)
        return desk.trainer, desk

    return begin


def test_it_trains_from_the_first_step_asks_nothing_and_keeps_its_reward(opened, config):
    trainer, desk = opened(config)
    observations, actions = np.ones((3, 4), np.float32), np.ones((3, 1), np.float32)
    first = trainer.learning.ensemble.reward(observations, actions)
    trainer.train()
    assert trainer.learning.labels == 40
    np.testing.assert_array_equal(trainer.learning.ensemble.reward(observations, actions), first)
    lines = read_metrics(trainer.run)
    assert all("train/value_loss" in line for line in lines) and len(lines) == 5
    assert not trainer.run.labels_file.exists()
    assert set(desk.phases) == {"training on a reward learnt before, from 40 answers"}
    # Ten updates for a first share of eight: fifty for forty answers.
    assert trainer.learning.ensemble.updates == 50


def test_it_goes_on_exactly_also_when_the_answers_are_gone(
    opened, config, debug_run, fingerprint, tmp_path
):
    alone, _ = opened(config, "alone")
    alone.train()
    source = tmp_path / "source"
    shutil.copytree(debug_run, source)
    moved = dataclasses.replace(config, labels_from=str(source))
    trainer, desk = opened(moved, "stopped")
    desk.stop_at = 200
    trainer.train()
    shutil.rmtree(source)
    opened(moved, "stopped")[0].train()
    assert fingerprint(tmp_path / "stopped") == fingerprint(tmp_path / "alone")
    reward = load_reward(tmp_path / "stopped")
    assert reward.env_id == "pbrl/InvertedPendulum-v0"


def test_an_answer_that_was_taken_back_is_not_learnt_from(opened, config, debug_run, tmp_path):
    source = shutil.copytree(debug_run, tmp_path / "source")
    store = LabelStore(source / "labels.db")
    (name,) = store.runs()
    store.retract(store.answers(name)[0].id, "someone")
    store.close()
    trainer, _ = opened(dataclasses.replace(config, labels_from=str(source)))
    assert trainer.learning.labels == 39


def test_a_store_of_another_task_is_refused(opened, config):
    other = dataclasses.replace(config, env=EnvConfig("pbrl/Hopper-v0", num_envs=2))
    with pytest.raises(ConfigError, match="comparisons on pbrl/InvertedPendulum-v0, but"):
        opened(other)


def test_answers_about_angles_without_their_whole_turns_are_refused(opened, config, tmp_path):
    source = Path(shutil.copytree(config.labels_from, tmp_path / "source"))
    wrapped = dataclasses.replace(config.env, wrap_angle=True)
    Run(source).write_config(dataclasses.replace(Run(source).config(), env=wrapped))
    with pytest.raises(ConfigError, match="without the whole turns .* --env.wrap-angle True here"):
        opened(dataclasses.replace(config, labels_from=str(source)))


def test_a_budget_that_leaves_no_first_share_is_no_matter(opened, config):
    """A frozen reward asks nobody."""
    few = dataclasses.replace(config.query, label_budget=2)
    trainer, _ = opened(dataclasses.replace(config, query=few))
    assert trainer.learning.ready


def test_a_store_without_answers_is_refused(opened, config, tmp_path):
    store = LabelStore(tmp_path / "empty.db")
    store.open_run("empty", "pbrl/InvertedPendulum-v0", "comparison")
    store.close()
    with pytest.raises(ConfigError, match="empty.db holds 0 answers .* at least 8"):
        opened(dataclasses.replace(config, labels_from=str(tmp_path / "empty.db")))


def test_what_is_not_there_is_refused_and_not_made(opened, config, tmp_path):
    with pytest.raises(StoreError, match="holds no labels: expected the folder of a run"):
        opened(dataclasses.replace(config, labels_from=str(tmp_path / "none.db")))
    assert not (tmp_path / "none.db").exists()


def test_of_several_runs_one_is_named(opened, config, debug_run, tmp_path):
    file = shutil.copy(debug_run / "labels.db", tmp_path / "two.db")
    with sqlite3.connect(file) as connection:
        ((name,),) = connection.execute("SELECT run FROM runs").fetchall()
    connection.close()
    store = LabelStore(file)
    store.open_run("other", "pbrl/InvertedPendulum-v0", "comparison")
    store.close()
    with pytest.raises(StoreError, match="several runs: .*other.* Name one of them as STORE#RUN"):
        opened(dataclasses.replace(config, labels_from=str(file)), "a")
    with pytest.raises(StoreError, match="no run 'othr'. Did you mean other"):
        opened(dataclasses.replace(config, labels_from=f"{file}#othr"), "b")
    trainer, _ = opened(dataclasses.replace(config, labels_from=f"{file}#{name}"), "c")
    assert trainer.learning.labels == 40
