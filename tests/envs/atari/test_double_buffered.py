"""Two halves of a game's copies are what one environment of all of them is, to the bit."""

import numpy as np
import pytest

from envs import TaskError, make_task
from envs.atari import batched
from envs.atari.batched import BatchedAtariEnv
from envs.atari.double_buffered import DoubleBufferedAtariEnv

PONG = "pbrl/Pong-v0"


@pytest.fixture
def make():
    made = []

    def _make(num_envs: int = 3, **options):
        made.append(make_task(PONG, num_envs, **options))
        return made[-1]

    yield _make
    for env in made:
        env.close()


@pytest.fixture
def both(make):
    """One environment of three copies, and halves of two and one."""
    return make(threads=2), make(threads=2, double_buffered=True)


def random_actions(env, steps: int) -> np.ndarray:
    n = env.single_action_space.n
    return np.random.default_rng(0).integers(n, size=(steps, env.num_envs))


def test_two_threads_and_two_copies_make_halves(make):
    halved = make(5, threads=3, double_buffered=True)
    assert isinstance(halved, DoubleBufferedAtariEnv)
    assert [half.num_envs for half in halved.halves] == [3, 2]
    for options in ({"threads": 2}, {"threads": 1, "double_buffered": True}):
        assert isinstance(make(2, **options), BatchedAtariEnv)
    assert isinstance(make(1, threads=2, double_buffered=True), BatchedAtariEnv)


def test_halves_are_the_whole_to_the_bit(both, monkeypatch):
    """Over ends of games, and of seeds, which last for less than a game here."""
    monkeypatch.setattr(batched, "STEPS_OF_A_SEED", 1000)
    whole, halved = both
    np.testing.assert_array_equal(whole.reset(seed=7)[0], halved.reset(seed=7)[0])
    ends = 0
    for actions in random_actions(whole, 2500):
        for expected, found in zip(whole.step(actions), halved.step(actions), strict=True):
            np.testing.assert_array_equal(found, expected)
        np.testing.assert_array_equal(halved.game_over, whole.game_over)
        ends += whole.game_over.sum()
    assert ends >= 5
    np.testing.assert_array_equal(halved.observations, whole.observations)
    assert halved.render_states.shape == whole.render_states.shape
    expected, found = whole.snapshot(), halved.snapshot()
    assert expected.keys() == found.keys()
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array)
    assert len(set(expected["since"])) > 1  # so that one half's record is shorter than the other's
    np.testing.assert_array_equal(whole.reset()[0], halved.reset()[0])


def test_pictures_in_colour_are_the_wholes(make):
    whole = make(record_frames=True)
    halved = make(record_frames=True, threads=2, double_buffered=True)
    assert halved.frames is None
    for env in (whole, halved):
        env.reset(seed=1)
        for actions in random_actions(env, 40):
            env.step(actions)
    assert halved.frames.shape == (3, 210, 160, 3)
    np.testing.assert_array_equal(halved.frames, whole.frames)


@pytest.mark.parametrize("origin", [0, 1])
def test_each_goes_on_from_the_others_snapshot(both, origin):
    source, other = both[origin], both[1 - origin]
    source.reset(seed=3)
    actions = random_actions(source, 130)
    for one in actions[:100]:
        source.step(one)
    other.restore(source.snapshot())
    for one in actions[100:]:
        for expected, found in zip(source.step(one), other.step(one), strict=True):
            np.testing.assert_array_equal(found, expected)


def test_actions_for_other_copies_are_refused(both):
    both[1].reset(seed=0)
    with pytest.raises(TaskError, match=r"shape \(3,\) are needed, but \(4,\) came"):
        both[1].step(np.zeros(4, int))
    both[1].step(np.zeros(3, int))


def test_a_snapshot_of_other_copies_is_refused(make, both):
    halved = both[1]
    other = make(4)
    other.reset(seed=0)
    with pytest.raises(TaskError, match="3 copies of a game are needed"):
        halved.restore(other.snapshot())


def test_a_half_steps_by_itself_until_it_is_waited_for(both):
    whole, halved = both
    whole.reset(seed=5)
    halved.reset(seed=5)
    first, second = halved.halves
    for actions in random_actions(whole, 30):
        first.send(actions[:2])
        second.send(actions[2:])
        expected = whole.step(actions)
        np.testing.assert_array_equal(second.receive()[0], expected[0][2:])
        np.testing.assert_array_equal(first.receive()[0], expected[0][:2])


@pytest.mark.parametrize("interrupt", ["reset", "snapshot", "restore", "send"])
def test_a_step_that_nobody_waited_for_is_over_before_anything_else(both, interrupt):
    whole, halved = both
    whole.reset(seed=5)
    halved.reset(seed=5)
    actions = random_actions(whole, 1)[0]
    start = whole.snapshot()
    whole.step(actions)
    halved.halves[0].send(actions[:2])
    halved.halves[1].step(actions[2:])
    if interrupt == "send":
        for expected, found in zip(whole.step(actions), halved.step(actions), strict=True):
            np.testing.assert_array_equal(found, expected)
        return
    if interrupt == "snapshot":
        expected, found = whole.snapshot(), halved.snapshot()
        for name, array in expected.items():
            np.testing.assert_array_equal(found[name], array)
        return
    for env in (whole, halved):
        env.reset(seed=6) if interrupt == "reset" else env.restore(start)
    for expected, found in zip(whole.step(actions), halved.step(actions), strict=True):
        np.testing.assert_array_equal(found, expected)
