"""The reward that a run has learnt, read from its folder: for use in any other program."""

import warnings
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pbrl.checkpoints import Checkpoint, latest_checkpoint
from pbrl.config import TrainConfig
from pbrl.errors import CheckpointError, TaskError
from pbrl.reward.build import make_ensemble
from pbrl.reward.ensemble import RewardEnsemble
from pbrl.runs import Run

TORSO_ANGLE = 1
"""Its place in an observation of every task that knows `--env.wrap-angle`."""


class LearnedReward:
    """A function of observations and actions: `reward(observations, actions)`.

    It is the mean over the ensemble's members, each with zero mean and deviation `reward_std` over
    the clips that were judged. It says which of two clips is better, not how much is gained: its
    zero and its scale mean nothing.

    Args:
        ensemble: The predictors.
        env_id: The task that they were fitted on.
        steps: Environment steps of the run when they were saved.
        angle: Place in an observation of an angle, rad, that they were shown without whole turns;
            None if there is none.
    """

    def __init__(
        self, ensemble: RewardEnsemble, env_id: str, steps: int, angle: int | None = None
    ) -> None:
        self.env_id, self.steps, self._angle = env_id, steps, angle
        self.observation_shape, self.action_size = ensemble.observation_shape, ensemble.act_dim
        self._ensemble = ensemble

    def __call__(self, observations: ArrayLike, actions: ArrayLike) -> NDArray[np.float32]:
        """Returns the rewards of actions taken where these observations were made.

        Args:
            observations: `(..., O)` raw, as the task gives them, not normalised, with the whole
                turns of a torso's angle or without; pictures `(..., K, H, W)` uint8.
            actions: `(..., A)` as executed, clipped to the task's bounds. Of a discrete action
                either `(...)` indices from 0, or one-hot.

        Returns:
            `(...)` float32 rewards, `()` for a single step.

        Raises:
            TaskError: The shapes are not those of the task, or pictures are not uint8.
            NumericalError: A reward is not finite.
        """
        shape, seen = self.observation_shape, np.asarray(observations)
        if len(shape) == 1:
            seen = seen.astype(np.float32)
        elif seen.dtype != np.uint8:
            raise TaskError(
                f"The reward of {self.env_id} takes pictures as uint8, 0 to 255, but was given "
                f"{seen.dtype}."
            )
        done, before = np.asarray(actions), seen.shape[: -len(shape)]
        indices = done.shape == before and np.issubdtype(done.dtype, np.integer)
        if indices and self.action_size > 1:  # one number is no choice
            done = self._one_hot(done)
        if seen.shape != (*before, *shape) or done.shape != (*before, self.action_size):
            raise TaskError(
                f"The reward of {self.env_id} takes observations (..., "
                f"{', '.join(map(str, shape))}) and actions (..., {self.action_size}) with the "
                f"same leading axes, but was given {seen.shape} and {np.shape(actions)}."
            )
        if self._angle is not None:
            angles = np.asarray(observations, np.float64)[..., self._angle]
            seen = seen.copy()
            seen[..., self._angle] = (angles + np.pi) % (2 * np.pi) - np.pi
        return self._ensemble.reward(seen, done.astype(np.float32))

    def __repr__(self) -> str:
        return f"LearnedReward({self.env_id!r}, steps={self.steps})"

    def _one_hot(self, indices: NDArray[np.integer]) -> NDArray[np.float32]:
        if indices.size and not 0 <= indices.min() <= indices.max() < self.action_size:
            raise TaskError(
                f"Actions of {self.env_id} are numbered 0 to {self.action_size - 1}, "
                f"but {indices.min()} to {indices.max()} were given."
            )
        return np.eye(self.action_size, dtype=np.float32)[indices]


def load_reward(run: str | Path) -> LearnedReward:
    """Returns the learned reward of a run's last checkpoint.

    Args:
        run: The run's folder.

    Raises:
        CheckpointError: It is no run, has no whole checkpoint, or has learnt no reward.
    """
    folder = Run(Path(run).resolve())
    config = folder.config()
    if not config.learns_reward:
        raise CheckpointError(f"{folder.path} was trained on {config.trained_on}: it learnt none.")
    checkpoint = latest_checkpoint(folder, lambda problem: warnings.warn(problem, stacklevel=3))
    if checkpoint is None:
        raise CheckpointError(f"{folder.path} has no checkpoint yet: let it train for longer.")
    ensemble = saved_ensemble(config, checkpoint)
    if ensemble is None:
        raise CheckpointError(
            f"{folder.path} had learnt no reward at step {checkpoint.steps}: its first labels come "
            f"after {config.query.initial_steps} steps. Let it train for longer."
        )
    angle = TORSO_ANGLE if config.env.wrap_angle else None
    return LearnedReward(ensemble, config.env.env_id, checkpoint.steps, angle)


def saved_ensemble(config: TrainConfig, checkpoint: Checkpoint) -> RewardEnsemble | None:
    """Returns the ensemble of a checkpoint, on the CPU; None if it had not been fitted yet."""
    learning = checkpoint.state()["learning"]
    if not learning.get("labels"):
        return None
    state = learning["ensemble"]
    shape = (state["obs_dim"],)
    if "stack" in state:
        shape = state["stack"], state["side"], state["side"]
    ensemble = make_ensemble(config, shape, state["act_dim"])
    ensemble.set_state(state)
    return ensemble
