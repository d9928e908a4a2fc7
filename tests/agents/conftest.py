import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from stable_baselines3.common.logger import Logger


class Corridor(gymnasium.Env):
    """Walk right from 0: +1 for each step to the right. Ends at `goal`, or by a time limit."""

    observation_space = gymnasium.spaces.Box(-10, 10, (1,), np.float64)
    action_space = gymnasium.spaces.Discrete(2)

    def __init__(self, goal=8):
        self.goal = goal

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.position = 0
        return np.array([0.0]), {}

    def step(self, action):
        self.position += 1 if action == 1 else -1
        observation = np.array([float(np.clip(self.position, -10, 10))])
        return observation, float(action), self.position >= self.goal, False, {}


@pytest.fixture
def corridor():
    """Returns a function that makes corridors."""
    return lambda goal=8, limit=5: gymnasium.wrappers.TimeLimit(Corridor(goal), limit)


@pytest.fixture
def make_envs():
    """Makes vector environments that reset in the same step, of an id or of a function."""

    def make(env, num_envs=2, **kwargs):
        one = (lambda: gymnasium.make(env, **kwargs)) if isinstance(env, str) else env
        return SyncVectorEnv([one] * num_envs, autoreset_mode=AutoresetMode.SAME_STEP)

    return make


@pytest.fixture
def silent():
    return Logger(folder=None, output_formats=[])
