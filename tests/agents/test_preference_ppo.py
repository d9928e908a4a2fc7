import copy
import json

import gymnasium
import numpy as np
import pytest
import torch
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.policies import ActorCriticPolicy

from pbrl.agents import PreferencePPO
from pbrl.errors import ConfigError, NumericalError


@pytest.fixture
def make_agent(make_envs):
    def make(env="Pendulum-v1", num_envs=2, **kwargs):
        kwargs = {"n_steps": 16, "n_epochs": 2, "batch_size": 16, "seed": 3} | kwargs
        envs = make_envs(env, num_envs)
        return PreferencePPO("MlpPolicy", envs, device="cpu", compiled=False, **kwargs)

    return make


def vector(agent):
    return torch.nn.utils.parameters_to_vector(agent.policy.parameters()).detach().clone()


@pytest.mark.parametrize("env_id", ["Pendulum-v1", "CartPole-v1"])
def test_the_rollout_is_what_happened(make_agent, env_id):
    agent = make_agent(env_id, n_steps=64)
    rollout = agent.collect()
    discrete = isinstance(agent.action_space, gymnasium.spaces.Discrete)
    for i in range(2):
        env = gymnasium.make(env_id)
        observation, _ = env.reset(seed=3 + i)
        for t in range(64):
            np.testing.assert_allclose(rollout.observations[t, i], observation, rtol=1e-6)
            action = rollout.actions[t, i]
            action = int(action @ np.arange(2)) if discrete else action
            observation, reward, terminated, truncated, _ = env.step(action)
            assert rollout.true_rewards[t, i] == reward
            assert rollout.terminated[t, i] == terminated
            assert rollout.truncated[t, i] == (truncated and not terminated)
            if terminated or truncated:
                observation, _ = env.reset()
    if discrete:
        assert rollout.terminated.any()
        np.testing.assert_array_equal(rollout.actions.sum(-1), 1.0)
    assert agent.num_timesteps == 128


def test_executed_actions_are_clipped_and_learning_uses_those_drawn(make_agent):
    agent = make_agent(policy_kwargs={"log_std_init": 2.0}, n_steps=64)
    rollout, drawn = agent.collect(), agent._recording.actions
    assert abs(drawn).max() > 2.0
    np.testing.assert_array_equal(rollout.actions, drawn.clip(-2.0, 2.0))
    observations = torch.from_numpy(rollout.observations).reshape(-1, 3)
    actions = torch.from_numpy(drawn).reshape(-1, 1)
    values, log_probs, _ = agent.policy.evaluate_actions(observations, actions)
    np.testing.assert_allclose(
        agent._recording.log_probs.ravel(), log_probs.detach(), rtol=1e-5, atol=1e-5
    )
    np.testing.assert_allclose(
        agent._recording.values.ravel(), values.detach().flatten(), rtol=1e-5, atol=1e-5
    )


def test_same_seed_same_agent(make_agent):
    agents = [make_agent(seed=seed) for seed in (5, 5, 6)]
    for agent in agents:
        for _ in range(2):
            agent.update(agent.collect().true_rewards)
    assert torch.equal(vector(agents[0]), vector(agents[1]))
    assert not torch.equal(vector(agents[0]), vector(agents[2]))


def test_all_noise_comes_from_the_agents_own_generator(make_agent):
    agents = [make_agent() for _ in range(2)]
    for number, agent in enumerate(agents):
        torch.manual_seed(number)
        np.random.seed(number)  # noqa: NPY002 (to show that it does not matter)
        agent.update(agent.collect().true_rewards)
    assert torch.equal(vector(agents[0]), vector(agents[1]))


def test_the_generators_state_survives_json(make_agent):
    agent = make_agent()
    state = json.loads(json.dumps(agent.rng_state()))
    first = np.array(agent.collect().actions)
    agent.set_rng_state(state)
    agent.env.seed(3)
    agent._last_obs = None
    np.testing.assert_array_equal(agent.collect().actions, first)


def test_true_rewards_do_not_reach_update(make_agent):
    agents = [make_agent() for _ in range(2)]
    given = np.random.default_rng(0).normal(size=(16, 2))
    for agent, true_reward in zip(agents, (0.0, np.nan), strict=True):
        rollout = agent.collect()
        rollout.true_rewards[:] = true_reward
        agent.update(given)
    assert torch.equal(vector(agents[0]), vector(agents[1]))


