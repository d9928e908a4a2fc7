import cv2
import numpy as np
import pytest

from envs.atari.game import AtariGame, Blank, check_blanks
from envs.atari.screen import black_out, shrink, to_grey
from envs.errors import TaskError


@pytest.mark.parametrize("count", [1, 3, 64])
def test_pictures_shrink_together_as_they_do_alone(count):
    pictures = np.random.default_rng(0).integers(0, 256, (count, 210, 160), np.uint8)
    out = np.zeros((count, 84, 84), np.uint8)
    shrink(pictures, out)
    alone = [cv2.resize(one, (84, 84), interpolation=cv2.INTER_AREA) for one in pictures]
    assert np.array_equal(out, np.stack(alone))


def test_shrinking_takes_the_mean_over_areas():
    pictures = np.zeros((1, 210, 160), np.uint8)
    pictures[0, :5, :40] = 200  # two rows of 21 columns
    out = np.zeros((1, 84, 84), np.uint8)
    shrink(pictures, out)
    assert (out[0, :2, :21] == 200).all()
    assert out.sum() == 200 * 42


def test_grey_is_weighted_as_the_eye_sees():
    pictures = np.zeros((2, 210, 160, 3), np.uint8)
    pictures[1] = 100, 50, 200
    assert (to_grey(pictures)[1] == round(0.299 * 100 + 0.587 * 50 + 0.114 * 200)).all()
    assert not to_grey(pictures)[0].any()


def test_a_rectangle_is_black_and_the_rest_is_not():
    pictures = np.full((2, 210, 160, 3), 7, np.uint8)
    black_out(pictures, [Blank(10, 20, 3, 4)])
    assert not pictures[:, 10:13, 20:24].any()
    assert (pictures == 7).sum() == 2 * 3 * (210 * 160 - 12)


def test_ink_leaves_other_colours():
    pictures = np.zeros((1, 210, 160, 3), np.uint8)
    pictures[0, 10, 20:22] = (50, 132, 50), (50, 132, 51)
    black_out(pictures, [Blank(10, 20, 1, 2, ink=(50, 132, 50))])
    assert not pictures[0, 10, 20].any()
    assert tuple(pictures[0, 10, 21]) == (50, 132, 51)


@pytest.mark.parametrize(
    "blank", [Blank(-1, 0, 5, 5), Blank(0, 0, 0, 5), Blank(200, 0, 11, 5), Blank(0, 155, 5, 6)]
)
def test_a_rectangle_outside_the_picture_is_refused(blank):
    game = AtariGame("pong", (blank,), "", 0.0)
    with pytest.raises(TaskError, match="210 rows and 160 columns"):
        check_blanks(game.blanks, game.rom)
