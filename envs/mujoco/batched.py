"""Many environments of a MuJoCo task, stepped by native threads."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from gymnasium.error import ResetNeeded
from gymnasium.utils import seeding

from envs.mujoco.simulation import Simulation
from envs.random_state import pack_generators, unpack_generators
from envs.vector import TaskInfo, TaskVectorEnv, check_snapshot, seed_list


class BatchedMujocoEnv(TaskVectorEnv):
    """N environments of one task, each with its own generator and its own count of steps."""

    def __init__(self, simulation: Simulation, info: TaskInfo, episode_steps: int) -> None:
        """Makes the environments; they need a reset first.

        Args:
            simulation: The N simulations, used by nothing else.
            info: The task's spaces and episode length.
            episode_steps: Steps after which an episode is cut.
        """
        num_envs, state_size = simulation.qpos.shape
        self._declare(info, num_envs)
        self._simulation = simulation
        self._episode_steps = episode_steps
        self._elapsed = np.zeros(num_envs, np.int64)
        self._generators: list[np.random.Generator] = []
        self.observations = simulation.observe()
        self._states = np.zeros((num_envs, state_size), np.float32)
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
        before = self._generators or [None] * self.num_envs
        self._generators = [
            old if new is None and old is not None else seeding.np_random(new)[0]
            for new, old in zip(seeds, before, strict=True)
        ]
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

    def _begin(self, ids: np.ndarray) -> None:
        """Starts episodes in the environments `ids` (n,)."""
        self._simulation.reset(ids, self._generators)
        self._elapsed[ids] = 0
        self._look()

    def _look(self) -> None:
        """Takes the observations and render states of now."""
        self.observations = self._simulation.observe()
        self._states[:] = self._simulation.qpos
