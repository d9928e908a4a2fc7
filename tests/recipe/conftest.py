"""A whole run, small enough to be looked at step by step, with the suite's own parts in it."""

import contextlib
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pbrl.agents import PreferencePPO, preference_ppo
from pbrl.agents.build import build_agent
from pbrl.annotators import Annotator, synthetic_annotator
from pbrl.cli.assembly import describe_task, make_env, open_reward_learning
from pbrl.config import AgentConfig, EnvConfig, QueryConfig, RewardConfig, TrainConfig
from pbrl.reward import ensemble, picture_ensemble
from pbrl.rollout import Rollout
from pbrl.runs import Run
from pbrl.status import Clock, Status
from pbrl.store import LabelStore, Query
from pbrl.trainer import Trainer

CONFIG = TrainConfig(
    env=EnvConfig("pbrl/InvertedPendulum-v0", num_envs=2),
    agent=AgentConfig(rollout_steps=50, batch_size=50, epochs=2),
    reward=RewardConfig(batch_size=16, initial_updates=30, updates=10),
    query=QueryConfig(
        label_budget=40, initial_steps=300, every_steps=200, buffer_steps=2000, schedule_steps=300
    ),
    total_steps=1250,  # twelve rollouts of 100 steps and half a one
    checkpoint_steps=500,
    device="cpu",
)
"""Ten labels after three rollouts, thirty more in five rounds. Episodes have 25 steps, clips 15."""


@dataclass(slots=True)
class Lap:
    """One rollout and what became of it."""

    policy: torch.Tensor
    """The policy's parameters while it acted."""
    rng: dict[str, Any]
    """State of the agent's random stream before it acted."""
    rollout: Rollout
    learnt_from: np.ndarray | None = None
    """`(T, N)` rewards given to the agent, None if it did not learn."""
    by_one_model: np.ndarray | None = None
    """`(T, N)` what the predictors say of the whole rollout when the agent learns from it."""


@dataclass(slots=True)
class Round:
    """One round of questions."""

    lap: int
    """Rollouts before it."""
    queries: list[Query]
    episode_return: float | None
    """What the annotator was told of recent episodes."""
    scored: int
    """Clips that the predictors were asked about before it."""


@dataclass(slots=True)
class Story:
    """What happened in a run."""

    config: TrainConfig
    trainer: Trainer
    laps: list[Lap] = field(default_factory=list)
    rounds: list[Round] = field(default_factory=list)
    fits: list[int] = field(default_factory=list)
    """For each fit, the rollouts before it."""
    scored: int = 0
    """Clips that the predictors were asked about since the last round."""

    @property
    def store(self) -> LabelStore:
        return LabelStore(self.trainer.run.labels_file)

    def steps(self, name: str) -> np.ndarray:
        """Returns a field of all rollouts, one after the other: (steps, N, ...)."""
        return np.concatenate([getattr(lap.rollout, name) for lap in self.laps])


class WatchedAgent:
    """An agent, and notes of what it did and learnt."""

    def __init__(self, agent: PreferencePPO, story: Story):
        self._agent, self._story = agent, story

    def __getattr__(self, name: str) -> Any:
        return getattr(self._agent, name)

    def collect(self) -> Rollout:
        policy, rng = policy_vector(self._agent), copy.deepcopy(self._agent.rng_state())
        rollout = self._agent.collect()
        copied = Rollout(*[getattr(rollout, f.name).copy() for f in fields(Rollout)])
        self._story.laps.append(Lap(policy, rng, copied))
        return rollout

    def update(self, rewards: np.ndarray, **kwargs: Any) -> Any:
        lap, learning = self._story.laps[-1], self._story.trainer.learning
        lap.learnt_from = rewards.copy()
        if learning is not None:
            predict = learning.ensemble.reward
            lap.by_one_model = predict(lap.rollout.observations, lap.rollout.actions)
        return self._agent.update(rewards, **kwargs)


@dataclass(slots=True)
class WatchedAnnotator:
    """An annotator, and notes of what it was asked."""

    annotator: Annotator
    story: Story | None = None

    def answer(self, store, run, queries, episode_return):
        story = self.story
        story.rounds.append(Round(len(story.laps), list(queries), episode_return, story.scored))
        story.scored = 0
        self.annotator.answer(store, run, queries, episode_return)


class Silence:
    """A display for nobody."""

    def show(self, status: Status) -> None:
        pass

    def say(self, sentence: str) -> None:
        pass


def policy_vector(agent: PreferencePPO) -> torch.Tensor:
    return torch.nn.utils.parameters_to_vector(agent.policy.parameters()).detach().clone()


def begin(config: TrainConfig, folder: Path, annotator: Annotator | None = None) -> Story:
    """Puts a run together as the command line does, with watchers around agent and annotator."""
    task = describe_task(config.env.env_id)
    env = make_env(config.env, config.env.num_envs)
    agent = build_agent(config.agent, env, config.seed, config.device)
    run, clock = Run(folder), Clock()
    watched = WatchedAnnotator(
        annotator
        or synthetic_annotator(config.teacher, task.env_id, task.episode_steps, config.seed)
    )
    learning = open_reward_learning(config, run, task, env, watched, clock)
    trainer = Trainer(config, run, env, agent, learning, Silence(), clock)
    story = watched.story = Story(config, trainer)
    trainer.agent = WatchedAgent(agent, story)
    watch_ensemble(learning.ensemble, story)
    return story


def watch_ensemble(model: ensemble.RewardEnsemble, story: Story) -> None:
    returns, fit = model.returns, model.fit

    def noting_returns(inputs):
        story.scored += len(inputs)
        return returns(inputs)

    def noting_fit(labels, updates):
        story.fits.append(len(story.laps))
        return fit(labels, updates)

    model.returns, model.fit = noting_returns, noting_fit


@contextlib.contextmanager
def as_written() -> Iterator[None]:
    """Agents and predictors made meanwhile run as written; compiled code is tested elsewhere."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (preference_ppo, ensemble, picture_ensemble):
            patch.setattr(module, "compile_function", lambda function: function)
        yield


@pytest.fixture(autouse=True)
def uncompiled():
    with as_written():
        yield


@pytest.fixture(scope="session")
def story(tmp_path_factory) -> Story:
    """A run from its first step to its end."""
    with as_written():  # a fixture of a session comes before those of a test
        begun = begin(CONFIG, tmp_path_factory.mktemp("run"))
    begun.trainer.train()
    return begun


@pytest.fixture
def tell(tmp_path: Path) -> Callable[..., Story]:
    """Returns a function that goes through another run, in a folder of its own."""

    def go(config: TrainConfig, annotator: Annotator | None = None) -> Story:
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        folder.mkdir()
        begun = begin(config, folder, annotator)
        begun.trainer.train()
        return begun

    return go
