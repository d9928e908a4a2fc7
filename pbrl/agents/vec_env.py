"""Gymnasium's vector environments as Stable-Baselines3 wants to see them.

SB3 refuses `gymnasium.vector.VectorEnv`; this adapter gives it SB3's interface. It needs
environments that reset in the same step (`AutoresetMode.SAME_STEP`), as SB3's own do.
"""

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import VecEnv

from pbrl.errors import ConfigError


class GymnasiumVecEnv(VecEnv):
    """A Gymnasium vector environment behind SB3's interface.

    The info dict of an environment is empty but at the end of an episode, when it holds
    `terminal_observation`, `TimeLimit.truncated` and, as SB3's Monitor adds it, `episode`. At the
    end of a game of an endless task it holds `episode` alone, and the agent is told of no end.

    Attributes:
        parts: What may be stepped apart, as pairs of rows and environment: two halves where `envs`
            has `halves`, and this environment itself where it has none.
    """

    def __init__(self, envs: VectorEnv) -> None:
        """Wraps `envs`.

        Raises:
            ConfigError: `envs` does not reset in the same step.
        """
        mode = envs.metadata.get("autoreset_mode")
        if mode != AutoresetMode.SAME_STEP:
            raise ConfigError(
                f"The vector environment resets with {mode}, but PreferencePPO needs "
                "AutoresetMode.SAME_STEP: pass autoreset_mode=AutoresetMode.SAME_STEP when "
                "making it (with gymnasium.make_vec: in vector_kwargs)."
            )
        self.envs = envs
        self.episode_returns = np.zeros(envs.num_envs)  # (N,) true return so far
        self.episode_lengths = np.zeros(envs.num_envs, dtype=np.int64)  # (N,) steps so far
        self._actions: np.ndarray | None = None
        self._goes_on = hasattr(envs, "send") and hasattr(envs, "receive")  # between the two
        self._started = time.time()
        super().__init__(envs.num_envs, envs.single_observation_space, envs.single_action_space)
        self.parts: list[tuple[slice, VecEnv]] = [(slice(0, envs.num_envs), self)]
        if hasattr(envs, "halves"):
            self.parts = self._halves(envs.halves)  # pyright: ignore

    def _halves(self, halves: Sequence[VectorEnv]) -> list[tuple[slice, VecEnv]]:
        """Returns rows and environment of each half; their episodes are counted in this one."""
        parts, end = [], 0
        for half in halves:
            rows = slice(end, end := end + half.num_envs)
            part = GymnasiumVecEnv(half)
            part.episode_returns = self.episode_returns[rows]
            part.episode_lengths = self.episode_lengths[rows]
            parts.append((rows, part))
        return parts

    @property
    def render_states(self) -> np.ndarray:
        """(N, S) simulator states of the last observations; S = 0 for tasks that have none."""
        states = getattr(self.envs, "render_states", None)
        return np.empty((self.num_envs, 0), dtype=np.float32) if states is None else states

    @property
    def game_over(self) -> np.ndarray:
        """(N,) bool, whether the last step was the last of a game that has no end for the agent."""
        over = getattr(self.envs.unwrapped, "game_over", None)
        return np.zeros(self.num_envs, bool) if over is None else over

    def reset(self) -> np.ndarray:
        """Resets all environments, with the seed that `seed()` left. Returns (N, ...)."""
        options = self._options[0] or None  # `set_options` gives all the same
        observations, _ = self.envs.reset(seed=self._seeds[0], options=options)
        self._reset_seeds()
        self._reset_options()
        self.episode_returns[:] = 0
        self.episode_lengths[:] = 0
        return observations

    def step_async(self, actions: np.ndarray) -> None:
        """Takes the actions (N, ...) of the step that `step_wait` makes, or waits for."""
        if self._goes_on:
            self.envs.send(actions)  # pyright: ignore
        else:
            self._actions = actions

    def step_wait(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[dict[str, Any]]]:
        """Steps. Returns observations (N, ...), true rewards (N,) float64, dones (N,), infos."""
        envs: Any = self.envs
        outcome = envs.receive() if self._goes_on else envs.step(self._actions)
        observations, rewards, terminated, truncated, info = outcome
        self.episode_returns += rewards
        self.episode_lengths += 1
        dones = terminated | truncated
        infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        for i in np.flatnonzero(dones):
            infos[i] = {
                "terminal_observation": np.array(info["final_obs"][i]),
                "TimeLimit.truncated": bool(not terminated[i]),
                "episode": self._end_of_episode(int(i)),
            }
        for i in np.flatnonzero(self.game_over):
            infos[i]["episode"] = self._end_of_episode(int(i))
        return observations, rewards, dones, infos

    def _end_of_episode(self, i: int) -> dict[str, float]:
        """Returns how the episode of environment `i` went, as a Monitor does, and counts anew."""
        episode = {
            "r": float(self.episode_returns[i]),
            "l": int(self.episode_lengths[i]),
            "t": round(time.time() - self._started, 6),
        }
        self.episode_returns[i] = 0
        self.episode_lengths[i] = 0
        return episode

    def close(self) -> None:
        """Closes the environments."""
        self.envs.close()

    def get_images(self) -> Sequence[np.ndarray | None]:
        """Returns one frame per environment, as far as the environments render."""
        frames = self.envs.render()
        return [None] * self.num_envs if frames is None else [np.asarray(f) for f in frames]

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        """Returns an attribute of the chosen environments; the batch's own counts for each."""
        each = getattr(self.envs, "get_attr", None)
        if attr_name != "render_mode" and each is not None:
            values = each(attr_name)
        else:
            values = [getattr(self.envs, attr_name)] * self.num_envs
        return [values[i] for i in self._get_indices(indices)]

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        """Is not supported: the environments are stepped as one."""
        raise NotImplementedError("Attributes of a batch of environments cannot be set.")

    def env_method(self, method_name: str, *args: Any, indices: Any = None, **kwargs: Any) -> list:
        """Calls a method of each environment, where the vector environment has `call`."""
        values = self.envs.call(method_name, *args, **kwargs)  # pyright: ignore
        return [values[i] for i in self._get_indices(indices)]

    def env_is_wrapped(self, wrapper_class: type, indices: Any = None) -> list[bool]:
        """Says yes to Monitor alone: the infos hold what a Monitor would add."""
        return [wrapper_class is Monitor for _ in self._get_indices(indices)]


def parts_of(env: VecEnv) -> list[tuple[slice, VecEnv]]:
    """Returns what of environments may be stepped apart, as pairs of rows and environment.

    Wrappers see whole steps, so that what they wrap is in one part.
    """
    return env.parts if isinstance(env, GymnasiumVecEnv) else [(slice(0, env.num_envs), env)]


def render_states(env: VecEnv) -> np.ndarray:
    """Returns the simulator states (N, S) that environments show; S = 0 where they show none."""
    inner = env.unwrapped
    if isinstance(inner, GymnasiumVecEnv):
        return inner.render_states
    return np.empty((env.num_envs, 0), dtype=np.float32)


def games_over(env: VecEnv) -> np.ndarray:
    """Returns where the last step was a game's last (N,) bool, which the agent is not told."""
    inner = env.unwrapped
    if isinstance(inner, GymnasiumVecEnv):
        return inner.game_over
    return np.zeros(env.num_envs, bool)


def pictures(env: VecEnv) -> np.ndarray | None:
    """Returns pictures (N, H, W, 3) uint8 of what environments show, None if none are recorded."""
    inner = env.unwrapped
    return getattr(inner.envs, "frames", None) if isinstance(inner, GymnasiumVecEnv) else None
