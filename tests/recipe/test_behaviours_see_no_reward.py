"""A run that is taught a behaviour is the same whatever the task's reward: noise, or none."""

import dataclasses

import numpy as np
import pytest
import torch

import envs
from experiments.presets import BEHAVIOUR_PRESETS
from pbrl.annotators import BehaviourTeacher
from pbrl.behaviours import BEHAVIOURS
from pbrl.config import AgentConfig, QueryConfig, RewardConfig
from pbrl.query.schedule import initial_labels

MUJOCO = ["Hopper-backflip", "HalfCheetah-one-leg"]


def small(preset):
    """A preset's settings, cut down to ten rollouts of 200 steps."""
    config = BEHAVIOUR_PRESETS[preset]
    return dataclasses.replace(
        config,
        env=dataclasses.replace(config.env, num_envs=2, true_reward=True),
        agent=AgentConfig(rollout_steps=100, batch_size=50, epochs=2),
        reward=RewardConfig(batch_size=16, initial_updates=30, updates=10),
        query=QueryConfig(label_budget=40, initial_steps=800, every_steps=400, buffer_steps=4000),
        total_steps=2000,
    )


def told(tell, config):
    """What was asked, answered and learnt in a run."""
    story = tell(config, BehaviourTeacher(config.teacher, BEHAVIOURS[config.teacher]))
    clips = [
        clip.content_hash
        for one in story.rounds
        for query in one.queries
        for clip in query.segments
    ]
    answers = [answered.text for answered in story.store.answers(story.trainer.learning._run)]
    return story.steps("true_rewards"), clips, answers, [lap.policy for lap in story.laps]


@pytest.mark.parametrize("preset", MUJOCO)
def test_noise_for_a_reward_gives_the_same_answers_and_weights(preset, tell, monkeypatch):
    config = small(preset)
    rewards, clips, answers, policies = told(tell, config)
    rng = np.random.default_rng(5)

    def noise(physics, velocity):
        return rng.normal(size=len(velocity))

    env_id = config.env.env_id
    monkeypatch.setitem(envs.TASKS, env_id, dataclasses.replace(envs.TASKS[env_id], reward=noise))
    other_rewards, *others, other_policies = told(tell, config)
    assert not np.array_equal(rewards, other_rewards)
    assert others == [clips, answers]
    assert all(map(torch.equal, policies, other_policies))
    assert len(set(answers)) > 1


@pytest.mark.parametrize("preset", MUJOCO)
def test_the_preset_keeps_no_reward_and_comes_to_the_same(preset, tell):
    config = small(preset)
    blind = dataclasses.replace(config, env=dataclasses.replace(config.env, true_reward=False))
    _, *seeing, policies = told(tell, config)
    rewards, *unseeing, blind_policies = told(tell, blind)
    assert seeing == unseeing
    assert all(map(torch.equal, policies, blind_policies))
    assert not BEHAVIOUR_PRESETS[preset].env.true_reward


def test_every_preset_of_a_behaviour_has_its_own_teacher_and_the_papers_comparisons():
    found = {
        name: (config.teacher, config.query.label_budget)
        for name, config in BEHAVIOUR_PRESETS.items()
    }
    assert found == {
        "Hopper-backflip": ("backflip", 900),
        "HalfCheetah-one-leg": ("one-leg", 800),
        "Enduro-level": ("level", 1300),
    }
    assert initial_labels(BEHAVIOUR_PRESETS["Enduro-level"].query) == 500
    for config in BEHAVIOUR_PRESETS.values():
        behaviour = BEHAVIOURS[config.teacher]
        assert (behaviour.env_id, behaviour.look_for) == (config.env.env_id, config.look_for)
        assert (config.annotator, config.reward_source) == ("teacher", "preferences")
        assert not config.env.true_reward
