"""One copy of a game, for `gymnasium.make`: a batch of one."""

from typing import Any

import gymnasium
import numpy as np

from envs.atari.batched import BatchedAtariEnv
from envs.atari.game import AtariGame


class AtariEnv(gymnasium.Env):
    """One copy of a game, without end: after a game the next one begins.

    `info["game_over"]` says whether a step was a game's last.
    """

    metadata: dict[str, Any] = {"render_modes": ["rgb_array"], "render_fps": 15}

    def __init__(self, game: AtariGame, *, render_mode: str | None = None) -> None:
        """Makes the copy; with render_mode "rgb_array" it has pictures (210, 160, 3)."""
        self._games = BatchedAtariEnv(game, 1, record_frames=render_mode is not None)
        self.observation_space, self.action_space = self._games.spaces()
        self.render_mode = render_mode

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Begins a game."""
        super().reset(seed=seed)
        observations, _ = self._games.reset(seed=seed)
        return observations[0], {"game_over": False}

    def step(self, action: int) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        """Plays a step; the reward is what the score gained."""
        observations, rewards, *_ = self._games.step(np.array([action]))
        over = self._games.game_over
        info = {"game_over": over is not None and bool(over[0])}
        return observations[0], float(rewards[0]), False, False, info

    def render(self) -> np.ndarray | None:
        """Returns a picture (210, 160, 3) uint8 of the present state."""
        frames = self._games.frames
        return None if frames is None else frames[0].copy()

    def close(self) -> None:
        """Closes the copy."""
        self._games.close()
