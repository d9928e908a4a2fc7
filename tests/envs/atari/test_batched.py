"""The rules of the games, each in each game (Christiano et al. 2017, appendix A.2)."""

import cv2
import gymnasium
import numpy as np
import pytest
from ale_py import Action, ALEInterface, LoggerMode, roms
from ale_py.vector_env import AtariVectorEnv
from gymnasium.error import ResetNeeded

from envs import GAMES, TaskError, describe, make_task
from envs.atari import batched
from envs.atari.batched import BatchedAtariEnv
from envs.atari.game import Blank
from envs.atari.screen import black_out

WITHOUT_LIVES = ("pbrl/Pong-v0", "pbrl/Enduro-v0")
games = pytest.mark.parametrize("env_id", GAMES)


@pytest.fixture
def make():
    made = []

    def _make(env_id: str, num_envs: int = 2, **options) -> BatchedAtariEnv:
        made.append(BatchedAtariEnv(GAMES[env_id], num_envs, **options))
        return made[-1]

    yield _make
    for env in made:
        env.close()


def random_actions(env, steps: int, seed: int = 0) -> np.ndarray:
    n = env.single_action_space.n
    return np.random.default_rng(seed).integers(n, size=(steps, env.num_envs))


def lives_of(env: BatchedAtariEnv) -> np.ndarray:
    """A masked reset that resets nothing tells how things stand."""
    nothing = np.zeros(env.num_envs, bool)
    return env._ale.reset(seed=np.zeros(0, int), options={"reset_mask": nothing})[1]["lives"]


@games
def test_an_observation_is_what_the_paper_says_frame_by_frame(make, env_id):
    """Against a loop over single frames: no-ops, skip of 4, maximum of two, grey, 84 x 84, 4."""
    env = make(env_id, 1)
    env.reset(seed=4)
    ale = ALEInterface()
    ALEInterface.setLoggerMode(LoggerMode.Error)
    ale.setFloat("repeat_action_probability", 0.0)
    ale.loadROM(roms.get_rom_path(GAMES[env_id].rom))
    ale.reset_game()
    noops = int(env._ale.reset(seed=env._seeds)[1]["episode_frame_number"][0])
    assert 0 <= noops <= 30
    for _ in range(noops):
        ale.act(Action.NOOP)
    actions, stack = ale.getMinimalActionSet(), []
    for action in random_actions(env, 30)[:, 0]:
        score, grey = 0, []
        for _ in range(4):
            score += ale.act(actions[action])
            grey.append(ale.getScreenGrayscale())
        pooled = np.maximum(grey[-2], grey[-1])[None]
        black_out(pooled, GAMES[env_id].blanks)
        stack.append(cv2.resize(pooled[0], (84, 84), interpolation=cv2.INTER_AREA))
        seen, rewards, *_ = env.step(np.array([action]))
        assert rewards[0] == score
        assert np.array_equal(seen[0, -1], stack[-1])
    assert np.array_equal(env.observations[0], np.stack(stack[-4:]))


@games
def test_grey_pictures_are_those_of_the_ale_but_for_the_black(make, env_id):
    ours, rom = make(env_id, 2), GAMES[env_id].rom
    theirs = AtariVectorEnv(rom, 2, use_fire_reset=False, reward_clipping=False)
    ours.reset(seed=3)
    theirs.reset(seed=ours._seeds)
    hidden = np.full((1, 210, 160), 255, np.uint8)
    for blank in GAMES[env_id].blanks:
        rows, columns = (
            slice(blank.top, blank.top + blank.height),
            slice(blank.left, blank.left + blank.width),
        )
        hidden[0, rows, columns] = 0
    untouched = cv2.resize(hidden[0], (84, 84), interpolation=cv2.INTER_AREA) == 255
    assert untouched.mean() > 0.9
    for actions in random_actions(ours, 40):
        seen, rewards, *_ = ours.step(actions)
        other, other_rewards, *_ = theirs.step(actions)
        assert np.array_equal(seen[:, -1][:, untouched], other[:, -1][:, untouched])
        assert np.array_equal(rewards, other_rewards)
    theirs.close()


