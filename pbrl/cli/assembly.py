"""Puts the parts of a run together from its configuration."""

import math
from pathlib import Path

import envs
import torch

from pbrl.agents import PreferencePPO
from pbrl.agents.build import build_agent
from pbrl.annotators import synthetic_annotator
from pbrl.buffer import SegmentBuffer
from pbrl.checkpoints import Checkpoint
from pbrl.config import EnvConfig, TrainConfig
from pbrl.errors import ConfigError, TaskError
from pbrl.feedback import COMPARISON
from pbrl.query.schedule import initial_labels
from pbrl.reward.ensemble import RewardEnsemble
from pbrl.reward_learning import RewardLearning
from pbrl.runs import Run
from pbrl.seeding import seed_of
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


def clip_steps(config: TrainConfig, task: envs.TaskInfo) -> int:
    """Returns the length of a clip in steps.

    Raises:
        ConfigError: It is longer than an episode, or shorter than a step.
    """
    steps = round(config.query.segment_seconds * task.clip_fps)
    if not 1 <= steps <= task.episode_steps:
        raise ConfigError(
            f"Clips of {config.query.segment_seconds} s at {task.clip_fps:g} frames a second have "
            f"{steps} steps, but an episode of {task.env_id} has {task.episode_steps}: set "
            f"query.segment-seconds to at most {task.episode_steps / task.clip_fps:g}."
        )
    return steps


def check_config(config: TrainConfig, task: envs.TaskInfo) -> None:
    """Refuses settings that cannot work together.

    Raises:
        ConfigError: They cannot; the sentence says why and what to change.
    """
    if config.reward_source == "true":
        if not config.env.true_reward:
            raise ConfigError("Training on the true reward needs a task that has one.")
        return
    query, first = config.query, initial_labels(config.query)
    if first < 2:
        raise ConfigError(
            f"A budget of {query.label_budget} labels leaves {first} for the first share "
            f"({query.initial_fraction:.0%}): at least 2 are needed to fit and to validate. "
            f"Ask for {math.ceil(2 / max(query.initial_fraction, 1e-9))} labels or more."
        )
    if query.initial_steps >= config.total_steps:
        raise ConfigError(
            f"The first clips take {query.initial_steps} steps, the whole run only "
            f"{config.total_steps}: raise total-steps or lower query.initial-steps."
        )
    clips = query.initial_steps // clip_steps(config, task)
    if clips * (clips - 1) // 2 < first:
        raise ConfigError(
            f"{query.initial_steps} steps hold {clips} clips, too few for {first} different pairs: "
            "raise query.initial-steps or shorten the clips."
        )
    if query.buffer_steps < query.initial_steps:
        raise ConfigError(
            f"query.buffer-steps ({query.buffer_steps}) must hold the first clips' "
            f"{query.initial_steps} steps (query.initial-steps)."
        )


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
    torch.set_num_threads(config.threads)
    task = describe_task(config.env.env_id)
    check_config(config, task)
    env = make_env(config.env, config.env.num_envs, threads=config.threads)
    env.reset(seed=seed_of(config.seed, "env"))
    clock = Clock()
    agent = (
        PreferencePPO.load(checkpoint.agent, env=env, device=config.device)
        if checkpoint
        else build_agent(config.agent, env, config.seed, config.device)
    )
    learning = None
    if config.reward_source == "preferences":
        learning = _reward_learning(config, run, task, env, clock)
    trainer = Trainer(config, run, env, agent, learning, display, clock)
    if checkpoint:
        trainer.restore(checkpoint)
    return trainer


def _reward_learning(
    config: TrainConfig, run: Run, task: envs.TaskInfo, env: envs.TaskVectorEnv, clock: Clock
) -> RewardLearning:
    obs_dim, act_dim = space_sizes(task)
    store = LabelStore(run.labels_file)
    store.open_run(run.name, config.env.env_id, COMPARISON.name)
    return RewardLearning(
        config,
        new_ensemble(config, task),
        SegmentBuffer(
            config.env.num_envs,
            config.query.buffer_steps,
            obs_dim,
            act_dim,
            env.render_states.shape[1],
        ),
        clip_steps(config, task),
        store,
        run.name,
        COMPARISON,
        synthetic_annotator(config.teacher, config.env.env_id, task.episode_steps, config.seed),
        clock,
    )


def new_ensemble(config: TrainConfig, task: envs.TaskInfo) -> RewardEnsemble:
    """Returns an ensemble that has seen no label."""
    obs_dim, act_dim = space_sizes(task)
    device = "cuda" if config.device != "cpu" and torch.cuda.is_available() else "cpu"
    return RewardEnsemble(config.reward, obs_dim, act_dim, COMPARISON, config.seed, device)


def space_sizes(task: envs.TaskInfo) -> tuple[int, int]:
    """Returns the entries of an observation and of an action (one-hot where it is discrete)."""
    actions = task.action_space
    size = actions.n if hasattr(actions, "n") else math.prod(actions.shape)
    return math.prod(task.observation_space.shape), int(size)


def run_from(path: Path) -> Run:
    """Returns the run in a folder the user named."""
    return Run(path.resolve())
