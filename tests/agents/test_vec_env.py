import gymnasium
import numpy as np
import pytest
from ale_py.vector_env import AtariVectorEnv
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import DummyVecEnv

from pbrl.agents import GymnasiumVecEnv, PreferencePPO
from pbrl.errors import ConfigError


@pytest.mark.parametrize("env_id", ["CartPole-v1", "Pendulum-v1"])
def test_steps_as_sb3s_own_vector_environment_does(make_envs, env_id):
    ours = GymnasiumVecEnv(make_envs(env_id, 3, max_episode_steps=30))
    theirs = DummyVecEnv([lambda: Monitor(gymnasium.make(env_id, max_episode_steps=30))] * 3)
    for env in (ours, theirs):
        env.action_space.seed(0)
        env.seed(5)
    np.testing.assert_array_equal(ours.reset(), theirs.reset())
    ends = 0
    for _ in range(70):
        actions = np.stack([ours.action_space.sample() for _ in range(3)])
        observations, rewards, dones, infos = ours.step(actions)
        their_observations, their_rewards, their_dones, their_infos = theirs.step(actions)
        np.testing.assert_array_equal(observations, their_observations)
        np.testing.assert_allclose(rewards, their_rewards, rtol=1e-6)
        np.testing.assert_array_equal(dones, their_dones)
        for info, their_info in zip(infos, their_infos, strict=True):
            assert ("episode" in info) == ("episode" in their_info)
            if "episode" in info:
                ends += 1
                assert info["TimeLimit.truncated"] == their_info["TimeLimit.truncated"]
                assert info["episode"]["l"] == their_info["episode"]["l"]
                assert info["episode"]["r"] == pytest.approx(their_info["episode"]["r"], abs=1e-5)
                np.testing.assert_array_equal(
                    info["terminal_observation"], their_info["terminal_observation"]
                )
    assert ends >= 6


def test_refuses_environments_that_reset_in_the_next_step():
    envs = SyncVectorEnv([lambda: gymnasium.make("CartPole-v1")])
    with pytest.raises(ConfigError, match="autoreset_mode=AutoresetMode.SAME_STEP"):
        GymnasiumVecEnv(envs)


def test_options_reach_the_next_reset():
    class Noting(gymnasium.Wrapper):
        def reset(self, *, seed=None, options=None):
            noted.append(options)
            return self.env.reset(seed=seed)

    noted = []
    envs = SyncVectorEnv(
        [lambda: Noting(gymnasium.make("CartPole-v1"))], autoreset_mode=AutoresetMode.SAME_STEP
    )
    adapted = GymnasiumVecEnv(envs)
    adapted.set_options({"low": -0.1})
    adapted.reset()
    adapted.reset()
    assert noted == [{"low": -0.1}, None]


def test_games_end_inside_wrappers_too():
    games = gymnasium.make_vec("pbrl/Pong-v0", num_envs=1, game_steps=10)
    adapted = GymnasiumVecEnv(gymnasium.wrappers.vector.ClipReward(games, -1, 1))
    adapted.reset()
    ends = ["episode" in adapted.step(np.zeros(1, np.int64))[3][0] for _ in range(25)]
    assert ends.count(True) == 2
    adapted.close()


def test_environments_with_a_send_of_another_kind_are_stepped():
    envs = AtariVectorEnv("pong", 2, autoreset_mode=AutoresetMode.SAME_STEP)
    adapted = GymnasiumVecEnv(envs)
    adapted.seed(3)
    seen = adapted.reset()
    observations, rewards, dones, _ = adapted.step(np.zeros(2, np.int64))
    assert observations.shape == seen.shape and (observations != seen).any()
    assert rewards.shape == dones.shape == (2,)
    adapted.close()


def test_render_states_are_the_environments_own(make_envs):
    envs = make_envs("CartPole-v1")
    assert GymnasiumVecEnv(envs).render_states.shape == (2, 0)
    envs.render_states = np.ones((2, 4), np.float32)
    assert GymnasiumVecEnv(envs).render_states is envs.render_states


def test_sb3_evaluates_in_it(make_envs):
    envs = make_envs("CartPole-v1")
    agent = PreferencePPO("MlpPolicy", envs, n_steps=32, device="cpu", compiled=False)
    mean, _ = evaluate_policy(agent, GymnasiumVecEnv(envs), n_eval_episodes=4)
    assert 5 < mean <= 500


def test_attributes_of_each_environment(make_envs):
    envs = GymnasiumVecEnv(make_envs("CartPole-v1", 3))
    assert [spec.id for spec in envs.get_attr("spec", [0, 2])] == ["CartPole-v1"] * 2
    assert envs.env_method("has_wrapper_attr", "gravity") == [True] * 3
