import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from stable_baselines3.common.env_checker import check_env as sb3_check_env

from envs import TASKS

# In the nature of these tasks, as of Gymnasium's own.
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*A Box observation space m(in|ax)imum value is"),
    pytest.mark.filterwarnings("ignore:.*For Box action spaces, we recommend using a symmetric"),
    pytest.mark.filterwarnings("ignore:.*We recommend you to use a symmetric and normalized Box"),
]


@pytest.mark.parametrize("env_id", TASKS)
def test_passes_gymnasiums_checks(env_id):
    env = gymnasium.make(env_id)
    check_env(env.unwrapped, skip_render_check=env_id != "pbrl/HalfCheetah-v0")


@pytest.mark.parametrize("env_id", TASKS)
def test_passes_stable_baselines3s_checks(env_id):
    sb3_check_env(gymnasium.make(env_id))


@pytest.mark.parametrize("env_id", TASKS)
def test_lasts_exactly_its_steps_whatever_happens(env_id):
    env = gymnasium.make(env_id)
    env.reset(seed=0)
    action = env.action_space.high
    for count in range(1, TASKS[env_id].episode_steps + 1):
        observation, reward, terminated, truncated, _ = env.step(action)
        assert np.isfinite(reward)
        assert np.isfinite(observation).all()
        assert not terminated
        assert truncated == (count == TASKS[env_id].episode_steps)


def test_renders_at_the_size_asked():
    env = gymnasium.make("pbrl/Hopper-v0", render_mode="rgb_array", width=96, height=64)
    env.reset(seed=0)
    first = env.render()
    assert first.shape == (64, 96, 3)
    for _ in range(20):
        env.step(env.action_space.high)
    assert not np.array_equal(env.render(), first)
    assert env.metadata["render_fps"] == 125
    env.close()
