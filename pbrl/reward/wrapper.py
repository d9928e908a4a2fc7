"""Gymnasium wrappers that put a learned reward in the place of a task's own.

They belong directly around the task: the reward takes raw observations and executed actions.
"""

import math
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.utils import RecordConstructorArgs
from gymnasium.vector import AutoresetMode, VectorEnv, VectorWrapper
from numpy.typing import NDArray

from pbrl.errors import TaskError
from pbrl.reward.saved import LearnedReward
from pbrl.rollout import encode_actions


class LearnedRewardWrapper(gymnasium.Wrapper, RecordConstructorArgs):
    """One environment that pays the learned reward; `info["true_reward"]` keeps the task's own.

    Args:
        env: The task.
        reward: What to pay.

    Raises:
        TaskError: The reward was learnt on a task of other observations or actions.
    """

    def __init__(self, env: gymnasium.Env, reward: LearnedReward) -> None:
        RecordConstructorArgs.__init__(self, reward=reward)  # for the environment's spec
        gymnasium.Wrapper.__init__(self, env)
        check_spaces(env.observation_space, env.action_space, reward)
        self._reward = reward

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Starts an episode."""
        observation, info = self.env.reset(seed=seed, options=options)
        self._seen = as_seen(observation, 1, self._reward)
        return observation, info

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Takes a step and pays for it what the learned reward says."""
        observation, reward, terminated, truncated, info = self.env.step(action)
        done = executed(np.asarray(action)[None], self.action_space)
        learned = self._reward(self._seen, done)[0]
        self._seen = as_seen(observation, 1, self._reward)
        return observation, float(learned), terminated, truncated, info | {"true_reward": reward}


class LearnedRewardVectorWrapper(VectorWrapper):
    """N environments that pay the learned reward; `info["true_reward"]` `(N,)` keeps the task's.

    Args:
        env: The tasks, with any way of starting episodes anew.
        reward: What to pay.

    Raises:
        TaskError: The reward was learnt on a task of other observations or actions.
    """

    def __init__(self, env: VectorEnv, reward: LearnedReward) -> None:
        super().__init__(env)
        check_spaces(env.single_observation_space, env.single_action_space, reward)
        self._reward = reward
        self._late = env.metadata.get("autoreset_mode") == AutoresetMode.NEXT_STEP
        self._ended = np.zeros(env.num_envs, dtype=bool)

    def reset(
        self, *, seed: Any = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Starts an episode everywhere."""
        observations, info = self.env.reset(seed=seed, options=options)
        self._seen = as_seen(observations, self.num_envs, self._reward)
        self._ended[:] = False
        return observations, info

    def step(self, actions: Any) -> tuple[Any, Any, Any, Any, dict[str, Any]]:
        """Takes a step everywhere; one that only starts an episode anew is paid 0."""
        observations, rewards, terminated, truncated, info = self.env.step(actions)
        done = executed(np.asarray(actions), self.single_action_space)
        learned = self._reward(self._seen, done).astype(np.float64)
        if self._late:
            learned[self._ended] = 0.0
        self._ended = terminated | truncated
        self._seen = as_seen(observations, self.num_envs, self._reward)
        return observations, learned, terminated, truncated, info | {"true_reward": rewards}


def check_spaces(observations: spaces.Space, actions: spaces.Space, reward: LearnedReward) -> None:
    """Refuses a task that the reward cannot judge.

    Args:
        observations: Of one environment.
        actions: Of one environment.
        reward: What is to judge them.

    Raises:
        TaskError: It was learnt on a task of other observations or actions.
    """
    fits = isinstance(observations, spaces.Box) and isinstance(
        actions, spaces.Box | spaces.Discrete
    )
    sizes = (spaces.flatdim(observations), spaces.flatdim(actions)) if fits else None
    size = math.prod(reward.observation_shape)
    if len(reward.observation_shape) == 3:  # pictures: the same numbers may lie in another order
        fits = fits and observations.shape == reward.observation_shape
        fits = fits and observations.dtype == np.uint8
    if not fits or sizes != (size, reward.action_size):
        raise TaskError(
            f"This reward was learnt on {reward.env_id}, with observations of shape "
            f"{reward.observation_shape} (pictures in uint8) and {reward.action_size} numbers in "
            f"an action; the task to be wrapped observes {observations} and acts in {actions}."
        )


def as_seen(observations: Any, count: int, reward: LearnedReward) -> NDArray[Any]:
    """Returns a copy `(count, ...)` of observations, in the shape that the reward was learnt on."""
    shape = reward.observation_shape
    dtype = np.uint8 if len(shape) == 3 else np.float32
    return np.array(observations, dtype=dtype).reshape(count, *shape)


def executed(actions: NDArray[Any], space: spaces.Space) -> NDArray[np.float32]:
    """Returns actions `(B, ...)` as the task executes them, `(B, A)`: clipped, or one-hot."""
    if isinstance(space, spaces.Box):
        actions = np.clip(actions, space.low, space.high)
    return encode_actions(actions, space)
