import gymnasium
import numpy as np
import pytest
from gymnasium import spaces
from gymnasium.error import ResetNeeded
from gymnasium.utils.env_checker import check_env

import envs  # noqa: F401 - registers the tasks
import pbrl
from pbrl.config import RewardConfig
from pbrl.errors import TaskError
from pbrl.feedback import COMPARISON
from pbrl.reward.picture_ensemble import PictureEnsemble
from pbrl.reward.saved import LearnedReward
from pbrl.reward.wrapper import check_spaces

TASK = "pbrl/InvertedPendulum-v0"


@pytest.fixture(scope="module")
def reward(debug_run):
    return pbrl.load_reward(debug_run)


@pytest.fixture(scope="module")
def discrete_reward(discrete_run):
    return pbrl.load_reward(discrete_run)


def test_it_pays_the_learned_reward_and_keeps_the_true_one(reward):
    wrapped = pbrl.LearnedRewardWrapper(gymnasium.make(TASK), reward)
    plain = gymnasium.make(TASK)
    seen, _ = wrapped.reset(seed=5)
    plain.reset(seed=5)
    rng = np.random.default_rng(0)
    for _ in range(30):
        action = rng.uniform(-3, 3, size=1).astype(np.float32)
        after, paid, terminated, truncated, info = wrapped.step(action)
        expected, true_reward, *ends, _ = plain.step(action)
        assert isinstance(paid, float)
        assert paid == pytest.approx(float(reward(seen, action)), abs=1e-6)
        assert info["true_reward"] == true_reward
        assert [terminated, truncated] == ends
        np.testing.assert_array_equal(after, expected)
        seen = after
        if truncated:
            seen, _ = wrapped.reset()
            plain.reset()


def test_actions_are_judged_as_executed(reward):
    wrapped = pbrl.LearnedRewardWrapper(gymnasium.make(TASK), reward)
    paid = []
    for action in (3.0, 50.0):  # the task's bound is 3
        wrapped.reset(seed=0)
        paid.append(wrapped.step(np.array([action], np.float32))[1])
    assert paid[0] == paid[1]


@pytest.mark.filterwarnings("ignore")  # about the task's spaces and the missing render mode
def test_gymnasium_accepts_it(reward):
    check_env(pbrl.LearnedRewardWrapper(gymnasium.make(TASK), reward), skip_render_check=True)


def test_a_step_before_the_first_reset_is_gymnasiums_error(reward):
    with pytest.raises(ResetNeeded):
        pbrl.LearnedRewardWrapper(gymnasium.make(TASK), reward).step(np.zeros(1, np.float32))


def together(envs_, steps, draw):
    """Steps vector environments and yields what came before and after each step."""
    seen, _ = envs_.reset(seed=3)
    for _ in range(steps):
        actions = draw()
        after = envs_.step(actions)
        yield seen, actions, *after
        seen = after[0]


def test_the_vector_wrapper_pays_across_the_ends_of_episodes(reward):
    wrapped = pbrl.LearnedRewardVectorWrapper(gymnasium.make_vec(TASK, num_envs=3), reward)
    rng = np.random.default_rng(0)
    ends = 0
    for seen, actions, _, paid, _, truncated, info in together(
        wrapped, 60, lambda: rng.uniform(-3, 3, size=(3, 1)).astype(np.float32)
    ):
        np.testing.assert_allclose(paid, reward(seen, actions), atol=1e-6)
        assert info["true_reward"].shape == (3,)
        assert not np.allclose(info["true_reward"], paid)
        ends += truncated.sum()
    assert ends == 6


def test_a_step_that_only_resets_is_paid_nothing(discrete_reward):
    tasks = gymnasium.make_vec("CartPole-v1", num_envs=2, vectorization_mode="sync")
    wrapped = pbrl.LearnedRewardVectorWrapper(tasks, discrete_reward)
    rng = np.random.default_rng(0)
    ended, resets = np.zeros(2, bool), 0
    for seen, actions, _, paid, terminated, *_ in together(
        wrapped, 80, lambda: rng.integers(2, size=2)
    ):
        expected = np.where(ended, 0.0, discrete_reward(seen, actions))
        np.testing.assert_allclose(paid, expected, atol=1e-6)
        resets += ended.sum()
        ended = terminated
    assert resets > 2


class FromOne(gymnasium.Wrapper):
    """CartPole with actions 1 and 2 instead of 0 and 1."""

    def __init__(self):
        super().__init__(gymnasium.make("CartPole-v1"))
        self.action_space = spaces.Discrete(2, start=1)

    def step(self, action):
        return self.env.step(action - 1)


def test_discrete_actions_count_from_where_the_task_counts(discrete_reward):
    wrapped = pbrl.LearnedRewardWrapper(FromOne(), discrete_reward)
    for action in (1, 2):
        seen, _ = wrapped.reset(seed=0)
        paid = wrapped.step(action)[1]
        assert paid == pytest.approx(float(discrete_reward(seen, action - 1)), abs=1e-6)


@pytest.mark.parametrize("task", ["pbrl/Hopper-v0", "CartPole-v1", "Blackjack-v1"])
def test_a_task_that_the_reward_cannot_judge_is_refused(reward, task):
    with pytest.raises(TaskError, match=r"learnt on pbrl/InvertedPendulum-v0, .* shape \(4,\)"):
        pbrl.LearnedRewardWrapper(gymnasium.make(task), reward)
    if task != "Blackjack-v1":
        with pytest.raises(TaskError, match="the task to be wrapped observes"):
            pbrl.LearnedRewardVectorWrapper(gymnasium.make_vec(task, num_envs=2), reward)


@pytest.mark.parametrize(
    ("space", "fits"),
    [
        (spaces.Box(0, 255, (4, 84, 84), np.uint8), True),
        (spaces.Box(0, 255, (84, 84, 4), np.uint8), False),
        (spaces.Box(0, 1, (4, 84, 84), np.float32), False),
    ],
)
def test_pictures_in_another_order_or_range_are_refused(space, fits):
    """The same numbers, which the reward would take for other pictures."""
    config = RewardConfig(ensemble_size=1)
    ensemble = PictureEnsemble(config, (4, 84, 84), 6, COMPARISON, seed=1)
    learned = LearnedReward(ensemble, "pbrl/Pong-v0", 0)
    if fits:
        check_spaces(space, spaces.Discrete(6), learned)
    else:
        with pytest.raises(TaskError, match="pictures in uint8"):
            check_spaces(space, spaces.Discrete(6), learned)
