"""What each condition is worth over all tasks, in three numbers with intervals."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from experiments.analysis.returns import Returns
from experiments.analysis.scores import scores
from experiments.analysis.statistics import (
    Estimate,
    interquartile_mean,
    mean,
    probability_of_improvement,
)
from experiments.sweeps.outcomes import TRUE_REWARD

SEED = 0
"""Of the resamples, so that the same runs give the same intervals."""


@dataclass(frozen=True, slots=True)
class Aggregate:
    """One condition over all tasks."""

    condition: str
    """What the agents learnt from."""
    interquartile_mean: Estimate
    """Of the scores."""
    mean: Estimate
    """Of the scores."""
    improvement: Estimate
    """Probability that a run beats one on the true reward; not known for the true reward itself."""


def aggregates_of(returns: Returns, seed: int = SEED) -> list[Aggregate]:
    """Returns the aggregates of each condition, in the order of the grid.

    Args:
        returns: The finished runs.
        seed: Of the resamples.
    """
    rng = np.random.default_rng(seed)
    nothing = np.full((1, len(returns.tasks)), np.nan)
    found = []
    for condition, of_condition in zip(returns.conditions, scores(returns), strict=True):
        baseline = returns.baseline(condition)
        known = baseline not in (None, condition)
        learned = returns.of(condition) if known else nothing
        true = returns.of(baseline) if known and baseline else nothing
        found.append(
            Aggregate(
                condition=condition,
                interquartile_mean=interquartile_mean(of_condition, rng),
                mean=mean(of_condition, rng),
                improvement=probability_of_improvement(learned, true, rng),
            )
        )
    return found


def write_aggregates(aggregates: Iterable[Aggregate], path: Path) -> None:
    """Writes one line per condition and number; what is not known is empty."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("condition", "number", "value", "low", "high", "runs", "tasks"))
        for one in aggregates:
            for name, found in (
                ("interquartile mean", one.interquartile_mean),
                ("mean", one.mean),
                (f"probability of improvement over {TRUE_REWARD}", one.improvement),
            ):
                numbers = (found.value, found.low, found.high)
                cells = ("" if np.isnan(number) else f"{number:.4f}" for number in numbers)
                writer.writerow((one.condition, name, *cells, found.runs, found.tasks))
