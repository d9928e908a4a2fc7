"""The table of true rewards, computed by hand."""

import dataclasses

import numpy as np
import pytest

from envs import TASKS
from envs.mujoco.simulation import Simulation
from envs.mujoco.task import Physics

NOTHING = Physics(*[np.full((1, 1, 1), np.nan)] * len(dataclasses.fields(Physics)))


def at(**fields):
    """Physics of one simulation in which all but the given fields are NaN."""
    return dataclasses.replace(NOTHING, **{k: np.array([v]) for k, v in fields.items()})


@pytest.mark.parametrize(
    ("env_id", "physics", "velocity", "expected"),
    [
        ("pbrl/Hopper-v0", at(qpos=[9.0, 1.25]), 2.0, 3.25),
        ("pbrl/Walker2d-v0", at(qpos=[9.0, 1.5]), 2.0, 2.5),
        ("pbrl/Swimmer-v0", NOTHING, -0.5, -0.5),
        ("pbrl/HalfCheetah-v0", NOTHING, 4.0, 4.0),
        ("pbrl/Ant-v0", at(qpos=[9.0, 9.0, 0.7]), 2.0, 1.5),
        ("pbrl/Humanoid-v0", at(qpos=[9.0, 9.0, 1.4]), 2.0, 4.5),
        ("pbrl/InvertedPendulum-v0", at(qpos=[9.0, 0.5]), np.nan, 0.75),
        # Bodies 3 and 4 are the fingertip and the target, 3-4-5 apart.
        (
            "pbrl/Reacher-v0",
            at(xpos=[[9.0] * 3] * 3 + [[0.1, 0.2, 0.01], [0.4, 0.6, 0.01]]),
            np.nan,
            -0.5,
        ),
        # 10 alive, less .01 * 2^2 and (1.5 - 2)^2 for the place, .001 * 10^2 and .005 * 4^2 for
        # the speeds, and 10 * (1.5 - 1) for the tip's height.
        (
            "pbrl/InvertedDoublePendulum-v0",
            at(site_xpos=[[2.0, 0.0, 1.5]], qvel=[9.0, 10.0, 4.0]),
            np.nan,
            10 - 0.04 - 0.25 - 0.1 - 0.08 + 5,
        ),
    ],
)
def test_true_reward(env_id, physics, velocity, expected):
    reward = TASKS[env_id].reward(physics, np.array([velocity]))
    assert reward.shape == (1,)
    assert reward[0] == pytest.approx(expected)


def test_humanoid_runs_with_its_centre_of_mass():
    physics = dataclasses.replace(
        NOTHING,
        xipos=np.array([[[1.0, 9.0, 9.0], [4.0, 9.0, 9.0]]]),
        body_mass=np.array([2.0, 1.0]),
    )
    assert TASKS["pbrl/Humanoid-v0"].forward(physics) == pytest.approx([2.0])


@pytest.mark.parametrize("env_id", TASKS)
def test_velocity_is_metres_per_simulated_second(env_id):
    seen = []
    task = dataclasses.replace(
        TASKS[env_id], reward=lambda physics, velocity: seen.append(velocity)
    )
    simulation = Simulation(task, 1)
    simulation.reset(np.array([0]), [np.random.default_rng(0)])
    before = simulation.position.copy()
    simulation.step(np.full((1, simulation.model.nu), 0.1))
    seconds = simulation.model.opt.timestep * task.frame_skip
    assert seen[0] == pytest.approx((simulation.position - before) / seconds)
