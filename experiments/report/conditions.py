"""Runs side by side: those that differ in nothing but their seed form one condition."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from experiments.analysis.returns import in_order
from experiments.report.recorded import LEARNED_RETURN, TRUE_RETURN, Recorded
from experiments.sweeps.outcomes import TRUE_REWARD
from pbrl.config import TrainConfig, differing_fields

NO_DIFFERENCE = {
    *("seed", "store", "store_run", "threads", "learner_threads", "device"),
    *("checkpoint_steps", "agent.picture_format", "reward.picture_format", "query.clip_megabytes"),
}
"""Settings that make no condition of their own: where and how fast a run computes."""
IN_THE_NAME = {"reward_source", "annotator", "teacher", "query.label_budget"}
"""Settings that a condition's name tells anyway."""


@dataclass(frozen=True, slots=True, eq=False)
class Condition:
    """The runs of one task that learnt from the same."""

    task: str
    """Name of the task."""
    name: str
    """What they learnt from, such as `700 labels`, and what sets them apart from others."""
    runs: tuple[Recorded, ...]
    """One for each seed."""

    @property
    def title(self) -> str:
        """Returns task and name."""
        return f"{self.task}, {self.name}"

    @property
    def middle(self) -> Recorded:
        """Returns the run whose last return is the median, the lower of two.

        The true return counts, and the learned one where no true one is known.
        """
        for metric in (TRUE_RETURN, LEARNED_RETURN):
            values = [run.last(metric) for run in self.runs]
            if not np.isnan(values).any():
                order = sorted(range(len(values)), key=values.__getitem__)
                return self.runs[order[(len(order) - 1) // 2]]
        return self.runs[0]


def conditions_of(runs: Sequence[Recorded]) -> list[Condition]:
    """Arranges runs by task, in the order given, and condition: the true reward first."""
    by_name: dict[str, dict[str, list[Recorded]]] = {}
    for run in runs:
        task, name = task_name(run.config.env.env_id), learnt_from(run.config)
        by_name.setdefault(task, {}).setdefault(name, []).append(run)
    return [
        Condition(task, full, tuple(of_full))
        for task, of_task in by_name.items()
        for name in in_order(of_task)
        for full, of_full in _apart(name, of_task[name]).items()
    ]


def task_name(env_id: str) -> str:
    """Returns a task's short name: of the suite's own without prefix and version."""
    own = env_id.removeprefix("pbrl/")
    return env_id if own == env_id else own.rpartition("-v")[0]


def learnt_from(config: TrainConfig) -> str:
    """Returns what a run learns from, in words."""
    if config.reward_source == "true":
        return TRUE_REWARD
    if config.reward_source == "teacher":
        return f"score by {config.teacher}"
    if config.annotator == "none":
        return "frozen reward"
    labels = f"{config.query.label_budget} labels"
    who = "people" if config.annotator == "human" else config.teacher
    return labels if who == "oracle" else f"{labels}, {who}"


def _apart(name: str, runs: list[Recorded]) -> dict[str, list[Recorded]]:
    """Returns the runs by a name that tells the settings in which some of them differ."""
    first = runs[0].config.in_use()
    fields = {field for run in runs for field in differing_fields(first, run.config.in_use())}
    fields -= NO_DIFFERENCE | IN_THE_NAME
    found: dict[str, list[Recorded]] = {}
    for run in runs:
        marks = "".join(f", {field} {setting(run.config, field)}" for field in sorted(fields))
        found.setdefault(name + marks, []).append(run)
    return found


def setting(config: TrainConfig, field: str) -> object:
    """Returns a setting by its dotted name."""
    value: object = config
    for part in field.split("."):
        value = getattr(value, part)
    return value
