"""Watching an agent: steps at the task's rate, episodes, speed, curves, films."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from labeling_ui.watching import CURVE_SECONDS, HOLD_SECONDS, Moment, Watching
from pbrl.errors import PbrlError
from pbrl.video import write_video

FPS = 20.0


class Counting:
    """Episodes of a given length whose rewards are the step's number and its double."""

    title, fps = "Counting", FPS

    def __init__(self, length: int = 1000, true: bool = True) -> None:
        self.length, self.has_true = length, true
        self.begun = self.step = self.drawn = 0

    def begin(self) -> str:
        self.begun, self.step = self.begun + 1, 0
        return f"agent {self.begun}"

    def next(self) -> Moment | None:
        if self.step == self.length:
            return None
        self.step += 1
        true = 2.0 * self.step if self.has_true else None
        return Moment(np.array([self.step]), float(self.step), true)

    def picture(self, moment: Moment, width: int, height: int) -> np.ndarray:
        self.drawn += 1
        return np.full((height, width, 3), moment.state[0] % 256, np.uint8)


def no_film(pictures: Iterator[np.ndarray], fps: float) -> Path:
    raise PbrlError("The disk is full.")


@pytest.fixture
def source() -> Counting:
    return Counting()


def passes(watching: Watching, seconds: float, frames_a_second: int = 60) -> None:
    for _ in range(round(seconds * frames_a_second)):
        watching.tick(1 / frames_a_second)


def test_it_steps_at_the_tasks_rate(source: Counting):
    watching = Watching(source, no_film)
    passes(watching, 2.0)
    assert watching.steps == pytest.approx(1 + 2 * FPS, abs=1)
    total = watching.steps * (watching.steps + 1) / 2
    assert (watching.predicted_return, watching.true_return) == (total, 2 * total)


def test_speed_pause_and_single_steps(source: Counting):
    watching = Watching(source, no_film)
    watching.change_speed(+1)
    assert watching.speed == 1.5
    passes(watching, 2.0)
    assert watching.steps == pytest.approx(1 + 3 * FPS, abs=1)
    watching.toggle()
    before = watching.steps
    passes(watching, 1.0)
    assert watching.steps == before
    watching.step()
    assert (watching.steps, watching.playing) == (before + 1, False)
    for _ in range(20):
        watching.change_speed(-1)
    assert watching.speed == 0.1


def test_a_slow_screen_does_not_pile_up_steps(source: Counting):
    watching = Watching(source, no_film)
    watching.tick(60.0)
    assert watching.steps <= 9


def test_an_episodes_end_stands_for_a_moment_and_the_next_begins():
    source = Counting(length=5)
    watching = Watching(source, no_film)
    passes(watching, 6 / FPS)
    assert (source.begun, watching.steps, watching.agent) == (1, 5, "agent 1")
    assert watching.moment is not None and watching.moment.state[0] == 5
    passes(watching, HOLD_SECONDS + 1 / FPS)
    assert (source.begun, watching.episode, watching.agent) == (2, 2, "agent 2")
    assert watching.steps <= 3
    assert watching.predicted_return <= 6


def test_a_single_step_past_the_end_begins_the_next_episode():
    source = Counting(length=2)
    watching = Watching(source, no_film)
    for _ in range(3):
        watching.step()
    assert (source.begun, watching.steps) == (2, 1)


def test_curves_move_along(source: Counting):
    watching = Watching(source, no_film)
    watching.change_speed(+4)
    passes(watching, CURVE_SECONDS)
    curve = watching.curves["predicted"]
    assert len(curve) == CURVE_SECONDS * FPS
    assert curve[-1] == (watching.steps, watching.steps)
    watching.restart()
    assert list(curve) == [(1, 1.0)]


def test_without_a_true_reward_there_is_no_curve_of_it():
    watching = Watching(Counting(true=False), no_film)
    passes(watching, 1.0)
    assert not watching.curves["true"]
    assert watching.curves["predicted"]


def test_a_film_has_every_step_between_its_keys(source: Counting, tmp_path: Path):
    frames: list[int] = []

    def write(pictures: Iterator[np.ndarray], fps: float) -> Path:
        assert fps == FPS
        kept = []
        for picture in pictures:
            frames.append(int(picture[0, 0, 0]))
            kept.append(picture)
        write_video(tmp_path / "film.mp4", kept, fps)
        return tmp_path / "film.mp4"

    watching = Watching(source, write)
    passes(watching, 0.5)
    begin = watching.steps
    watching.film_or_stop(64, 48)
    passes(watching, 1.0)
    watching.film_or_stop(64, 48)
    assert frames == list(range(begin + 1, watching.steps + 1))
    assert (tmp_path / "film.mp4").stat().st_size > 0
    assert "film.mp4" in watching.notice


def test_a_film_that_cannot_be_written_is_told_and_watching_goes_on(source: Counting):
    watching = Watching(source, no_film)
    watching.film_or_stop(64, 48)
    passes(watching, 5.0)
    watching.film_or_stop(64, 48)
    assert "The disk is full." in watching.notice
    before = watching.steps
    passes(watching, 1.0)
    assert watching.steps > before