@games
def test_neither_a_lost_life_nor_a_games_end_is_told(make, env_id):
    env = make(env_id, 4, threads=2, game_steps=800)
    env.reset(seed=0)
    ends = lost = 0
    for actions in random_actions(env, 1700):
        lives = lives_of(env)
        _, _, terminated, truncated, info = env.step(actions)
        assert not terminated.any()
        assert not truncated.any()
        assert info == {}
        ends += int(env.game_over.sum())
        lost += int((lives_of(env) < lives)[~env.game_over].sum())
    assert ends >= 4
    assert lost > 0 or env_id in WITHOUT_LIVES


@games
def test_a_new_game_begins_in_the_step_that_ends_the_last_one(make, env_id):
    env = make(env_id, 2, game_steps=25)
    env.reset(seed=0)
    for t, actions in enumerate(random_actions(env, 60), start=1):
        before = env.observations.copy()
        seen, *_ = env.step(actions)
        if env.game_over.all():
            assert t % 25 == 0
            first = seen[:, -1:]
            assert np.array_equal(seen, np.repeat(first, 4, axis=1)), "its first picture alone"
        else:
            assert np.array_equal(seen[:, :-1], before[:, 1:]), "the others move up"
    assert t == 60


@games
def test_the_score_is_black_in_what_the_agent_and_a_person_see(make, env_id):
    env = make(env_id, 1, record_frames=True)
    env.reset(seed=0)
    blanks = GAMES[env_id].blanks
    for actions in random_actions(env, 50):
        env.step(actions)
        for blank in blanks:
            if blank.ink is None:
                area = env.frames[0, blank.top : blank.top + blank.height]
                assert not area[:, blank.left : blank.left + blank.width].any()
        again = env.frames.copy()
        black_out(again, blanks)
        assert np.array_equal(again, env.frames), "nothing of the ink is left"
    assert env.frames.shape == (1, 210, 160, 3)
    assert len(np.unique(env.frames.reshape(-1, 3), axis=0)) > 3, "in colour"


def test_with_pictures_the_agent_sees_nearly_the_same(make):
    """In colour the ALE pools each of red, green and blue, which matters where things flicker."""
    grey, colour = make("pbrl/SpaceInvaders-v0"), make("pbrl/SpaceInvaders-v0", record_frames=True)
    grey.reset(seed=1)
    colour.reset(seed=1)
    for actions in random_actions(grey, 100):
        seen, rewards, *_ = grey.step(actions)
        other, other_rewards, *_ = colour.step(actions)
        assert np.array_equal(rewards, other_rewards)
        assert np.mean(seen != other) < 0.01


@games
@pytest.mark.parametrize("steps_of_a_seed", [50, 10_000])
def test_it_goes_on_from_a_snapshot_exactly(make, monkeypatch, env_id, steps_of_a_seed):
    monkeypatch.setattr(batched, "STEPS_OF_A_SEED", steps_of_a_seed)
    env = make(env_id, 3, game_steps=80)
    env.reset(seed=5)
    for actions in random_actions(env, 190):
        env.step(actions)
    taken = env.snapshot()
    other = make(env_id, 3, threads=2, game_steps=80)
    other.restore(taken)
    assert np.array_equal(other.observations, env.observations)
    for actions in random_actions(env, 120, seed=9):
        ours, theirs = env.step(actions), other.step(actions)
        assert all(np.array_equal(a, b) for a, b in zip(ours[:4], theirs[:4], strict=True))
        assert np.array_equal(env.game_over, other.game_over)
    assert all(np.array_equal(env.snapshot()[k], v) for k, v in other.snapshot().items())


