import gymnasium
import numpy as np
import pytest
from gymnasium.error import ResetNeeded

from envs import TASKS, TaskError, make_task
from envs.mujoco.batched import BatchedMujocoEnv

TASK_IDS = tuple(TASKS)


def actions_for(env, steps, seed=0):
    rng = np.random.default_rng(seed)
    space = env.single_action_space
    return rng.uniform(space.low, space.high, (steps, env.num_envs, *space.shape))


@pytest.mark.parametrize("env_id", TASK_IDS)
def test_equals_single_environments_across_episode_ends(env_id):
    """Environment i of a batch seeded s is the single one seeded s + i, new episodes included."""
    steps = 12
    batch = gymnasium.make_vec(env_id, num_envs=3, max_episode_steps=steps)
    singles = [gymnasium.make(env_id, max_episode_steps=steps) for _ in range(3)]
    observations, _ = batch.reset(seed=5)
    for i, single in enumerate(singles):
        np.testing.assert_array_equal(observations[i], single.reset(seed=5 + i)[0])
    for count, actions in enumerate(actions_for(batch, 2 * steps + 3), start=1):
        observations, rewards, terminations, truncations, info = batch.step(actions)
        assert not terminations.any()
        for i, single in enumerate(singles):
            observation, reward, terminated, truncated, _ = single.step(actions[i])
            assert (reward, terminated, truncated) == (rewards[i], False, truncations[i])
            assert truncated == (count % steps == 0)
            if truncated:
                assert info["_final_obs"][i]
                np.testing.assert_array_equal(info["final_obs"][i], observation)
                end = single.unwrapped.render_state
                np.testing.assert_array_equal(info["final_render_state"][i], end)
                observation, _ = single.reset()
            np.testing.assert_array_equal(observations[i], observation)
            np.testing.assert_array_equal(batch.render_states[i], single.unwrapped.render_state)


@pytest.mark.parametrize("env_id", TASK_IDS)
def test_restore_goes_on_to_the_bit_in_a_new_batch(env_id):
    env = BatchedMujocoEnv(TASKS[env_id], 3, episode_steps=14)
    env.reset(seed=1)
    actions = actions_for(env, 30)
    for action in actions[:8]:
        env.step(action)
    snapshot = env.snapshot()
    states_then = env.render_states.copy()
    kept = {name: array.copy() for name, array in snapshot.items()}
    expected = [env.step(action) for action in actions[8:]]
    states = env.render_states.copy()

    other = BatchedMujocoEnv(TASKS[env_id], 3, episode_steps=14)
    other.reset(seed=99)
    other.restore(snapshot)
    np.testing.assert_array_equal(other.observations, snapshot["observations"])
    np.testing.assert_array_equal(other.render_states, states_then)
    ends = 0
    for action, wanted in zip(actions[8:], expected, strict=True):
        got = other.step(action)
        for one, two in zip(got[:4], wanted[:4], strict=True):
            np.testing.assert_array_equal(one, two)
        ends += int(got[3].any())
    assert ends == 2
    np.testing.assert_array_equal(other.render_states, states)
    for name, array in kept.items():  # the snapshot is no view of what moves on
        np.testing.assert_array_equal(snapshot[name], array)


def test_snapshot_survives_a_file_without_pickle(tmp_path):
    env = make_task("pbrl/Reacher-v0", 2)
    env.reset(seed=3)
    np.savez(tmp_path / "env.npz", **env.snapshot())
    actions = actions_for(env, 60)
    expected = [env.step(action)[0] for action in actions]
    fresh = make_task("pbrl/Reacher-v0", 2)
    with np.load(tmp_path / "env.npz", allow_pickle=False) as saved:
        fresh.restore(dict(saved))
    np.testing.assert_array_equal([fresh.step(action)[0] for action in actions], expected)


def test_threads_change_nothing():
    one, two = (make_task("pbrl/HalfCheetah-v0", 5, threads=n) for n in (1, 2))
    one.reset(seed=0)
    two.reset(seed=0)
    for action in actions_for(one, 20):
        for a, b in zip(one.step(action)[:2], two.step(action)[:2], strict=True):
            np.testing.assert_array_equal(a, b)


def test_environments_differ_and_seeds_repeat():
    env = make_task("pbrl/Ant-v0", 3)
    first, _ = env.reset(seed=4)
    assert len(np.unique(first[:, 0])) == 3
    unseeded, _ = env.reset()
    assert not np.array_equal(first, unseeded)
    np.testing.assert_array_equal(env.reset(seed=4)[0], first)
    np.testing.assert_array_equal(env.reset()[0], unseeded)
    np.testing.assert_array_equal(env.reset(seed=[4, 5, 6])[0], first)


def test_what_step_returns_is_not_overwritten_later():
    env = make_task("pbrl/Hopper-v0", 2)
    env.reset(seed=0)
    actions = actions_for(env, 2)
    first = env.step(actions[0])
    copies = [array.copy() for array in first[:4]]
    env.step(actions[1])
    for array, copy in zip(first[:4], copies, strict=True):
        np.testing.assert_array_equal(array, copy)


def test_what_the_caller_does_to_it_has_no_effect():
    env = make_task("pbrl/Hopper-v0", 2)
    observations, _ = env.reset(seed=0)
    observations[:] = 0.0
    assert env.observations.any()
    observations, *_ = env.step(actions_for(env, 1)[0])
    observations[:] = 0.0
    assert env.snapshot()["observations"].any()
    with pytest.raises(ValueError, match="read-only"):
        env.render_states[0] = 0


def test_refuses_what_cannot_work():
    env = make_task("pbrl/Hopper-v0", 2)
    with pytest.raises(ResetNeeded):
        env.step(np.zeros((2, 3)))
    env.reset(seed=0)
    with pytest.raises(TaskError, match=r"shape \(2, 3\)"):
        env.step(np.zeros(3))
    with pytest.raises(TaskError, match=r"environments \[1\] are not finite"):
        env.step(np.array([[0.0] * 3, [0.0, np.nan, 0.0]]))
    with pytest.raises(TaskError, match="2 environments, but 3 seeds"):
        env.reset(seed=[1, 2, 3])
    with pytest.raises(TaskError, match="another number of environments"):
        make_task("pbrl/Hopper-v0", 3).restore(env.snapshot())


def test_draws_itself_as_a_vector_environment():
    env = gymnasium.make_vec("pbrl/Reacher-v0", num_envs=2, render_mode="rgb_array")
    env.reset(seed=0)
    pictures = env.render()
    assert [picture.shape for picture in pictures] == [(480, 480, 3)] * 2
    assert not np.array_equal(*pictures)
