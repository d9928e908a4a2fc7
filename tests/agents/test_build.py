from dataclasses import replace

import pytest

from pbrl.agents.build import build_agent
from pbrl.cli.assembly import make_env
from pbrl.config import AgentConfig, EnvConfig

SMALL = AgentConfig(rollout_steps=32, batch_size=16, epochs=3, hidden_sizes=(8,), lr=1e-2)


@pytest.mark.parametrize(("limit", "epochs"), [(0.0, 3), (1e3, 3), (1e-9, 1)])
def test_a_limit_on_the_policys_change_ends_what_is_learnt_from_a_rollout(limit, epochs):
    envs = make_env(EnvConfig("pbrl/InvertedPendulum-v0", num_envs=2), 1)
    agent = build_agent(replace(SMALL, target_kl=limit), envs, seed=3, device="cpu")
    report = agent.update(agent.collect().true_rewards)
    assert report.epochs == epochs
