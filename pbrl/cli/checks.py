"""Which settings can work, alone and together; the others are refused in a sentence."""

import math

import torch

import envs
from pbrl.behaviours import BEHAVIOURS
from pbrl.cli.memory import check_memory
from pbrl.config import QueryConfig, TrainConfig
from pbrl.errors import ConfigError
from pbrl.frozen_reward import FEWEST_LABELS
from pbrl.query.acquisition import find_acquisition
from pbrl.query.schedule import initial_labels
from pbrl.ranges import out_of_range


def check_config(config: TrainConfig, task: envs.TaskInfo) -> None:
    """Refuses settings that cannot work.

    Raises:
        ConfigError: They cannot; the sentence says why and what to change.
    """
    _check_ranges(config)
    if config.device == "cuda" and not torch.cuda.is_available():
        raise ConfigError("--device is cuda, but torch finds no such device here: use cpu or auto.")
    rollout_size = config.env.num_envs * config.agent.rollout_steps
    if not 2 <= rollout_size <= config.total_steps:
        raise ConfigError(
            f"A rollout has {rollout_size} steps ({config.env.num_envs} environments x "
            f"{config.agent.rollout_steps} steps), the whole run {config.total_steps}: a rollout "
            "needs at least 2, and the run one rollout. Change --total-steps, --env.num-envs or "
            "--agent.rollout-steps."
        )
    _check_annotator(config)
    _check_behaviour(config, task)
    if config.learns_reward and config.annotator != "none":
        _check_questions(config, task, rollout_size)
    check_memory(config, task, clip_steps(config, task))


def _check_annotator(config: TrainConfig) -> None:
    """Refuses an annotator who cannot judge, or has nothing to go by."""
    if config.reward_source == "true" and config.annotator != "teacher":
        raise ConfigError(
            f"On the true reward (--true-reward) nobody is asked, but --annotator is "
            f"{config.annotator}: leave one of the two out."
        )
    if config.reward_source == "teacher" and (
        config.annotator != "teacher" or config.teacher not in BEHAVIOURS
    ):
        who = config.teacher if config.annotator == "teacher" else config.annotator
        raise ConfigError(
            f"--reward-source teacher trains on what a scripted teacher ({', '.join(BEHAVIOURS)}) "
            f"thinks of each step, but --annotator is {who}: choose one of them, or a preset of a "
            "behaviour."
        )
    asks_oracle = config.annotator == "teacher" and config.teacher not in BEHAVIOURS
    on_true_reward = config.reward_source == "true"
    if not config.env.true_reward and (asks_oracle or on_true_reward):
        annotator = f"the annotator is the synthetic {config.teacher!r}, which judges by it"
        raise ConfigError(
            "A task without a true reward (--no-true-reward, and every preset of a behaviour) can "
            "only be judged by people, or by a scripted teacher who knows a behaviour; here "
            f"{'the agent is to learn from it (--true-reward)' if on_true_reward else annotator}. "
            "Add --annotator human."
        )
    if (config.annotator == "none") != bool(config.labels_from):
        raise ConfigError(
            "A frozen reward takes both --annotator none and --labels STORE, the answers that it "
            f"is learnt from; given: --annotator {config.annotator}, "
            f"--labels {config.labels_from or 'nothing'}."
        )
    if config.annotator != "human" and config.query.overlap:
        raise ConfigError(
            f"--overlap is {config.query.overlap:g}, but only people are asked the same question "
            "twice: add --annotator human, or leave it out."
        )


def _check_behaviour(config: TrainConfig, task: envs.TaskInfo) -> None:
    """Refuses a teacher who knows a behaviour of another task."""
    if config.annotator != "teacher" or config.reward_source == "true":
        return
    behaviour = BEHAVIOURS.get(config.teacher)
    if behaviour is not None and behaviour.env_id != task.env_id:
        raise ConfigError(
            f"The annotator {config.teacher!r} knows a behaviour of {behaviour.env_id}, but the "
            f"task is {task.env_id}: choose another annotator, or train on that task."
        )


def clip_steps(config: TrainConfig, task: envs.TaskInfo) -> int:
    """Returns the length of a clip in steps.

    Raises:
        ConfigError: It is longer than an episode, or shorter than a step.
    """
    steps = round(config.query.segment_seconds * task.clip_fps)
    if not 1 <= steps <= task.episode_steps:
        raise ConfigError(
            f"Clips of {config.query.segment_seconds:g} s at {task.clip_fps:g} frames a second "
            f"have {steps} steps, but an episode of {task.env_id} has {task.episode_steps}: set "
            f"--query.segment-seconds between {1 / task.clip_fps:g} and "
            f"{task.episode_steps / task.clip_fps:g}."
        )
    return steps


def _check_ranges(config: TrainConfig) -> None:
    for name, value, allowed in out_of_range(config):
        raise ConfigError(f"{_option(name)} is {value}, but must be {allowed}.")
    if config.reward.l2_ratio_low >= config.reward.l2_ratio_high:
        raise ConfigError(
            f"--reward.l2-ratio-low is {config.reward.l2_ratio_low}, but must be below "
            f"--reward.l2-ratio-high, {config.reward.l2_ratio_high}."
        )


def _check_questions(config: TrainConfig, task: envs.TaskInfo, rollout_size: int) -> None:
    """Refuses settings with which the first clips cannot be had."""
    query, length = config.query, clip_steps(config, task)
    find_acquisition(query.acquisition)
    _check_first_share(query)
    first_round = math.ceil(query.initial_steps / rollout_size) * rollout_size
    if first_round + rollout_size > config.total_steps:
        raise ConfigError(
            f"The first clips take {first_round} steps, the whole run only {config.total_steps}, "
            "so that no rollout would be left to learn from: raise --total-steps or lower "
            "--query.initial-steps."
        )
    if query.buffer_steps < first_round:
        raise ConfigError(
            f"--query.buffer-steps is {query.buffer_steps}, but must hold the {first_round} steps "
            "of the first clips (--query.initial-steps)."
        )
    clips = first_round // config.env.num_envs // length * config.env.num_envs
    if clips * (clips - 1) // 2 < initial_labels(query):
        raise ConfigError(
            f"{first_round} steps in {config.env.num_envs} environments hold {clips} clips of "
            f"{length} steps, too few for {initial_labels(query)} different pairs: raise "
            "--query.initial-steps, lower --env.num-envs or shorten the clips "
            "(--query.segment-seconds)."
        )


def _check_first_share(query: QueryConfig) -> None:
    first = initial_labels(query)
    if first < FEWEST_LABELS:
        raise ConfigError(
            f"A budget of {query.label_budget} labels leaves {first} for the first share "
            f"({query.initial_fraction:.0%}): at least {FEWEST_LABELS} are needed, to fit and to "
            "validate. Set --query.label-budget to "
            f"{math.ceil(FEWEST_LABELS / query.initial_fraction)} or more."
        )


def _option(name: str) -> str:
    return "--" + name.replace("_", "-")
