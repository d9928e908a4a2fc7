"""Games in the viewer: pictures in colour and sharp, practice, and the real window."""

import contextlib
import threading
import time

import cv2
import numpy as np
import pytest

from envs import GAMES
from labeling_ui.drawing import BARS, fit_into
from labeling_ui.game_practice import CLIP_STEPS, choose, held_actions
from labeling_ui.orders import EVEN, Practise
from labeling_ui.pairs import clips_of
from labeling_ui.place import Place, open_place
from labeling_ui.practice import practice_pairs, practise
from pbrl.feedback import Comparison

SHORT = [game.removeprefix("pbrl/").removesuffix("-v0") for game in GAMES]


@pytest.mark.parametrize(("height", "width"), [(500, 600), (421, 333), (840, 640)])
def test_a_game_is_enlarged_sharply(height, width):
    """Colours that lie side by side may mix in one row of pixels at their border, not in more."""
    frame = np.zeros((210, 160, 3), np.uint8)
    frame[::2, ::2], frame[1::2, 1::2] = (200, 40, 40), (200, 40, 40)
    frame[100:110, 80:90] = 40, 200, 40
    picture = np.zeros((height, width, 3), np.uint8)
    fit_into(picture, frame)
    inside = picture[~(picture == BARS).all(axis=-1)]
    pure = [(inside == colour).all(axis=-1) for colour in ((0, 0, 0), (200, 40, 40), (40, 200, 40))]
    assert np.mean(np.any(pure, axis=0)) > (0.99 if height % 210 == 0 else 0.2)
    ratio = (picture != BARS).any(axis=-1)
    rows, columns = np.nonzero(ratio)
    assert np.ptp(columns) / np.ptp(rows) == pytest.approx(160 / 210, abs=0.01)


def test_clips_without_pictures_are_shown_as_the_agent_saw_them(stores):
    segments = stores.make_game_segments("Pong", 2, in_colour=False)
    for clip, segment in zip(clips_of("a", tuple(segments)), segments, strict=True):
        assert len(clip.frames) == len(clip) == 25
        shown = cv2.imdecode(np.frombuffer(clip.frames[0], np.uint8), cv2.IMREAD_GRAYSCALE)
        np.testing.assert_array_equal(shown, segment.observations[3])
    coloured = stores.make_game_segments("Pong", 2)
    assert clips_of("b", tuple(coloured))[0].frames == coloured[0].frames


def test_the_first_sitting_at_a_game_begins_with_practice(stores, tmp_path):
    run = stores.make_run(tmp_path / "pong", "Pong", pairs=1)
    place, closing_early = Place(run / "labels.db"), threading.Event()
    store, opened = open_place(place, "anna", "desk", lambda news: None, closing_early)
    with contextlib.closing(store):
        assert opened.news.practise


@pytest.mark.parametrize("game", SHORT)
def test_practice_of_a_game(game):
    made = practise(Practise(f"pbrl/{game}-v0", 3, seed=1))
    pairs = practice_pairs(made)
    assert 1 <= len(pairs) <= 3
    for pair in pairs:
        assert pair.expected in (Comparison.FIRST, Comparison.SECOND, Comparison.TIE)
        for clip in pair.clips:
            assert len(clip) == len(clip.frames) == CLIP_STEPS
            assert cv2.imdecode(np.frombuffer(clip.frames[0], np.uint8), 1).shape == (210, 160, 3)
    assert any(pair.expected is not Comparison.TIE for pair in pairs)


def test_the_better_practice_clip_is_the_one_that_pays_more():
    rng = np.random.default_rng(0)
    rewards, over = np.zeros((500, 8)), np.zeros((500, 8))
    rewards[60, 3], rewards[210, 5] = 5.0, -5.0
    over[300, 2] = 1  # no clip goes on after it
    pairs, better = choose(rng, rewards, over, 3)
    assert len(pairs) == 2  # no other two clips differ
    assert better[1] == EVEN
    first, right = pairs[0], better[0]
    assert first[right].tolist() == [3, 50]
    assert first[1 - right].tolist() == [5, 200]
    assert [2, 300] not in pairs.reshape(-1, 2).tolist()
    assert len(choose(rng, np.zeros((500, 8)), over, 3)[0]) == 0


def test_actions_are_held():
    actions = held_actions(np.random.default_rng(0), 6)
    assert 0.7 < np.mean(actions[1:] == actions[:-1]) < 0.95
    assert set(np.unique(actions)) == set(range(6))


def test_a_game_is_judged_at_the_window(open_viewer, desktop, stores, tmp_path):
    run = stores.make_run(tmp_path / "pong", "Pong", pairs=4)
    viewer = open_viewer(run)
    first = viewer.next()
    desktop.key("Left")
    second = viewer.next()
    assert first["number"] != second["number"]
    time.sleep(0.3)
    shown = desktop.picture()
    ground = np.array([144, 72, 17])  # Pong's brown
    assert (np.abs(shown.astype(int) - ground).max(axis=-1) < 4).mean() > 0.1
    assert viewer.close()[0] == 0
