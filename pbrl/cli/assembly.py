"""Puts the parts of a run together from its configuration."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from gymnasium import spaces

import envs
from pbrl.agents import GymnasiumVecEnv, PreferencePPO
from pbrl.agents.build import build_agent
from pbrl.agents.fastest_format import fastest_format
from pbrl.annotators import (
    TARGET,
    Annotator,
    BehaviourTeacher,
    TargetAnnotator,
    synthetic_annotator,
)
from pbrl.behaviours import BEHAVIOURS
from pbrl.buffer import SegmentBuffer
from pbrl.checkpoints import Checkpoint
from pbrl.cli.checks import check_config, clip_steps
from pbrl.cli.stores import address, name_in_store, source_of_labels
from pbrl.config import EnvConfig, TrainConfig
from pbrl.errors import ConfigError, StoreError, TaskError
from pbrl.feedback import find_kind
from pbrl.frozen_reward import FrozenReward
from pbrl.heap import keep_freed_memory
from pbrl.people import People
from pbrl.publishing import Publisher
from pbrl.reward.build import make_ensemble
from pbrl.reward.ensemble import RewardEnsemble
from pbrl.reward.labels import LabelledClips, LabelReader
from pbrl.reward_learning import RewardLearning
from pbrl.runs import Run
from pbrl.status import Clock, Display
from pbrl.store import LabelStore
from pbrl.trainer import Trainer


@dataclass(frozen=True, slots=True)
class StoresGiven:
    """Label stores as the user named them: what a run's settings must not hold, passwords."""

    store: str = ""
    """The one that the run shares with others."""
    labels: str = ""
    """The one that a frozen reward is learnt from."""


NO_STORES = StoresGiven()


def describe_task(env_id: str) -> envs.TaskInfo:
    """Returns what is known of a task, its errors as ours."""
    try:
        return envs.describe(env_id)
    except envs.TaskError as error:
        raise TaskError(str(error)) from error


def make_env(
    config: EnvConfig,
    num_envs: int,
    *,
    threads: int = 1,
    record_frames: bool = False,
    double_buffered: bool = False,
    episode_steps: int = 0,
) -> envs.TaskVectorEnv:
    """Makes environments of a task, their errors as ours."""
    try:
        return envs.make_task(
            config.env_id,
            num_envs,
            threads=threads,
            record_frames=record_frames,
            allow_termination=config.allow_termination,
            blanks=[envs.Blank(*blank) for blank in config.blanks],
            double_buffered=double_buffered,
            episode_steps=episode_steps,
            wrap_angle=config.wrap_angle,
        )
    except envs.TaskError as error:
        raise TaskError(str(error)) from error


def open_trainer(
    config: TrainConfig,
    run: Run,
    display: Display,
    checkpoint: Checkpoint | None,
    stores: StoresGiven = NO_STORES,
) -> Trainer:
    """Returns a trainer at the start of a run, or where a checkpoint left it.

    Its settings are the run's, with what was measured here in place of what was left to that.

    Args:
        config: The run's settings.
        run: Its folder, held by this process.
        display: Shows how it goes.
        checkpoint: Where to go on, or None to start.
        stores: Label stores as the user named them, passwords included.
    """
    torch.set_num_threads(config.torch_threads)
    task = describe_task(config.env.env_id)
    task = replace(task, episode_steps=config.env.episode_steps or task.episode_steps)
    check_config(config, task)
    if len(observation_shape(task)) == 3:
        keep_freed_memory()
    if checkpoint is None:  # the agent of a checkpoint has its own
        config = with_picture_format(config, task)
    recorded = records_frames(config, task)
    env = make_env(
        config.env,
        config.env.num_envs,
        threads=config.threads,
        record_frames=recorded,
        double_buffered=True,
        episode_steps=config.env.episode_steps,
    )
    clock = Clock()
    if checkpoint:
        agent = PreferencePPO.load(checkpoint.agent, GymnasiumVecEnv(env), device=config.device)
    else:
        agent = build_agent(config.agent, env, config.seed, config.device)
    learning, people = None, None
    if config.learns_reward and config.annotator == "none":
        learning = FrozenReward(new_ensemble(config, task))
        if checkpoint is None:
            source = stores.labels or config.labels_from
            learning.fit(config, labels_of(source, config, task, display.say))
    elif config.learns_reward:
        if checkpoint is not None and not config.store:
            _check_own_store(run, checkpoint)
        store = LabelStore(address(run, config, stores.store))
        annotator = teacher(config, task) if config.annotator == "teacher" else None
        # A synthetic run promises exact repetition, which it cannot keep without an answer.
        say = display.say if annotator is None else None
        learning = open_reward_learning(config, run, task, env, annotator, clock, store, say)
        if annotator is None:
            people = open_people(config, run, learning, store, display, clock)
    trainer = Trainer(config, run, env, agent, learning, display, clock, people)
    if checkpoint:
        trainer.restore(checkpoint)
    return trainer


