"""The window driven frame by frame, on SDL's own screen that nobody sees."""

from collections.abc import Iterator
from contextlib import closing

import pygame
import pytest

from labeling_ui.app import App, Options
from labeling_ui.keys import Keys, read_keys
from labeling_ui.place import Place
from labeling_ui.session import SIGHT_SECONDS, Screen
from pbrl.errors import StoreError
from pbrl.store import LabelStore


@pytest.fixture(autouse=True)
def unseen(monkeypatch):
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")


@pytest.fixture
def app(hopper_run) -> Iterator[App]:
    place = Place(hopper_run / "labels.db", folder="hopper", budget=700)
    app = App(place, Options("anna", read_keys(None), repeats=0.0, practice=0, seed=1))
    yield app
    app.close()


def press(key: int) -> None:
    pygame.event.post(pygame.event.Event(pygame.KEYDOWN, key=key, mod=0, unicode=""))


def until(app: App, condition, frames: int = 3000) -> None:
    for _ in range(frames):
        if condition():
            return
        app.loop(frames=1)
    raise AssertionError("It did not happen.")


def judging(app: App) -> bool:
    """Whether a pair can be answered."""
    return app.session.screen is Screen.JUDGING and app.session.stage.looked >= SIGHT_SECONDS


def test_the_loop_stops_after_the_frames_it_is_given(app):
    app.loop(frames=5)
    assert len(app.telling.frame_seconds) == 5


def test_a_key_is_an_answer_in_the_store(app, hopper_run):
    until(app, lambda: judging(app))
    press(pygame.K_UP)
    until(app, lambda: app.session.sitting.labels == 1 and judging(app))
    with closing(LabelStore(hopper_run / "labels.db")) as store:
        assert [one.text for one in store.answers("hopper")] == ["tie"]
    assert len(app.telling.key_seconds) == 1


def test_only_what_changed_is_painted(app):
    until(app, lambda: judging(app) and app.pictures.whole(app.session.stage.pair.clips[1]))
    app.session.stage.playback.toggle()
    app.loop(frames=3)
    painted = []
    update, pygame.display.update = pygame.display.update, painted.append
    try:
        app.loop(frames=10)
    finally:
        pygame.display.update = update
    assert painted == []


def test_the_window_s_close_button_closes_it(app):
    pygame.event.post(pygame.event.Event(pygame.QUIT))
    app.loop(frames=50)
    assert app.session.over


def test_what_is_wrong_with_the_store_is_raised_when_the_window_is_closed(hopper_run):
    place = Place(hopper_run / "labels.db", run="no such run")
    app = App(place, Options("anna", Keys(read_keys(None).by_action)))
    with pytest.raises(StoreError, match="no such run"):
        app.run(frames=3000)


def test_a_second_viewer_of_the_name_is_told(app, hopper_run):
    with closing(LabelStore(hopper_run / "labels.db")) as store:
        until(app, lambda: judging(app))
        store.renew("hopper", "anna", "another viewer", seconds=60.0)
        until(app, lambda: "Another viewer is open as anna" in app.session.notices.text)
