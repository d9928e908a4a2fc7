"""One run of a grid: what it is to be, and the folder that it lives in.

    ROOT/TASK/CONDITION-STEPS-SEED/     its folder, the condition with dashes
        Hopper-v0-700labels-seed1/      the run
        evaluation.json                 what `pbrl eval` measured of its final agent
        log.txt                         what both printed

The same run is thus found again by every table, sweep and figure that asks for it.
"""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import Any

from experiments.presets import PRESETS
from experiments.sweeps.outcomes import TRUE_REWARD
from pbrl.config import Device, TrainConfig
from pbrl.errors import ConfigError, nearest

Changes = tuple[tuple[str, Any], ...]
"""Settings in place of the preset's: dotted names and values."""
UNMEASURED = ("--episodes=0",)
"""Says that training plays no fresh episodes at its end: the sweep does, when that is done."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One run of a grid."""

    task: str
    """Name of the preset."""
    labels: int | None
    """Label budget; None for training on the true reward."""
    seed: int
    """The run's seed."""
    steps: int
    """Environment steps."""
    variant: str = ""
    """What is different from the preset, in a few words; empty if nothing is."""
    changes: Changes = ()
    """The settings that make the variant."""
    threads: int = 1
    """Processors that the run takes."""
    device: Device = "cpu"
    """Where its networks live."""

    def __post_init__(self) -> None:
        """Refuses a task that has no preset."""
        if self.task not in PRESETS:
            raise ConfigError(f"There is no preset {self.task!r}. {nearest(self.task, PRESETS)}")

    @property
    def condition(self) -> str:
        """Returns what the agent learnt from, in words."""
        reward = TRUE_REWARD if self.labels is None else f"{self.labels} labels"
        return f"{reward}, {self.variant}" if self.variant else reward

    @property
    def name(self) -> str:
        """Returns the run in words."""
        return f"{self.task}, {self.condition}, seed {self.seed}"

    def folder(self, root: Path) -> Path:
        """Returns the folder that holds the run and its evaluation."""
        condition = self.condition.replace(",", "").replace(" ", "-")
        return root / self.task / f"{condition}-{self.steps}-{self.seed}"

    def run_folder(self, root: Path) -> Path | None:
        """Returns the folder of the run itself, None if it was never begun."""
        begun = sorted(self.folder(root).glob("*/config.json"))
        return begun[0].parent if begun else None

    def config(self) -> TrainConfig:
        """Returns the settings that the run is to have."""
        preset = PRESETS[self.task]
        changes = dict(self.changes) | {"seed": self.seed, "total_steps": self.steps}
        if self.labels is None:
            changes["reward_source"] = "true"
        else:
            changes["query.label_budget"] = self.labels
        config = with_changes(preset, tuple(changes.items()))
        return dataclasses.replace(
            config,
            threads=self.threads,
            learner_threads=config.learner_threads or self.threads,
            device=self.device,
        )

    def train_arguments(self, root: Path) -> list[str]:
        """Returns the arguments of `pbrl` that train it, or go on with it."""
        begun = self.run_folder(root)
        if begun is not None:
            return ["train", "--resume", str(begun), *UNMEASURED]
        reward = (
            ["--true-reward"] if self.labels is None else [f"--query.label-budget={self.labels}"]
        )
        changes = (argument for change in self.changes for argument in option(*change))
        return [
            *("train", self.task, *reward, *changes, "--runs", str(self.folder(root))),
            *(f"--seed={self.seed}", f"--total-steps={self.steps}", f"--threads={self.threads}"),
            *([f"--device={self.device}"] if self.device != "cpu" else []),
            *UNMEASURED,
        ]


def option(name: str, value: Any) -> list[str]:
    """Returns a setting as `pbrl train` takes it."""
    flag = "--" + name.replace("_", "-")
    if isinstance(value, tuple):
        return [flag, *words_of(value)]
    return [f"{flag}={value}"]


def words_of(value: Any) -> Iterator[str]:
    """Yields the words of a setting on a command line, those of tuples in tuples in a row."""
    if isinstance(value, tuple):
        for one in value:
            yield from words_of(one)
    else:
        yield str(value)


def with_changes(config: TrainConfig, changes: Changes) -> TrainConfig:
    """Returns the settings with some of them changed, by dotted names such as `agent.lr`."""
    for name, value in changes:
        part, _, field = name.rpartition(".")
        inner = dataclasses.replace(attrgetter(part)(config) if part else config, **{field: value})
        config = dataclasses.replace(config, **{part: inner}) if part else inner
    return config
