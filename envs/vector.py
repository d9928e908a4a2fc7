"""What a trainer sees of any task: many copies stepped together, with states and snapshots."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from gymnasium import spaces
from gymnasium.utils import seeding
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from envs.errors import TaskError

Outcome = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]
"""Of a step: observations, rewards, terminated, truncated, info."""


@dataclass(frozen=True, slots=True)
class TaskInfo:
    """What can be said of a task without stepping it."""

    env_id: str
    episode_steps: int  # steps after which an episode is cut
    clip_fps: float  # frames a second at which a person is shown clips of it
    look_for: str  # what a person is asked to judge by
    observation_space: spaces.Box  # of one environment, (O,)
    action_space: spaces.Box | spaces.Discrete  # of one environment
    draws_from_states: bool  # whether `draw` can picture it from render states alone
    endless: bool = False  # whether games follow one another without the agent being told
    end_penalty: float = 0.0  # what an oracle takes off the reward of a game's last step


class TaskVectorEnv(VectorEnv):
    """N copies of a task that start anew in the step that ends an episode.

    Attributes:
        observations: (N, O), what the last reset or step returned.
        render_states: (N, S) float32, the state that the observation shows; read-only and reused
            by the next step. S is 0 where a task cannot be drawn from states.
        frames: (N, H, W, 3) uint8 pictures of the same moment, when they are recorded, else None.
        game_over: (N,) bool, of endless tasks: whether the last step was the last of a game, which
            nothing else tells; None for the others.

    In a step that ends an episode, `info["final_obs"]` (N, O) and `info["final_render_state"]`
    (N, S) hold the episode's end in the rows that the mask `info["_final_obs"]` (N,) names.
    """

    observations: np.ndarray
    render_states: np.ndarray
    frames: np.ndarray | None = None
    game_over: np.ndarray | None = None

    def _declare(
        self,
        observation_space: spaces.Box,
        action_space: spaces.Box | spaces.Discrete,
        num_envs: int,
    ) -> None:
        """Sets the spaces and the metadata that Gymnasium asks of a vector environment."""
        self.num_envs = num_envs
        self.single_observation_space = observation_space
        self.single_action_space = action_space
        self.observation_space = batch_space(observation_space, num_envs)
        self.action_space = batch_space(action_space, num_envs)
        self.metadata = self.metadata | {"autoreset_mode": AutoresetMode.SAME_STEP}

    @abstractmethod
    def snapshot(self) -> dict[str, np.ndarray]:
        """Returns everything needed to go on exactly from here, as plain arrays."""

    @abstractmethod
    def restore(self, snapshot: Mapping[str, np.ndarray]) -> None:
        """Goes back to a snapshot, of this or another process: later steps repeat to the bit.

        Raises:
            TaskError: The snapshot is of another task or another number of environments.
        """


def seed_list(seed: int | Sequence[int | None] | None, num_envs: int) -> list[int | None]:
    """Returns a seed per environment as Gymnasium's vector environments do: s, s + 1, ..."""
    if seed is None:
        return [None] * num_envs
    if isinstance(seed, int | np.integer):
        return [int(seed) + i for i in range(num_envs)]
    if len(seed) != num_envs:
        raise TaskError(f"There are {num_envs} environments, but {len(seed)} seeds were given.")
    return list(seed)


def seeded(
    generators: Sequence[np.random.Generator], seeds: Sequence[int | None]
) -> list[np.random.Generator]:
    """Returns a generator per environment: where its seed is None the one that there was."""
    before = generators or [None] * len(seeds)
    return [
        old if new is None and old is not None else seeding.np_random(new)[0]
        for new, old in zip(seeds, before, strict=True)
    ]


def check_snapshot(snapshot: Mapping[str, np.ndarray], expected: Mapping[str, Any]) -> None:
    """Refuses a snapshot whose arrays have other names or shapes than the expected ones."""
    given = {name: np.shape(array) for name, array in snapshot.items()}
    wanted = {name: np.shape(array) for name, array in expected.items()}
    if given != wanted:
        raise TaskError(
            f"The snapshot is of another task or another number of environments: "
            f"it holds {given}, but {wanted} is needed."
        )
