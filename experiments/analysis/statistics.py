"""Interquartile means, means and probabilities of improvement over tasks, with intervals.

Agarwal et al., "Deep reinforcement learning at the edge of the statistical precipice" (NeurIPS
2021), section 4: the interquartile mean of all runs of all tasks, intervals by the stratified
bootstrap, and the probability of improvement averaged over tasks (equation 1).

Stratified: SciPy's bootstrap takes several samples and draws from each apart from the others, so
that the runs of one task are one sample. Tasks may then differ in their number of runs. Intervals
hold 95 % and are percentile intervals: the paper's choice, and SciPy has no bias-corrected ones for
several samples. Of n runs a task the bootstrap sees (n - 1) / n of the variance: with five, its
intervals are a tenth too narrow.

Scores are taken as they are: that the runs on the true reward, which scale them, are few themselves
shows in the interval of these runs' own score, beside which the others are to be read.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

RESAMPLES = 9999
"""SciPy's default. The ends of an interval then move by about a hundredth of its width."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number and its 95 % interval."""

    value: float
    """The number; NaN where nothing was run."""
    low: float
    """Lower end; NaN where some task has a single run, whose spread nobody knows."""
    high: float
    """Upper end; NaN as the lower one."""
    runs: int
    """Number of runs it is made from."""
    tasks: int
    """Number of tasks they are of."""


def interquartile_mean(scores: np.ndarray, rng: np.random.Generator) -> Estimate:
    """Returns the mean of the middle half of all scores.

    A quarter of the runs is cut off at either end, rounded down, as `scipy.stats.trim_mean` does.

    Args:
        scores: `(runs, tasks)`, NaN where not run.
        rng: Draws the resamples.
    """
    strata = runs_by_task(scores)
    return estimate(lambda *drawn: trimmed(np.concatenate(drawn, axis=-1)), [strata], rng)


def mean(scores: np.ndarray, rng: np.random.Generator) -> Estimate:
    """Returns the mean over tasks of the mean score over their runs.

    Args:
        scores: `(runs, tasks)`, NaN where not run.
        rng: Draws the resamples.
    """

    def statistic(*drawn: np.ndarray) -> np.ndarray:
        return np.mean([runs.mean(axis=-1) for runs in drawn], axis=0)

    return estimate(statistic, [runs_by_task(scores)], rng)


def probability_of_improvement(
    better: np.ndarray, worse: np.ndarray, rng: np.random.Generator
) -> Estimate:
    """Returns how probably a run of one condition beats one of another on the same task.

    For each task it is the share of pairs of runs in which the first is above, an equal pair
    counting half: Mann-Whitney's U divided by the number of pairs. The mean over the tasks that
    both conditions were run on is taken; scores and returns give the same.

    Args:
        better: `(runs, tasks)` of the condition that is asked about, NaN where not run.
        worse: `(runs, tasks)` of the other; the number of runs may differ.
        rng: Draws the resamples.
    """
    both = ~np.isnan(better).all(axis=0) & ~np.isnan(worse).all(axis=0)
    count = int(both.sum())

    def statistic(*drawn: np.ndarray) -> np.ndarray:
        pairs = zip(drawn[:count], drawn[count:], strict=True)
        return np.mean([_share_above(first, second) for first, second in pairs], axis=0)

    return estimate(statistic, [runs_by_task(better[:, both]), runs_by_task(worse[:, both])], rng)


def students_interval(values: np.ndarray) -> Estimate:
    """Returns the mean of one task's runs and Student's interval.

    Not the bootstrap's: of five normal values its 95 % interval holds the mean in 84 % of cases.

    Args:
        values: `(runs,)`, NaN where not run.
    """
    known = values[~np.isnan(values)]
    if not len(known):
        return Estimate(np.nan, np.nan, np.nan, 0, 0)
    centre, half = float(known.mean()), np.nan
    if len(known) > 1:
        half = float(stats.sem(known) * stats.t.ppf(0.975, len(known) - 1))
    return Estimate(centre, centre - half, centre + half, len(known), 1)


def estimate(
    statistic: Callable[..., np.ndarray],
    groups: Sequence[list[np.ndarray]],
    rng: np.random.Generator,
) -> Estimate:
    """Returns a statistic of several samples and its stratified bootstrap interval.

    Args:
        statistic: From samples `(..., runs)`, one argument each, to `(...)` values.
        groups: Samples `(runs,)` by condition, a sample for each task; given to the statistic one
            after the other.
        rng: Draws the resamples.
    """
    samples = [sample for group in groups for sample in group]
    runs, tasks = sum(map(len, samples)), max(map(len, groups))
    if not samples:
        return Estimate(np.nan, np.nan, np.nan, 0, 0)
    value = float(statistic(*samples))
    if min(map(len, samples)) < 2:
        return Estimate(value, np.nan, np.nan, runs, tasks)
    found = stats.bootstrap(
        samples,
        lambda *drawn, axis: statistic(*drawn),
        n_resamples=RESAMPLES,
        vectorized=True,
        method="percentile",
        rng=rng,
    )
    low, high = found.confidence_interval
    return Estimate(value, float(low), float(high), runs, tasks)


def runs_by_task(scores: np.ndarray) -> list[np.ndarray]:
    """Returns the scores of each task that was run, without the runs that are missing."""
    columns = [column[~np.isnan(column)] for column in scores.T]
    return [column for column in columns if len(column)]


def trimmed(scores: np.ndarray) -> np.ndarray:
    """Returns the interquartile means of the last axis."""
    return stats.trim_mean(scores, 0.25, axis=-1)


def _share_above(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    pairs = first[..., :, None], second[..., None, :]
    above = np.greater(*pairs).mean(axis=(-2, -1))
    return above + np.equal(*pairs).mean(axis=(-2, -1)) / 2
