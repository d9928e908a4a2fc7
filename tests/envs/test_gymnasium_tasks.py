import warnings

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces

from envs import TaskError, describe, make_task


class Counter(gymnasium.Env):
    """Counts its steps from a random start; ends early, drifts or acts from 1 if told to."""

    metadata = {"render_modes": ["rgb_array"]}
    fresh = 0

    def __init__(
        self,
        end_at=None,
        drift=False,
        observation_space=None,
        action_space=None,
        picture="grey",
        render_mode=None,
    ):
        self.observation_space = observation_space or spaces.Box(-1e9, 1e9, (2, 2), np.float32)
        self.action_space = action_space or spaces.Discrete(3, start=1)
        self.picture = picture
        self.end_at, self.drift, self.render_mode = end_at, drift, render_mode

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.count = 0
        Counter.fresh += 1
        self.level = Counter.fresh if self.drift else int(self.np_random.integers(1000))
        return self._see(), {}

    def step(self, action):
        assert action in self.action_space
        self.count += 1
        self.level += int(action) * int(self.np_random.integers(10))
        return self._see(), float(action), self.count == self.end_at, False, {}

    def render(self):
        if self.picture == "growing":
            return np.zeros((1 + self.level, 6, 3), np.uint8)
        return self.picture and np.full((4, 6, 3), self.level % 256, np.uint8)

    def _see(self):
        return np.array([[self.level, self.count], [0, 0]], np.float32)


@pytest.fixture
def counter():
    ids = {
        "test/Endless-v0": {},
        "test/Short-v0": {"end_at": 4},
        "test/Late-v0": {"end_at": 2500},
        "test/Drift-v0": {"drift": True},
        "test/Words-v0": {"observation_space": spaces.Text(4)},
        "test/Boundless-v0": {"action_space": spaces.Box(-np.inf, np.inf, (1,))},
        "test/Whole-v0": {"action_space": spaces.Box(0, 3, (1,), np.int64)},
        "test/Blind-v0": {"picture": None},
        "test/Growing-v0": {"picture": "growing"},
        "test/Needy-v0": {"needs": "more"},
    }
    for env_id, kwargs in ids.items():
        steps = {"test/Endless-v0": None, "test/Late-v0": 3000}.get(env_id, 6)
        gymnasium.register(
            env_id, Counter, max_episode_steps=steps, kwargs=kwargs, disable_env_checker=True
        )
    yield
    for env_id in ids:
        del gymnasium.registry[env_id]


@pytest.mark.parametrize("env_id", ["Pendulum-v1", "CartPole-v1", "HalfCheetah-v5"])
@pytest.mark.filterwarnings("ignore:compiler attribute 'settotalmass'")
def test_restore_replays_the_episodes_exactly(env_id):
    env = make_task(env_id, 2, allow_termination=True)
    env.reset(seed=1)
    env.action_space.seed(0)
    actions = [env.action_space.sample() for _ in range(320)]
    for action in actions[:90]:
        env.step(action)
    snapshot = env.snapshot()
    assert all(array.dtype != object for array in snapshot.values())
    expected = [env.step(action) for action in actions[90:]]

    other = make_task(env_id, 2, allow_termination=True)
    other.restore(snapshot)
    np.testing.assert_array_equal(other.observations, snapshot["observations"])
    for action, wanted in zip(actions[90:], expected, strict=True):
        for one, two in zip(other.step(action)[:4], wanted[:4], strict=True):
            np.testing.assert_array_equal(one, two)


def test_an_episodes_end_gives_its_last_observation_and_starts_anew(counter):
    env = make_task("test/Short-v0", 2, allow_termination=True)
    start, _ = env.reset(seed=0)
    assert (start.shape, start.dtype) == ((2, 4), np.float32)
    for count in range(1, 4):
        seen, rewards, terminations, truncations, info = env.step(np.array([0, 2]))
        np.testing.assert_array_equal(rewards, [1.0, 3.0])  # the inner space starts at 1
        assert not terminations.any()
        assert not info
        assert (seen[:, 1] == count).all()
    seen, _, terminations, truncations, info = env.step(np.array([0, 2]))
    assert terminations.all()
    assert not truncations.any()
    assert info["_final_obs"].all()
    assert (info["final_obs"][:, 1] == 4).all()
    assert (seen[:, 1] == 0).all()
    assert not np.array_equal(seen, start)


