"""Halves of the environments act in turn, and nothing that is collected depends on it."""

import numpy as np
import pytest
import torch
from stable_baselines3.common.callbacks import BaseCallback

import envs
from pbrl.agents import GymnasiumVecEnv, PreferencePPO
from pbrl.agents.turns import take_turns
from pbrl.agents.vec_env import parts_of

STEPS = 12


@pytest.fixture
def make_player():
    """Makes agents that play 3 copies of Pong, in two halves or as one."""
    made = []

    def make(*, double_buffered: bool) -> PreferencePPO:
        games = envs.make_task("pbrl/Pong-v0", 3, threads=2, double_buffered=double_buffered)
        made.append(games)
        sizes = {"n_steps": STEPS, "batch_size": 6, "n_epochs": 1}
        env = GymnasiumVecEnv(games)
        return PreferencePPO("CnnPolicy", env, seed=0, device="cpu", compiled=False, **sizes)

    yield make
    for games in made:
        games.close()


def test_what_is_collected_is_the_same(make_player):
    whole, halved = (make_player(double_buffered=halves) for halves in (False, True))
    assert [rows for rows, _ in parts_of(whole.env)] == [slice(0, 3)]
    assert [rows for rows, _ in parts_of(halved.env)] == [slice(0, 2), slice(2, 3)]
    for agent in (whole, halved):
        agent.env.reset()
        for step in range(70):  # so that points are made
            agent.env.step(np.full(3, step % 6))
        agent.resume_acting()
    made = np.zeros(3)
    for _ in range(6):
        one, other = whole.collect(), halved.collect()
        made += np.abs(one.true_rewards).sum(axis=0)
        np.testing.assert_array_equal(other.observations, one.observations)
        np.testing.assert_array_equal(other.actions, one.actions)
        np.testing.assert_array_equal(other.true_rewards, one.true_rewards)
        found, expected = halved._recording, whole._recording
        np.testing.assert_allclose(found.log_probs, expected.log_probs, rtol=1e-4)
        np.testing.assert_allclose(found.last_values, expected.last_values, rtol=1e-3, atol=1e-5)
    assert made.all()  # of each copy
    assert halved.num_timesteps == whole.num_timesteps == 6 * 3 * STEPS


def test_the_ends_of_games_are_counted_for_the_right_copies(make_player):
    whole, halved = (make_player(double_buffered=halves) for halves in (False, True))
    for agent in (whole, halved):
        games = agent.env.envs
        for half in getattr(games, "halves", [games]):
            half._game_steps = 5
        agent.collect()
    ends = [list(agent.ep_info_buffer) for agent in (whole, halved)]
    assert [end["l"] for end in ends[1]] == [5] * 6
    assert [(end["r"], end["l"]) for end in ends[1]] == [(end["r"], end["l"]) for end in ends[0]]
    np.testing.assert_array_equal(
        halved.last_rollout.game_over, np.arange(1, STEPS + 1)[:, None] % 5 == np.zeros((1, 3))
    )
    assert halved.env.episode_lengths.tolist() == [STEPS % 5] * 3


def test_a_half_steps_while_the_policy_is_asked_about_the_other(make_player):
    agent = make_player(double_buffered=True)
    first, second = agent.env.envs.halves
    stepping, threads = [], []
    act = agent._act

    def watched(*args):
        stepping.append((first._sent, second._sent))
        threads.append(torch.get_num_threads())
        return act(*args)

    agent._act = watched
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        agent.collect()
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    assert stepping == [
        (False, False),
        *[(True, False), (False, True)] * (STEPS - 1),
        (True, False),
    ]
    assert set(threads) == {1}


class StopsAt(BaseCallback):
    def __init__(self, step):
        super().__init__()
        self.stop = step

    def _on_step(self):
        return self.n_calls < self.stop


def test_a_callback_stops_it_and_it_can_go_on(make_player):
    agent = make_player(double_buffered=True)
    agent.learn(100, callback=StopsAt(3))
    assert agent.num_timesteps == 9
    assert not any(half._sent for half in agent.env.envs.halves)
    np.testing.assert_array_equal(agent._last_obs, agent.env.envs.observations)
    agent.learn(3 * STEPS, reset_num_timesteps=False)
    assert agent.num_timesteps == 9 + 3 * STEPS


def test_one_part_takes_its_turns_one_by_one():
    told = []
    begin = lambda turn: told.append(("begin", turn.t))  # noqa: E731
    finish = lambda turn, _: told.append(("finish", turn.t)) or turn.t < 1  # noqa: E731
    assert not take_turns(5, [(slice(0, 1), None)], begin, finish)
    assert told == [("begin", 0), ("finish", 0), ("begin", 1), ("finish", 1)]
