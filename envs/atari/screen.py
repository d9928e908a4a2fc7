"""From the ALE's pictures to what is seen: blacked out, grey, 84 by 84.

Mnih et al., *Human-level control through deep reinforcement learning*, Nature 2015, methods. The
rectangles are blacked out of the whole picture, before it shrinks, so that no trace of a digit
remains. All pictures of a step are handled in one call each.
"""

# pyright: reportCallIssue=false, reportArgumentType=false
# (OpenCV's stubs do not fit its own arrays.)

from collections.abc import Sequence

import cv2
import numpy as np

from envs.atari.game import HEIGHT, WIDTH, Blank

SIDE = 84
"""Rows and columns of what the agent and the predictors see."""


def black_out(pictures: np.ndarray, blanks: Sequence[Blank]) -> None:
    """Blacks rectangles out of pictures in place.

    Args:
        pictures: (N, 210, 160) grey or (N, 210, 160, 3) coloured, uint8.
        blanks: What is black.
    """
    for one in blanks:
        rows, columns = slice(one.top, one.top + one.height), slice(one.left, one.left + one.width)
        area = pictures[:, rows, columns]
        if one.ink is None:
            area[...] = 0
        elif pictures.ndim == 3:
            area[area == _grey_of(one.ink)] = 0
        else:
            area[(area == np.array(one.ink, np.uint8)).all(axis=-1)] = 0


def to_grey(pictures: np.ndarray) -> np.ndarray:
    """Returns pictures (N, 210, 160, 3), red first, in grey (N, 210, 160), as the ALE greys them.

    Both round .299 red + .587 green + .114 blue.
    """
    tall = pictures.reshape(-1, WIDTH, 3)
    return cv2.cvtColor(tall, cv2.COLOR_RGB2GRAY).reshape(-1, HEIGHT, WIDTH)


def shrink(pictures: np.ndarray, out: np.ndarray) -> None:
    """Shrinks grey pictures by the mean over areas, as the ALE does.

    84 rows are made of 210 in steps of 2.5, which begin anew with every picture: one on top of the
    other they shrink as one.

    Args:
        pictures: (N, 210, 160) uint8, contiguous.
        out: (N, 84, 84) uint8, contiguous; written to.
    """
    tall = pictures.reshape(-1, WIDTH)
    size = SIDE, len(pictures) * SIDE
    cv2.resize(tall, size, dst=out.reshape(-1, SIDE), interpolation=cv2.INTER_AREA)


def _grey_of(colour: tuple[int, int, int]) -> int:
    return int(cv2.cvtColor(np.array([[colour]], np.uint8), cv2.COLOR_RGB2GRAY)[0, 0])
