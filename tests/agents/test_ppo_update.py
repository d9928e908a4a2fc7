import numpy as np
import pytest
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from torch import nn

from pbrl.agents import PreferencePPO
from pbrl.agents.ppo_update import clip_norm
from pbrl.errors import ConfigError

STEPS, ENVS = 40, 3


class Learnt(BaseFeaturesExtractor):
    """An extractor with weights, which SB3 keeps under three names."""

    def __init__(self, observation_space):
        super().__init__(observation_space, 8)
        self.layer = nn.Linear(observation_space.shape[0], 8)

    def forward(self, observations):
        return self.layer(observations).tanh()


def rollout_in_sb3(sb3, agent):
    """Puts what the agent collected into SB3's buffer, advantages computed by SB3."""
    recording, buffer = agent._recording, sb3.rollout_buffer
    rollout = recording.rollout
    buffer.reset()
    buffer.observations[:] = rollout.observations
    buffer.actions[:] = recording.actions.reshape(buffer.actions.shape)
    buffer.values[:], buffer.log_probs[:] = recording.values, recording.log_probs
    buffer.rewards[:] = rollout.true_rewards + agent.gamma * recording.final_values
    buffer.episode_starts[1:] = rollout.ended[:-1]
    buffer.full = True
    last_values = torch.from_numpy(recording.last_values)
    buffer.compute_returns_and_advantage(last_values, rollout.ended[-1])


VARIANTS = {
    "box": ("Pendulum-v1", {}),
    "discrete": ("CartPole-v1", {"ent_coef": 0.05}),
    "all coefficients": (
        "Pendulum-v1",
        {"ent_coef": 0.02, "vf_coef": 0.9, "clip_range_vf": 0.05, "max_grad_norm": 0.1},
    ),
    "advantages as they are": ("Pendulum-v1", {"normalize_advantage": False}),
    "a smaller last minibatch": ("CartPole-v1", {"batch_size": 50}),
    "early stop": ("CartPole-v1", {"target_kl": 2e-4, "learning_rate": 3e-3}),
    "schedules": ("Pendulum-v1", {"learning_rate": lambda p: 1e-3 * p, "clip_range": lambda p: p}),
    "a learnt extractor": (
        "Pendulum-v1",
        {"policy_kwargs": {"features_extractor_class": Learnt}},
    ),
    "two learnt extractors": (
        "Pendulum-v1",
        {"policy_kwargs": {"features_extractor_class": Learnt, "share_features_extractor": False}},
    ),
}


@pytest.mark.filterwarnings("ignore:You have specified a mini-batch size")
@pytest.mark.parametrize("variant", VARIANTS)
def test_equals_sb3s_train(make_envs, silent, variant):
    env_id, kwargs = VARIANTS[variant]
    kwargs = {"n_steps": STEPS, "batch_size": 40, "n_epochs": 4, "device": "cpu"} | kwargs
    envs = make_envs(env_id, ENVS, max_episode_steps=17)
    agent = PreferencePPO("MlpPolicy", envs, seed=1, compiled=False, **kwargs)
    sb3 = PPO("MlpPolicy", agent.env, **kwargs)
    sb3.set_parameters(agent.get_parameters())
    for model in (agent, sb3):
        model.set_logger(silent)
        model._current_progress_remaining = 0.7
    for seed in range(2):  # the second with moments that Adam remembers
        agent.collect()
        rollout_in_sb3(sb3, agent)
        agent._rng = np.random.RandomState(seed)  # noqa: NPY002 (what SB3 shuffles with)
        agent.train()
        ours = dict(silent.name_to_value)
        silent.name_to_value.clear()
        np.random.seed(seed)  # noqa: NPY002
        sb3.train()
        theirs = dict(silent.name_to_value)
        silent.name_to_value.clear()
        assert agent._n_updates == sb3._n_updates
        assert_same_parameters(agent, sb3)
        assert ours == pytest.approx(theirs, abs=2e-5, rel=1e-4)
    assert ("early" not in variant) or agent._n_updates < 8


def assert_same_parameters(agent, sb3):
    for name, theirs in sb3.policy.state_dict().items():
        ours = agent.policy.state_dict()[name]
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=0, msg=name)
    our_state, their_state = (m.policy.optimizer.state_dict()["state"] for m in (agent, sb3))
    assert our_state.keys() == their_state.keys()
    for key in their_state:
        assert our_state[key]["step"] == their_state[key]["step"]
        for moment in ("exp_avg", "exp_avg_sq"):
            ours, theirs = our_state[key][moment], their_state[key][moment]
            torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-3)


@pytest.mark.parametrize("max_norm", [0.5, 100.0])
def test_norm_is_clipped_as_torch_clips_it(max_norm):
    grad = torch.tensor([3.0, -4.0])
    theirs = torch.zeros(2, requires_grad=True)
    theirs.grad = grad.clone()
    nn.utils.clip_grad_norm_([theirs], max_norm)
    torch.testing.assert_close(clip_norm(grad, torch.tensor(max_norm)), theirs.grad)


@pytest.mark.parametrize(
    "policy_kwargs",
    [{"optimizer_class": torch.optim.SGD}, {"optimizer_kwargs": {"weight_decay": 0.1}}],
)
def test_other_optimisers_are_refused(make_envs, policy_kwargs):
    with pytest.raises(ConfigError, match="plain Adam"):
        PreferencePPO("MlpPolicy", make_envs("CartPole-v1"), policy_kwargs=policy_kwargs)