def test_the_given_rewards_do_reach_update(make_agent):
    agents = [make_agent() for _ in range(2)]
    for agent, sign in zip(agents, (1, -1), strict=True):
        agent.update(sign * agent.collect().true_rewards)
    assert not torch.equal(vector(agents[0]), vector(agents[1]))


def test_a_timeout_is_bootstrapped_and_an_end_is_not(make_agent, corridor):
    timeout = make_agent(lambda: corridor(goal=99, limit=5), n_steps=5, batch_size=10)
    rollout, recording = timeout.collect(), timeout._recording
    assert rollout.truncated[4].all()
    assert not rollout.terminated.any()
    finals = rollout.observations[4] + 2 * rollout.actions[4, :, 1:] - 1
    values = timeout.policy.predict_values(torch.from_numpy(finals)).detach().flatten()
    np.testing.assert_allclose(recording.final_values[4], values, rtol=1e-5)
    assert not recording.final_values[:4].any()
    end = make_agent(lambda: corridor(goal=-9, limit=5), n_steps=5, batch_size=10)
    rollout = end.collect()
    assert rollout.terminated.all()
    assert not rollout.truncated.any()
    assert not end._recording.final_values.any()


def test_learns_to_walk_right_from_rewards_given_and_left_from_their_negative(make_agent, corridor):
    for sign in (1, -1):
        agent = make_agent(
            lambda: corridor(goal=99, limit=20),
            num_envs=4,
            n_steps=40,
            n_epochs=10,
            batch_size=40,
            learning_rate=3e-3,
            gamma=0.9,
        )
        for _ in range(6):
            rollout = agent.collect()
            agent.update(sign * rollout.actions[..., 1])
        went_right = agent.collect().actions[..., 1].mean()
        assert went_right > 0.9 if sign == 1 else went_right < 0.1


class Counter(BaseCallback):
    def __init__(self, stop_after=None):
        super().__init__()
        self.counts, self.stop_after = (
            dict.fromkeys(("start", "step", "end", "stop"), 0),
            stop_after,
        )

    def _on_rollout_start(self):
        self.counts["start"] += 1

    def _on_step(self):
        self.counts["step"] += 1
        assert len(self.locals["infos"]) == 2
        return self.counts["step"] != self.stop_after

    def _on_rollout_end(self):
        self.counts["end"] += 1

    def _on_training_end(self):
        self.counts["stop"] += 1


def test_learn_calls_callbacks_and_logs_what_sb3_logs(make_agent, silent):
    agent, counter = make_agent("CartPole-v1"), Counter()
    agent.set_logger(silent)
    agent.learn(100, callback=counter)
    assert counter.counts == {"start": 4, "step": 64, "end": 4, "stop": 1}
    assert agent.num_timesteps == 128
    assert {"train/loss", "train/approx_kl", "train/explained_variance"} <= set(
        silent.name_to_value
    )
    assert len(agent.ep_info_buffer) > 0


def test_a_callback_stops_learn_and_half_a_rollout_is_not_learnt_from(make_agent):
    agent = make_agent()
    before = vector(agent)
    agent.collect()
    agent.learn(1000, callback=Counter(stop_after=5))
    assert agent.num_timesteps == 10
    assert torch.equal(vector(agent), before)
    with pytest.raises(RuntimeError, match="collect"):
        agent.update(np.zeros((16, 2)))


def test_learn_reaches_a_sane_return(make_agent):
    agent = make_agent(
        "CartPole-v1", num_envs=4, n_steps=128, n_epochs=8, batch_size=128, learning_rate=3e-3
    )
    agent.learn(12_000)
    assert np.mean([episode["r"] for episode in agent.ep_info_buffer]) > 80


def test_scaled_rewards_make_the_scale_of_the_task_immaterial(make_agent):
    agents = [make_agent(normalize_reward=True, vf_coef=0.0) for _ in range(2)]
    for agent, scale in zip(agents, (1.0, 1000.0), strict=True):
        agent.update(scale * agent.collect().true_rewards)
    torch.testing.assert_close(vector(agents[0]), vector(agents[1]), atol=1e-4, rtol=0)


