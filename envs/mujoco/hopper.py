"""Hopper: one leg in the plane; the true reward is its speed and its height."""

import numpy as np

from envs.mujoco.task import Camera, MujocoTask, Physics, uniform


def _start(
    rng: np.random.Generator, qpos: np.ndarray, qvel: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    return uniform(rng, qpos, 5e-3), uniform(rng, qvel, 5e-3)


def _observe(physics: Physics) -> np.ndarray:
    velocities = physics.qvel.clip(-10.0, 10.0)
    return np.concatenate((physics.qpos[:, 1:], velocities), axis=1)


def _reward(physics: Physics, velocity: np.ndarray) -> np.ndarray:
    return velocity + physics.qpos[:, 1]


HOPPER = MujocoTask(
    xml="hopper.xml",
    frame_skip=4,
    episode_steps=1000,
    clip_fps=40.0,
    look_for=(
        "Prefer the hopper whose middle gets further to the right; when they are level, the "
        "higher one."
    ),
    camera=Camera(distance=2.9, lookat=(0.0, 0.0, 0.8), track_body="torso", elevation=-12.0),
    start=_start,
    observe=_observe,
    reward=_reward,
    torso_angle=1,
)
