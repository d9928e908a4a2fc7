"""The tasks: fixed length, whatever happens; a reward that knows nothing of torques."""

import dataclasses

import numpy as np
import pytest

import envs
from envs.mujoco.simulation import Simulation


@pytest.mark.parametrize("env_id", envs.TASKS)
def test_an_episode_lasts_its_number_of_steps(env_id):
    """Full force one way lets every body fall; Gymnasium's own task would have ended."""
    env, steps = envs.make_task(env_id, 2), envs.describe(env_id).episode_steps
    env.reset(seed=0)
    space = env.single_action_space
    ends = []
    for step in range(2 * steps):
        force = space.high if step % 40 < 30 else space.low
        _, rewards, terminated, truncated, _ = env.step(np.stack([force, -force]))
        assert np.isfinite(rewards).all()
        assert not terminated.any()
        assert truncated[0] == truncated[1]
        ends += [step + 1] if truncated[0] else []
    assert ends == [steps, 2 * steps]


@pytest.mark.parametrize("env_id", envs.TASKS)
def test_the_reward_has_no_term_for_torques(env_id):
    """Equal motion earns equal rewards, whatever forces the actuators exert."""
    task = envs.TASKS[env_id]
    simulation = Simulation(task, 3)
    rng = np.random.default_rng(0)
    simulation.reset(np.arange(3), [rng] * 3)
    simulation.step(rng.uniform(-0.1, 0.1, (3, simulation.model.nu)))
    physics, velocity = simulation._physics, rng.normal(size=3)
    forces = dataclasses.replace(physics, qfrc_actuator=1e3 * rng.normal(size=physics.qvel.shape))
    np.testing.assert_array_equal(task.reward(physics, velocity), task.reward(forces, velocity))


FALLEN = {
    "pbrl/Hopper-v0": 1, "pbrl/Walker2d-v0": 1, "pbrl/Ant-v0": 2, "pbrl/Humanoid-v0": 2,
}  # fmt: skip
"""Tasks that Gymnasium ends when the torso falls: where its height stands in qpos."""


@pytest.mark.parametrize("env_id", FALLEN)
def test_where_gymnasium_ends_an_episode_ours_pays_less(env_id):
    task, height = envs.TASKS[env_id], FALLEN[env_id]
    simulation = Simulation(task, 1)
    simulation.reset(np.array([0]), [np.random.default_rng(0)])
    standing = task.reward(simulation._physics, np.zeros(1))
    simulation.qpos[0, height] -= 0.5
    assert task.reward(simulation._physics, np.zeros(1)) <= standing - 0.5


def test_a_falling_pole_pays_less_and_goes_on():
    for env_id in ("pbrl/InvertedPendulum-v0", "pbrl/InvertedDoublePendulum-v0"):
        env = envs.make_task(env_id, 1)
        env.reset(seed=0)
        space = env.single_action_space
        steps = envs.describe(env_id).episode_steps
        rewards = [env.step(space.high[None])[1][0] for _ in range(steps)]
        assert min(rewards) < rewards[0] - 0.5
