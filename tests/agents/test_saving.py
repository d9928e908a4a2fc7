import subprocess
import sys

import numpy as np
import pytest
from stable_baselines3 import PPO

from pbrl.agents import NormalizedObservations, PreferencePPO

# Run where neither pbrl nor envs can be imported, as on a machine that has only SB3.
LOAD = """
import sys
sys.modules["pbrl"] = sys.modules["envs"] = None
import numpy as np
from stable_baselines3 import PPO
model = PPO.load(sys.argv[1], device="cpu")
observations = np.load(sys.argv[2])
np.save(sys.argv[3], model.predict(observations, deterministic=True)[0])
assert type(model) is PPO
"""


@pytest.fixture
def agent(make_envs):
    agent = PreferencePPO(
        "MlpPolicy",
        make_envs("Pendulum-v1"),
        n_steps=32,
        device="cpu",
        compiled=False,
        normalize_reward=True,
        policy_kwargs={"features_extractor_class": NormalizedObservations},
    )
    for _ in range(2):
        agent.update(agent.collect().true_rewards)
    return agent


def test_plain_sb3_loads_it_where_pbrl_is_not_installed(agent, tmp_path):
    observations = np.random.default_rng(0).normal(size=(10, 3)).astype(np.float32)
    np.save(tmp_path / "observations.npy", observations)
    agent.save(tmp_path / "agent.zip")
    paths = (tmp_path / name for name in ("agent.zip", "observations.npy", "actions.npy"))
    command = [sys.executable, "-c", LOAD, *map(str, paths)]
    subprocess.run(command, check=True, cwd=tmp_path)
    expected = agent.predict(observations, deterministic=True)[0]
    np.testing.assert_array_equal(np.load(tmp_path / "actions.npy"), expected)


def test_a_loaded_agent_goes_on_and_is_saved_again(agent, make_envs, tmp_path):
    agent.save(tmp_path / "first")
    loaded = PreferencePPO.load(tmp_path / "first", make_envs("Pendulum-v1"), device="cpu")
    count = loaded.policy.features_extractor.count.item()
    assert count == agent.policy.features_extractor.count.item() == 128
    loaded.update(loaded.collect().true_rewards)
    assert loaded.policy.features_extractor.count.item() == 192
    loaded.save(tmp_path / "second")
    again = PPO.load(tmp_path / "second", device="cpu")
    observations = np.ones((1, 3), np.float32)
    np.testing.assert_array_equal(
        again.predict(observations, deterministic=True)[0],
        loaded.predict(observations, deterministic=True)[0],
    )


def test_another_number_of_environments_goes_on(agent, make_envs, tmp_path):
    agent.save(tmp_path / "agent")
    loaded = PreferencePPO.load(tmp_path / "agent", make_envs("Pendulum-v1", 3), device="cpu")
    loaded.update(loaded.collect().true_rewards)
    assert loaded.running_returns.shape == (3,)


def test_an_agent_of_plain_sb3_goes_on_here(make_envs, tmp_path):
    PPO("MlpPolicy", "Pendulum-v1", n_steps=32, batch_size=32, device="cpu").save(
        tmp_path / "plain"
    )
    envs = make_envs("Pendulum-v1")
    loaded = PreferencePPO.load(tmp_path / "plain", envs, device="cpu", compiled=False)
    loaded.update(loaded.collect().true_rewards)
    assert loaded.num_timesteps == 64
