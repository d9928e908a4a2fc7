"""The paper's values, in the presets and in what is built from them."""

from dataclasses import replace

import pytest
import torch

from experiments.presets import BEHAVIOUR_PRESETS, GAMES, PRESETS, UNMODIFIED
from pbrl.agents.build import build_agent
from pbrl.annotators import TEACHERS, Teacher
from pbrl.cli.assembly import describe_task, make_env, new_ensemble
from pbrl.cli.checks import clip_steps
from pbrl.config import AgentConfig, RewardConfig
from pbrl.query.schedule import initial_labels
from pbrl.reward.network import apply_mlp, layer_weights

TASKS = [name for name in PRESETS if name not in (*UNMODIFIED, *GAMES, *BEHAVIOUR_PRESETS, "debug")]
"""The paper's eight and Humanoid; `debug` is there to be quick."""

CLIPS = {
    "Hopper": 60, "Walker2d": 45, "Swimmer": 60, "HalfCheetah": 30, "Ant": 30, "Reacher": 15,
    "InvertedPendulum": 15, "InvertedDoublePendulum": 15, "Humanoid": 60,
}  # fmt: skip
"""Steps that last a second and a half at the rate at which clips are shown."""


@pytest.fixture(params=TASKS)
def preset(request):
    return request.param


@pytest.fixture
def config(preset):
    return PRESETS[preset]


@pytest.fixture
def task(config):
    return describe_task(config.env.env_id)


def test_every_task_has_one():
    assert sorted(TASKS) == sorted(CLIPS)
    assert [PRESETS[name].env.env_id for name in TASKS] == [f"pbrl/{name}-v0" for name in TASKS]


def test_the_agents_discount_and_lambda(preset, config):
    """The paper's but for Swimmer, which must look far ahead, and two that must not."""
    agent = build_agent(config.agent, make_env(config.env, 1), config.seed, "cpu")
    own = {
        "Swimmer": (0.9999, 0.98),
        "Reacher": (0.9, 0.97),
        "InvertedDoublePendulum": (0.95, 0.97),
    }
    assert (agent.gamma, agent.gae_lambda) == own.get(preset, (0.995, 0.97))


def test_the_papers_entropy_bonus_without_a_preset_and_a_tenth_with_one(preset, config):
    """A departure for all tasks but Swimmer, with a smaller deviation of the first actions.

    Walker2d and Ant have no bonus and still smaller deviations, which keep them on their feet;
    InvertedDoublePendulum has the paper's bonus, and a limit on how far a rollout moves its policy;
    Reacher departs in its discount alone.
    """
    env = make_env(config.env, 1)
    plain, tuned = (build_agent(c, env, 1, "cpu") for c in (AgentConfig(), config.agent))
    own = {
        "Walker2d": (0.0, 0.2),
        "Ant": (0.0, 0.1),
        "Reacher": (0.01, 1.0),
        "InvertedDoublePendulum": (0.01, 0.5),
    }
    bonus, deviation = own.get(preset, (0.001, 0.5))
    assert (plain.ent_coef, tuned.ent_coef) == (0.01, bonus)
    limit = 0.02 if preset == "InvertedDoublePendulum" else None
    assert (plain.target_kl, tuned.target_kl) == (None, limit)
    deviations = [agent.policy.log_std.exp().mean().item() for agent in (plain, tuned)]
    assert deviations == pytest.approx([1.0, deviation])


def test_three_predictors_of_two_layers_of_64(config, task):
    model = new_ensemble(config, task)
    inputs = task.observation_space.shape[0] + task.action_space.shape[0]
    layers = layer_weights(model._mlp, model.learner.parameters)
    assert [tuple(weight.shape) for weight, _ in layers] == [
        (3, inputs, 64),
        (3, 64, 64),
        (3, 64, 1),
    ]


def test_their_units_leak_a_hundredth(config, task):
    """One unit in each layer, of weight 1: what is below 0 leaks twice, .01 x .01."""
    model = new_ensemble(config, task)
    params = torch.zeros_like(model.learner.parameters)
    for weight, _ in layer_weights(model._mlp, params):
        weight[:, 0, 0] = 1.0
    x = torch.zeros(1, 2, model.inputs)
    x[0, :, 0] = torch.tensor([1.0, -1.0])
    expected = torch.tensor([1.0, -1e-4]).expand(3, 2)
    torch.testing.assert_close(apply_mlp(model._mlp, params, x), expected)


def test_reward_settings(config):
    """The paper's, but for bounds of L2 that keep less of it; without a preset these too."""
    reward, plain = config.reward, RewardConfig()
    assert reward.error_rate == 0.1
    assert (plain.l2_ratio_low, plain.l2_ratio_high) == (1.1, 1.5)
    assert (reward.l2_ratio_low, reward.l2_ratio_high) == (1.8, 2.0)
    assert reward.reward_std == 1.0
    assert reward.l2_initial > 0


def test_budget_first_share_and_schedule_of_labels(config):
    query = config.query
    assert query.label_budget == 700
    assert query.initial_fraction == 0.25
    assert query.schedule_steps == 2e6


def test_ten_candidates_a_query_and_the_ones_that_vary_most(config):
    assert config.query.candidates_per_query == 10
    assert config.query.acquisition == "disagreement"


def test_clips_last_a_second_and_a_half(preset, config, task):
    assert config.query.segment_seconds == 1.5
    assert clip_steps(config, task) == CLIPS[preset]
    assert 15 <= clip_steps(config, task) <= 60


def test_the_oracle_answers_and_makes_no_errors(config):
    assert config.teacher == "oracle"
    assert TEACHERS["oracle"] == Teacher(beta=-1, gamma=1, epsilon=0, skip=0, equal=0)
    assert config.reward_source == "preferences"
    assert config.env.true_reward
    assert not config.env.allow_termination


@pytest.mark.parametrize(("budget", "first"), [(350, 88), (700, 175), (1400, 350)])
def test_a_quarter_of_each_of_the_papers_budgets(budget, first):
    query = replace(PRESETS["HalfCheetah"].query, label_budget=budget)
    assert initial_labels(query) == first
