"""How many labels bring an agent to a share of what the true reward brings.

The scores of the label budgets are made monotone (isotonic regression: more labels do not hurt) and
joined by straight lines over the number of labels, which asks for more labels than lines over its
logarithm would. The answer is where they reach the share. It is not guessed outside the budgets
that were run: where the smallest suffices it is "at most" that, and where none does "more than" the
largest.

The interval is the stratified bootstrap's. Here the runs on the true reward are drawn anew too, as
the share is one of theirs.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import isotonic_regression

from experiments.analysis.returns import Returns, label_budget
from experiments.analysis.statistics import estimate, trimmed
from experiments.sweeps.outcomes import TRUE_REWARD

SHARE = 0.9
"""Share of the true reward's gain over the untrained policy that counts as learnt."""


@dataclass(frozen=True, slots=True)
class LabelsNeeded:
    """A number of labels and its 95 % interval.

    Each number is the smallest budget where at most that many are needed, and infinite where more
    than the largest are.
    """

    value: float
    """Labels needed; NaN where no task was run on the true reward and with every budget."""
    low: float
    """Lower end; NaN where some cell has a single run."""
    high: float
    """Upper end; NaN as the lower one."""
    budgets: tuple[int, ...]
    """The label budgets that were run, rising."""
    tasks: tuple[str, ...]
    """The tasks that it is made from."""

    def __str__(self) -> str:
        """Returns it in words, such as `520 (at most 350 to more than 1,400)`."""
        if np.isnan(self.value):
            return "not known"
        if np.isnan(self.low):
            return f"{self._words(self.value)} (no interval)"
        ends = self._words(self.low), self._words(self.high)
        interval = " to ".join(ends) if ends[0] != ends[1] else "both ends too"
        return f"{self._words(self.value)} ({interval})"

    def _words(self, labels: float) -> str:
        if np.isinf(labels):
            return f"more than {self.budgets[-1]:,}"
        return f"{'at most ' if labels <= self.budgets[0] + 0.5 else ''}{labels:,.0f}"


def label_efficiency(
    returns: Returns, rng: np.random.Generator, task: str | None = None, share: float = SHARE
) -> LabelsNeeded:
    """Returns the labels that are needed for a share of the score of the true reward.

    Args:
        returns: The finished runs.
        rng: Draws the resamples.
        task: The task whose mean score is looked at; if None, it is the interquartile mean over all
            tasks that were run on the true reward and with every budget.
        share: The score to reach.
    """
    budgets, names = _budgets(returns)
    complete = [
        index
        for index, name in enumerate(returns.tasks)
        if task in (None, name) and _is_complete(returns, names, index)
    ]
    tasks = tuple(returns.tasks[index] for index in complete)
    if not complete:
        return LabelsNeeded(np.nan, np.nan, np.nan, budgets, tasks)

    def inverse_of_labels(*drawn: np.ndarray) -> np.ndarray:
        """Returns 1 / labels, which is finite where the share is not reached."""
        groups = [drawn[k : k + len(tasks)] for k in range(0, len(drawn), len(tasks))]
        joined = _scores_by_budget(groups[0], groups[1:], returns.untrained[complete])
        curves = [trimmed(one) if task is None else one.mean(axis=-1) for one in joined]
        curves = np.stack(curves, axis=-1)
        found = [labels_needed(budgets, one, share) for one in curves.reshape(-1, len(budgets))]
        return 1 / np.reshape(found, curves.shape[:-1])

    groups = [
        [column[~np.isnan(column)] for column in returns.of(name)[:, complete].T]
        for name in (TRUE_REWARD, *names)
    ]
    found = estimate(inverse_of_labels, groups, rng)
    inverses = (found.value, found.high, found.low)
    value, low, high = (_labels(inverse, budgets[-1]) for inverse in inverses)
    return LabelsNeeded(value, low, high, budgets, tasks)


def labels_needed(budgets: tuple[int, ...], scores: np.ndarray, share: float) -> float:
    """Returns where the monotone line through the scores reaches the share.

    Args:
        budgets: Numbers of labels, rising.
        scores: `(budgets,)`.
        share: The score to reach.

    Returns:
        The number of labels, the smallest budget if that suffices, infinity if the largest does
        not.
    """
    rising = isotonic_regression(scores).x
    enough = np.flatnonzero(rising >= share)
    if not len(enough):
        return np.inf
    last = int(enough[0])
    if last == 0:
        return float(budgets[0])
    return float(np.interp(share, rising[last - 1 : last + 1], budgets[last - 1 : last + 1]))


def _budgets(returns: Returns) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Returns the budgets with any run, rising, and their conditions."""
    found = sorted(
        (budget, name)
        for name in returns.conditions
        if (budget := label_budget(name)) is not None and not np.isnan(returns.of(name)).all()
    )
    return tuple(budget for budget, _ in found), tuple(name for _, name in found)


def _is_complete(returns: Returns, names: tuple[str, ...], index: int) -> bool:
    """Returns whether a task has scores with every budget: all budgets are to say the same."""
    absent = [np.isnan(returns.of(name)[:, index]).all() for name in names]
    return bool(names and not any(absent) and returns.true[index] > returns.untrained[index])


def _scores_by_budget(
    true: tuple[np.ndarray, ...], learned: list[tuple[np.ndarray, ...]], untrained: np.ndarray
) -> list[np.ndarray]:
    """Returns for each budget the `(..., runs)` scores of all tasks, one task after another.

    Where a resample of the true reward's runs gained nothing there is nothing to reach: score 0.
    """
    gains = [runs.mean(axis=-1, keepdims=True) - untrained[k] for k, runs in enumerate(true)]
    safe = [np.where(gain > 0, gain, np.inf) for gain in gains]
    return [
        np.concatenate([(x - untrained[k]) / safe[k] for k, x in enumerate(by_task)], axis=-1)
        for by_task in learned
    ]


def _labels(inverse: float, largest: int) -> float:
    """Returns the labels of which 1 / labels is given; beyond the largest budget is infinity.

    A percentile may lie there between a resample that reaches the share and one that does not.
    """
    if np.isnan(inverse):
        return np.nan
    return 1 / inverse if inverse * largest > 1 - 1e-9 else np.inf
