"""What holds for every behaviour: in the suite's own tasks, on clips of random play."""

import numpy as np
import pytest

import envs
from pbrl.behaviours import BEHAVIOURS
from pbrl.behaviours.behaviour import CLIPS_AT_ONCE
from pbrl.config import BehaviourName
from pbrl.rollout import Rollout
from pbrl.segments import Segment


@pytest.fixture(scope="module", params=BEHAVIOURS)
def shown(request):
    """A behaviour, and clips of random play of its task."""
    behaviour = BEHAVIOURS[request.param]
    task, env = envs.describe(behaviour.env_id), envs.make_task(behaviour.env_id, 4)
    length = round(1.5 * task.clip_fps)
    env.action_space.seed(0)
    env.reset(seed=0)
    seen, states = [], []
    for _ in range(3 * length):
        seen.append(env.observations.copy())
        states.append(env.render_states.copy())
        env.step(env.action_space.sample())
    env.close()
    seen, states = np.stack(seen, 1), np.stack(states, 1)
    seen = seen[:, :, -1] if seen.ndim == 5 else seen.astype(np.float32)
    parts = [slice(i * length, (i + 1) * length) for i in range(3)]
    return behaviour, [
        Segment(seen[n, p], np.zeros((length, 1), np.float32), np.zeros(length), states[n, p])
        for n in range(4)
        for p in parts
    ]


def test_its_name_is_one_that_a_run_can_have():
    assert list(BEHAVIOURS) == list(BehaviourName.__args__)


def test_scores_are_finite_differ_and_belong_to_the_clip_alone(shown):
    behaviour, clips = shown
    scores = behaviour.scores(clips)
    assert np.isfinite(scores).all()
    np.testing.assert_allclose(behaviour.scores(clips[::-1]), scores[::-1])
    many = behaviour.scores(clips * (CLIPS_AT_ONCE // len(clips) + 1))
    np.testing.assert_allclose(many[: len(clips)], scores)


def test_measures_are_numbers_of_an_episode(shown):
    behaviour, clips = shown
    episode = np.concatenate([getattr(clip, behaviour.sight) for clip in clips[:3]])
    found = behaviour.measure(episode)
    assert all(isinstance(value, float) and np.isfinite(value) for value in found.values())
    shares = [value for name, value in found.items() if name.startswith("share")]
    assert shares and all(0 <= share <= 1 for share in shares)


def test_people_can_be_asked_for_it(shown):
    behaviour, _ = shown
    assert behaviour.look_for.startswith("Prefer the ")
    assert behaviour.look_for != envs.describe(behaviour.env_id).look_for


def rollout_of(clips, behaviour, length=10):
    """The first steps of clips, each in an environment of its own, and an episode's end in one."""
    seen = [getattr(clip, behaviour.sight)[:length] for clip in clips[:4]]
    seen, ended = np.stack(seen, axis=1), np.zeros((length, len(seen)), bool)
    ended[3, 1] = True
    empty = np.zeros((*ended.shape, 0), np.float32)
    rest = empty, np.zeros(ended.shape), np.zeros_like(ended), ended
    if behaviour.sight == "observations":
        return Rollout(np.stack([seen * 0, seen], axis=2), *rest, empty)
    return Rollout(empty, *rest, seen)


def test_what_the_steps_of_a_clip_are_worth_is_its_score(shown):
    behaviour, clips = shown
    rewards = behaviour.step_rewards(rollout_of(clips, behaviour))
    seen = np.stack([getattr(clip, behaviour.sight)[:10] for clip in clips[:4]])
    whole, ended = [0, 2, 3], 1
    many = 10 if behaviour.averages else 1
    np.testing.assert_allclose(rewards.sum(axis=0)[whole], many * behaviour.score(seen)[whole])
    for part in (slice(4), slice(4, 10)):
        many = part.stop - (part.start or 0) if behaviour.averages else 1
        np.testing.assert_allclose(
            rewards[part, ended].sum(), many * behaviour.score(seen[1, part])
        )
    assert len(set(rewards[5:].ravel())) > 1