def test_games_of_unlike_length_are_played_again_to_end_together(make):
    env = make("pbrl/Seaquest-v0", 4)
    env.reset(seed=2)
    for actions in random_actions(env, 1500):
        env.step(actions)
    assert len(set(env._elapsed)) == 4, "some games ended on the way"
    assert set(env._since) == {1500}, "and none of them took a new seed"
    other = make("pbrl/Seaquest-v0", 4)
    other.restore(env.snapshot())
    for actions in random_actions(env, 60, seed=3):
        assert np.array_equal(env.step(actions)[0], other.step(actions)[0])


def test_a_seed_lasts_to_the_end_of_a_game(make, monkeypatch):
    monkeypatch.setattr(batched, "STEPS_OF_A_SEED", 60)
    env = make("pbrl/Pong-v0", 2, game_steps=25)
    env.reset(seed=0)
    seeds, since = [env._seeds.copy()], []
    for actions in random_actions(env, 160):
        env.step(actions)
        seeds.append(env._seeds.copy())
        since.append(int(env._since[0]))
    changed = [t for t in range(1, 161) if not np.array_equal(seeds[t - 1], seeds[t])]
    assert changed == [75, 150], "the first ends of a game after 60 steps"
    assert max(since) == 74
    assert len(env.snapshot()["actions"][0]) == 10


def test_copies_whose_seeds_are_of_unlike_age_are_played_again_to_end_together(make, monkeypatch):
    monkeypatch.setattr(batched, "STEPS_OF_A_SEED", 1)  # every game has its own
    env = make("pbrl/Breakout-v0", 3)
    env.reset(seed=0)
    ages = set()
    for actions in random_actions(env, 600):
        env.step(actions)
        if env._since.min() > 4 or len(set(env._since)) == 1:
            continue
        ages.add(int(env._since.min()))
        other = make("pbrl/Breakout-v0", 3)
        other.restore(env.snapshot())
        assert np.array_equal(other.observations, env.observations)
        again, taken = other.snapshot(), env.snapshot()
        assert all(np.array_equal(taken[name], array) for name, array in again.items())
        if len(ages) == 5:
            break
    assert ages == {0, 1, 2, 3, 4}


def test_a_snapshot_of_an_earlier_version_is_one_whose_games_have_their_own_seeds(make):
    env = make("pbrl/Pong-v0")
    env.reset(seed=0)
    for actions in random_actions(env, 30):
        env.step(actions)
    taken = env.snapshot()
    other = make("pbrl/Pong-v0")
    other.restore({"elapsed" if name == "since" else name: a for name, a in taken.items()})
    assert np.array_equal(other.observations, env.observations)


def test_games_that_come_out_differently_are_refused(make):
    env = make("pbrl/Pong-v0")
    env.reset(seed=0)
    for actions in random_actions(env, 100):
        env.step(actions)
    taken = env.snapshot()
    taken["actions"][:, :50] = 3
    with pytest.raises(TaskError, match="do not come out"):
        make("pbrl/Pong-v0").restore(taken)
    with pytest.raises(TaskError, match="snapshot"):
        make("pbrl/Pong-v0", 3).restore(env.snapshot())


def test_seeds_make_games_and_threads_do_not(make):
    ends = []
    for threads in (1, 2):
        env = make("pbrl/Breakout-v0", 4, threads=threads)
        env.reset(seed=11)
        for actions in random_actions(env, 400):
            env.step(actions)
        ends.append(env.observations.copy())
    assert np.array_equal(*ends)
    starts = [make("pbrl/Breakout-v0").reset(seed=seed)[0] for seed in (1, 1, 2)]
    assert np.array_equal(starts[0], starts[1])
    env = make("pbrl/SpaceInvaders-v0", 16)
    env.reset(seed=0)
    assert len({row.tobytes() for row in env.observations}) > 1, "no-ops differ from copy to copy"


