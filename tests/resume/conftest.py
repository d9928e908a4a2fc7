"""Runs that are begun, broken off and gone on with, in this process."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

from pbrl.agents import preference_ppo
from pbrl.checkpoints import latest_checkpoint
from pbrl.cli.assembly import open_trainer
from pbrl.config import AgentConfig, EnvConfig, QueryConfig, RewardConfig, TrainConfig
from pbrl.reward import ensemble, picture_ensemble
from pbrl.runs import Run
from pbrl.status import Status
from pbrl.trainer import Trainer

CONFIG = TrainConfig(
    env=EnvConfig("pbrl/InvertedPendulum-v0", num_envs=2),
    agent=AgentConfig(rollout_steps=40, batch_size=40, epochs=2),
    reward=RewardConfig(batch_size=16, initial_updates=20, updates=5),
    query=QueryConfig(label_budget=32, initial_steps=160, every_steps=160, buffer_steps=400),
    total_steps=800,
    checkpoint_steps=320,
    device="cpu",
)
"""Ten rollouts of 80 steps, questions after every other one, checkpoints after every fourth."""


class Crash(Exception):
    """The process is gone: nothing more is saved."""


class Viewer:
    """A display that keeps what is said, and can crash or stop the run that it shows."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.at: tuple[int, Callable[[], None]] | None = None
        """Steps after which to do something, once, and what."""

    def show(self, status: Status) -> None:
        if self.at is not None and status.steps >= self.at[0]:
            (_, act), self.at = self.at, None
            act()

    def say(self, sentence: str) -> None:
        self.said.append(sentence)


def opened(config: TrainConfig, folder: Path) -> tuple[Trainer, Viewer]:
    """Opens a run where its last checkpoint left it, or at its start."""
    folder.mkdir(exist_ok=True)
    run, viewer = Run(folder), Viewer()
    trainer = open_trainer(config, run, viewer, latest_checkpoint(run, viewer.say))
    run.write_config(config)
    return trainer, viewer


def train(config: TrainConfig, folder: Path) -> Trainer:
    """Trains to the end from wherever the run stands."""
    trainer, _ = opened(config, folder)
    trainer.train()
    return trainer


def crash(config: TrainConfig, folder: Path, steps: int) -> None:
    """Trains on until `steps` are done, and crashes."""
    trainer, viewer = opened(config, folder)

    def fail() -> None:
        raise Crash

    viewer.at = steps, fail
    with pytest.raises(Crash):
        trainer.train()


def changed(config: TrainConfig, **fields) -> TrainConfig:
    """Returns the settings changed; `query__label_budget=40` reaches into a part."""
    for name, value in fields.items():
        part, _, inner = name.partition("__")
        if inner:
            value = dataclasses.replace(getattr(config, part), **{inner: value})
        config = dataclasses.replace(config, **{part: value})
    return config


@pytest.fixture(scope="session")
def config() -> TrainConfig:
    return CONFIG


@pytest.fixture(scope="session")
def runs():
    """The functions of this module by their names."""
    return {f.__name__: f for f in (opened, train, crash, changed)}


@pytest.fixture(autouse=True, scope="module")
def uncompiled():
    """Runs agent and predictors as they are written; the kills are of compiled runs."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (preference_ppo, ensemble, picture_ensemble):
            patch.setattr(module, "compile_function", lambda function: function)
        yield
