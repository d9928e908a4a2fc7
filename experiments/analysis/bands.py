"""What a figure draws of a learning curve: its mean over the runs and an interval around it."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import stats

from experiments.analysis.curves import Curve


@dataclass(frozen=True, slots=True)
class Band:
    """A curve's mean over its runs and Student's 95 % interval, which single runs have not."""

    runs: np.ndarray
    """`(T,)` number of runs at each step."""
    mean: np.ndarray
    """`(T,)`; NaN where there is no run."""
    low: np.ndarray
    """`(T,)` lower end; NaN where there are fewer than two runs."""
    high: np.ndarray
    """`(T,)` upper end."""


def band_of(curve: Curve) -> Band:
    """Returns the curve's mean and interval."""
    known = ~np.isnan(curve.returns)
    runs = known.sum(axis=0)
    # Divisors that are too small stand where the quotient is NaN anyway.
    mean = np.where(runs > 0, np.nansum(curve.returns, axis=0) / np.maximum(runs, 1), np.nan)
    squares = np.where(known, curve.returns - mean, 0) ** 2
    error = np.sqrt(squares.sum(axis=0) / np.maximum(runs - 1, 1) / np.maximum(runs, 1))
    half = np.where(runs > 1, stats.t.ppf(0.975, np.maximum(runs - 1, 1)) * error, np.nan)
    return Band(runs=runs, mean=mean, low=mean - half, high=mean + half)


def write_bands(curves: Iterable[Curve], path: Path) -> None:
    """Writes the mean and the interval of each curve, one line per step; what is NaN is empty."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("task", "condition", "steps", "runs", "mean", "low", "high"))
        for curve in curves:
            band = band_of(curve)
            columns = zip(curve.steps, band.runs, band.mean, band.low, band.high, strict=True)
            for step, runs, *numbers in columns:
                if runs:
                    cells = ("" if np.isnan(number) else f"{number:.6g}" for number in numbers)
                    writer.writerow((curve.task, curve.condition, int(step), int(runs), *cells))
