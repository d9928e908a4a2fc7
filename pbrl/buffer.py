"""The most recent experience, from which clips are cut.

A ring of preallocated arrays. A step is named by its number since the start of the run, counted in
each environment from 0, so that a name keeps its meaning while the ring moves on. Clips are always
copied out: a clip never keeps the experience around it alive. Of an agent that sees several
pictures at a time each picture is kept once, and a clip holds those before its first step too.
"""

import math
import zlib
from collections.abc import Mapping

import numpy as np

from pbrl.errors import CheckpointError
from pbrl.frames import pack_frames, unpack_frames
from pbrl.segments import Segment


class SegmentBuffer:
    """Ring of the last `capacity_steps` steps of N environments that act in lockstep."""

    def __init__(
        self,
        num_envs: int,
        capacity_steps: int,
        observation_shape: tuple[int, ...],
        act_dim: int,
        state_dim: int,
        *,
        with_frames: bool = False,
    ) -> None:
        """Allocates the ring.

        Args:
            num_envs: Number of parallel environments N.
            capacity_steps: Steps kept over all environments together, a multiple of N or cut to it.
            observation_shape: (O,) of numbers, or (K, H, W) of K pictures, the newest last.
            act_dim: Size A of an action.
            state_dim: Size S of a render state, 0 if there is none.
            with_frames: Whether encoded pictures are kept too.
        """
        self.num_envs = num_envs
        self.capacity = capacity_steps // num_envs
        """Steps kept for each environment, C."""
        if self.capacity < 1:
            raise ValueError(f"No room for {num_envs} environments in {capacity_steps} steps.")
        self.steps_added = 0
        """Steps added for each environment since the start of the run."""
        ring = (num_envs, self.capacity)
        pictures = len(observation_shape) == 3
        self._before = observation_shape[0] - 1 if pictures else 0
        """Pictures that an observation holds besides the newest, K - 1."""
        kept = np.zeros((*ring, *observation_shape[-2:]), np.uint8) if pictures else None
        self._arrays = {
            "observations": np.zeros((*ring, *observation_shape), np.float32)
            if kept is None
            else kept,
            "actions": np.zeros((*ring, act_dim), np.float32),
            "true_rewards": np.zeros(ring, np.float64),
            "render_states": np.zeros((*ring, state_dim), np.float32),
            "dones": np.zeros(ring, np.bool_),
        }
        self._frames = np.full(ring, b"", object) if with_frames else None  # (N, C) of bytes
        self._ages = np.zeros(ring, np.uint8)  # steps since the episode began, at most K - 1
        self._age = np.zeros(num_envs, np.uint8)  # of the next step

    @property
    def oldest(self) -> int:
        """Number of the oldest step that is still kept."""
        return max(0, self.steps_added - self.capacity)

    def add(
        self,
        observations: np.ndarray,
        actions: np.ndarray,
        true_rewards: np.ndarray,
        render_states: np.ndarray,
        dones: np.ndarray,
        frames: np.ndarray | None = None,
    ) -> None:
        """Appends a rollout of every environment; the oldest steps give way.

        Args:
            observations: (T, N, O) or (T, N, K, H, W), before each action.
            actions: (T, N, A), executed.
            true_rewards: (T, N).
            render_states: (T, N, S), of the states that the observations show.
            dones: (T, N) bool, true at the last step of an episode, however it ended.
            frames: (T, N, 1) of bytes objects, encoded pictures; only where they are kept.
        """
        kept = min(len(dones), self.capacity)
        slots = np.arange(self.steps_added + len(dones) - kept, self.steps_added + len(dones))
        newest = observations[:, :, -1] if self._before else observations
        rollout = (newest, actions, true_rewards, render_states, dones)
        for ring, new in zip(self._arrays.values(), rollout, strict=True):
            ring[:, slots % self.capacity] = np.swapaxes(new[-kept:], 0, 1)
        if self._frames is not None:
            assert frames is not None
            self._frames[:, slots % self.capacity] = np.swapaxes(frames[-kept:, :, 0], 0, 1)
        if self._before:
            self._ages[:, slots % self.capacity] = self._ages_of(dones)[-kept:].T
        self.steps_added += len(dones)

    def _ages_of(self, dones: np.ndarray) -> np.ndarray:
        """Returns how many of the pictures before those of new steps are of the same episode.

        Args:
            dones: (T, N) bool, of steps that follow those that were added.

        Returns:
            (T, N), at most K - 1.
        """
        ages = np.empty(dones.shape, np.uint8)
        for t, ended in enumerate(dones):
            ages[t] = self._age
            self._age = np.where(ended, 0, np.minimum(self._age + 1, self._before)).astype(np.uint8)
        return ages

    def clip_starts(self, length: int) -> tuple[np.ndarray, np.ndarray]:
        """Every clip of `length` steps that lies in the ring and within one episode.

        Returns:
            Environments (C,) and numbers of first steps (C,), by environment, then by age. A clip
            may end with its episode's last step; it never goes on into the next episode.
        """
        oldest = self.oldest + (self._before if self.oldest else 0)  # what was before is gone
        steps = np.arange(oldest, self.steps_added)
        if len(steps) < length:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        ends_before = np.zeros((self.num_envs, len(steps) + 1), np.int64)  # episode ends before t
        np.cumsum(self._arrays["dones"][:, steps % self.capacity], axis=1, out=ends_before[:, 1:])
        last = length - 1
        whole = ends_before[:, last:-1] == ends_before[:, : len(steps) - last]
        envs, offsets = np.nonzero(whole)
        return envs, offsets + oldest

    def gather(
        self, envs: np.ndarray, starts: np.ndarray, length: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Copies of the observations and actions (C, T, A) of C clips of T steps.

        The observations are (C, T, O), or (C, T + K - 1, H, W): see `Segment`.

        Args:
            envs: (C,) environments.
            starts: (C,) numbers of first steps.
            length: Steps T of each clip.

        Raises:
            ValueError: If a clip is not wholly in the ring.
        """
        index = self._index(envs, starts, length)
        seen = self._arrays["observations"][self._seen_index(envs, starts, length)]
        return seen, self._arrays["actions"][index]

    def cut(self, env: int, start: int, length: int) -> Segment:
        """One clip as a segment of its own, copied.

        Raises:
            ValueError: If the clip is not wholly in the ring, or crosses the end of an episode.
        """
        place = np.array([env]), np.array([start])
        index = self._index(*place, length)
        clip = {name: array[index][0] for name, array in self._arrays.items()}
        if self._before:
            clip["observations"] = self.gather(*place, length)[0][0]
        if clip.pop("dones")[:-1].any():
            raise ValueError(f"The clip of {length} steps from step {start} crosses a reset.")
        frames = () if self._frames is None else tuple(self._frames[index][0])
        # A slice of the batch of one would be a view: copy, so that a segment owns its memory.
        return Segment(**{name: array.copy() for name, array in clip.items()}, frames=frames)

    def snapshot(self) -> dict[str, np.ndarray]:
        """All that is needed to go on exactly: what is kept, oldest first, as (N, steps, ...)."""
        slots = np.arange(self.oldest, self.steps_added) % self.capacity
        kept = {name: array[:, slots] for name, array in self._arrays.items()}
        if self._before:
            kept["ages"], kept["age"] = self._ages[:, slots], self._age
            kept["observations"] = _compressed(kept["observations"])
        if self._frames is not None:
            kept["frames"], kept["frame_ends"] = pack_frames(self._frames[:, slots])
        return {"steps_added": np.array(self.steps_added), **kept}

    def restore(self, snapshot: Mapping[str, np.ndarray]) -> None:
        """Takes over the contents of a snapshot.

        Raises:
            CheckpointError: If it comes from a buffer of another shape.
        """
        steps_added = int(snapshot["steps_added"])
        oldest = max(0, steps_added - self.capacity)
        if self._before and "ages" in snapshot:
            shape = (self.num_envs, steps_added - oldest, *self._arrays["observations"].shape[2:])
            pictures = _decompressed(snapshot["observations"], shape)
            snapshot = {**snapshot, "observations": pictures}
        for name, ring in self._arrays.items():
            expected = (self.num_envs, steps_added - oldest, *ring.shape[2:])
            if snapshot[name].shape != expected:
                raise CheckpointError(
                    f"The saved buffer's {name} have shape {snapshot[name].shape}, expected "
                    f"{expected}: it was saved with another task or another buffer size."
                )
        self.steps_added = steps_added
        slots = np.arange(oldest, steps_added) % self.capacity
        for name, ring in self._arrays.items():
            ring[:, slots] = snapshot[name]
        if self._before:
            self._ages[:, slots], self._age = snapshot["ages"], np.array(snapshot["age"])
        if self._frames is not None:
            shape = (self.num_envs, len(slots))
            packed, ends = snapshot["frames"], snapshot["frame_ends"]
            self._frames[:, slots] = unpack_frames(packed, ends, shape)

    def _index(
        self, envs: np.ndarray, starts: np.ndarray, length: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Fancy index (C, 1), (C, T) of clips into arrays (N, C, ...)."""
        if length < 1 or np.any(starts < self.oldest) or np.any(starts + length > self.steps_added):
            raise ValueError(
                f"Clips of {length} steps must lie in steps {self.oldest} to {self.steps_added}."
            )
        return envs[:, None], (starts[:, None] + np.arange(length)) % self.capacity

    def _seen_index(
        self, envs: np.ndarray, starts: np.ndarray, length: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Index like `_index`, of the pictures before the clips too; an episode's first stands in.

        So the agent saw it: as many copies of the first picture as there is nothing before it.
        """
        ages = self._ages[envs, starts % self.capacity].astype(np.int64)
        steps = np.maximum(np.arange(-self._before, length), -ages[:, None])
        return envs[:, None], (starts[:, None] + steps) % self.capacity


def _compressed(pictures: np.ndarray) -> np.ndarray:
    """Returns pictures as bytes, compressed quickly."""
    return np.frombuffer(zlib.compress(pictures.tobytes(), 1), np.uint8)


def _decompressed(content: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Returns the pictures that `_compressed` was given.

    Raises:
        CheckpointError: They are not of that shape.
    """
    pictures = np.frombuffer(zlib.decompress(content.tobytes()), np.uint8)
    if pictures.size != math.prod(shape):
        raise CheckpointError(
            f"The saved buffer holds {pictures.size:,} pixels, expected pictures of shape {shape}: "
            "it was saved with another task or another buffer size."
        )
    return pictures.reshape(shape)


def overlaps(
    envs_a: np.ndarray, starts_a: np.ndarray, envs_b: np.ndarray, starts_b: np.ndarray, length: int
) -> np.ndarray:
    """Whether clips share a step: such clips, a clip and itself among them, are not a pair.

    Args:
        envs_a: Environments of the first clips, of any shape that broadcasts with the others.
        starts_a: Their first steps.
        envs_b: Environments of the second clips.
        starts_b: Their first steps.
        length: Steps of every clip.

    Returns:
        Array of bool.
    """
    return (envs_a == envs_b) & (np.abs(starts_a - starts_b) < length)
