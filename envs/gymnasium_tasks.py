"""Any Gymnasium environment as a task: the general way, one Python call per environment.

Observations are flattened to one axis. A snapshot holds no simulator: it holds each episode's
seed and its actions so far, and restoring plays them again, which is exact where the environment
is deterministic. An environment without a time limit is cut after `ENDLESS_EPISODE_STEPS`.
"""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.error import ResetNeeded
from gymnasium.utils import seeding

from envs.errors import TaskError
from envs.random_state import pack_generators, unpack_generators
from envs.vector import TaskVectorEnv, check_snapshot, seed_list, seeded

ENDLESS_EPISODE_STEPS = 1000
_PROBE_EPISODES = 3
_PROBE_STEPS = 2000


def episode_steps_of(env: gymnasium.Env) -> int:
    """Returns after how many steps an environment's episodes are cut."""
    limit = env.spec.max_episode_steps if env.spec is not None else None
    return ENDLESS_EPISODE_STEPS if limit is None else limit


def flat_spaces(env: gymnasium.Env) -> tuple[spaces.Box, spaces.Box | spaces.Discrete]:
    """Returns an environment's spaces with one axis: observations (O,), actions (A,) or n.

    Raises:
        TaskError: A space is of a kind that is not supported.
    """
    name = env.spec.id if env.spec is not None else str(env)
    seen, done = env.observation_space, env.action_space
    if not isinstance(seen, spaces.Box):
        raise TaskError(
            f"{name} observes {seen}, but only Box observations are supported. "
            "gymnasium.wrappers.FlattenObservation makes a Box of most other spaces."
        )
    if not isinstance(done, spaces.Box | spaces.Discrete):
        raise TaskError(f"{name} acts in {done}, but only Box and Discrete actions are supported.")
    real = np.issubdtype(done.dtype, np.floating)
    if isinstance(done, spaces.Box) and not (real and done.is_bounded()):
        raise TaskError(
            f"{name} acts in {done}, but a Box of actions must hold real numbers between finite "
            "bounds. Declare the bounds, or make whole numbers Discrete actions."
        )
    dtype = seen.dtype if np.issubdtype(seen.dtype, np.floating) else np.float32
    observation_space = spaces.Box(seen.low.ravel(), seen.high.ravel(), dtype=dtype)
    if isinstance(done, spaces.Discrete):
        return observation_space, spaces.Discrete(int(done.n))
    return observation_space, spaces.Box(done.low.ravel(), done.high.ravel(), dtype=done.dtype)


def refuse_termination(env: gymnasium.Env) -> None:
    """Plays a few episodes at random and refuses a task that ends one of them early.

    Raises:
        TaskError: An episode ended before its time.
    """
    env.action_space.seed(0)
    steps = 0
    for episode in range(_PROBE_EPISODES):
        env.reset(seed=episode)
        for _ in range(episode_steps_of(env)):
            _, _, terminated, truncated, _ = env.step(env.action_space.sample())
            steps += 1
            if terminated:
                raise _termination_error(env)
            if truncated or steps >= _PROBE_STEPS:
                break


def refuse_undrawable(env: gymnasium.Env) -> None:
    """Refuses a task that draws no pictures.

    Raises:
        TaskError: It has no render mode "rgb_array".
    """
    modes = env.metadata.get("render_modes") or []
    if "rgb_array" not in modes:
        name = env.spec.id if env.spec is not None else str(env)
        raise TaskError(
            f"{name} draws no pictures, so nobody can see what the agent does there: its render "
            f"modes are {', '.join(map(str, modes)) or 'none'}, and rgb_array is needed."
        )


def _termination_error(env: gymnasium.Env) -> TaskError:
    name = env.spec.id if env.spec is not None else str(env)
    return TaskError(
        f"Episodes of {name} can end early, and the end of an episode tells the agent what it "
        "should learn from people. Choose a task of fixed length, such as those under pbrl/, or "
        "pass --allow-termination to accept that."
    )