def _check_own_store(run: Run, checkpoint: Checkpoint) -> None:
    """Refuses to go on without the answers: opening the store would make an empty one.

    Raises:
        StoreError: The file is gone.
    """
    asked = checkpoint.state()["learning"]["asked"]
    if asked and not run.labels_file.is_file():
        raise StoreError(
            f"The run's label store {run.labels_file} is not there, and {asked} questions had been "
            "asked when the checkpoint was written. Put the file back; without its answers a new "
            "run must be started."
        )


def with_picture_format(config: TrainConfig, task: envs.TaskInfo) -> TrainConfig:
    """Returns settings with the format that is fastest here, where a game's was left open."""
    space = task.observation_space
    agent, reward = config.agent, config.reward
    if len(space.shape) != 3 or "auto" not in (agent.picture_format, reward.picture_format):
        return config
    if agent.picture_format == "auto":
        found = fastest_format(space, task.action_space, agent.batch_size, device_of(config))
        agent = replace(agent, picture_format=found)
    if reward.picture_format == "auto":
        reward = replace(reward, picture_format=agent.picture_format)
    return replace(config, agent=agent, reward=reward)


def open_reward_learning(
    config: TrainConfig,
    run: Run,
    task: envs.TaskInfo,
    env: envs.TaskVectorEnv,
    annotator: Annotator | None,
    clock: Clock,
    store: LabelStore | None = None,
    say: Callable[[str], object] | None = None,
) -> RewardLearning:
    """Returns the preference side of a run at its start.

    Args:
        config: The run's settings.
        run: Its folder.
        task: What it is trained on.
        env: Its environments.
        annotator: Who answers at once; None if people do.
        clock: Counts what the time goes to.
        store: Its label store, opened; the one in its folder if left out.
        say: Told of questions that are left out since a clip of them is damaged.
    """
    store = store or LabelStore(run.labels_file)
    name = name_in_store(run, config, store)
    store.open_run(name, config.env.env_id, config.feedback, look_for=config.look_for)
    return RewardLearning(
        config,
        new_ensemble(config, task),
        SegmentBuffer(
            *(config.env.num_envs, config.query.buffer_steps),
            *(observation_shape(task), action_size(task), env.render_states.shape[1]),
            with_frames=records_frames(config, task),
        ),
        clip_steps(config, task),
        store,
        name,
        find_kind(config.feedback),
        annotator,
        clock,
        say,
        end_penalty=task.end_penalty,
    )


def open_people(
    config: TrainConfig,
    run: Run,
    learning: RewardLearning,
    store: LabelStore,
    display: Display,
    clock: Clock,
) -> People:
    """Returns the part of the loop that gives people their turn."""
    name = name_in_store(run, config, store)
    publisher = Publisher(config.query, store, name, f"pbrl train --resume {run.path}")
    return People(config, learning, store, name, display, clock, publisher)


