"""Copies of a game in two halves, so that one half steps while a policy is asked about the other.

Stepping keeps processors busy and asking keeps a GPU busy, or another processor: done in turn they
wait for each other. Double-buffered sampling (Petrenko et al., *Sample Factory*, 2020) lets them go
on side by side, and nothing that is collected depends on it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from envs.atari.batched import BatchedAtariEnv
from envs.errors import TaskError
from envs.vector import Outcome, TaskVectorEnv, seed_list


class DoubleBufferedAtariEnv(TaskVectorEnv):
    """N copies of a game, the first and the second half of which can be stepped apart.

    As a whole it does what one `BatchedAtariEnv` of N copies does, to the bit.

    Attributes:
        halves: Two environments, `send` and `receive` of each being called in turn.
    """

    metadata: dict[str, Any] = BatchedAtariEnv.metadata

    def __init__(self, halves: Sequence[BatchedAtariEnv]) -> None:
        """Joins two environments of the same game, the first as large or one larger."""
        self.halves = tuple(halves)
        first, num_envs = self.halves[0], sum(half.num_envs for half in self.halves)
        self._declare(*first.spaces(), num_envs)
        self._rows = [slice(0, first.num_envs), slice(first.num_envs, num_envs)]

    @property
    def observations(self) -> np.ndarray:  # pyright: ignore[reportIncompatibleVariableOverride]
        """(N, 4, 84, 84), what the last reset or step returned."""
        return np.concatenate([half.observations for half in self.halves])

    @property
    def render_states(self) -> np.ndarray:  # pyright: ignore[reportIncompatibleVariableOverride]
        """(N, 0): games cannot be drawn from states."""
        return np.concatenate([half.render_states for half in self.halves])

    @property
    def frames(self) -> np.ndarray | None:  # pyright: ignore[reportIncompatibleVariableOverride]
        """(N, 210, 160, 3) uint8, in colour, where they are recorded."""
        if self.halves[0].frames is None:
            return None
        return np.concatenate([np.asarray(half.frames) for half in self.halves])

    @property
    def game_over(self) -> np.ndarray:  # pyright: ignore[reportIncompatibleVariableOverride]
        """(N,) bool, whether the last step was the last of a game."""
        return np.concatenate([np.asarray(half.game_over) for half in self.halves])

    def reset(
        self,
        *,
        seed: int | Sequence[int | None] | None = None,
        options: dict[str, Any] | None = None,
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Begins a game everywhere; the generator of copy i is seeded with `seed` + i."""
        seeds = None if seed is None else seed_list(seed, self.num_envs)
        for half, rows in zip(self.halves, self._rows, strict=True):
            half.reset(seed=None if seeds is None else seeds[rows], options=options)
        return self.observations, {}

    def step(self, actions: np.ndarray) -> Outcome:
        """Plays a step (N,) everywhere; a game that is over gives way to a new one."""
        self.send(actions)
        return self.receive()

    def send(self, actions: np.ndarray) -> None:
        """Begins a step (N,) everywhere, which goes on by itself until `receive` waits for it.

        Raises:
            TaskError: The actions have the wrong shape.
        """
        if np.shape(actions) != (self.num_envs,):
            raise TaskError(
                f"Actions of shape ({self.num_envs},) are needed, but {np.shape(actions)} came."
            )
        for half, rows in zip(self.halves, self._rows, strict=True):
            half.send(actions[rows])

    def receive(self) -> Outcome:
        """Returns what the step that `send` began came to, as `step` does."""
        outcomes = [half.receive() for half in self.halves]
        seen, rewards, terminated, truncated = (
            np.concatenate(parts)
            for parts in zip(*(outcome[:4] for outcome in outcomes), strict=True)
        )
        return seen, rewards, terminated, truncated, {}

    def snapshot(self) -> dict[str, np.ndarray]:
        """Returns the snapshot of one environment of N copies."""
        parts = [half.snapshot() for half in self.halves]
        longest = max(part["actions"].shape[1] for part in parts)
        for part in parts:
            missing = longest - part["actions"].shape[1]
            part["actions"] = np.pad(part["actions"], ((0, 0), (0, missing)))
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def restore(self, snapshot: Mapping[str, np.ndarray]) -> None:
        """Goes back to a snapshot of N copies, however they were stepped.

        Raises:
            TaskError: The snapshot is of something else, or the games came out differently.
        """
        copies = {np.shape(array)[:1] for array in snapshot.values()}
        if copies != {(self.num_envs,)}:
            raise TaskError(
                f"The snapshot is of another task or another number of environments: "
                f"{self.num_envs} copies of a game are needed."
            )
        for half, rows in zip(self.halves, self._rows, strict=True):
            half.restore({name: array[rows] for name, array in snapshot.items()})

    def render(self) -> tuple[np.ndarray, ...] | None:
        """Returns a picture of every copy, where they are recorded."""
        return None if self.frames is None else tuple(self.frames)

    def close_extras(self) -> None:
        """Closes the copies."""
        for half in self.halves:
            half.close()