class GymnasiumTaskEnv(TaskVectorEnv):
    """N environments of one Gymnasium id, each with a seed per episode from its own generator."""

    def __init__(
        self,
        copies: Sequence[gymnasium.Env],
        *,
        record_frames: bool = False,
        allow_termination: bool = False,
    ) -> None:
        """Joins environments of one kind; they need a reset first.

        Args:
            copies: The N environments, with render_mode "rgb_array" if frames are recorded.
            record_frames: Whether `frames` holds pictures after each step, at the cost of one
                call of `render` per environment and step.
            allow_termination: Whether an episode may end before its time.
        """
        self._envs = list(copies)
        num_envs = len(self._envs)
        self._declare(*flat_spaces(self._envs[0]), num_envs)
        self._inner_action_space = self._envs[0].action_space
        self._record_frames, self._allow_termination = record_frames, allow_termination
        self._episode_steps = episode_steps_of(self._envs[0])
        self._generators: list[np.random.Generator] = []
        self._seeds = np.zeros(num_envs, np.int64)
        self._elapsed = np.zeros(num_envs, np.int64)
        action = np.asarray(self.single_action_space.sample())
        self._actions = np.zeros((num_envs, self._episode_steps, *action.shape), action.dtype)
        self.observations = np.zeros_like(self.observation_space.sample())
        self.render_states = np.zeros((num_envs, 0), np.float32)

    def reset(
        self,
        *,
        seed: int | Sequence[int | None] | None = None,
        options: dict[str, Any] | None = None,
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Starts an episode everywhere; the generator of environment i is seeded `seed` + i."""
        seeds = seed_list(seed, self.num_envs)
        self._generators = seeded(self._generators, seeds)
        for i in range(self.num_envs):
            self._begin(i)
        self._take_frames()
        return self.observations.copy(), {}

    def step(
        self, actions: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Steps every environment with its action, (N, A) or (N,) for Discrete.

        Raises:
            TaskError: An episode ended early where that is not allowed, or the actions have the
                wrong shape.
        """
        if not self._generators:
            raise ResetNeeded("Cannot call step() before reset().")
        if np.shape(actions) != self.action_space.shape:
            raise TaskError(
                f"Actions of shape {self.action_space.shape} are needed, "
                f"but {np.shape(actions)} came."
            )
        self._actions[np.arange(self.num_envs), self._elapsed] = actions
        self._elapsed += 1
        rewards = np.zeros(self.num_envs)
        terminations, truncations = np.zeros((2, self.num_envs), np.bool_)
        for i, action in enumerate(actions):
            seen, rewards[i], terminations[i], truncations[i], _ = self._play(i, action)
            self.observations[i] = np.ravel(seen)
        truncations |= self._elapsed >= self._episode_steps
        if terminations.any() and not self._allow_termination:
            raise _termination_error(self._envs[0])
        info = self._restart(terminations | truncations)
        self._take_frames()
        return self.observations.copy(), rewards, terminations, truncations, info

    def snapshot(self) -> dict[str, np.ndarray]:
        """Returns the seeds and actions of the episodes under way, and the random streams."""
        if not self._generators:
            raise ResetNeeded("Cannot take a snapshot before reset().")
        return {
            "seeds": self._seeds.copy(),
            "elapsed": self._elapsed.copy(),
            "actions": self._actions[:, : self._elapsed.max()].copy(),
            "observations": self.observations.copy(),
            "generators": pack_generators(self._generators),
        }

    def restore(self, snapshot: Mapping[str, np.ndarray]) -> None:
        """Plays the episodes of a snapshot again; warns where one does not repeat itself."""
        if not self._generators:
            self._generators = [seeding.np_random(0)[0] for _ in range(self.num_envs)]
        played = int(np.max(snapshot["elapsed"], initial=0)) if "elapsed" in snapshot else 0
        check_snapshot(snapshot, self.snapshot() | {"actions": self._actions[:, :played]})
        self._seeds, self._elapsed = np.array(snapshot["seeds"]), np.array(snapshot["elapsed"])
        self._actions[:, :played] = snapshot["actions"]
        for i in range(self.num_envs):
            seen, _ = self._envs[i].reset(seed=int(self._seeds[i]))
            for action in self._actions[i, : self._elapsed[i]]:
                seen, *_ = self._play(i, action)
            self.observations[i] = np.ravel(seen)
        if not np.array_equal(self.observations, snapshot["observations"], equal_nan=True):
            warnings.warn(
                "This task does not repeat itself under its seeds: it goes on from other states.",
                stacklevel=2,
            )
        self._generators = unpack_generators(snapshot["generators"])
        self._take_frames()

    def close_extras(self) -> None:
        """Closes the environments."""
        for env in self._envs:
            env.close()

    def _play(self, i: int, action: np.ndarray) -> tuple[Any, ...]:
        """Steps environment `i` with an action of the outer space."""
        inner = self._inner_action_space
        if isinstance(inner, spaces.Discrete):
            return self._envs[i].step(inner.start + action)
        return self._envs[i].step(np.reshape(action, inner.shape or ()))

    def _begin(self, i: int) -> None:
        """Starts an episode in environment `i` with the next seed of its generator."""
        self._seeds[i] = self._generators[i].integers(2**31)
        self._elapsed[i] = 0
        self.observations[i] = np.ravel(self._envs[i].reset(seed=int(self._seeds[i]))[0])

    def _restart(self, ended: np.ndarray) -> dict[str, Any]:
        """Starts anew where `ended` (N,) says so, and returns what the ends looked like."""
        if not ended.any():
            return {}
        info = {
            "final_obs": self.observations.copy(),
            "_final_obs": ended.copy(),
            "final_render_state": self.render_states.copy(),
        }
        for i in np.flatnonzero(ended):
            self._begin(int(i))
        return info

    def _take_frames(self) -> None:
        if self._record_frames:
            pictures = [np.asarray(env.render()) for env in self._envs]
            for picture in pictures:
                self._check_picture(picture, pictures[0].shape)
            self.frames = np.stack(pictures)

    def _check_picture(self, picture: np.ndarray, shape: tuple[int, ...]) -> None:
        colours = picture.ndim == 3 and picture.shape[-1] == 3 and picture.dtype == np.uint8
        if not colours or picture.shape != shape:
            raise TaskError(
                f"{self._envs[0]} drew a picture of shape {picture.shape} and type {picture.dtype} "
                "with render_mode 'rgb_array', but (H, W, 3) and uint8 is needed, always of one "
                "size."
            )