def test_misuse_is_explained(make):
    env = make("pbrl/Pong-v0")
    with pytest.raises(ResetNeeded):
        env.step(np.zeros(2, int))
    with pytest.raises(ResetNeeded):
        env.snapshot()
    env.reset(seed=0)
    with pytest.raises(TaskError, match=r"\(2,\)"):
        env.step(np.zeros(3, int))
    for wrong in ([0, 6], [-1, 0], [0.0, 2.9], [True, False]):
        with pytest.raises(TaskError, match="whole numbers from 0 to 5"):
            env.step(wrong)
    env.step([5, 0])  # and lists will do


def test_where_a_seed_is_left_out_the_generator_goes_on(make):
    env, other = make("pbrl/Pong-v0"), make("pbrl/Pong-v0")
    for one in (env, other):
        one.reset(seed=[4, 5])
        one.reset(seed=[None, 3])
    np.testing.assert_array_equal(env.snapshot()["seeds"], other.snapshot()["seeds"])
    np.testing.assert_array_equal(env.snapshot()["generators"], other.snapshot()["generators"])


def test_what_is_rendered_is_as_gymnasium_has_it():
    for env_id in ("pbrl/Pong-v0", "pbrl/Reacher-v0"):
        batch = gymnasium.make_vec(env_id, num_envs=2, render_mode="rgb_array")
        assert batch.render_mode == "rgb_array"
        batch.close()
        with pytest.raises(TaskError, match="render_mode is 'bogus'"):
            gymnasium.make_vec(env_id, num_envs=2, render_mode="bogus")
        listed = gymnasium.make(env_id, render_mode="rgb_array_list")
        listed.reset(seed=0)
        listed.step(listed.action_space.sample())
        assert len(listed.render()) == 2
        listed.close()


def test_a_missing_rom_is_a_sentence(make, monkeypatch, tmp_path):
    monkeypatch.setattr(batched.roms, "get_rom_path", lambda rom: tmp_path / f"{rom}.bin")
    with pytest.raises(TaskError, match="The ROM of pong is missing"):
        make("pbrl/Pong-v0")


def test_other_games_of_the_ale_and_their_rectangles():
    env = make_task("ALE/Freeway-v5", 2, blanks=[Blank(0, 0, 14, 160)], record_frames=True)
    env.reset(seed=0)
    env.step(np.zeros(2, int))
    assert env.frames is not None
    assert not env.frames[:, :14].any()
    env.close()
    assert describe("ALE/Freeway-v5").endless
    with pytest.raises(TaskError, match="210 rows"):
        make_task("ALE/Freeway-v5", 1, blanks=[Blank(0, 0, 14, 161)])
    with pytest.raises(TaskError, match="of games only"):
        make_task("pbrl/Hopper-v0", 1, blanks=[Blank(0, 0, 14, 10)])
    with pytest.raises(TaskError, match=r"pbrl/Pong-v0 or ALE/Pong-v5"):
        make_task("pbrl/Pongg-v0", 1)
    with pytest.raises(TaskError, match=r"ALE/Freeway-v5"):
        make_task("ALE/Freewway-v5", 1)


@games
def test_gymnasium_makes_them(env_id):
    env = gymnasium.make(env_id, render_mode="rgb_array")
    seen, info = env.reset(seed=1)
    assert seen.shape == (4, 84, 84)
    assert info == {"game_over": False}
    for _ in range(5):
        seen, reward, terminated, truncated, info = env.step(env.action_space.sample())
        assert not terminated
        assert not truncated
        assert isinstance(reward, float)
    picture = env.render()
    assert isinstance(picture, np.ndarray)
    assert picture.shape == (210, 160, 3)
    env.close()
    many = gymnasium.make_vec(env_id, num_envs=2)
    assert many.reset(seed=1)[0].shape == (2, 4, 84, 84)
    many.close()


def test_rewards_are_the_raw_score(make):
    env = make("pbrl/SpaceInvaders-v0", 4)
    env.reset(seed=1)
    paid = {reward for actions in random_actions(env, 150) for reward in env.step(actions)[1]}
    assert {5.0, 10.0} <= paid, "an alien of the lowest row is worth 5, of the next 10"
