"""Films in the page: they decode, with all their pictures."""

import base64
import re

import cv2
import numpy as np
import pytest

from experiments.report.footage import film
from pbrl.errors import PbrlError


def decoded(video, tmp_path):
    """Returns the pictures of a `<video>`, or of its address."""
    kind, _, content = video.partition(";base64,")
    assert kind.endswith("data:video/mp4")
    path = tmp_path / "film.mp4"
    path.write_bytes(base64.b64decode(re.split('"', content)[0]))
    capture, pictures = cv2.VideoCapture(str(path)), []
    while (read := capture.read())[0]:
        pictures.append(read[1])
    return pictures, capture.get(cv2.CAP_PROP_FPS)


def test_a_film_holds_its_pictures(tmp_path):
    red = np.zeros((12, 48, 64, 3), np.uint8)
    red[..., 0] = 220
    pictures, fps = decoded(film(red, 15, "red"), tmp_path)
    assert (len(pictures), fps) == (12, 15)
    assert pictures[5].shape == (48, 64, 3)
    assert pictures[5][24, 32, 2] > 180 and pictures[5][24, 32, 0] < 60  # OpenCV's blue is first


def test_a_film_plays_when_asked_and_a_loop_by_itself():
    pictures = np.zeros((2, 16, 16, 3), np.uint8)
    assert "autoplay" not in film(pictures, 10, "a") and "controls" in film(pictures, 10, "a")
    loop = film(pictures, 10, 'a "b"', loop=True)
    assert "autoplay" in loop and "loop" in loop and "muted" in loop and "controls" in loop
    assert 'aria-label="a &quot;b&quot;"' in loop


def test_no_picture_no_film():
    with pytest.raises(PbrlError, match="nothing to film"):
        film([], 10, "a")


def test_the_films_of_a_report_are_whole(debug_page, parsed, tmp_path):
    """A pendulum's episode has 25 steps at 10 a second, its clips 15."""
    films = [decoded(address, tmp_path) for address in parsed(debug_page).videos]
    assert {fps for _, fps in films} == {10.0}
    assert [len(pictures) for pictures, _ in films][-1] == 25
    assert {len(pictures) for pictures, _ in films[:-1]} == {15}
    assert films[0][0][0].shape == (180, 2 * 240 + 6, 3)
    assert films[-1][0][0].shape == (360, 480, 3)
    assert np.ptp(films[-1][0][0].astype(int), axis=(0, 1)).min() > 30  # something is drawn
