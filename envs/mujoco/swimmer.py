"""Swimmer: three links in a viscous fluid; the true reward is its speed."""

import numpy as np

from envs.mujoco.task import Camera, MujocoTask, Physics, uniform


def _start(
    rng: np.random.Generator, qpos: np.ndarray, qvel: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    return uniform(rng, qpos, 0.1), uniform(rng, qvel, 0.1)


def _observe(physics: Physics) -> np.ndarray:
    return np.concatenate((physics.qpos[:, 2:], physics.qvel), axis=1)


def _reward(physics: Physics, velocity: np.ndarray) -> np.ndarray:
    return velocity


SWIMMER = MujocoTask(
    xml="swimmer.xml",
    frame_skip=4,
    episode_steps=1000,
    clip_fps=40.0,
    look_for="Prefer the swimmer that gets to the right as fast as it can.",
    camera=Camera(distance=4.5, track_body="torso", elevation=-50.0),
    start=_start,
    observe=_observe,
    reward=_reward,
)