def teacher(config: TrainConfig, task: envs.TaskInfo) -> Annotator:
    """Returns the synthetic annotator of a run."""
    if config.teacher in BEHAVIOURS:
        return BehaviourTeacher(config.teacher, BEHAVIOURS[config.teacher])
    if config.teacher == TARGET:
        return TargetAnnotator()
    return synthetic_annotator(config.teacher, task.env_id, task.episode_steps, config.seed)


def records_frames(config: TrainConfig, task: envs.TaskInfo) -> bool:
    """Returns whether pictures are recorded while the agent acts: only where people need them."""
    asks_people = config.learns_reward and config.annotator == "human"
    return asks_people and not task.draws_from_states


def labels_of(
    source: str, config: TrainConfig, task: envs.TaskInfo, say: Callable[[str], object]
) -> LabelledClips | None:
    """Returns all answers of another run that say something, None without any.

    Args:
        source: A run's folder or a label store, perhaps with `#RUN` at its end.
        config: The settings of the run that will learn from them.
        task: Its task.
        say: Told of questions that are left out since a clip of them is damaged.

    Raises:
        StoreError: There is no such store or run.
        ConfigError: They are about another task.
    """
    _check_angles(source, config)
    with source_of_labels(source) as (store, name):
        told = store.run_info(name)
        if (told.env_id, told.kind) != (task.env_id, config.feedback):
            raise ConfigError(
                f"The answers of run {name!r} in {store.name} are {told.kind}s on {told.env_id}, "
                f"but {config.feedback}s on {task.env_id} are needed. Name another store, or "
                "train on that task."
            )
        reader = LabelReader(store, name, find_kind(config.feedback), config.reward, say)
        labels = reader.read(below=store.next_number(name))
        if labels is not None:
            _check_sizes(store, name, int(labels.numbers[0]), task)
        return labels


def _check_angles(source: str, config: TrainConfig) -> None:
    """Refuses the answers of a run that saw the torso's angle with whole turns, or without."""
    if not (Path(source) / "config.json").is_file():
        return  # a store alone does not say
    wrapped = Run(Path(source).resolve()).config().env.wrap_angle
    if wrapped != config.env.wrap_angle:
        raise ConfigError(
            f"The answers of {source} are about observations {'without' if wrapped else 'with'} "
            f"the whole turns of the torso's angle: give --env.wrap-angle {wrapped} here too."
        )


def _check_sizes(store: LabelStore, run: str, number: int, task: envs.TaskInfo) -> None:
    """Refuses clips whose observations and actions are not of the task's sizes."""
    clip = store.segments(run, [number], true_rewards=False)[number][0]
    found = (*clip.observations.shape[1:], clip.actions.shape[1])
    expected = (*observation_shape(task)[-2:], action_size(task))
    if found != expected:
        raise ConfigError(
            f"The clips of run {run!r} in {store.name} have observations and actions of sizes "
            f"{found}, but {task.env_id} has {expected} here: they come from another version of "
            "the task."
        )


def new_ensemble(config: TrainConfig, task: envs.TaskInfo) -> RewardEnsemble:
    """Returns an ensemble that has seen no label."""
    shape = observation_shape(task)
    return make_ensemble(config, shape, action_size(task), device_of(config))


def device_of(config: TrainConfig) -> str:
    """Returns where networks live: `cuda` if there is one and nothing else was asked for."""
    return "cuda" if config.device != "cpu" and torch.cuda.is_available() else "cpu"


def observation_shape(task: envs.TaskInfo) -> tuple[int, ...]:
    """Returns (O,) of numbers, or (K, H, W) of K pictures."""
    return task.observation_space.shape


def action_size(task: envs.TaskInfo) -> int:
    """Returns the entries of an action; it is one-hot where it is discrete."""
    return spaces.flatdim(task.action_space)


def run_from(path: Path) -> Run:
    """Returns the run in a folder the user named."""
    return Run(path.resolve())
