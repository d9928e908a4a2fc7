"""NaN in observations, rewards or weights: training stops, keeps the last states, says where."""

import re
from pathlib import Path

import gymnasium
import numpy as np
import pytest
from gymnasium.envs.registration import register

STEPS = 25


class Sick(gymnasium.Env):
    """A task that falls ill in the first environment: what it shows or pays becomes NaN."""

    observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (2,))
    action_space = gymnasium.spaces.Box(-1, 1, (1,))
    patient = None
    """The environment that falls ill: the first one that is reset."""

    def __init__(self, symptom, healthy_steps, picky=False):
        self.symptom, self.healthy_steps, self.picky = symptom, healthy_steps, picky
        self.lived = 0

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        Sick.patient = Sick.patient or self
        return np.zeros(2, np.float32), {}

    def step(self, action):
        if self.picky and not np.isfinite(action).all():
            raise ValueError("This action is not a number.")
        self.lived += 1
        ill = self is Sick.patient and self.lived > self.healthy_steps
        observation = self.np_random.normal(size=2).astype(np.float32)
        if ill and self.symptom == "observation":
            observation[1] = np.nan
        reward = np.nan if ill and self.symptom == "reward" else 1.0
        return observation, reward, False, False, {}


SETTINGS = (
    "--env.num-envs 2 --agent.rollout-steps 50 --agent.batch-size 50 --query.initial-steps 200 "
    "--query.label-budget 32 --query.segment-seconds 0.5 --query.buffer-steps 1000 "
    "--total-steps 800 --checkpoint-steps 200 --reward.initial-updates 5 --allow-termination"
)


@pytest.fixture
def stopped(refused, tmp_path, monkeypatch):
    """Trains on a task that falls ill; returns what is said and the rollout that is kept."""

    def train(options="", **kwargs):
        monkeypatch.setattr(Sick, "patient", None)
        register("Sick-v0", Sick, max_episode_steps=STEPS, kwargs=kwargs)
        try:
            says = refused(f"train --env Sick-v0 {SETTINGS} {options} --runs {tmp_path}")
        finally:
            del gymnasium.registry["Sick-v0"]
        kept = Path(re.search(r"The last rollout is in (\S+);", says)[1])
        assert kept.parent.parent == tmp_path
        assert list(kept.parent.glob("checkpoints/step_*"))
        with np.load(kept) as arrays:
            return says, dict(arrays)

    return train


@pytest.mark.parametrize("picky", [False, True])
def test_in_observations(stopped, picky):
    says, kept = stopped(symptom="observation", healthy_steps=260, picky=picky)
    # 260 steps are five rollouts of 50 and ten steps: the next observation is number 11.
    assert "The observation of environment 0 at step 11 of this rollout is not finite" in says
    assert np.isnan(kept["observations"][11, 0, 1])
    assert np.isfinite(kept["observations"][:11]).all()


@pytest.mark.parametrize("healthy_steps", [299, 274])
def test_in_the_last_observation_of_a_rollout_or_an_episode(stopped, healthy_steps):
    says, _ = stopped(symptom="observation", healthy_steps=healthy_steps)
    assert "not finite" in says


@pytest.mark.parametrize("options", ["", "--true-reward"])
def test_in_rewards(stopped, options):
    says, kept = stopped(options, symptom="reward", healthy_steps=260)
    assert "The true reward of environment 0 is nan at step 10 of its rollout" in says
    assert "--no-true-reward" in says
    assert np.isnan(kept["true_rewards"][10, 0])


def test_in_the_policys_weights(refused, tmp_path):
    says = refused(f"train debug {SETTINGS} --agent.lr 1e30 --runs {tmp_path}")
    assert "The policy's parameters are no longer finite" in says
    assert list(tmp_path.glob("*/not_finite_*.npz"))


def test_in_the_predictors_weights(refused, tmp_path):
    says = refused(f"train debug {SETTINGS} --reward.lr 1e30 --runs {tmp_path}")
    assert "reward predictors" in says and "not finite" in says
    assert list(tmp_path.glob("*/not_finite_*.npz"))
