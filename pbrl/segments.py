"""A segment: one short clip of what an agent did, the thing that people and oracles compare."""

import hashlib
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """A clip of T consecutive steps of one episode, copied out of the experience it came from.

    Observations are raw: the reward model owns its input normaliser. Actions are those executed,
    after clipping; a discrete action is one-hot. The true reward stands apart from the rest: it is
    for oracles and evaluation, and no hash, display or learner depends on it.
    """

    observations: np.ndarray
    """(T, O) float32, what the agent saw before each action, in the task's own units. Of an agent
    that sees K pictures at a time (T + K - 1, H, W) uint8: each picture once, the newest of each
    step after the K - 1 before the first."""
    actions: np.ndarray
    """(T, A) float32, executed."""
    true_rewards: np.ndarray
    """(T,) float64, reward per step; NaN where the task has none or the reader may not see it."""
    render_states: np.ndarray
    """(T, S) float32, what the task draws a frame from; S is 0 where there is nothing to draw."""
    frames: tuple[bytes, ...] = ()
    """T encoded pictures (PNG) of the same moments, of tasks that cannot be drawn from states."""

    def __post_init__(self) -> None:
        """Checks shapes and types.

        Raises:
            ValueError: If a field's shape or type is not as documented.
        """
        steps = len(self.actions)
        if steps == 0:
            raise ValueError("A segment needs at least one step.")
        self._check_observations(steps)
        expected = {
            "actions": (2, np.float32),
            "true_rewards": (1, np.float64),
            "render_states": (2, np.float32),
        }
        for name, (ndim, dtype) in expected.items():
            array = getattr(self, name)
            if array.ndim != ndim or array.dtype != dtype or len(array) != steps:
                raise ValueError(
                    f"A segment's {name} must be a {ndim}-dimensional {dtype.__name__} array of "
                    f"{steps} steps; got {array.dtype} of shape {array.shape}."
                )
        if len(self.frames) not in (0, steps):
            raise ValueError(
                f"A segment of {steps} steps has a frame for each step or none at all; "
                f"got {len(self.frames)}."
            )

    def _check_observations(self, steps: int) -> None:
        """Raises ValueError unless the observations are numbers or pictures for all steps."""
        seen = self.observations
        numbers = seen.ndim == 2 and seen.dtype == np.float32 and len(seen) == steps
        if not numbers and not (self.sees_pictures and seen.ndim == 3 and len(seen) >= steps):
            raise ValueError(
                f"A segment's observations must be a 2-dimensional float32 array of {steps} steps, "
                f"as many as it has actions, or a 3-dimensional uint8 array of as many pictures or "
                f"more; got {seen.dtype} of shape {seen.shape}."
            )

    def __len__(self) -> int:
        """The number of steps T."""
        return len(self.actions)

    @property
    def sees_pictures(self) -> bool:
        """Whether the observations are pictures."""
        return self.observations.dtype == np.uint8

    @property
    def true_return(self) -> float:
        """Undiscounted sum of the true rewards."""
        return float(self.true_rewards.sum())

    @property
    def content_hash(self) -> str:
        """SHA-256, in hex, of the shapes and little-endian bytes of all but the true rewards.

        Frames count, by length and bytes, where there are any. A reader who is not given the true
        rewards can still check that a clip is undamaged.
        """
        digest = hashlib.sha256()
        for array in (self.observations, self.actions, self.render_states):
            digest.update(np.array(array.shape, dtype="<i8").tobytes())
            stored = "u1" if array.dtype == np.uint8 else "<f4"
            digest.update(array.astype(stored, copy=False).tobytes())
        for frame in self.frames:
            digest.update(len(frame).to_bytes(8, "little") + frame)
        return digest.hexdigest()
