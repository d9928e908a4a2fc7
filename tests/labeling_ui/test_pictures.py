"""Drawing in another process: right pictures, the urgent ones first, within the budget."""

import os
import signal
import time
from collections.abc import Callable, Iterator

import cv2
import numpy as np
import pygame
import pytest

import envs
from labeling_ui.canvas import COARSE
from labeling_ui.orders import Practise
from labeling_ui.pairs import Clip
from labeling_ui.pictures import RESTARTS, Pictures
from labeling_ui.practice import clear_pairs, practice_pairs
from pbrl.feedback import Comparison

HOPPER = "pbrl/Hopper-v0"
SIZE = (120, 96)


@pytest.fixture
def pictures() -> Iterator[Pictures]:
    pictures = Pictures()
    yield pictures
    pictures.close()


@pytest.fixture(scope="module")
def clips(stores) -> list[Clip]:
    segments = stores.make_segments("Hopper", 6, steps=40)
    return [Clip(f"{i}", segment.render_states) for i, segment in enumerate(segments)]


def pump(pictures: Pictures, until: Callable[[], bool], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not until():
        pictures.pump()
        assert time.monotonic() < deadline, pictures.trouble or pictures.failed or "too slow"
        time.sleep(0.002)


def array(surface: pygame.Surface | None) -> np.ndarray:
    assert surface is not None
    return pygame.surfarray.array3d(surface).swapaxes(0, 1)


def test_a_picture_is_what_the_task_draws(pictures, clips):
    pictures.want(clips[:2], SIZE, HOPPER)
    pump(pictures, lambda: all(map(pictures.whole, clips[:2])))
    for clip in clips[:2]:
        expected = envs.draw(HOPPER, clip.states, *SIZE)
        for index in (0, 7, 39):
            assert np.array_equal(array(pictures.picture(clip, index)), expected[index])
        assert np.array_equal(array(pictures.picture(clip, 99)), expected[-1])


def test_the_pair_on_the_screen_comes_first_and_a_few_pictures_of_it_before_the_rest(
    pictures, clips
):
    pictures.want(clips, SIZE, HOPPER)
    order = []

    def all_whole() -> bool:
        for clip in clips:
            for name, there in (("ready", pictures.ready(clip)), ("whole", pictures.whole(clip))):
                if there and (name, clip.key) not in order:
                    order.append((name, clip.key))
        return all(map(pictures.whole, clips))

    pump(pictures, all_whole)
    pairs = [(name, int(key) // 2) for name, key in order]
    firsts = list(dict.fromkeys(pairs))
    assert firsts[:4] == [("ready", 0), ("ready", 1), ("whole", 0), ("whole", 1)]


def test_a_clip_does_not_run_more_smoothly_than_the_one_beside_it(pictures, clips):
    clip = clips[0]
    pictures.want([clip], SIZE, HOPPER)
    pump(pictures, lambda: pictures.whole(clip))
    expected = envs.draw(HOPPER, clip.states, *SIZE)
    stride = 40 // COARSE
    for index in (0, 1, 5, 39):
        coarse = array(pictures.picture(clip, index, whole=False))
        assert np.array_equal(coarse, expected[index - index % stride])


def test_after_a_resize_the_old_pictures_stand_in_until_the_new_are_there(pictures, clips):
    pair, larger = clips[:2], (200, 160)
    pictures.want(pair, SIZE, HOPPER)
    pump(pictures, lambda: all(map(pictures.whole, pair)))
    pictures.want(pair, larger, HOPPER)
    assert not pictures.whole(pair[0])
    assert pictures.picture(pair[0], 0).get_size() == SIZE
    pump(pictures, lambda: all(map(pictures.whole, pair)))
    assert pictures.picture(pair[0], 0).get_size() == larger


def test_what_is_not_wanted_gives_way_when_the_budget_is_spent(clips):
    one = SIZE[0] * SIZE[1] * 3 * 40
    pictures = Pictures(budget=int(3.5 * one))
    try:
        pictures.want(clips, SIZE, HOPPER)
        pump(pictures, lambda: all(map(pictures.whole, clips[:3])))
        for _ in range(50):
            pictures.pump()
            time.sleep(0.005)
        assert not any(map(pictures.ready, clips[3:]))
        pictures.want(clips[3:], SIZE, HOPPER)
        pump(pictures, lambda: all(map(pictures.whole, clips[3:])))
        assert not all(map(pictures.ready, clips[:3]))
    finally:
        pictures.close()


def encoded(colours: list[tuple[int, int, int]], wide: int, tall: int) -> tuple[bytes, ...]:
    frames = [np.full((tall, wide, 3), colour, np.uint8) for colour in colours]
    return tuple(cv2.imencode(".png", frame[..., ::-1])[1].tobytes() for frame in frames)


def test_recorded_frames_are_shown_whole_with_bars_beside_them(pictures):
    colours = [(200, 10, 10), (10, 200, 10), (10, 10, 200)]
    clip = Clip("game", np.zeros((3, 0), np.float32), encoded(colours, 40, 80))
    pictures.want([clip, clip], (160, 100), "ALE/Pong-v5")
    pump(pictures, lambda: pictures.whole(clip))
    for i, colour in enumerate(colours):
        picture = array(pictures.picture(clip, i))
        assert picture.shape == (100, 160, 3)
        assert tuple(picture[50, 80]) == colour
        assert tuple(picture[50, 20]) == tuple(picture[50, 140]) != colour


def test_a_clip_that_cannot_be_decoded_is_named_and_the_others_are_drawn(pictures, clips):
    frames = (*encoded([(1, 2, 3)], 8, 8), b"no picture at all")
    broken = Clip("broken", np.zeros((2, 0), np.float32), frames)
    pictures.want([broken, *clips[:1]], SIZE, HOPPER)
    pump(pictures, lambda: pictures.whole(clips[0]))
    assert "damaged" in pictures.failed["broken"]
    assert pictures.trouble == ""


def test_states_of_another_task_are_named(pictures, clips):
    wrong = Clip("wrong", np.zeros((5, 3), np.float32))
    pictures.want([wrong, *clips[:1]], SIZE, HOPPER)
    pump(pictures, lambda: pictures.whole(clips[0]))
    assert "shape" in pictures.failed["wrong"]


def test_without_opengl_it_says_what_to_install(clips, monkeypatch):
    monkeypatch.setenv("MUJOCO_GL", "glfw")  # which needs a display
    monkeypatch.delenv("DISPLAY", raising=False)
    pictures = Pictures()
    try:
        pictures.want(clips[:2], SIZE, HOPPER)
        pump(pictures, lambda: bool(pictures.trouble))
        assert "libegl1" in pictures.trouble
    finally:
        pictures.close()


def test_a_drawing_process_that_dies_is_started_again_and_goes_on(pictures, clips):
    pictures.want(clips[:2], SIZE, HOPPER)
    pump(pictures, lambda: pictures.ready(clips[0]))
    os.kill(pictures._process.pid, signal.SIGKILL)
    pump(pictures, lambda: all(map(pictures.whole, clips[:2])))
    expected = envs.draw(HOPPER, clips[1].states, *SIZE)
    assert np.array_equal(array(pictures.picture(clips[1], 39)), expected[39])


def test_one_that_dies_again_and_again_is_given_up_with_a_sentence(pictures, clips):
    pictures.want(clips, SIZE, HOPPER)
    for _ in range(RESTARTS + 1):
        before = pictures._process.pid
        os.kill(before, signal.SIGKILL)
        pump(pictures, lambda before=before: pictures._process.pid != before)
    assert "MUJOCO_GL" in pictures.trouble


def test_more_practice_than_there_are_clips_is_as_much_as_there_is():
    pairs = clear_pairs(np.random.default_rng(1), np.arange(96.0), 98)
    assert pairs.shape == (48, 2)
    assert len(np.unique(pairs)) == 96


@pytest.mark.parametrize("task", ["Hopper", "Ant", "Reacher", "InvertedPendulum"])
def test_practice_pairs_differ_plainly_but_for_one_that_is_even(pictures, task):
    pictures.practise(Practise(f"pbrl/{task}-v0", 3, seed=5))
    pump(pictures, lambda: pictures.practice is not None)
    pairs = practice_pairs(pictures.practice)
    assert len(pairs) == 3
    info = envs.describe(f"pbrl/{task}-v0")
    assert [pair.expected is Comparison.TIE for pair in pairs] == [False, True, False]
    for pair in pairs:
        assert [len(clip) for clip in pair.clips] == [round(1.5 * info.clip_fps)] * 2
        if pair.expected is Comparison.TIE:
            apart = np.abs(pair.clips[0].states[-1] - pair.clips[1].states[-1])
            assert 0 < apart.max() < 0.3, "two clips, and hardly to be told apart"
        elif task == "Hopper":  # its root's x and height are in the states
            way = [clip.states[-1, 0] - clip.states[0, 0] for clip in pair.clips]
            height = [clip.states[:, 1].mean() for clip in pair.clips]
            first = pair.expected is Comparison.FIRST
            better = 0 if first else 1
            gain = (way[better] - way[1 - better]) + (height[better] - height[1 - better])
            assert gain > 0.2
    assert pictures.practice.better.shape == (3,)


def test_a_task_that_cannot_be_simulated_has_no_practice(pictures):
    pictures.practise(Practise("ALE/Pong-v5", 3, seed=5))
    pump(pictures, lambda: pictures.practice is not None)
    assert practice_pairs(pictures.practice) == []
