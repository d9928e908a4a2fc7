"""What finished runs return, as a grid over conditions, runs and tasks."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from experiments.sweeps.outcomes import TRUE_REWARD, Outcome
from pbrl.errors import PbrlError, nearest


@dataclass(frozen=True, slots=True)
class Returns:
    """What agents return, by what they learnt from, their seed and their task."""

    conditions: tuple[str, ...]
    """What the agents learnt from."""
    seeds: tuple[int, ...]
    """The runs' seeds."""
    tasks: tuple[str, ...]
    """Names of the presets."""
    learned: np.ndarray
    """`(conditions, runs, tasks)` mean true returns of the final agents; NaN where not run."""
    untrained: np.ndarray
    """`(tasks,)` mean true return before training, over the runs that measured it; NaN if none."""
    steps: tuple[int | None, ...]
    """Environment steps of each task's runs; None where there is no run."""
    configs_differ: tuple[str, ...]
    """Sentences on runs of one condition whose settings were not the same."""

    def __post_init__(self) -> None:
        """Checks the shapes."""
        shape = (len(self.conditions), len(self.seeds), len(self.tasks))
        if self.learned.shape != shape or self.untrained.shape != shape[2:]:
            raise ValueError(
                f"{shape} conditions, runs and tasks, but learned returns of shape "
                f"{self.learned.shape} and untrained ones of shape {self.untrained.shape}"
            )

    def of(self, condition: str) -> np.ndarray:
        """Returns the `(runs, tasks)` returns of a condition.

        Raises:
            PbrlError: There is no such condition.
        """
        if condition not in self.conditions:
            raise PbrlError(
                f"No run learnt from {condition!r}. {nearest(condition, self.conditions)}"
            )
        return self.learned[self.conditions.index(condition)]

    def baseline(self, condition: str) -> str | None:
        """Returns by which runs on the true reward a condition is measured; None if there are none.

        Those with the most of the same settings: `true reward, agent.lr=0.001` for
        `700 labels, reward.lr=0.01, agent.lr=0.001`, as no predictor belongs to the former.
        """
        own = set(condition.split(", ")[1:])
        shared = {}
        for name in self.conditions:
            reward, *words = name.split(", ")
            if reward == TRUE_REWARD and own.issuperset(words):
                shared[name] = len(words)
        return max(shared, key=shared.__getitem__, default=None)

    @property
    def true(self) -> np.ndarray:
        """`(tasks,)` mean return of the runs on the true reward; NaN where there is none."""
        return self.true_for(TRUE_REWARD)

    def true_for(self, condition: str) -> np.ndarray:
        """Returns the same of the true-reward runs that a condition is measured by."""
        name = self.baseline(condition)
        if name is None:
            return np.full(len(self.tasks), np.nan)
        return np.array([_mean(column) for column in self.of(name).T])


def returns_of(
    outcomes: Iterable[Outcome],
    tasks: Sequence[str] | None = None,
    conditions: Sequence[str] | None = None,
    seeds: Sequence[int] | None = None,
) -> Returns:
    """Arranges finished runs as a grid.

    Args:
        outcomes: One for each finished run.
        tasks: The tasks wanted, in order; those that were run, in order, if None.
        conditions: The conditions wanted, in order; those that were run if None, the true reward
            first and the others by their number of labels.
        seeds: The seeds wanted; those that were run if None.

    Returns:
        The grid; what is wanted and was not run is NaN in it.

    Raises:
        PbrlError: There is no run, one stands twice, a return is not finite, or the runs of a task
            are not of one length.
    """
    outcomes = list(outcomes)
    tasks = tuple(dict.fromkeys(one.task for one in outcomes) if tasks is None else tasks)
    names = (one.condition for one in outcomes)
    conditions = in_order(names) if conditions is None else tuple(conditions)
    seeds = tuple(sorted({one.seed for one in outcomes}) if seeds is None else seeds)
    wanted = [
        one
        for one in outcomes
        if one.task in tasks and one.condition in conditions and one.seed in seeds
    ]
    _check(wanted)
    learned = np.full((len(conditions), len(seeds), len(tasks)), np.nan)
    for one in wanted:
        row = learned[conditions.index(one.condition), seeds.index(one.seed)]
        row[tasks.index(one.task)] = one.mean_return
    steps = {one.task: one.steps for one in wanted}
    return Returns(
        conditions=conditions,
        seeds=seeds,
        tasks=tasks,
        learned=learned,
        untrained=np.array([_untrained(outcomes, task) for task in tasks]),
        steps=tuple(steps.get(task) for task in tasks),
        configs_differ=tuple(_different_configs(wanted)),
    )


def label_budget(condition: str) -> int | None:
    """Returns the number of a condition such as `700 labels`, None for any other."""
    found = re.fullmatch(r"(\d+) labels", condition)
    return int(found[1]) if found else None


def in_order(conditions: Iterable[str]) -> tuple[str, ...]:
    """Returns each condition once: the true reward, then by number of labels, then the others."""

    def place(condition: str) -> float:
        budget = label_budget(condition)
        return -1 if condition == TRUE_REWARD else float("inf") if budget is None else budget

    return tuple(sorted(dict.fromkeys(conditions), key=place))


def _mean(values: Sequence[float] | np.ndarray) -> float:
    """Returns the mean of the values that are not NaN, NaN where there is none."""
    known = np.asarray(values, dtype=float)
    known = known[~np.isnan(known)]
    return float(known.mean()) if known.size else float("nan")


def _untrained(outcomes: list[Outcome], task: str) -> float:
    """Returns the mean return before training: of all runs that acted then, whatever came later."""
    before = [one.untrained_return for one in outcomes if one.task == task]
    return _mean([value for value in before if value is not None])


def _check(wanted: list[Outcome]) -> None:
    if not wanted:
        raise PbrlError(
            "There is no finished run to score: none was given, or none of the tasks, conditions "
            "and seeds that were asked for. Finish runs first, or ask for others."
        )
    for (task, condition, seed), times in Counter(
        (one.task, one.condition, one.seed) for one in wanted
    ).items():
        if times > 1:
            raise PbrlError(
                f"{task}, {condition}, seed {seed} stands {times} times among the finished runs, "
                "where one is expected. Leave all but one out."
            )
    for one in wanted:
        if not np.isfinite(one.mean_return):
            raise PbrlError(
                f"{one.task}, {one.condition}, seed {one.seed} has the mean return "
                f"{one.mean_return}, where a finite number is expected. Measure it again."
            )
    for task in {one.task for one in wanted}:
        lengths = sorted({one.steps for one in wanted if one.task == task})
        if len(lengths) > 1:
            raise PbrlError(
                f"{task} was run for {' and for '.join(f'{steps:,}' for steps in lengths)} steps. "
                "Scores compare runs of one length: give the runs of one of them."
            )


def _different_configs(wanted: list[Outcome]) -> Iterator[str]:
    for task, condition in dict.fromkeys((one.task, one.condition) for one in wanted):
        runs = [one for one in wanted if (one.task, one.condition) == (task, condition)]
        hashes = dict.fromkeys(one.config_hash for one in runs)
        if len(hashes) > 1:
            yield (
                f"{task}, {condition}: the runs' settings differ (configurations "
                f"{', '.join(hashes)})."
            )
