"""One environment of a MuJoCo task, for `gymnasium.make`: a batch of one without restarts."""

from typing import Any

import gymnasium
import numpy as np

from envs.mujoco.drawing import Painter
from envs.mujoco.simulation import Simulation
from envs.mujoco.task import MujocoTask

_ALL = np.array([0])


class MujocoEnv(gymnasium.Env):
    """One environment of a task; Gymnasium's TimeLimit ends its episodes.

    Attributes:
        render_state: (S,) float32, the state that the last observation shows.
    """

    metadata: dict[str, Any] = {"render_modes": ["rgb_array"]}

    def __init__(
        self,
        task: MujocoTask,
        *,
        render_mode: str | None = None,
        width: int = 480,
        height: int = 480,
    ) -> None:
        """Makes the environment; with render_mode "rgb_array" it draws `width` by `height`."""
        self._simulation = Simulation(task, 1)
        self.observation_space, self.action_space = self._simulation.spaces()
        self.metadata = self.metadata | {"render_fps": self._simulation.steps_per_second}
        self.render_mode = render_mode
        self._size = width, height
        self._painter: Painter | None = None

    @property
    def render_state(self) -> np.ndarray:
        """The state (S,) float32 from which `envs.draw` makes a picture."""
        return self._simulation.qpos[0].astype(np.float32)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Starts an episode."""
        super().reset(seed=seed)
        self._simulation.reset(_ALL, [self.np_random])
        return self._simulation.observe()[0], {}

    def step(self, action: np.ndarray) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        """Applies an action (A,); the episode never ends by itself."""
        rewards = self._simulation.step(np.asarray(action)[None])
        return self._simulation.observe()[0], float(rewards[0]), False, False, {}

    def render(self) -> np.ndarray | None:
        """Returns a picture (height, width, 3) uint8 of the present state."""
        if self.render_mode is None:
            return None
        if self._painter is None:
            self._painter = Painter(self._simulation.task, *self._size)
        return self._painter.frames(self.render_state[None])[0]

    def close(self) -> None:
        """Closes the picture, if one was drawn."""
        if self._painter is not None:
            self._painter.close()
            self._painter = None
