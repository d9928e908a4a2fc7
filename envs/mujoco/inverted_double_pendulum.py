"""InvertedDoublePendulum: two poles on a cart; the true reward asks for the tip up and still."""

import numpy as np

from envs.mujoco.task import Camera, MujocoTask, Physics, normal, uniform


def _start(
    rng: np.random.Generator, qpos: np.ndarray, qvel: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    return uniform(rng, qpos, 0.1), normal(rng, qvel, 0.1)


def _observe(physics: Physics) -> np.ndarray:
    angles = physics.qpos[:, 1:]
    return np.concatenate(
        (
            physics.qpos[:, :1],
            np.sin(angles),
            np.cos(angles),
            physics.qvel.clip(-10.0, 10.0),
            physics.qfrc_constraint[:, :1].clip(-10.0, 10.0),
        ),
        axis=1,
    )


def _reward(physics: Physics, velocity: np.ndarray) -> np.ndarray:
    """Gymnasium's three terms, and a fourth where Gymnasium ends the episode."""
    x, z = physics.site_xpos[:, 0, 0], physics.site_xpos[:, 0, 2]
    alive = 10.0
    distance = 0.01 * np.square(x) + np.square(z - 2.0)
    speed = 1e-3 * np.square(physics.qvel[:, 1]) + 5e-3 * np.square(physics.qvel[:, 2])
    return alive - distance - speed + 10.0 * (z - 1.0)


INVERTED_DOUBLE_PENDULUM = MujocoTask(
    xml="inverted_double_pendulum.xml",
    frame_skip=5,
    episode_steps=50,
    clip_fps=10.0,
    look_for="Prefer the poles that stay upright and steady, with the cart near the middle.",
    camera=Camera(distance=3.6, lookat=(0.0, 0.0, 0.1), elevation=-10.0),
    start=_start,
    observe=_observe,
    reward=_reward,
)