def test_resumes_acting_where_restored_environments_are(make_agent):
    agent = make_agent()
    agent.collect()
    expected = np.array(agent._last_obs)
    agent.env.unwrapped.envs.observations = expected
    agent._last_obs = None
    assert agent.last_rollout is not None
    agent.resume_acting()
    np.testing.assert_array_equal(agent.collect().observations[0], expected)


def test_goes_on_exactly_from_a_saved_agent(make_agent, tmp_path):
    agent = make_agent("CartPole-v1", normalize_reward=True)
    agent.update(agent.collect().true_rewards)
    agent.save(tmp_path / "agent")
    envs = copy.deepcopy(agent.env)
    loaded = PreferencePPO.load(tmp_path / "agent", envs, device="cpu", force_reset=False)
    assert loaded.compiled is False
    for model in (agent, loaded):
        model.update(model.collect().true_rewards)
    assert torch.equal(vector(agent), vector(loaded))
    assert agent.num_timesteps == loaded.num_timesteps == 64
    assert agent.rng_state() == loaded.rng_state()


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_acts_and_learns_on_the_device(make_envs, device):
    if device == "cuda" and not torch.cuda.is_available():
        pytest.skip("no GPU")
    agent = PreferencePPO(
        "MlpPolicy", make_envs("Pendulum-v1"), n_steps=32, device=device, compiled=False
    )
    agent.update(agent.collect().true_rewards)
    assert {p.device.type for p in agent.policy.parameters()} == {device}


def test_bad_rewards_are_named(make_agent):
    agent = make_agent()
    rewards = np.array(agent.collect().true_rewards)
    before = vector(agent)
    rewards[7, 1] = np.inf
    with pytest.raises(NumericalError, match="environment 1 at step 7 .*inf"):
        agent.update(rewards)
    with pytest.raises(ValueError, match=r"\(2, 16\)"):
        agent.update(rewards.T)
    assert torch.equal(vector(agent), before)


def test_parameters_that_are_not_finite_are_not_taken_over(make_agent):
    agent = make_agent(learning_rate=1e30)
    before = vector(agent)
    rewards = agent.collect().true_rewards
    with pytest.raises(NumericalError, match="left as before"):
        agent.update(rewards)
    assert torch.equal(vector(agent), before)


def test_an_observation_that_is_not_finite_is_named(make_agent, corridor):
    class Broken(gymnasium.ObservationWrapper):
        def observation(self, observation):
            return observation * (np.nan if abs(observation[0]) == 3 else 1.0)

    agent = make_agent(lambda: Broken(corridor(limit=9)))
    with pytest.raises(NumericalError, match=r"observation of environment \d at step \d+ .*nan"):
        agent.collect()
    assert np.isnan(agent.last_rollout.observations).any()


def test_what_would_not_be_computed_is_refused(make_agent, make_envs):
    """Parts that are not to be learnt, policies that act in their own way, boxes of boxes."""
    agent = make_agent("Pendulum-v1")
    agent.collect()
    agent.policy.action_net.weight.requires_grad = False
    with pytest.raises(ConfigError, match="1 of the policy's .* do not require gradients"):
        agent.update(agent.last_rollout.true_rewards)

    class Own(ActorCriticPolicy):
        def _get_action_dist_from_latent(self, latent_pi):
            return super()._get_action_dist_from_latent(latent_pi + 1.0)

    with pytest.raises(ConfigError, match="Own has _get_action_dist_from_latent of its own"):
        PreferencePPO(Own, make_envs("Pendulum-v1"), compiled=False)

    class Boxes(gymnasium.ActionWrapper):
        def __init__(self):
            super().__init__(gymnasium.make("Pendulum-v1"))
            self.action_space = gymnasium.spaces.Box(-2, 2, (1, 1), np.float32)

        def action(self, action):
            return action[0]

    with pytest.raises(ConfigError, match="boxes of one axis"):
        make_agent(Boxes)


def test_other_observations_are_refused(make_agent):
    with pytest.raises(ConfigError, match="FlattenObservation"):
        make_agent("FrozenLake-v1")
