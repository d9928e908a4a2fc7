"""Puts the parts of a run together from its configuration."""

from pathlib import Path

import torch
from gymnasium import spaces

import envs
from pbrl.agents import GymnasiumVecEnv, PreferencePPO
from pbrl.agents.build import build_agent
from pbrl.annotators import Annotator, synthetic_annotator
from pbrl.buffer import SegmentBuffer
from pbrl.checkpoints import Checkpoint
from pbrl.cli.checks import check_config, clip_steps
from pbrl.config import EnvConfig, TrainConfig
from pbrl.errors import TaskError
from pbrl.feedback import COMPARISON
from pbrl.reward.ensemble import RewardEnsemble
from pbrl.reward_learning import RewardLearning
from pbrl.runs import Run
from pbrl.status import Clock, Display
from pbrl.store import LabelStore
from pbrl.trainer import Trainer


def describe_task(env_id: str) -> envs.TaskInfo:
    """Returns what is known of a task, its errors as ours."""
    try:
        return envs.describe(env_id)
    except envs.TaskError as error:
        raise TaskError(str(error)) from error


def make_env(
    config: EnvConfig, num_envs: int, *, threads: int = 1, record_frames: bool = False
) -> envs.TaskVectorEnv:
    """Makes environments of a task, their errors as ours."""
    try:
        return envs.make_task(
            config.env_id,
            num_envs,
            threads=threads,
            record_frames=record_frames,
            allow_termination=config.allow_termination,
        )
    except envs.TaskError as error:
        raise TaskError(str(error)) from error


def open_trainer(
    config: TrainConfig, run: Run, display: Display, checkpoint: Checkpoint | None
) -> Trainer:
    """Returns a trainer at the start of a run, or where a checkpoint left it.

    Args:
        config: The run's settings.
        run: Its folder, held by this process.
        display: Shows how it goes.
        checkpoint: Where to go on, or None to start.
    """
    torch.set_num_threads(config.learner_threads)
    task = describe_task(config.env.env_id)
    check_config(config, task)
    env = make_env(config.env, config.env.num_envs, threads=config.threads)
    clock = Clock()
    if checkpoint:
        agent = PreferencePPO.load(checkpoint.agent, GymnasiumVecEnv(env), device=config.device)
    else:
        agent = build_agent(config.agent, env, config.seed, config.device)
    learning = None
    if config.reward_source == "preferences":
        annotator = synthetic_annotator(
            config.teacher, config.env.env_id, task.episode_steps, config.seed
        )
        learning = open_reward_learning(config, run, task, env, annotator, clock)
    trainer = Trainer(config, run, env, agent, learning, display, clock)
    if checkpoint:
        trainer.restore(checkpoint)
    return trainer


def open_reward_learning(
    config: TrainConfig,
    run: Run,
    task: envs.TaskInfo,
    env: envs.TaskVectorEnv,
    annotator: Annotator,
    clock: Clock,
) -> RewardLearning:
    """Returns the preference side of a run at its start, with the run's label store."""
    obs_dim, act_dim = space_sizes(task)
    state_dim = env.render_states.shape[1]
    store = LabelStore(run.labels_file)
    # A store that came along when the folder was renamed knows the run by its earlier name.
    name = next(iter(store.runs()), run.name)
    store.open_run(name, config.env.env_id, COMPARISON.name)
    return RewardLearning(
        config,
        new_ensemble(config, task),
        SegmentBuffer(config.env.num_envs, config.query.buffer_steps, obs_dim, act_dim, state_dim),
        clip_steps(config, task),
        store,
        name,
        COMPARISON,
        annotator,
        clock,
    )


def new_ensemble(config: TrainConfig, task: envs.TaskInfo) -> RewardEnsemble:
    """Returns an ensemble that has seen no label."""
    obs_dim, act_dim = space_sizes(task)
    device = "cuda" if config.device != "cpu" and torch.cuda.is_available() else "cpu"
    return RewardEnsemble(config.reward, obs_dim, act_dim, COMPARISON, config.seed, device)


def space_sizes(task: envs.TaskInfo) -> tuple[int, int]:
    """Returns the entries of an observation and of an action (one-hot where it is discrete)."""
    return spaces.flatdim(task.observation_space), spaces.flatdim(task.action_space)


def run_from(path: Path) -> Run:
    """Returns the run in a folder the user named."""
    return Run(path.resolve())
