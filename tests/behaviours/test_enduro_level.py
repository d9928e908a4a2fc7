"""Cars in made pictures of a road by day and by night, and in the game's own."""

import numpy as np
import pytest

import envs
from pbrl.behaviours.enduro_level import LEVEL, NEAR, cars, closeness, measure, score

OWN = 50
"""Column at which the player's car begins."""


def road(row: int | None = None, column: int = 20, ground: int = 40, lights: bool = False):
    """A picture (84, 84): a road with edges, the player's car, and perhaps another at a row."""
    picture = np.full((84, 84), ground, np.uint8)
    picture[:, :4] = 0
    picture[62:] = 0
    for line in range(22, 62):  # two slanted lines, three pixels in a row
        picture[line, 44 - line // 2 : 47 - line // 2] = ground + 80
        picture[line, 34 + line // 2 : 37 + line // 2] = ground + 80
    picture[55:60, OWN : OWN + 9] = ground + 150
    if row is not None and lights:
        for light in (column, column + 5):
            picture[row : row + 2, light : light + 3] = ground + 50
    elif row is not None:
        picture[row : row + 5, column : column + 8] = ground + 60
    return picture


@pytest.mark.parametrize("ground", [0, 40, 100])
@pytest.mark.parametrize("lights", [False, True])
def test_a_car_beside_is_level_by_day_and_by_night(ground, lights):
    assert closeness(road(56, ground=ground, lights=lights)) == 1.0
    assert closeness(road(56, column=26, ground=ground, lights=lights)) == 1.0


def test_an_empty_road_has_no_car_and_edges_are_none():
    assert not cars(road()).any()
    assert closeness(road()) == 0.0


def test_a_road_on_which_things_are_darker_than_the_ground():
    white = 255 - road(56).astype(int)
    white[62:] = 0
    assert closeness(white.astype(np.uint8)) == 1.0


def test_the_nearest_car_ahead_by_hand():
    # Rows 40 to 44 and 45 to 49: the nearest row of the nearest car is 49, the sixth of 44 to 54.
    both = np.minimum(255, road(40).astype(int) + road(45) - road()).astype(np.uint8)
    assert closeness(road(45)) == closeness(both) == pytest.approx(6 / 11)
    assert closeness(road(NEAR[0] - 5)) == 0.0
    assert closeness(road(NEAR[0] - 4)) == pytest.approx(1 / 11)
    assert closeness(road(LEVEL[0] - 4)) == 1.0


def test_the_players_car_is_not_another_wherever_it_is():
    for shift in (-30, -10, 5, 20):
        assert closeness(np.roll(road(), shift, axis=1)) == 0.0


def test_a_clip_is_the_mean_of_its_pictures_and_what_moves_counts_less():
    assert score(np.stack([road(56)] * 4)) == 1.0
    comes_and_goes = np.stack([road(56), road(), road(45), road(45)])
    assert score(comes_and_goes) == pytest.approx((1 + 0 + 0 + 6 / 11) / 4)
    for rows, counts in ((1, 2 / 3), (2, 1 / 3), (3, 0.0)):  # by which it moves in a picture
        there_and_back = np.stack([road(51), road(51 + rows), road(51), road(51 + rows)])
        assert score(there_and_back) == pytest.approx((1 + 3 * counts) / 4)
    at_the_lower_end = np.stack([road(57), road(59)])  # only its upper end is seen to move
    assert score(at_the_lower_end) == pytest.approx((1 + 1 / 3) / 2)
    both = np.stack([comes_and_goes, np.stack([road(56)] * 4)])
    np.testing.assert_allclose(score(both), [score(comes_and_goes), 1.0])


def test_a_game_counts_steps_after_a_second_beside_a_car():
    game = np.stack([road()] * 10 + [road(56)] * 20 + [road(45)] * 10)
    found = measure(game)
    assert found["share of steps level"] == 0.5
    assert found["share of steps level for a second"] == (20 - 15 + 1) / 40
    assert found["nearness"] == pytest.approx((20 + 10 * 6 / 11) / 40)
    assert measure(game[:5])["share of steps level for a second"] == 0.0


@pytest.fixture(scope="module")
def played():
    """Pictures (T, 84, 84) and rewards (T,) of a game: fast for a while, slow for a while."""
    env, rng = envs.make_task("pbrl/Enduro-v0", 1), np.random.default_rng(1)
    env.reset(seed=1)
    pictures, rewards = [], []
    for t in range(1500):
        fast, slow = [1, 1, 1, 7, 8, 0, 2, 3], [0, 4, 0, 2, 3]
        action = rng.choice(fast if t % 600 < 450 else slow)
        observations, reward, *_ = env.step(np.array([action]))
        pictures.append(observations[0, -1])
        rewards.append(reward[0])
    env.close()
    return np.stack(pictures), np.array(rewards)


def test_whoever_passes_or_is_passed_was_level_about_then(played):
    """The score, which the teacher does not see, says when: it changes by one for each car."""
    pictures, rewards = played
    level = closeness(pictures) == 1.0
    passes = np.flatnonzero(rewards)
    seen = [level[max(0, t - 8) : t + 9].any() for t in passes]
    assert len(passes) > 20
    assert np.mean(seen) >= 0.95


def test_a_car_that_passes_slowly_counts_more_than_several_that_pass_fast():
    """Without that there is no way up: at any speed cars are near for about the same share."""
    near, counts = [], []
    for throttle in (0.0, 0.05):
        env, rng = envs.make_task("pbrl/Enduro-v0", 4), np.random.default_rng(2)
        env.reset(seed=2)
        pictures = [env.step((rng.random(4) < throttle).astype(int))[0][:, -1] for _ in range(600)]
        env.close()
        clips = np.stack(pictures[100:], axis=1)
        near.append(closeness(clips).mean())
        counts.append(score(clips).mean() / near[-1])
    assert near[1] == pytest.approx(near[0], rel=0.25)
    assert counts[1] > 1.4 * counts[0]


def test_before_any_car_is_in_sight_there_is_none(played):
    pictures, _ = played
    start = pictures[0]
    assert closeness(start) == 0.0
