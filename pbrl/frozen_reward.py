"""A reward that was learnt once, from answers given before the run, and then stays as it is."""

import dataclasses
from typing import Any

import numpy as np

from pbrl.config import TrainConfig
from pbrl.errors import ConfigError
from pbrl.query.schedule import initial_labels
from pbrl.reward.ensemble import RewardEnsemble
from pbrl.reward.explained import FitReport
from pbrl.reward.labels import LabelledClips
from pbrl.reward_learning import held_out_accuracy
from pbrl.rollout import Rollout

FEWEST_LABELS = 8
"""With fewer, a member's resample may well hold none of them, or all."""


class FrozenReward:
    """Gives rewards as `RewardLearning` does, and asks nothing.

    Args:
        ensemble: The predictors, fitted by `fit` or put in place by `set_state`.
    """

    asked = 0
    """Queries posted by this run."""

    def __init__(self, ensemble: RewardEnsemble) -> None:
        self.ensemble = ensemble
        self.labels = 0
        """Answers that it was learnt from."""
        self.last_fit: FitReport | None = None
        self._labelled: LabelledClips | None = None

    @property
    def ready(self) -> bool:
        """Returns whether there is a reward to train on."""
        return self.labels > 0

    @property
    def accuracy(self) -> float | None:
        """Returns the share of left-out answers that the members predict, None without any."""
        return held_out_accuracy(self.last_fit)

    def fit(self, config: TrainConfig, labels: LabelledClips | None) -> None:
        """Learns the reward, once and for all.

        It takes as many gradient steps for each answer as a run takes for its first share.

        Args:
            config: The run's settings.
            labels: The answers that say something.

        Raises:
            ConfigError: There are too few.
        """
        count = 0 if labels is None else len(labels)
        if labels is None or count < FEWEST_LABELS:
            raise ConfigError(
                f"{config.labels_from} holds {count} answers that a reward can be learnt from, but "
                f"at least {FEWEST_LABELS} are needed: name a store with more of them."
            )
        shares = max(1.0, count / max(1, initial_labels(config.query)))
        self.last_fit = self.ensemble.fit(labels, round(shares * config.reward.initial_updates))
        self.labels, self._labelled = count, labels

    def labelled(self) -> LabelledClips | None:
        """Returns the answers that this process fitted it on; None after a resume."""
        return self._labelled

    def remember(self, rollout: Rollout) -> None:
        """Does nothing: no clips are cut from the experience."""

    def reward(self, rollout: Rollout) -> np.ndarray:
        """Returns the learned reward of every step of a rollout, `(T, N)`."""
        return self.ensemble.reward(rollout.observations, rollout.actions)

    def close(self) -> None:
        """Does nothing: it holds no label store."""

    def state(self) -> dict[str, Any]:
        """Returns all that is needed to go on exactly, without the answers."""
        return {
            "ensemble": self.ensemble.state(),
            "asked": self.asked,
            "labels": self.labels,
            "last_fit": dataclasses.asdict(self.last_fit) if self.last_fit else None,
        }

    def set_state(self, state: dict[str, Any]) -> None:
        """Puts everything where it was when `state` was called."""
        self.ensemble.set_state(state["ensemble"])
        self.labels = state["labels"]
        self.last_fit = FitReport(**state["last_fit"]) if state["last_fit"] else None
