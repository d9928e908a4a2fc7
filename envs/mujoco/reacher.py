"""Reacher: an arm of two links and a target; the true reward is minus the distance between them."""

import numpy as np

from envs.mujoco.task import Camera, MujocoTask, Physics, uniform

_FINGERTIP, _TARGET = 3, 4  # bodies of the model


def _reach(physics: Physics) -> np.ndarray:
    """Returns the way from the target to the fingertip (N, 3), m."""
    return physics.xpos[:, _FINGERTIP] - physics.xpos[:, _TARGET]


def _start(
    rng: np.random.Generator, qpos: np.ndarray, qvel: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    arm = uniform(rng, qpos, 0.1)
    target = rng.uniform(-0.2, 0.2, size=2)
    while np.linalg.norm(target) >= 0.2:
        target = rng.uniform(-0.2, 0.2, size=2)
    velocities = uniform(rng, qvel, 5e-3)
    return np.append(arm[:2], target), np.append(velocities[:2], (0.0, 0.0))


def _observe(physics: Physics) -> np.ndarray:
    angles = physics.qpos[:, :2]
    return np.concatenate(
        (
            np.cos(angles),
            np.sin(angles),
            physics.qpos[:, 2:],
            physics.qvel[:, :2],
            _reach(physics)[:, :2],
        ),
        axis=1,
    )


def _reward(physics: Physics, velocity: np.ndarray) -> np.ndarray:
    return -np.linalg.norm(_reach(physics), axis=1)


REACHER = MujocoTask(
    xml="reacher.xml",
    frame_skip=2,
    episode_steps=50,
    clip_fps=10.0,
    look_for=(
        "Prefer the arm whose tip stays nearer to the target; a steady middling distance "
        "beats being near first and far afterwards."
    ),
    camera=Camera(distance=0.7, elevation=-90.0),
    start=_start,
    observe=_observe,
    reward=_reward,
)
