"""N simulations of a task stepped together: the one code path of single and batched use."""

# pyright: reportAttributeAccessIssue=false
# (MuJoCo's compiled modules come without type stubs.)

from collections.abc import Sequence
from pathlib import Path

import gymnasium
import mujoco
import numpy as np
from gymnasium import spaces
from mujoco.batch import Batch

from envs.errors import TaskError
from envs.mujoco.task import MujocoTask, Physics

_ASSETS = Path(gymnasium.__file__).parent / "envs" / "mujoco" / "assets"


def load_spec(task: MujocoTask) -> mujoco.MjSpec:
    """Returns the editable model of a task, as Gymnasium has it."""
    return mujoco.MjSpec.from_file(str(_ASSETS / task.xml))


def compile_model(spec: mujoco.MjSpec) -> mujoco.MjModel:
    """Returns the compiled model.

    HalfCheetah's asset sets its total mass by an attribute at which MuJoCo's compiler warns, on
    the screen and in a log file in the user's folder: it is set here, as the warning advises.
    """
    total_mass = spec.compiler.settotalmass
    spec.compiler.settotalmass = -1
    model = spec.compile()
    if total_mass > 0:
        mujoco.mj_setTotalmass(model, total_mass)
        mujoco.mj_setConst(model, mujoco.MjData(model))
    return model


class Simulation:
    """Steps N simulations of a task; it knows nothing of episodes.

    Attributes:
        state: (N, X) float64, all that MuJoCo needs to go on exactly; a live, writable view.
        qpos: (N, nq) float64, joint positions; a live view.
        position: (N,) float64, the way forward at the last reset or step, m.
        step_seconds: Simulated seconds per step.
        steps_per_second: Steps per simulated second, rounded.
    """

    def __init__(self, task: MujocoTask, num_envs: int, threads: int = 1) -> None:
        self.task = task
        self.model = compile_model(load_spec(task))
        self.step_seconds = self.model.opt.timestep * task.frame_skip
        self.steps_per_second = round(1.0 / self.step_seconds)
        self._batch = Batch(self.model, num_envs, threads)
        self.state, self.qpos = self._batch.state, self._batch.bind("qpos")
        self._ctrl, self._qvel = self._batch.bind("ctrl"), self._batch.bind("qvel")
        self._physics = _bind(self._batch)
        self._batch.reset()
        self._start_qpos, self._start_qvel = self.qpos[0].copy(), self._qvel[0].copy()
        self.position = task.forward(self._physics).copy()

    def spaces(self) -> tuple[spaces.Box, spaces.Box]:
        """Returns the spaces of one environment's observations (O,) and actions (A,)."""
        size = self.observe().shape[1]
        low, high = self.model.actuator_ctrlrange.T.astype(np.float32)
        return (
            spaces.Box(-np.inf, np.inf, (size,), np.float64),
            spaces.Box(low, high, dtype=np.float32),
        )

    def observe(self) -> np.ndarray:
        """Returns the observations (N, O) float64, a new array."""
        return self.task.observe(self._physics)

    def reset(self, ids: np.ndarray, generators: Sequence[np.random.Generator]) -> None:
        """Starts the simulations `ids` (sorted) anew, drawing from each one's own generator.

        Args:
            ids: (n,) simulations to reset.
            generators: The generators of all N simulations.
        """
        self._batch.reset(ids, stage=mujoco.mjtStage.mjSTAGE_NONE.value)
        for i in ids:
            start = self.task.start(generators[i], self._start_qpos, self._start_qvel)
            self.qpos[i], self._qvel[i] = start
        self._batch.forward(ids)
        self.position[ids] = self.task.forward(self._physics)[ids]

    def step(self, actions: np.ndarray) -> np.ndarray:
        """Applies the actions (N, A) and returns the true rewards (N,) float64.

        Raises:
            TaskError: An action has the wrong shape, or is not finite (MuJoCo would go on with
                zeros in its place, and nobody would notice).
        """
        if np.shape(actions) != self._ctrl.shape:
            raise TaskError(
                f"Actions of shape {self._ctrl.shape} are needed, but {np.shape(actions)} came."
            )
        self._ctrl[:] = actions
        if not np.isfinite(self._ctrl).all():
            bad = np.flatnonzero(~np.isfinite(self._ctrl).all(axis=1)).tolist()
            raise TaskError(f"The actions of the environments {bad} are not finite numbers.")
        self._batch.step(nstep=self.task.frame_skip)
        before = self.position
        self.position = self.task.forward(self._physics).copy()
        velocity = (self.position - before) / self.step_seconds
        return self.task.reward(self._physics, velocity)


def _bind(batch: Batch) -> Physics:
    """Returns live views of the fields that tasks observe and reward."""
    return Physics(
        qpos=batch.bind("qpos"),
        qvel=batch.bind("qvel"),
        xpos=batch.bind("xpos"),
        xipos=batch.bind("xipos"),
        site_xpos=batch.bind("site_xpos"),
        cinert=batch.bind("cinert"),
        cvel=batch.bind("cvel"),
        qfrc_actuator=batch.bind("qfrc_actuator"),
        qfrc_constraint=batch.bind("qfrc_constraint"),
        body_mass=batch.model.body_mass,
    )
