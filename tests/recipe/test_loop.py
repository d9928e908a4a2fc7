"""The loop, rollout by rollout: who acts, when questions are asked, what is learnt from."""

import json
import math

import numpy as np
import pytest
import torch

from pbrl.agents.acting import draw_noise
from pbrl.agents.build import build_agent
from pbrl.checkpoints import latest_checkpoint
from pbrl.cli.assembly import make_env
from pbrl.feedback import COMPARISON, Comparison

BEFORE, LAPS, LAP_STEPS = 3, 12, 100
"""Rollouts before the first questions, rollouts in all, steps in one (of both environments)."""
EPISODE, CLIP = 25, 15


@pytest.fixture(scope="module")
def untrained(story):
    """The same agent, made anew."""
    config = story.config
    env = make_env(config.env, config.env.num_envs)
    return build_agent(config.agent, env, config.seed, "cpu")


def places(story, clip):
    """Returns where in the whole run a clip was cut: (step, environment) of its first step."""
    first = (story.steps("observations") == clip.observations[0]).all(axis=-1)
    return [tuple(place) for place in np.argwhere(first)]


def asked_clips(story):
    return [
        (query.number, clip)
        for clips in (one.queries for one in story.rounds)
        for query in clips
        for clip in query.segments
    ]


def test_first_an_untrained_policy_acts_and_does_not_learn(story, untrained):
    fresh = torch.nn.utils.parameters_to_vector(untrained.policy.parameters()).detach()
    for lap in story.laps[:BEFORE]:
        assert torch.equal(lap.policy, fresh)
    assert [lap.learnt_from is None for lap in story.laps] == [True] * 2 + [False] * 10
    for earlier, later in zip(story.laps[BEFORE - 1 :], story.laps[BEFORE:], strict=False):
        assert not torch.equal(earlier.policy, later.policy)


def test_the_first_actions_are_the_policys_own_not_random_ones(story, untrained):
    lap = story.laps[0]
    rng = np.random.default_rng()
    rng.bit_generator.state = lap.rng
    noise = draw_noise(rng, lap.rollout.actions.shape, untrained.action_space)
    observations = torch.from_numpy(lap.rollout.observations.reshape(-1, 4))
    with torch.no_grad():
        gaussian = untrained.policy.get_distribution(observations).distribution
    drawn = gaussian.mean + gaussian.stddev * noise.reshape(-1, 1)
    expected = drawn.numpy().clip(-3, 3).reshape(lap.rollout.actions.shape)
    np.testing.assert_allclose(lap.rollout.actions, expected, atol=1e-5)


def test_a_quarter_of_the_labels_is_about_that_policy(story):
    first = story.rounds[0]
    assert [query.number for query in first.queries] == list(range(10))  # of 40
    assert first.lap == BEFORE
    for query in first.queries:
        for clip in query.segments:
            assert all(step < BEFORE * LAP_STEPS / 2 for step, _ in places(story, clip))


def test_rounds_follow_the_hyperbola_in_steps_of_training(story):
    """After T steps: 10 + floor(30 log(1 + T / 300) / log(1 + 900 / 300)) labels."""
    asked = np.cumsum([len(one.queries) for one in story.rounds]).tolist()
    training = [(one.lap - BEFORE) * LAP_STEPS for one in story.rounds]
    assert training == [0, 200, 400, 600, 800, 900]
    assert asked == [10 + math.floor(30 * math.log1p(t / 300) / math.log(4)) for t in training]
    assert asked == [10, 21, 28, 33, 38, 40]


def test_the_budget_is_spent_and_every_answer_is_learnt_from(story):
    numbers = [query.number for one in story.rounds for query in one.queries]
    assert numbers == list(range(40))
    assert story.fits == [one.lap for one in story.rounds]
    assert story.trainer.learning.labels == 40
    assert story.store.unanswered(story.trainer.learning._run) == []


