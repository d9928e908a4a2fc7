"""The arrays that a rollout is recorded in, allocated once."""

from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from torch import Tensor

from pbrl.errors import NumericalError
from pbrl.frames import encode_frame
from pbrl.rollout import Rollout


class Recording:
    """T steps of N environments: what everyone may see (`rollout`), and what PPO alone needs."""

    def __init__(
        self,
        shape: tuple[int, int, int],
        observation_space: spaces.Space,
        action_space: spaces.Space,
        *,
        with_frames: bool = False,
    ) -> None:
        """Allocates for T steps, N environments and S values of simulator state: `shape`.

        Args:
            shape: (T, N, S).
            observation_space: of one environment, Box.
            action_space: of one environment, Box or Discrete.
            with_frames: whether pictures are recorded too.
        """
        steps, state_size = shape[:2], shape[2]
        observation_shape = observation_space.shape or ()
        discrete = isinstance(action_space, spaces.Discrete)
        action_shape = () if discrete else action_space.shape or ()
        action_size = spaces.flatdim(action_space)
        observation_dtype = np.uint8 if observation_space.dtype == np.uint8 else np.float32
        self.rollout = Rollout(
            observations=np.zeros((*steps, *observation_shape), observation_dtype),
            actions=np.zeros((*steps, action_size), np.float32),
            true_rewards=np.zeros(steps),
            terminated=np.zeros(steps, bool),
            truncated=np.zeros(steps, bool),
            render_states=np.zeros((*steps, state_size), np.float32),
            frames=np.empty((*steps, int(with_frames)), object),
            game_over=np.zeros(steps, bool),
        )
        self.actions = np.zeros((*steps, *action_shape), np.int64 if discrete else np.float32)
        """(T, N, A) as drawn, before clipping, or (T, N) indices."""
        self.values = np.zeros(steps, np.float32)
        """(T, N) of the observations."""
        self.log_probs = np.zeros(steps, np.float32)
        """(T, N) of the actions."""
        self.final_values = np.zeros(steps, np.float32)
        """(T, N) of the observation that a time limit cut the episode at, else 0."""
        self.last_values = np.zeros(shape[1], np.float32)
        """(N,) of the observations after the last step."""
        self.arranged: Tensor | None = None
        """(N * T, ...) the observations as the policy computes with them, once they are whole."""
        self.complete = False
        """Whether all T steps are there."""
        self.final_observations: list[np.ndarray] = []
        """Of the truncated steps, in order of step and environment."""

    def restart(self) -> None:
        """Forgets the last rollout."""
        self.complete = False
        self.final_observations.clear()

    def show(self, t: int, rows: slice, states: np.ndarray, pictures: np.ndarray | None) -> None:
        """Records what step `t` begins with, to be seen later.

        Args:
            t: the step.
            rows: of the n environments that are meant.
            states: (n, S) simulator states.
            pictures: (n, H, W, 3) uint8, where they are recorded.
        """
        self.rollout.render_states[t, rows] = states
        if pictures is not None:
            for i, picture in enumerate(pictures, start=rows.start):
                self.rollout.frames[t, i, 0] = encode_frame(picture)

    def record(
        self,
        t: int,
        rows: slice,
        executed: np.ndarray,
        rewards: np.ndarray,
        dones: np.ndarray,
        infos: list[dict[str, Any]],
        games_over: np.ndarray,
    ) -> None:
        """Records what step `t` did in the n environments of `rows`.

        That is the executed actions (n, ...), and the task's answer (n,) each.
        """
        rollout, at = self.rollout, (t, rows)
        rollout.game_over[at] = games_over
        if executed.ndim == 1:
            rollout.actions[at] = executed[:, None] == np.arange(rollout.actions.shape[-1])
        else:
            rollout.actions[at] = executed.reshape(len(executed), -1)
        rollout.true_rewards[at] = rewards
        rollout.terminated[at] = dones
        rollout.truncated[at] = False
        for i in np.flatnonzero(dones):
            if infos[i].get("TimeLimit.truncated", False):
                rollout.terminated[t, rows.start + i] = False
                rollout.truncated[t, rows.start + i] = True
                self.final_observations.append(infos[i]["terminal_observation"])

    def check_finite(self, last_observations: np.ndarray) -> None:
        """Checks the observations, those at the ends included, and the actions drawn on them.

        Args:
            last_observations: (N, ...), after the last step.

        Raises:
            NumericalError: one is NaN or infinite; the message says which.
        """
        for name, array in (("observation", self.rollout.observations), ("action", self.actions)):
            if array.dtype == np.float32 and not np.isfinite(array).all():
                t, env, *_ = np.argwhere(~np.isfinite(array))[0]
                raise NumericalError(
                    f"The {name} of environment {env} at step {t} of this rollout is not finite: "
                    f"{array[t, env]}."
                )
        for last in (last_observations, *self.final_observations):
            if not np.isfinite(last).all():
                raise NumericalError(
                    "An observation after the last step of this rollout, or of an episode in it, "
                    f"is not finite: {last}."
                )


def flatten(array: np.ndarray, device: torch.device) -> Tensor:
    """Returns (T, N, ...) as a tensor (N * T, ...), environment by environment, as SB3 does."""
    tensor = torch.from_numpy(array).to(device).transpose(0, 1)
    return tensor.reshape(-1, *array.shape[2:])