def test_refuses_episodes_that_end_early(counter):
    with pytest.raises(TaskError, match="--allow-termination"):
        make_task("CartPole-v1", 2)
    with pytest.raises(TaskError, match="tells the agent what it should learn from people"):
        make_task("test/Short-v0", 2)
    env = make_task("test/Late-v0", 1)  # the probe does not see so far
    env.reset(seed=0)
    with pytest.raises(TaskError, match="--allow-termination"):
        for _ in range(2500):
            env.step(np.array([0]))


def test_a_task_may_say_what_to_look_for(counter, monkeypatch):
    assert "the behaviour that you want" in describe("test/Endless-v0").look_for
    monkeypatch.setitem(Counter.metadata, "look_for", "Prefer the higher number.")
    assert describe("test/Endless-v0").look_for == "Prefer the higher number."


def test_an_endless_task_is_cut(counter):
    assert describe("test/Endless-v0").episode_steps == 1000
    env = make_task("test/Endless-v0", 2)
    env.reset(seed=0)
    ends = [env.step(np.array([0, 1]))[3] for _ in range(1001)]
    assert [count for count, end in enumerate(ends, start=1) if end.any()] == [1000]


def test_records_frames_when_asked(counter):
    env = make_task("test/Endless-v0", 3, record_frames=True)
    seen, _ = env.reset(seed=0)
    for _ in range(3):
        assert env.frames.shape == (3, 4, 6, 3)
        np.testing.assert_array_equal(env.frames[:, 0, 0, 0], seen[:, 0] % 256)
        seen, *_ = env.step(np.array([0, 1, 2]))
    snapshot = env.snapshot()
    other = make_task("test/Endless-v0", 3, record_frames=True)
    other.restore(snapshot)
    np.testing.assert_array_equal(other.frames, env.frames)
    assert make_task("test/Endless-v0", 1).frames is None


def test_says_when_a_task_does_not_repeat_itself(counter):
    env = make_task("test/Drift-v0", 1)
    env.reset(seed=0)
    with pytest.warns(UserWarning, match="does not repeat itself"):
        env.restore(env.snapshot())


def test_seeds_repeat_and_environments_differ(counter):
    env = make_task("test/Endless-v0", 4)
    first, _ = env.reset(seed=3)
    assert len(np.unique(first[:, 0])) > 1
    np.testing.assert_array_equal(make_task("test/Endless-v0", 4).reset(seed=3)[0], first)
    # Environment i of a batch seeded s is environment 0 of one seeded s + i.
    np.testing.assert_array_equal(make_task("test/Endless-v0", 1).reset(seed=5)[0][0], first[2])


@pytest.mark.parametrize(
    ("env_id", "message"),
    [
        ("pbrl/HalfCheeta-v0", "Did you mean pbrl/HalfCheetah-v0"),
        ("halfcheetah-v2", "Did you mean pbrl/HalfCheetah-v0 or HalfCheetah-v5"),
        ("Qqqqqqqqqq-v0", "There is: pbrl/Hopper-v0, "),
        ("no_such_module:Thing-v0", "No module named 'no_such_module'"),
        ("FrozenLake-v1", "only Box observations are supported"),
        ("test/Words-v0", "only Box observations are supported"),
        ("test/Boundless-v0", "must hold real numbers between finite bounds"),
        ("test/Whole-v0", "make whole numbers Discrete actions"),
        ("test/Needy-v0", "cannot be made here: .* unexpected keyword argument 'needs'"),
        ("./hover.py:Hover-v0", "such as hover:Hover-v0 for the file hover.py"),
        (":Hover-v0", "before the colon stands the module"),
        ("a:b:Hover-v0", "before the colon stands the module"),
    ],
)
def test_refuses_ids_with_a_sentence(counter, env_id, message):
    for use in (describe, lambda one: make_task(one, 1)):
        with warnings.catch_warnings(), pytest.raises(TaskError, match=message):
            use(env_id)
    with pytest.raises(TaskError, match="at least 1 environment"):
        make_task(env_id, 0)


@pytest.mark.parametrize(
    ("env_id", "drew"), [("test/Blind-v0", r"\(\) and type object"), ("test/Growing-v0", "uint8")]
)
def test_refuses_pictures_that_are_none(counter, env_id, drew):
    env = make_task(env_id, 2, record_frames=True)
    with pytest.raises(TaskError, match=rf"drew a picture of shape .*{drew}"):
        env.reset(seed=1)


def test_refuses_actions_that_do_not_fit(counter):
    env = make_task("test/Endless-v0", 2)
    env.reset(seed=0)
    with pytest.raises(TaskError, match=r"shape \(2,\)"):
        env.step(np.array([[0], [1]]))
    with pytest.raises(TaskError, match="another task"):
        env.restore(make_task("pbrl/Hopper-v0", 2).reset(seed=0)[1])
