"""How much memory a run will take, so that one that cannot fit is refused before it starts."""

import math
from dataclasses import dataclass
from pathlib import Path

import envs
from pbrl.config import TrainConfig
from pbrl.errors import ConfigError

PROGRAM = 1_200_000_000
"""Bytes of the libraries, the networks and what they compute in between."""
SHARE = 0.9
"""Of the memory that is free; the rest is for what is not counted."""
COPIES = 3
"""Of a rollout: as recorded, as learnt from, and in minibatches."""
MEMORY, GROUP = Path("/proc/meminfo"), Path("/sys/fs/cgroup")


@dataclass(frozen=True, slots=True)
class Needs:
    """Bytes that a run takes at most, by what for."""

    buffer: int
    """Recent experience, from which clips are cut."""
    labels: int
    """Clips that are learnt from."""
    rollout: int
    """What the agent learns from at a time."""

    @property
    def total(self) -> int:
        """Returns all that the run takes."""
        return PROGRAM + self.buffer + self.labels + self.rollout


def needs(config: TrainConfig, task: envs.TaskInfo, clip_steps: int) -> Needs:
    """Returns what a run will take at most.

    Args:
        config: Its settings.
        task: Its task.
        clip_steps: Steps of a clip.
    """
    space = task.observation_space
    shape = space.shape or ()
    stack = shape[0] if len(shape) == 3 else 1
    seen = math.prod(shape) // stack * (1 if len(shape) == 3 else 4)  # bytes of a step, once
    labels = config.reward.label_window or config.query.label_budget
    if not config.learns_reward:
        return Needs(0, 0, COPIES * rollout_steps(config) * seen * stack)
    return Needs(
        buffer=config.query.buffer_steps * seen,
        labels=2 * min(labels, config.query.label_budget) * (clip_steps + stack - 1) * seen,
        rollout=COPIES * rollout_steps(config) * seen * stack,
    )


def rollout_steps(config: TrainConfig) -> int:
    """Returns the steps of a rollout, in all environments together."""
    return config.env.num_envs * config.agent.rollout_steps


def check_memory(config: TrainConfig, task: envs.TaskInfo, clip_steps: int) -> None:
    """Refuses settings that take more memory than there is.

    Raises:
        ConfigError: They do; the sentence says what would fit.
    """
    free, needed = free_memory(), needs(config, task, clip_steps)
    if free is None or needed.total <= SHARE * free:
        return
    excess = needed.total - SHARE * free
    parts = {
        "--query.buffer-steps": (needed.buffer, config.query.buffer_steps),
        "--reward.label-window": (
            needed.labels,
            config.reward.label_window or config.query.label_budget,
        ),
        "--agent.rollout-steps": (needed.rollout, config.agent.rollout_steps),
    }
    fitting = [
        f"{option} {math.floor(count * (1 - excess / size))}"
        for option, (size, count) in parts.items()
        if size > excess and count * (1 - excess / size) >= 1
    ]
    hint = f"It fits with {' or '.join(fitting)}." if fitting else "Lower all of them."
    raise ConfigError(
        f"These settings take about {_gigabytes(needed.total)} of memory, but only "
        f"{_gigabytes(free)} are free: {_gigabytes(needed.buffer)} for recent experience "
        f"(--query.buffer-steps), {_gigabytes(needed.labels)} for labelled clips "
        f"(--reward.label-window) and {_gigabytes(needed.rollout)} for rollouts "
        f"(--agent.rollout-steps, --env.num-envs). {hint}"
    )


def free_memory() -> int | None:
    """Returns the bytes of memory that are free for programs, None where that cannot be read.

    In a container it is what the container may still take, if that is less.
    """
    try:
        lines = MEMORY.read_text().splitlines()
        free = next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable:"))
    except (OSError, StopIteration):
        return None
    try:
        limit, used = (int((GROUP / f"memory.{name}").read_text()) for name in ("max", "current"))
    except (OSError, ValueError):  # there is no limit
        return free * 1024
    return min(free * 1024, max(limit - used, 0))


def _gigabytes(count: float) -> str:
    return f"{count / 1e9:.1f} GB"
