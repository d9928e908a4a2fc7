"""Metrics of a run: one JSON line per rollout, and the same for TensorBoard.

`docs/metrics.md` explains each by formula. When a run goes on from a checkpoint, lines written
after that checkpoint are cut off, so that no step is counted twice.
"""

import contextlib
import json
import math
from typing import Any

import numpy as np
from torch.utils.tensorboard import SummaryWriter

from pbrl.agents import UpdateReport
from pbrl.frozen_reward import FrozenReward
from pbrl.reward_learning import RewardLearning
from pbrl.runs import Run, disk_errors, write_whole
from pbrl.status import Status

STEPS = "time/total_timesteps"

Metrics = dict[str, float | int | None]


class MetricsLog:
    """Writes a run's metrics.

    Args:
        run: The run.
        steps: Environment steps from which the run goes on; later lines are cut off.
    """

    def __init__(self, run: Run, steps: int) -> None:
        self._file = run.metrics_file
        kept = [line for line in read_metrics(run) if line[STEPS] <= steps]
        write_whole(self._file, "".join(json.dumps(line) + "\n" for line in kept).encode())
        with disk_errors(run.path):
            self._lines = self._file.open("a")
            self._tensorboard = SummaryWriter(str(run.tensorboard), purge_step=steps + 1)

    def write(self, metrics: Metrics) -> None:
        """Appends one line; values that are None or NaN are not known, and are left out.

        Raises:
            PbrlError: The disk is full.
        """
        known = {n: v for n, v in metrics.items() if v is not None and math.isfinite(v)}
        with disk_errors(self._file):
            self._lines.write(json.dumps(known) + "\n")
            self._lines.flush()
            for name, value in known.items():
                self._tensorboard.add_scalar(name, value, known[STEPS])

    def close(self) -> None:
        """Closes both files."""
        for file in (self._lines, self._tensorboard):
            with contextlib.suppress(OSError):  # tries again to write what a full disk refused
                file.close()


def read_metrics(run: Run) -> list[dict[str, Any]]:
    """Returns all whole lines of a run's metrics; a last line cut short by a crash is left out."""
    if not run.metrics_file.is_file():
        return []
    lines = run.metrics_file.read_text().split("\n")
    return [json.loads(line) for line in lines[:-1]]


def run_metrics(status: Status) -> Metrics:
    """Returns the metrics of the run as a whole, by the names that SB3 users know."""
    shares = {f"time/share_{part}": share for part, share in status.shares.items()}
    return {
        "time/fps": status.steps_per_second,
        "rollout/ep_rew_mean": status.true_return,
        "rollout/ep_learned_rew_mean": status.learned_return,
        "rollout/ep_score_mean": status.score_return,
        **shares,
    }


def update_metrics(update: UpdateReport | None) -> Metrics:
    """Returns the metrics of a policy update, by SB3's names."""
    if update is None:
        return {}
    return {
        "train/policy_gradient_loss": update.policy_loss,
        "train/value_loss": update.value_loss,
        "train/entropy_loss": -update.entropy,
        "train/approx_kl": update.approx_kl,
        "train/clip_fraction": update.clip_fraction,
        "train/explained_variance": update.explained_variance,
        "train/std": update.std,
    }


def reward_metrics(
    learning: RewardLearning | FrozenReward | None,
    true_rewards: np.ndarray,
    rewards: np.ndarray | None,
) -> Metrics:
    """Returns the metrics of the reward model.

    Args:
        learning: The preference side, None where no reward is learnt.
        true_rewards: `(T, N)` of the last rollout; looked at here, never learnt from.
        rewards: `(T, N)` learned rewards of the same steps, None while there are none.
    """
    if learning is None:
        return {}
    metrics: Metrics = {"reward/asked": learning.asked, "reward/labels": learning.labels}
    if rewards is not None and np.ptp(true_rewards) > 0 and np.ptp(rewards) > 0:
        correlation = np.corrcoef(true_rewards.ravel(), rewards.ravel())[0, 1]
        metrics["reward/correlation"] = float(correlation)
    fit = learning.last_fit
    if fit is None:
        return metrics
    return metrics | {
        "reward/train_loss": float(np.mean(fit.train_loss)),
        "reward/validation_loss": _mean(fit.validation_loss),
        "reward/loss_ratio": _mean(fit.validation_loss / fit.train_loss),
        "reward/validation_accuracy": learning.accuracy,
        "reward/l2": float(np.mean(fit.l2)),
    }


def _mean(values: np.ndarray) -> float | None:
    """Returns the mean of the values that are known, None if none is."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else None
