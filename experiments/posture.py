"""How Hopper, Walker2d and HalfCheetah hold themselves: how high, how far over, on which limbs.

What a return does not tell: whether an agent walks, crawls or lies. `python -m
experiments.behaviours RUN... --of posture` measures it in any run of these tasks.
"""

# pyright: reportAttributeAccessIssue=false
# (MuJoCo's compiled modules come without type stubs.)

from collections.abc import Sequence

import mujoco
import numpy as np

import envs
from envs.mujoco.simulation import compile_model, load_spec
from envs.mujoco.task import without_turns
from pbrl.errors import ConfigError

LOW = 2 / 3
"""Share of the torso's height at the start below which it is low."""
LEANING = 1.0
"""Angle of the torso from upright beyond which it leans, rad."""
PITCH = 2
"""The torso's angle among the coordinates of the state, after x and z."""


class Posture:
    """What an episode shows of how a body in the plane is held.

    Attributes:
        env_id: The task.
    """

    def __init__(self, env_id: str) -> None:
        """Loads the task's model.

        Raises:
            ConfigError: The task's body is not one in the plane with a torso that can turn over.
        """
        task = envs.TASKS.get(env_id)
        model = None if task is None else compile_model(load_spec(task))
        if model is None or model.njnt <= PITCH or model.joint(PITCH).name != "rooty":
            raise ConfigError(
                "Postures are of Hopper, Walker2d and HalfCheetah, whose torsos turn in the plane, "
                f"and the run is of {env_id}."
            )
        self.env_id = env_id
        self._model, self._data = model, mujoco.MjData(model)
        mujoco.mj_kinematics(self._model, self._data)
        self._start = self._height()

    def look(self, observations: np.ndarray, render_states: np.ndarray) -> np.ndarray:
        """Returns what is looked at of a moment of N environments, their states (N, S)."""
        del observations
        return render_states

    def measures(self, episodes: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
        """Returns shares of the steps of each of N episodes, states (T, S): names to (N,)."""
        measured = [self.measure(states) for states in episodes]
        return {name: np.array([one[name] for one in measured]) for name in measured[0]}

    def measure(self, states: np.ndarray) -> dict[str, float]:
        """Returns shares of an episode's steps, from its states (T, S)."""
        limbs = [self._model.body(i).name for i in range(1, self._model.nbody)]
        heights, touches = np.empty(len(states)), np.zeros((len(states), len(limbs)), bool)
        for step, state in enumerate(states):
            self._data.qpos[:] = state
            mujoco.mj_fwdPosition(self._model, self._data)
            heights[step] = self._height()
            touches[step, self._on_the_floor() - 1] = True
        turned = states[:, PITCH].astype(np.float64)
        leans = np.abs(without_turns(turned))
        return {
            "torso low": float((heights < LOW * self._start).mean()),
            "torso leaning": float((leans > LEANING).mean()),
            "beyond half a turn": float((np.abs(turned) > np.pi).mean()),
            "in the air": float((~touches.any(axis=1)).mean()),
        } | {
            f"on the {name}": float(share)
            for name, share in zip(limbs, touches.mean(0), strict=True)
        }

    def _height(self) -> float:
        """Returns the torso's height, m."""
        return float(self._data.body("torso").xpos[2])

    def _on_the_floor(self) -> np.ndarray:
        """Returns the numbers of the bodies that MuJoCo finds in contact with the floor."""
        bodies = self._model.geom_bodyid[self._data.contact.geom]
        return bodies[(bodies == 0).any(axis=1)].max(axis=1)
