import subprocess
import sys

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode

import envs
from envs import TASKS, describe, make_task

# The table: steps of an episode, frames a second at which clips are shown.
TABLE = {
    "pbrl/Hopper-v0": (1000, 40),
    "pbrl/Walker2d-v0": (1000, 30),
    "pbrl/Swimmer-v0": (1000, 40),
    "pbrl/HalfCheetah-v0": (1000, 20),
    "pbrl/Ant-v0": (1000, 20),
    "pbrl/Reacher-v0": (50, 10),
    "pbrl/Humanoid-v0": (1000, 40),
    "pbrl/InvertedPendulum-v0": (25, 10),
    "pbrl/InvertedDoublePendulum-v0": (50, 10),
}


def test_the_suite_is_the_table():
    found = {one: (describe(one).episode_steps, describe(one).clip_fps) for one in TASKS}
    assert found == TABLE


@pytest.mark.parametrize("env_id", [*TASKS, "Pendulum-v1"])
def test_description_fits_the_task(env_id):
    info, env = describe(env_id), make_task(env_id, 2)
    assert info.env_id == env_id
    assert env.single_observation_space == info.observation_space
    assert env.single_action_space == info.action_space
    assert info.draws_from_states == (env.render_states.shape[1] > 0)
    assert info.look_for.endswith(".")
    assert env.metadata["autoreset_mode"] is AutoresetMode.SAME_STEP
    observations, _ = env.reset(seed=0)
    assert env.observation_space.contains(observations)
    assert env.render_states.dtype == np.float32


@pytest.mark.parametrize("env_id", TASKS)
def test_is_registered_with_its_length(env_id):
    spec = gymnasium.spec(env_id)
    assert spec.max_episode_steps == TASKS[env_id].episode_steps
    batch = gymnasium.make_vec(env_id, num_envs=2, threads=1)
    assert batch.spec is not None
    assert batch.num_envs == 2


@pytest.mark.parametrize("env_id", TASKS)
def test_episodes_can_be_given_a_length(env_id):
    env = make_task(env_id, 2, episode_steps=7)
    env.reset(seed=0)
    action = np.zeros(env.action_space.shape, np.float32)
    ends = [bool(env.step(action)[3].all()) for _ in range(14)]
    assert ends == [*[False] * 6, True] * 2
    assert describe(env_id).episode_steps == TASKS[env_id].episode_steps


@pytest.mark.parametrize("env_id", ["Pendulum-v1", "pbrl/Pong-v0"])
def test_the_length_of_other_tasks_is_their_own(env_id):
    with pytest.raises(envs.TaskError, match=f"length of {env_id}'s episodes is its own"):
        make_task(env_id, 2, episode_steps=7)


@pytest.mark.parametrize("env_id", ["pbrl/Hopper-v0", "pbrl/Walker2d-v0", "pbrl/HalfCheetah-v0"])
def test_whole_turns_can_be_left_out_of_the_torsos_angle(env_id):
    turned = np.array([-7.0, 0.3, 4.0, -1.0])
    seen = []
    for wrap in (False, True):
        env = make_task(env_id, 4, wrap_angle=wrap)
        env.reset(seed=0)
        env._simulation.qpos[:, 2] = turned
        seen.append(env._simulation.observe())
    plain, wrapped = seen
    np.testing.assert_array_equal(plain[:, 1], turned)
    np.testing.assert_allclose(wrapped[:, 1], [2 * np.pi - 7, 0.3, 4 - 2 * np.pi, -1.0])
    np.testing.assert_array_equal(np.delete(plain, 1, 1), np.delete(wrapped, 1, 1))


@pytest.mark.parametrize("env_id", ["pbrl/Ant-v0", "pbrl/Pong-v0", "Pendulum-v1"])
def test_no_torso_turns_over_elsewhere(env_id):
    with pytest.raises(envs.TaskError, match=f"HalfCheetah-v0 only, not in {env_id}"):
        make_task(env_id, 2, wrap_angle=True)


def test_importing_is_enough_quiet_and_repeatable():
    program = (
        "import importlib, envs, gymnasium; importlib.reload(envs); "
        "gymnasium.make('pbrl/HalfCheetah-v0').reset(seed=0)"
    )
    root = envs.__path__[0].rsplit("/", 1)[0]
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], cwd=root, capture_output=True, check=True
    )
    assert done.stdout + done.stderr == b""
