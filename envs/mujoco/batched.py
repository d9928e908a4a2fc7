"""Many environments of a MuJoCo task, stepped by native threads."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from gymnasium.error import ResetNeeded
from gymnasium.utils import seeding

from envs.mujoco.drawing import draw_states
from envs.mujoco.simulation import Simulation
from envs.mujoco.task import MujocoTask
from envs.random_state import pack_generators, unpack_generators
from envs.vector import TaskVectorEnv, check_snapshot, seed_list, seeded


class BatchedMujocoEnv(TaskVectorEnv):
    """N environments of one task, each with its own generator and its own count of steps."""

    metadata: dict[str, Any] = {"render_modes": ["rgb_array"]}

    def __init__(
        self,
        task: MujocoTask,
        num_envs: int,
        *,
        threads: int = 1,
        episode_steps: int | None = None,
        render_mode: str | None = None,
    ) -> None:
        """Makes the environments; they need a reset first.

        Args:
            task: What the environments are of.
            num_envs: How many there are.
            threads: Native threads that step them (0: one per CPU); results do not depend on it.
            episode_steps: Steps after which an episode is cut; by default the task's.
            render_mode: "rgb_array" if `render` will be called.
        """
        self._simulation = Simulation(task, num_envs, threads)
        self._declare(*self._simulation.spaces(), num_envs)
        self.metadata = self.metadata | {"render_fps": self._simulation.steps_per_second}
        self.render_mode = render_mode
        self._episode_steps = task.episode_steps if episode_steps is None else episode_steps
        self._elapsed = np.zeros(num_envs, np.int64)
        self._generators: list[np.random.Generator] = []
        self.observations = self._simulation.observe()
        self._states = self._simulation.qpos.astype(np.float32)
        self.render_states = self._states.view()
        self.render_states.flags.writeable = False

    def reset(
        self,
        *,
        seed: int | Sequence[int | None] | None = None,
        options: dict[str, Any] | None = None,
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Starts an episode everywhere; environment i is seeded with `seed` + i."""
        seeds = seed_list(seed, self.num_envs)
        self._generators = seeded(self._generators, seeds)
        self._begin(np.arange(self.num_envs))
        return self.observations.copy(), {}

    def step(
        self, actions: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Steps every environment with its action (N, A); a cut episode gives way to a new one."""
        if not self._generators:
            raise ResetNeeded("Cannot call step() before reset().")
        rewards = self._simulation.step(actions)
        self._elapsed += 1
        truncations = self._elapsed >= self._episode_steps
        info: dict[str, Any] = {}
        if truncations.any():
            info["final_obs"] = self._simulation.observe()
            info["_final_obs"] = truncations.copy()
            info["final_render_state"] = self._simulation.qpos.astype(np.float32)
            self._begin(np.flatnonzero(truncations))
        else:
            self._look()
        terminations = np.zeros(self.num_envs, np.bool_)
        return self.observations.copy(), rewards, terminations, truncations, info

    def snapshot(self) -> dict[str, np.ndarray]:
        """Returns all simulators' states, step counts and random streams."""
        if not self._generators:
            raise ResetNeeded("Cannot take a snapshot before reset().")
        return {
            "state": self._simulation.state.copy(),
            "position": self._simulation.position.copy(),
            "observations": self.observations.copy(),
            "elapsed": self._elapsed.copy(),
            "generators": pack_generators(self._generators),
        }

    def restore(self, snapshot: Mapping[str, np.ndarray]) -> None:
        """Goes back to a snapshot; nothing is recomputed, as derived fields lag a substep."""
        if not self._generators:
            self._generators = [seeding.np_random(0)[0] for _ in range(self.num_envs)]
        check_snapshot(snapshot, self.snapshot())
        self._simulation.state[:] = snapshot["state"]
        self._simulation.position = np.array(snapshot["position"])
        self.observations = np.array(snapshot["observations"])
        self._elapsed = np.array(snapshot["elapsed"])
        self._generators = unpack_generators(snapshot["generators"])
        self._states[:] = self._simulation.qpos

    def render(self) -> tuple[np.ndarray, ...] | None:
        """Returns a picture of every environment, 480 by 480 pixels."""
        if self.render_mode is None:
            return None
        return tuple(draw_states(self._simulation.task, self.render_states, 480, 480))

    def _begin(self, ids: np.ndarray) -> None:
        """Starts episodes in the environments `ids` (n,)."""
        self._simulation.reset(ids, self._generators)
        self._elapsed[ids] = 0
        self._look()

    def _look(self) -> None:
        """Takes the observations and render states of now."""
        self.observations = self._simulation.observe()
        self._states[:] = self._simulation.qpos
