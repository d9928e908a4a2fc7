"""Learning curves: the true return against environment steps, over the seeds of one condition."""

import csv
import dataclasses
import itertools
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pbrl.errors import PbrlError
from pbrl.metrics import STEPS, read_metrics
from pbrl.runs import Run

POINTS = 101
"""Number of common steps unless another is asked for: every hundredth of a run."""

RETURN = "rollout/ep_rew_mean"
"""The metric that is drawn: the mean true return of the last 100 episodes (docs/metrics.md)."""

HEADER = ("task", "condition", "seed", "steps", "mean_return")


@dataclass(frozen=True, slots=True)
class Curve:
    """How the true return of one condition's runs on a task grew."""

    task: str
    """Name of the preset."""
    condition: str
    """What the agents learnt from."""
    seeds: tuple[int, ...]
    """The runs' seeds."""
    steps: np.ndarray
    """`(T,)` environment steps, rising; those before training are counted."""
    returns: np.ndarray
    """`(runs, T)` true return; NaN before a run's first finished episode and after its end."""

    def __post_init__(self) -> None:
        """Checks the shapes."""
        if self.returns.shape != (len(self.seeds), len(self.steps)):
            raise ValueError(
                f"{len(self.seeds)} runs and {len(self.steps)} steps, but returns of shape "
                f"{self.returns.shape}"
            )


def common_steps(total_steps: int, points: int = POINTS) -> np.ndarray:
    """Returns `(points,)` evenly spaced steps from 0 to the end of the runs."""
    return np.linspace(0, total_steps, points).round().astype(int)


def curve_of(task: str, condition: str, runs: dict[int, Path], steps: np.ndarray) -> Curve:
    """Returns the curve of one condition's runs.

    Args:
        task: Name of the preset.
        condition: What the agents learnt from.
        runs: Seed to run folder.
        steps: `(T,)` common steps.

    Raises:
        PbrlError: A run has no return in its metrics.
    """
    returns = [on_steps(*read_returns(folder), steps) for folder in runs.values()]
    return Curve(task, condition, tuple(runs), steps, np.reshape(returns, (-1, len(steps))))


def joined(first: Curve, second: Curve) -> Curve:
    """Returns one condition's curve of the runs of both; of a seed in both, the second's.

    Raises:
        ValueError: They are of different tasks or conditions.
    """
    if (first.task, first.condition) != (second.task, second.condition):
        raise ValueError(
            f"curves of {first.task}, {first.condition}, and {second.task}, {second.condition}"
        )
    runs: dict[int, dict[int, float]] = {}
    for curve in (first, second):
        for seed, returns in zip(curve.seeds, curve.returns, strict=True):
            runs[seed] = dict(zip(curve.steps.tolist(), returns.tolist(), strict=True))
    return _curve(first.task, first.condition, dict(sorted(runs.items())))


def of_seeds(curve: Curve, seeds: Collection[int]) -> Curve:
    """Returns the curve of some seeds alone, perhaps of none."""
    kept = [seed in seeds for seed in curve.seeds]
    names = tuple(itertools.compress(curve.seeds, kept))
    return dataclasses.replace(curve, seeds=names, returns=curve.returns[kept])


def read_returns(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Returns the steps and true returns in a run's metrics, both `(lines,)`.

    Raises:
        PbrlError: There is none.
    """
    lines = [line for line in read_metrics(Run(folder)) if RETURN in line]
    if not lines:
        raise PbrlError(
            f"{folder} has no true return in its metrics, where a curve needs at least one. Train "
            "it until its first episode has ended, or leave it out."
        )
    return np.array([line[STEPS] for line in lines]), np.array([line[RETURN] for line in lines])


def on_steps(measured_at: np.ndarray, returns: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """Returns the `(T,)` returns at other steps, on straight lines between those measured.

    Runs end with their last whole rollout: up to one distance between the given steps beyond it,
    the last return holds. Further on, and before the first return, there is none (NaN).
    """
    found = np.interp(steps, measured_at, returns, left=np.nan)
    distance = np.diff(steps).max(initial=0)
    return np.where(steps <= measured_at[-1] + distance, found, np.nan)


def write_curves(curves: Iterable[Curve], path: Path) -> None:
    """Writes one line per run and step, returns to six digits; what is NaN has no line."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        for curve in curves:
            for seed, returns in zip(curve.seeds, curve.returns, strict=True):
                writer.writerows(
                    (curve.task, curve.condition, seed, int(step), f"{value:.6g}")
                    for step, value in zip(curve.steps, returns, strict=True)
                    if not np.isnan(value)
                )


def read_curves(path: Path) -> list[Curve]:
    """Reads what `write_curves` wrote, in the order of the file.

    Raises:
        PbrlError: The file is missing or holds something else.
    """
    if not path.is_file():
        raise PbrlError(f"{path} is not there, where the curves of finished runs are expected.")
    runs: dict[tuple[str, str], dict[int, dict[int, float]]] = {}
    with path.open(newline="") as file:
        reader = csv.DictReader(file)
        if tuple(reader.fieldnames or ()) != HEADER:
            raise PbrlError(
                f"{path} begins with the columns {', '.join(reader.fieldnames or ()) or '(none)'}, "
                f"where {', '.join(HEADER)} are expected. Write the curves again."
            )
        try:
            for row in reader:
                by_seed = runs.setdefault((row["task"], row["condition"]), {})
                of_run = by_seed.setdefault(int(row["seed"]), {})
                of_run[int(row["steps"])] = float(row["mean_return"])
        except (TypeError, ValueError) as error:
            raise PbrlError(
                f"{path} is damaged in line {reader.line_num} ({error}). Move it away, and write "
                "the curves again."
            ) from error
    return [_curve(task, condition, by_seed) for (task, condition), by_seed in runs.items()]


def _curve(task: str, condition: str, by_seed: dict[int, dict[int, float]]) -> Curve:
    steps: Sequence[int] = sorted({step for of_run in by_seed.values() for step in of_run})
    returns = [[of_run.get(step, np.nan) for step in steps] for of_run in by_seed.values()]
    return Curve(task, condition, tuple(by_seed), np.array(steps), np.array(returns))
