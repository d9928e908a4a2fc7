"""HalfCheetah: a two-legged runner in the plane; the true reward is its speed."""

import numpy as np

from envs.mujoco.task import Camera, MujocoTask, Physics, normal, uniform


def _start(
    rng: np.random.Generator, qpos: np.ndarray, qvel: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    return uniform(rng, qpos, 0.1), normal(rng, qvel, 0.1)


def _observe(physics: Physics) -> np.ndarray:
    return np.concatenate((physics.qpos[:, 1:], physics.qvel), axis=1)


def _reward(physics: Physics, velocity: np.ndarray) -> np.ndarray:
    return velocity


HALF_CHEETAH = MujocoTask(
    xml="half_cheetah.xml",
    frame_skip=5,
    episode_steps=1000,
    clip_fps=20.0,
    look_for="Prefer the cheetah that gets to the right as fast as it can.",
    camera=Camera(distance=2.9, lookat=(0.0, 0.0, 0.45), track_body="torso", elevation=-12.0),
    start=_start,
    observe=_observe,
    reward=_reward,
    torso_angle=1,
)
