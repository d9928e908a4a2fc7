"""Humanoid: a body with arms and legs; the true reward is its speed along x and its height.

Observations are those of Gymnasium's v5 without contact forces, which MuJoCo's batch does not
compute. The paper does not have this task; its reward follows the form of the others.
"""

import numpy as np

from envs.mujoco.task import Camera, MujocoTask, Physics, uniform


def _start(
    rng: np.random.Generator, qpos: np.ndarray, qvel: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    return uniform(rng, qpos, 1e-2), uniform(rng, qvel, 1e-2)


def _observe(physics: Physics) -> np.ndarray:
    num_envs = len(physics.qpos)
    return np.concatenate(
        (
            physics.qpos[:, 2:],
            physics.qvel,
            physics.cinert[:, 1:].reshape(num_envs, -1),
            physics.cvel[:, 1:].reshape(num_envs, -1),
            physics.qfrc_actuator[:, 6:],
        ),
        axis=1,
    )


def _reward(physics: Physics, velocity: np.ndarray) -> np.ndarray:
    return 1.25 * velocity + 5.0 * (physics.qpos[:, 2] - 1.0)


def _centre_of_mass_x(physics: Physics) -> np.ndarray:
    moments = physics.xipos[:, :, 0] * physics.body_mass
    return moments.sum(axis=1) / physics.body_mass.sum()


HUMANOID = MujocoTask(
    xml="humanoid.xml",
    frame_skip=5,
    episode_steps=1000,
    clip_fps=40.0,
    look_for=(
        "First prefer the body that stands upright, or higher; then the one that gets to the "
        "right faster."
    ),
    camera=Camera(distance=3.4, lookat=(0.0, 0.0, 0.9), track_body="torso", elevation=-12.0),
    start=_start,
    observe=_observe,
    reward=_reward,
    forward=_centre_of_mass_x,
)
