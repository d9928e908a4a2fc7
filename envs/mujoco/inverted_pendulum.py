"""InvertedPendulum: a pole on a cart; the true reward falls with the pole's angle."""

import numpy as np

from envs.mujoco.task import Camera, MujocoTask, Physics, uniform


def _start(
    rng: np.random.Generator, qpos: np.ndarray, qvel: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    return uniform(rng, qpos, 0.01), uniform(rng, qvel, 0.01)


def _observe(physics: Physics) -> np.ndarray:
    return np.concatenate((physics.qpos, physics.qvel), axis=1)


def _reward(physics: Physics, velocity: np.ndarray) -> np.ndarray:
    return 1.0 - np.square(physics.qpos[:, 1])


INVERTED_PENDULUM = MujocoTask(
    xml="inverted_pendulum.xml",
    frame_skip=2,
    episode_steps=25,
    clip_fps=10.0,
    look_for="Prefer the pole that stays closer to upright. Ties and can't-tells are common here.",
    camera=Camera(distance=2.6, lookat=(0.0, 0.0, 0.15), elevation=-10.0),
    start=_start,
    observe=_observe,
    reward=_reward,
)
