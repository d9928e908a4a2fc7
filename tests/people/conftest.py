"""Runs whose questions a scripted person answers in the label store, as a viewer does."""

import dataclasses
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from pbrl import people
from pbrl.agents import preference_ppo
from pbrl.checkpoints import latest_checkpoint
from pbrl.cli.assembly import StoresGiven, open_trainer
from pbrl.cli.stores import address, written_down
from pbrl.config import AgentConfig, EnvConfig, QueryConfig, RewardConfig, TrainConfig
from pbrl.reward import ensemble
from pbrl.runs import Run
from pbrl.status import Status
from pbrl.store import LabelStore
from pbrl.trainer import Trainer

CONFIG = TrainConfig(
    env=EnvConfig("pbrl/InvertedPendulum-v0", num_envs=2),
    agent=AgentConfig(rollout_steps=50, batch_size=50, epochs=1),
    reward=RewardConfig(batch_size=16, initial_updates=10, updates=5),
    query=QueryConfig(
        label_budget=32, initial_steps=200, every_steps=400, buffer_steps=400, schedule_steps=300,
        ahead=2, max_lag=3, fit_answers=4,
    ),
    total_steps=1200,
    checkpoint_steps=400,
    annotator="human",
)  # fmt: skip
"""Twelve rollouts of 100 steps. Eight questions after the second, 24 more by the end."""


class Person:
    """Answers questions in a store, one at a time, as a viewer would."""

    def __init__(self, file: Path | str, name: str = "ann") -> None:
        self.file, self.name, self.given = file, name, []
        """Identities and questions of the answers so far."""

    def answer(self, count: int, text: str = "first") -> int:
        """Answers up to `count` questions and returns how many there were."""
        with closing(LabelStore(self.file)) as store:
            (run,) = store.runs()
            leased = store.lease(run, self.name, self.name, count=count, seconds=30)
            for query in leased:
                token = f"{self.name}-{query.number}-{len(self.given)}"
                number = store.answer(
                    run, query.number, text, self.name, left=0, token=token, viewer=self.name
                )
                self.given.append((number, query.number))
            return len(leased)

    def undo(self) -> int:
        """Takes the last answer back and returns the number of its question."""
        identity, number = self.given.pop()
        with closing(LabelStore(self.file)) as store:
            store.retract(identity, self.name)
        return number


class Desk:
    """A display whose user can do something whenever it shows the run; keeps what it showed."""

    def __init__(self) -> None:
        self.statuses: list[Status] = []
        self.said: list[str] = []
        self.act: Callable[[Status], object] = lambda status: None

    def show(self, status: Status) -> None:
        self.statuses.append(status)
        self.act(status)

    def say(self, sentence: str) -> None:
        self.said.append(sentence)


@dataclasses.dataclass
class Sitting:
    """A run, who judges it and what the trainer shows."""

    trainer: Trainer
    desk: Desk
    person: Person
    run: Run

    @property
    def steps(self) -> int:
        return self.trainer.steps

    def look(self, question: Callable[[LabelStore, str], object]):
        """Returns what the store answers."""
        with closing(LabelStore(self.person.file)) as store:
            return question(store, store.runs()[0])


def changed(config: TrainConfig, **fields) -> TrainConfig:
    """Returns the settings changed; `query__max_lag=0` reaches into a part."""
    for name, value in fields.items():
        part, _, inner = name.partition("__")
        if inner:
            value = dataclasses.replace(getattr(config, part), **{inner: value})
        config = dataclasses.replace(config, **{part: value})
    return config


@pytest.fixture
def sit(tmp_path) -> Iterator[Callable[..., Sitting]]:
    """Returns a function that opens a run at its start or where its last checkpoint left it."""
    trainers = []

    def begin(folder: str = "run", *, url: str = "", **fields) -> Sitting:
        path = tmp_path / folder
        path.mkdir(exist_ok=True)
        run, desk, config = Run(path), Desk(), changed(CONFIG, **fields)
        config = dataclasses.replace(config, store=written_down(url))
        checkpoint = latest_checkpoint(run, desk.say)
        trainer = open_trainer(config, run, desk, checkpoint, StoresGiven(url))
        trainers.append(trainer)
        run.write_config(config)
        return Sitting(trainer, desk, Person(address(run, config, url)), run)

    yield begin
    for trainer in trainers:
        trainer.close()


@pytest.fixture
def busy() -> Iterator[Callable[..., Person]]:
    """Returns a function that sets a person to work in a thread, until the test ends."""
    leaving, threads = threading.Event(), []

    def work(file: Path, name: str = "ann", pause: float = 0.01) -> Person:
        person = Person(file, name)

        def answers() -> None:
            while not leaving.is_set():
                person.answer(1)
                leaving.wait(pause)

        threads.append(threading.Thread(target=answers))
        threads[-1].start()
        return person

    yield work
    leaving.set()
    for thread in threads:
        thread.join()


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Runs agent and predictors as they are written, and waits in short pauses."""
    for module in (preference_ppo, ensemble):
        monkeypatch.setattr(module, "compile_function", lambda function: function)
    monkeypatch.setattr(people, "POLL_SECONDS", 0.002)
