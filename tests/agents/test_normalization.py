import numpy as np
import pytest
import torch
from gymnasium import spaces

from pbrl.agents import NormalizedObservations, PreferencePPO


@pytest.fixture
def extractor():
    return NormalizedObservations(spaces.Box(-np.inf, np.inf, (3,), np.float64))


@pytest.fixture
def make_agent(make_envs):
    def make(**kwargs):
        return PreferencePPO(
            "MlpPolicy",
            make_envs("Pendulum-v1"),
            n_steps=32,
            seed=0,
            device="cpu",
            compiled=False,
            policy_kwargs={"features_extractor_class": NormalizedObservations, **kwargs},
        )

    return make


def test_statistics_are_those_of_all_batches(extractor):
    data = np.random.default_rng(0).normal([1.0, -5.0, 100.0], [1.0, 0.1, 30.0], size=(500, 3))
    for batch in np.split(data, [10, 50, 300]):
        extractor.adapt(torch.from_numpy(batch))
    np.testing.assert_allclose(extractor.mean, data.mean(0), rtol=1e-5)
    np.testing.assert_allclose(extractor.variance, data.var(0), rtol=1e-5)
    features = extractor(torch.from_numpy(data).float()).numpy()
    np.testing.assert_allclose(features.mean(0), 0.0, atol=1e-3)
    np.testing.assert_allclose(features.std(0), 1.0, atol=1e-3)


def test_features_are_the_clipped_observations_at_first(extractor):
    observations = torch.tensor([[0.5, -20.0, 20.0]])
    torch.testing.assert_close(extractor(observations), torch.tensor([[0.5, -10.0, 10.0]]))


@pytest.mark.parametrize("share", [True, False])
def test_statistics_move_between_rollouts_only(make_agent, share):
    agent = make_agent(share_features_extractor=share)
    extractors = {agent.policy.pi_features_extractor, agent.policy.vf_features_extractor}
    assert len(extractors) == (1 if share else 2)
    rollout = agent.collect()
    for extractor in extractors:
        assert not extractor.mean.any()
    agent.update(rollout.true_rewards)
    for extractor in extractors:
        seen = rollout.observations.reshape(-1, 3)
        np.testing.assert_allclose(extractor.mean, seen.mean(0), atol=1e-5)
        assert type(extractor.mean) is torch.Tensor
        assert round(extractor.count.item()) == len(seen)


def test_the_update_uses_the_statistics_that_acting_used(make_agent):
    agent = make_agent()
    agent.update(agent.collect().true_rewards)
    agent.n_epochs, agent.batch_size = 1, 64  # so the ratio is 1: learner and actor are the same
    agent.collect()
    report = agent.update(np.zeros((32, 2)))
    assert abs(report.approx_kl) < 1e-6
