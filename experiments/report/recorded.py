"""What a run's folder says for the report: settings, versions, metrics, how far it came."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pbrl.config import TrainConfig
from pbrl.errors import PbrlError
from pbrl.metrics import STEPS, read_metrics
from pbrl.runs import Run

TRUE_RETURN, LEARNED_RETURN = "rollout/ep_rew_mean", "rollout/ep_learned_rew_mean"
SCORE_RETURN = "rollout/ep_score_mean"
CORRELATION, LABELS = "reward/correlation", "reward/labels"


@dataclass(frozen=True, slots=True, eq=False)
class Recorded:
    """One run."""

    run: Run
    """Its folder."""
    config: TrainConfig
    """Its settings."""
    versions: dict[str, Any]
    """Python, packages and machine; empty where the file is missing."""
    lines: tuple[dict[str, float], ...]
    """Its metrics, a line per rollout."""

    @property
    def steps(self) -> np.ndarray:
        """`(lines,)` environment steps at which metrics were written."""
        return np.array([line[STEPS] for line in self.lines])

    def metric(self, name: str) -> np.ndarray:
        """`(lines,)` values of a metric; NaN where it was not known."""
        return np.array([line.get(name, np.nan) for line in self.lines], dtype=float)

    def last(self, name: str) -> float:
        """Returns the last known value of a metric, NaN if there is none."""
        known = self.metric(name)
        known = known[~np.isnan(known)]
        return float(known[-1]) if len(known) else float("nan")

    @property
    def finished(self) -> bool:
        """Returns whether all its whole rollouts are done."""
        rollout = self.config.env.num_envs * self.config.agent.rollout_steps
        return self.steps[-1] >= self.config.total_steps // rollout * rollout

    @property
    def end(self) -> int:
        """Returns the steps to which its curves go: all, where the last whole rollout is done."""
        return self.config.total_steps if self.finished else int(self.steps[-1])

    @property
    def standing(self) -> str:
        """Returns how far it came, in words."""
        if self.finished:
            return "finished"
        return f"unfinished: {self.steps[-1]:,} of {self.config.total_steps:,} steps"

    @property
    def asks(self) -> bool:
        """Returns whether it asked somebody, so that its label store holds answers."""
        return self.config.learns_reward and self.config.annotator != "none"


def read_run(folder: Path) -> Recorded:
    """Reads a run.

    Raises:
        PbrlError: It is no run, is of another version, or has no metrics that can be read.
    """
    run = Run(folder.resolve())
    config = run.config()
    try:
        lines = read_metrics(run)
        [line[STEPS] for line in lines]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise PbrlError(f"{run.metrics_file} is damaged: {error}.") from error
    if not lines:
        raise PbrlError(
            f"{run.path} has no metrics yet: its first rollout is not complete. Report on it a "
            "little later, or leave it out."
        )
    return Recorded(run, config, _versions(run), tuple(lines))


def _versions(run: Run) -> dict[str, Any]:
    try:
        versions = json.loads((run.path / "versions.json").read_text())
    except (OSError, ValueError):
        return {}
    return versions if isinstance(versions, dict) else {}
