"""The trainer beside its loop, which tests/recipe looks at, and its resume, in tests/resume."""

import dataclasses
from pathlib import Path

import pytest

from pbrl import reward_learning
from pbrl.agents import PreferencePPO
from pbrl.checkpoints import latest_checkpoint
from pbrl.cli.assembly import open_trainer
from pbrl.config import AgentConfig, EnvConfig, QueryConfig, RewardConfig, TrainConfig
from pbrl.metrics import read_metrics
from pbrl.runs import new_run

CONFIG = TrainConfig(
    env=EnvConfig("pbrl/InvertedPendulum-v0", num_envs=2),
    agent=AgentConfig(rollout_steps=50, batch_size=50, epochs=1),
    reward=RewardConfig(batch_size=16, initial_updates=10, updates=5),
    query=QueryConfig(label_budget=32, initial_steps=200, every_steps=100, buffer_steps=400),
    total_steps=450,  # four rollouts of 100 steps and half a one
    checkpoint_steps=200,
    device="cpu",
)


class Watcher:
    """A display that keeps each status, and can stop the run."""

    def __init__(self):
        self.statuses, self.stop_at, self.trainer = [], None, None

    def show(self, status):
        self.statuses.append(status)
        if status.steps == self.stop_at:
            self.trainer.stopping = True

    def say(self, sentence):
        pass


@pytest.fixture
def watcher():
    return Watcher()


@pytest.fixture
def trainer(watcher, tmp_path):
    watcher.trainer = open_trainer(CONFIG, new_run(tmp_path, "run"), watcher, None)
    return watcher.trainer


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def stop_in_the_rollout_after(steps, trainer, monkeypatch):
    """Stops the run, as Ctrl-C does, while the agent acts."""
    collect = PreferencePPO.collect

    def stopped_meanwhile(agent):
        trainer.stopping |= trainer.steps == steps
        return collect(agent)

    monkeypatch.setattr(PreferencePPO, "collect", stopped_meanwhile)


def test_it_shows_where_the_run_stands_after_every_rollout(trainer, watcher):
    trainer.train()
    assert [status.steps for status in watcher.statuses] == [100, 200, 300, 400]
    assert [status.labels for status in watcher.statuses][::3] == [0, 32]
    assert [status.phase.split()[0] for status in watcher.statuses] == ["acting"] + 3 * ["training"]
    assert {status.total_steps for status in watcher.statuses} == {400}
    assert watcher.statuses[-1].seconds_left == 0
    assert sum(watcher.statuses[-1].shares.values()) == pytest.approx(1)
    assert watcher.statuses[0].learned_return is None


def test_answers_that_are_learnt_from_no_more_are_counted(watcher, tmp_path):
    few = dataclasses.replace(CONFIG, reward=dataclasses.replace(CONFIG.reward, label_window=9))
    watcher.trainer = open_trainer(few, new_run(tmp_path, "run"), watcher, None)
    watcher.trainer.train()
    assert watcher.trainer.learning.labels == 9
    assert watcher.statuses[-1].labels == 32


def test_it_saves_every_so_often_and_at_the_end(trainer):
    trainer.train()
    assert names(trainer.run.checkpoints) == ["step_000000000200", "step_000000000400"]


def test_stopped_from_outside_it_saves_after_the_rollout_in_progress(trainer, watcher):
    watcher.stop_at = 300
    trainer.train()
    assert trainer.steps == 300
    assert names(trainer.run.checkpoints)[-1] == "step_000000000300"
    assert len(read_metrics(trainer.run)) == 3


def test_a_later_fit_that_takes_long_is_made_before_a_run_stops(trainer, monkeypatch):
    """What was learnt since the last checkpoint is in the next; only the first fit is not begun."""
    monkeypatch.setattr(reward_learning, "LONG_FIT", 1)
    trainer.config = dataclasses.replace(trainer.config, checkpoint_steps=10_000)
    stop_in_the_rollout_after(300, trainer, monkeypatch)
    trainer.train()
    assert trainer.steps == 400
    assert names(trainer.run.checkpoints) == ["step_000000000400"]
    (last,) = {line["reward/labels"] for line in read_metrics(trainer.run)[-1:]}
    assert last == 32


def test_the_first_fit_is_not_begun_by_a_run_that_stops(trainer, monkeypatch):
    monkeypatch.setattr(reward_learning, "LONG_FIT", 1)
    stop_in_the_rollout_after(100, trainer, monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        trainer.train()
    assert not trainer.learning.ready


def test_a_checkpoint_holds_what_the_run_has_come_to(trainer):
    trainer.train()
    checkpoint = latest_checkpoint(trainer.run, pytest.fail)
    state = checkpoint.state()
    assert checkpoint.steps == 400
    assert state["learning"]["asked"] == 32
    assert len(state["true_returns"]["finished"]) == 16
