"""Ant: four legs in space; the true reward is its speed along x and its height.

Observations are those of Gymnasium's v5 without contact forces, which MuJoCo's batch does not
compute.
"""

import numpy as np

from envs.mujoco.task import Camera, MujocoTask, Physics, normal, uniform


def _start(
    rng: np.random.Generator, qpos: np.ndarray, qvel: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    return uniform(rng, qpos, 0.1), normal(rng, qvel, 0.1)


def _observe(physics: Physics) -> np.ndarray:
    return np.concatenate((physics.qpos[:, 2:], physics.qvel), axis=1)


def _reward(physics: Physics, velocity: np.ndarray) -> np.ndarray:
    return velocity + physics.qpos[:, 2] - 1.2


def _torso_x(physics: Physics) -> np.ndarray:
    return physics.xpos[:, 1, 0]


ANT = MujocoTask(
    xml="ant.xml",
    frame_skip=5,
    episode_steps=1000,
    clip_fps=20.0,
    look_for=(
        "First prefer the ant that stands upright, or higher; then the one that gets to the "
        "right faster."
    ),
    camera=Camera(distance=4.0, lookat=(0.0, 0.0, 0.4), track_body="torso", elevation=-25.0),
    start=_start,
    observe=_observe,
    reward=_reward,
    forward=_torso_x,
)
