"""What the folder of a run holds: whether it is the run that is asked for, and what came of it."""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from experiments.sweeps.cells import Cell
from experiments.sweeps.outcomes import Outcome
from pbrl.config import TrainConfig, differing_fields
from pbrl.errors import CheckpointError, ConfigError
from pbrl.runs import PACKAGES, Run, installed_versions

MAY_DIFFER = {"threads", "device", "query.max_lag"}
"""Results do not depend on the first two but in their last digits; the third is about people, whom
no grid asks."""
MEASURED = {"agent.picture_format", "reward.picture_format"}
"""Where a cell says `auto`, the run's settings say what was measured when it began."""


@dataclass(frozen=True, slots=True)
class Row:
    """What was measured of one run."""

    task: str
    condition: str
    seed: int
    steps: int
    episodes: int
    mean_return: float
    """Mean true return of the agent's mean actions over fresh episodes."""
    deviation: float
    """Standard deviation over those episodes."""
    untrained_return: float | None
    """Mean true return of the policy before training; only runs with labels act with it."""
    fresh_pairs: float | None
    """Share of fresh pairs of clips that the learned reward orders as the true one does."""
    clip_correlation: float | None
    """Correlation of learned and true returns of clips."""


def evaluation_file(cell: Cell, root: Path) -> Path:
    """Returns the file of a run's evaluation."""
    return cell.folder(root) / "evaluation.json"


def is_finished(cell: Cell, root: Path, episodes: int | None = None) -> bool:
    """Returns whether a run was trained to its end and evaluated.

    Args:
        cell: The run.
        root: Folder of the runs.
        episodes: Of its evaluation; None for any number.
    """
    file = evaluation_file(cell, root)
    if not file.is_file() or not file.stat().st_size:  # an evaluation that was stopped leaves 0
        return False
    if episodes is None:
        return True
    evaluation = json.loads(file.read_text())
    measured = evaluation.get("returns") or evaluation.get("learned_returns")
    return measured is None or len(measured) == episodes


def check_as_asked(cell: Cell, root: Path) -> None:
    """Refuses a run that was begun with other settings than are asked for, or another version.

    Settings that a run does not use may differ: those of questions and predictors on the true
    reward.

    Raises:
        CheckpointError: With what differs.
    """
    folder = cell.run_folder(root)
    if folder is None:
        return
    run = Run(folder)
    instead = f"Remove {cell.folder(root)} to make the run anew, or name another folder with --runs"
    try:
        asked, found = cell.config(), run.config()
    except ConfigError as error:
        raise CheckpointError(f"{error} {instead}.") from error
    differing = {
        name: (was, now)
        for name, (was, now) in differing_fields(found.in_use(), asked.in_use()).items()
        if name not in MAY_DIFFER and not (name in MEASURED and now == "auto")
    }
    if differing:
        fields = ", ".join(
            f"{name} is {was!r}, asked for {now!r}" for name, (was, now) in differing.items()
        )
        raise CheckpointError(
            f"{folder} has other settings than are asked for: {fields}. {instead}."
        )
    wrote, ours = _versions(run).get("pbrl"), installed_versions().get("pbrl")
    if wrote != ours:
        raise CheckpointError(
            f"{folder} was made by pbrl {wrote or 'of an unknown version'}, and this is pbrl "
            f"{ours}: runs of different versions are not mixed. {instead}."
        )


def measured(cell: Cell, root: Path) -> Row:
    """Returns what was measured of a finished run."""
    run = _run(cell, root)
    evaluation = json.loads(evaluation_file(cell, root).read_text())
    return row_of(cell, evaluation, run.metrics_file)


def row_of(cell: Cell, evaluation: dict[str, Any], metrics: Path) -> Row:
    """Returns what was measured from a run's evaluation and metrics."""
    returns = np.array(evaluation["returns"])
    before = [
        line.get("rollout/ep_rew_mean")
        for line in map(json.loads, metrics.read_text().splitlines())
        if line.get("reward/labels") == 0
    ]
    return Row(
        task=cell.task,
        condition=cell.condition,
        seed=cell.seed,
        steps=cell.steps,
        episodes=len(returns),
        mean_return=float(returns.mean()),
        deviation=float(returns.std()),
        untrained_return=before[-1] if before else None,
        fresh_pairs=evaluation["fresh_pairs"],
        clip_correlation=evaluation["clip_correlation"],
    )


def outcome(cell: Cell, root: Path) -> Outcome:
    """Returns what came of a finished run."""
    run = _run(cell, root)
    return Outcome(
        **asdict(measured(cell, root)), config_hash=config_hash(run), versions=known_versions(run)
    )


def known_versions(run: Run) -> str:
    """Returns what made a run, in words: Python and the packages that matter."""
    versions = _versions(run)
    return ", ".join(
        f"{name} {versions[name]}" for name in ("python", *PACKAGES) if name in versions
    )


def config_hash(run: Run) -> str:
    """Returns the first 12 hex digits of the SHA-256 of what is not a default.

    But for the seed, what results do not depend on, and what the run does not use (see
    `TrainConfig.in_use`).

    A setting that a later version adds, and that stands at its default, changes no hash.
    """
    differing = differing_fields(run.config().in_use(), TrainConfig())
    left_out = {"seed", *MAY_DIFFER}
    settings = {name: own for name, (own, _) in differing.items() if name not in left_out}
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:12]


def _run(cell: Cell, root: Path) -> Run:
    folder = cell.run_folder(root)
    if folder is None:
        raise CheckpointError(
            f"{cell.folder(root)} holds an evaluation, but no run that it is of. Remove the folder "
            "to make the run anew."
        )
    return Run(folder)


def _versions(run: Run) -> dict[str, Any]:
    """Returns what made a run, empty if that is not known."""
    try:
        return json.loads((run.path / "versions.json").read_text())
    except (OSError, ValueError):
        return {}