def test_no_step_more_than_was_asked_for(story):
    assert len(story.laps) == LAPS
    assert story.trainer.steps == LAPS * LAP_STEPS <= story.config.total_steps


def test_one_model_rewards_all_steps_of_a_rollout(story):
    learnt = [lap for lap in story.laps if lap.learnt_from is not None]
    for lap in learnt:
        np.testing.assert_array_equal(lap.learnt_from, lap.by_one_model)
    assert len(learnt) == 10


def test_ten_times_as_many_pairs_are_candidates_as_are_asked(story):
    """The first ones excepted, which are drawn before a predictor has seen an answer."""
    assert [one.scored for one in story.rounds] == [
        0 if number == 0 else 10 * 2 * len(one.queries) for number, one in enumerate(story.rounds)
    ]


def test_clips_last_a_second_and_a_half_and_stay_in_one_episode(story):
    for _, clip in asked_clips(story):
        assert len(clip) == CLIP
        (step, env), *others = places(story, clip)
        assert not others
        assert step % EPISODE + CLIP <= EPISODE
        for name in ("observations", "actions"):
            whole = story.steps(name)[step : step + CLIP, env]
            np.testing.assert_array_equal(getattr(clip, name), whole)


def test_no_clip_is_compared_with_itself_or_one_that_it_overlaps(story):
    for one in story.rounds:
        pairs = [[places(story, clip)[0] for clip in query.segments] for query in one.queries]
        assert len({frozenset(pair) for pair in pairs}) == len(pairs)
        for (step_a, env_a), (step_b, env_b) in pairs:
            assert env_a != env_b or abs(step_a - step_b) >= CLIP


def test_the_oracle_judges_true_rewards_without_an_error(story):
    run = story.trainer.learning._run
    for given in story.store.answers(run):
        first, second = story.store.segments(run, [given.number])[given.number]
        expected = Comparison.FIRST if first.true_return > second.true_return else Comparison.SECOND
        assert COMPARISON.decode(given.text) is expected
        assert given.annotator == "oracle"


def test_what_is_stored_as_true_reward_is_the_tasks(story):
    """InvertedPendulum pays 1 - angle^2 where a step leads: to the clip's next observation."""
    clips = [clip for _, clip in asked_clips(story)]
    for clip in clips:
        paid = 1 - np.square(clip.observations[1:, 1], dtype=np.float64)
        np.testing.assert_allclose(clip.true_rewards[:-1], paid, atol=1e-5)


def test_true_and_learned_returns_are_recorded_apart(story):
    lines = [json.loads(line) for line in story.trainer.run.metrics_file.read_text().splitlines()]
    true = story.steps("true_rewards").reshape(-1, EPISODE, 2).sum(axis=1)
    assert lines[-1]["rollout/ep_rew_mean"] == pytest.approx(true.mean())
    learned = np.concatenate([lap.learnt_from for lap in story.laps[2:]])
    returns = learned.reshape(-1, EPISODE, 2).sum(axis=1)
    assert lines[-1]["rollout/ep_learned_rew_mean"] == pytest.approx(returns.mean(), rel=1e-4)
    assert "rollout/ep_learned_rew_mean" not in lines[0]
    assert [line["time/total_timesteps"] for line in lines] == list(range(100, 1300, 100))


def test_teachers_hear_of_the_last_ten_true_episodes(story):
    for one in story.rounds:
        steps = story.steps("true_rewards")[: one.lap * LAP_STEPS // 2]
        last_five = steps.reshape(-1, EPISODE, 2).sum(axis=1)[-5:]  # of two environments
        assert one.episode_return == pytest.approx(last_five.mean())


def test_checkpoints_count_the_steps(story):
    run = story.trainer.run
    assert sorted(path.name for path in run.checkpoints.iterdir()) == [
        "step_000000001000",
        "step_000000001200",
    ]
    checkpoint = latest_checkpoint(run, pytest.fail)
    assert checkpoint.steps == story.trainer.steps == 1200
    assert checkpoint.state()["learning"]["asked"] == 40
