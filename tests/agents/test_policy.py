import gymnasium
import numpy as np
import pytest
import torch
from stable_baselines3 import PPO

from pbrl.agents import PreferencePPO
from pbrl.agents.policy import (
    Heads,
    PolicyFunction,
    log_likelihood,
    mean_entropy,
    read_weights,
    sample,
)
from pbrl.errors import ConfigError


@pytest.mark.parametrize("env_id", ["Pendulum-v1", "CartPole-v1"])
def test_equals_sb3s_evaluation(env_id):
    policy = PPO("MlpPolicy", env_id, seed=0, device="cpu").policy
    rng = np.random.default_rng(0)
    observations = torch.from_numpy(rng.normal(size=(30, policy.observation_space.shape[0])))
    with torch.no_grad():
        actions = policy(observations)[0]
        values, log_prob, entropy = policy.evaluate_actions(observations, actions)
        heads = PolicyFunction(policy)(*read_weights(policy), observations)
        torch.testing.assert_close(heads.values, values.flatten())
        torch.testing.assert_close(log_likelihood(heads, actions), log_prob)
        torch.testing.assert_close(mean_entropy(heads), entropy.mean())


def test_discrete_actions_are_drawn_from_the_softmax():
    logits = torch.tensor([[0.0, 1.0, -1.0]]).expand(40_000, 3)
    noise = np.random.default_rng(0).gumbel(size=(40_000, 3)).astype(np.float32)
    actions = sample(Heads(logits, torch.zeros(40_000), None), torch.from_numpy(noise))
    frequencies = torch.bincount(actions, minlength=3) / 40_000
    torch.testing.assert_close(frequencies, logits[0].softmax(0), atol=0.01, rtol=0)


def test_continuous_actions_are_drawn_from_the_gaussian():
    means, log_std = torch.tensor([[1.0, -2.0]]).expand(40_000, 2), torch.tensor([0.0, -1.0])
    noise = np.random.default_rng(0).standard_normal((40_000, 2), np.float32)
    actions = sample(Heads(means, torch.zeros(40_000), log_std), torch.from_numpy(noise))
    torch.testing.assert_close(actions.mean(0), means[0], atol=0.02, rtol=0)
    torch.testing.assert_close(actions.std(0), log_std.exp(), atol=0.02, rtol=0)


def test_other_weights_leave_the_policy_as_it_is():
    policy = PPO("MlpPolicy", "Pendulum-v1", device="cpu").policy
    weights = read_weights(policy)
    before = {name: value.clone() for name, value in policy.state_dict().items()}
    heads = PolicyFunction(policy)(weights.vector * 0, weights.buffers, torch.ones(1, 3))
    assert not heads.values.any()
    for name, value in policy.state_dict().items():
        assert torch.equal(value, before[name])


@pytest.mark.parametrize(
    ("space", "kwargs"),
    [
        (gymnasium.spaces.MultiDiscrete([2, 3]), {}),
        (gymnasium.spaces.Box(-1, 1, (2,)), {"use_sde": True}),
    ],
)
def test_unsupported_actions_are_refused(make_envs, space, kwargs):
    def make():
        env = gymnasium.make("Pendulum-v1")
        env.action_space = space
        return env

    with pytest.raises(ConfigError, match="Box and Discrete"):
        PreferencePPO("MlpPolicy", make_envs(make), **kwargs)
