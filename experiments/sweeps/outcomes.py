"""What came of finished runs: one row each, kept as CSV in the repository."""

import csv
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path

TRUE_REWARD = "true reward"
"""The condition of runs that learn from the task's own reward."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One finished run, by its final agent."""

    task: str
    """Name of the preset."""
    condition: str
    """What the agent learnt from, such as `700 labels` or `true reward`."""
    seed: int
    """The run's seed."""
    steps: int
    """Environment steps, those before training included."""
    mean_return: float
    """Mean true return of fresh episodes."""
    deviation: float
    """Standard deviation over those episodes."""
    episodes: int
    """Their number."""
    untrained_return: float | None
    """Mean true return of the policy before training; None where no run measured it."""
    fresh_pairs: float | None
    """Share of fresh pairs of clips that the learned reward orders as the true one does."""
    clip_correlation: float | None
    """Correlation of learned and true returns of clips."""
    config_hash: str
    """First 12 hex digits of the SHA-256 of the run's settings, apart from the seed."""
    versions: str
    """Of the suite and of the packages that matter, such as `pbrl 0.1.0, torch 2.13.0`."""


def write_outcomes(outcomes: Iterable[Outcome], path: Path) -> None:
    """Writes one line per run, sorted, so that the same runs give the same file."""
    rows = sorted(outcomes, key=lambda one: (one.task, one.condition, one.seed))
    with path.open("w", newline="") as file:
        names = [field.name for field in fields(Outcome)]
        writer = csv.DictWriter(file, fieldnames=names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(row) for row in rows)


def read_outcomes(path: Path) -> list[Outcome]:
    """Reads what `write_outcomes` wrote.

    Raises:
        ValueError: The file holds something else.
        KeyError: The same, a column is missing.
    """
    with path.open(newline="") as file:
        rows = csv.DictReader(file)
        if rows.fieldnames and not {field.name for field in fields(Outcome)} & {*rows.fieldnames}:
            raise ValueError(f"its first line is {','.join(rows.fieldnames)!r}")
        return [_outcome(row) for row in rows]


def _outcome(row: dict[str, str]) -> Outcome:
    def number(name: str) -> float | None:
        return float(row[name]) if row[name] else None

    return Outcome(
        task=row["task"],
        condition=row["condition"],
        seed=int(row["seed"]),
        steps=int(row["steps"]),
        mean_return=float(row["mean_return"]),
        deviation=float(row["deviation"]),
        episodes=int(row["episodes"]),
        untrained_return=number("untrained_return"),
        fresh_pairs=number("fresh_pairs"),
        clip_correlation=number("clip_correlation"),
        config_hash=row["config_hash"],
        versions=row["versions"],
    )
