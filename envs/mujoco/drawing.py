"""Pictures of MuJoCo tasks, drawn offscreen from saved states at any size and time."""

# pyright: reportAttributeAccessIssue=false
# (MuJoCo's compiled modules come without type stubs.)

from types import TracebackType
from typing import Self

import mujoco
import numpy as np

from envs.errors import TaskError
from envs.mujoco.opengl import open_context, opengl_error
from envs.mujoco.scenery import FLOOR_PERIOD, decorate
from envs.mujoco.simulation import compile_model, load_spec
from envs.mujoco.task import MujocoTask

_LARGEST_SIDE = 4096  # pixels


class Painter:
    """Draws states of one task at one size; use it in one thread, and close it.

    Smooth edges take about three times as long without a GPU: they are for films, not for clips
    that a person waits for. Shadows and reflections take longer still, distract, and stay off.
    """

    def __init__(self, task: MujocoTask, width: int, height: int, *, smooth: bool = False) -> None:
        """Opens an offscreen picture of `width` by `height` pixels.

        Raises:
            TaskError: The size is out of range, or this machine has no offscreen OpenGL.
        """
        if not (1 <= width <= _LARGEST_SIDE and 1 <= height <= _LARGEST_SIDE):
            raise TaskError(
                f"A picture has sides of 1 to {_LARGEST_SIDE} pixels, not {width} by {height}."
            )
        self._task = task
        spec = load_spec(task)
        decorate(spec)
        self._model = compile_model(spec)
        self._model.vis.global_.offwidth = width
        self._model.vis.global_.offheight = height
        self._model.vis.quality.shadowsize = 0
        self._model.vis.quality.offsamples = 4 if smooth else 0
        self._data = mujoco.MjData(self._model)
        self._body = self._model.body(task.camera.track_body or "world").id
        self._floor = mujoco.mj_name2id(self._model, mujoco.mjtObj.mjOBJ_GEOM.value, "floor")
        self._gl = open_context(width, height)
        try:
            font = mujoco.mjtFontScale.mjFONTSCALE_100.value
            self._context = mujoco.MjrContext(self._model, font)
        except mujoco.FatalError as error:
            raise opengl_error(error) from error
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN.value, self._context)
        self._scene = mujoco.MjvScene(self._model, maxgeom=1000)
        self._scene.flags[mujoco.mjtRndFlag.mjRND_SHADOW] = False
        self._scene.flags[mujoco.mjtRndFlag.mjRND_REFLECTION] = False
        self._area = mujoco.MjrRect(0, 0, width, height)

    def frames(self, states: np.ndarray) -> np.ndarray:
        """Returns pictures (T, height, width, 3) uint8 of the states (T, S).

        Raises:
            TaskError: The states are not of this task.
        """
        if np.ndim(states) != 2 or np.shape(states)[1] != self._model.nq:
            raise TaskError(
                f"States of shape (T, {self._model.nq}) are needed, but {np.shape(states)} came."
            )
        self._gl.make_current()
        pictures = np.empty((len(states), self._area.height, self._area.width, 3), np.uint8)
        for state, picture in zip(states, pictures, strict=True):
            self._draw(state, picture)
        return pictures

    def close(self) -> None:
        """Gives the OpenGL memory back; the painter cannot be used afterwards."""
        self._gl.make_current()
        self._context.free()
        self._gl.free()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _draw(self, state: np.ndarray, picture: np.ndarray) -> None:
        """Draws one state (S,) into `picture` (height, width, 3)."""
        self._data.qpos[:] = state
        mujoco.mj_fwdPosition(self._model, self._data)
        self._lay_floor()
        mujoco.mjv_updateScene(
            self._model,
            self._data,
            mujoco.MjvOption(),
            None,
            self._camera(),
            mujoco.mjtCatBit.mjCAT_ALL.value,
            self._scene,
        )
        mujoco.mjr_render(self._area, self._scene, self._context)
        mujoco.mjr_readPixels(picture, None, self._area, self._context)
        picture[:] = picture[::-1].copy()  # OpenGL's rows run upwards

    def _lay_floor(self) -> None:
        """Moves the floor along by whole periods, so that a fast runner never leaves it."""
        if self._floor >= 0:
            periods = np.round(self._data.xpos[self._body, :2] / FLOOR_PERIOD)
            self._data.geom_xpos[self._floor, :2] = FLOOR_PERIOD * periods

    def _camera(self) -> mujoco.MjvCamera:
        """Returns the task's camera, moved along the ground with the tracked body.

        Its height stays, so that a jump is seen as one.
        """
        wanted, camera = self._task.camera, mujoco.MjvCamera()
        camera.lookat[:] = wanted.lookat
        camera.lookat[:2] += self._data.xpos[self._body, :2]
        camera.distance = wanted.distance
        camera.azimuth, camera.elevation = wanted.azimuth, wanted.elevation
        return camera


def draw_states(
    task: MujocoTask, states: np.ndarray, width: int, height: int, *, smooth: bool = False
) -> np.ndarray:
    """Returns pictures (T, height, width, 3) uint8 of the states (T, S) of a task."""
    with Painter(task, width, height, smooth=smooth) as painter:
        return painter.frames(states)
