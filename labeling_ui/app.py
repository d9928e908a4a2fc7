"""The labelling window: a thin shell of pygame around the session, the desk and the pictures."""

import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pygame

from labeling_ui import controls, pages
from labeling_ui.actions import Action
from labeling_ui.desk import Desk
from labeling_ui.keys import Keys
from labeling_ui.layout import lay_out
from labeling_ui.messages import (
    Clips,
    DeskStatus,
    Failure,
    Lost,
    News,
    Notice,
    Opened,
    PassOver,
    TakenBack,
)
from labeling_ui.orders import Practise
from labeling_ui.pairs import Judgement, Pair, Role, Stored
from labeling_ui.pictures import Pictures
from labeling_ui.place import Place
from labeling_ui.practice import practice_pairs
from labeling_ui.regions import Painter, Region, Target, target_at
from labeling_ui.session import Screen, Session
from labeling_ui.status_panel import sidebar_region
from labeling_ui.telling import Telling
from labeling_ui.view import View
from labeling_ui.window import open_window

FRAMES_A_SECOND = 60
RESIZED_AFTER = 0.25
"""Seconds of rest after which the clips are drawn at a window's new size."""
LONGEST_TICK = 0.25
"""Seconds by which the clips run on at most, after the whole program stood still."""
PRACTICE_PAIRS = 3
"""Practice pairs at a person's first sitting."""
FINISH_SECONDS = 10.0
"""How long a store that does not answer is tried when the window is closed."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a person chose for a sitting."""

    annotator: str
    """Name that the answers carry."""
    keys: Keys
    """Which key does what."""
    repeats: float = 0.05
    """Share of the pairs that are asked again."""
    strength: bool = False
    """Whether "much better" can be said."""
    practice: int | None = None
    """Practice pairs; None: some at the first sitting."""
    tell: Path | None = None
    """File that gets a line of JSON for each pair shown and each answer stored."""
    seed: int | None = None
    """Of the sides, and of the pairs that are asked again; None: another one each time."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a sitting ended."""

    sitting: Session
    """The session at its end."""
    unstored: list[Judgement]
    """Answers that could not be stored."""


class App:
    """The window, open until the person closes it."""

    def __init__(self, place: Place, options: Options) -> None:
        """Opens the window and begins to look for the run.

        Raises:
            PbrlError: There is no display.
        """
        self._options = options
        rng = np.random.default_rng(options.seed)
        sides, checks, practice = rng.spawn(3)
        self._practice_seed = int(practice.integers(2**31))
        self.pictures = Pictures()
        try:
            self.surface = open_window(f"pbrl label as {options.annotator}")
        except BaseException:
            self.pictures.close()
            raise
        self._woken = pygame.event.custom_type()
        self.session = Session(sides, strength=options.strength)
        self.desk = Desk(place, options.annotator, checks, repeats=options.repeats, wake=self._wake)
        self.status, self.opened = DeskStatus(), None
        self._painter, self._layout = Painter(), lay_out(*self.surface.get_size())
        self._clip_size = self._layout.clips[0].size
        self._resized_at = self._began = time.monotonic()
        self._targets: list[Target] = []
        self._hovered: Target | None = None
        self._scrubbing: Target | None = None
        self._told_of_namesake = False
        self._failure: BaseException | None = None
        self.telling = Telling(options.tell)
        self.desk.start()

    def run(self, frames: int | None = None) -> Outcome:
        """Shows the window until it is closed, or for some frames.

        Raises:
            PbrlError: The store or the task cannot be used.
        """
        try:
            self.loop(frames)
        finally:
            unstored = self.close()
        if self._failure is not None:
            raise self._failure
        return Outcome(self.session, unstored)

    def loop(self, frames: int | None = None) -> None:
        """Looks 60 times a second, and at once when there is news."""
        last, due, count = time.monotonic(), time.monotonic(), 0
        while not self.session.over and self._failure is None and count != frames:
            events = _wait(due - time.monotonic())
            now = time.monotonic()
            due = due if now < due else now + 1 / FRAMES_A_SECOND
            self.session.tick(min(now - last, LONGEST_TICK))
            for event in events:
                self._handle(event)
            self.look()
            last, count = now, count + 1
            self.telling.frame_seconds.append(time.monotonic() - now)

    def close(self) -> list[Judgement]:
        """Stores what is left, closes everything and returns what could not be stored."""
        pygame.display.quit()
        unstored = self.desk.finish(FINISH_SECONDS)
        self.pictures.close()
        self.telling.close()
        return unstored

    def look(self) -> None:
        """Takes the news and repaints what has changed."""
        for news in self.desk.news():
            self._hear(news)
        for request in self.session.requests():
            self.desk.ask(request)
        self._draw_clips()
        view = self._view()
        regions, self._targets = compose(view)
        changed = self._painter.paint(self.surface, regions)
        if changed:
            pygame.display.update(changed)
        self.telling.shown(self.session)

    # What happens.

    def _handle(self, event: pygame.event.Event) -> None:
        """Does what an event means."""
        match event.type:
            case pygame.QUIT:
                self.session.over = True
            case pygame.KEYDOWN:
                action = self._options.keys.find(event.key, event.mod, event.unicode)
                if action is not None:
                    self._act(action)
            case pygame.MOUSEBUTTONDOWN if event.button == 1:
                self._press(event.pos)
            case pygame.MOUSEBUTTONUP if event.button == 1:
                self._scrubbing = None
            case pygame.MOUSEMOTION:
                self._move(event.pos)
            case pygame.WINDOWLEAVE:
                self._hovered = None
            case pygame.WINDOWSIZECHANGED | pygame.VIDEORESIZE:
                self._resize()
            case pygame.WINDOWEXPOSED:
                self._painter.forget()

    def _act(self, action: Action) -> None:
        screen = self.session.screen
        self.session.act(action)
        if screen is Screen.JUDGING and self.session.screen is Screen.STORING:
            self.telling.answer_key()

    def _press(self, place: tuple[int, int]) -> None:
        target = target_at(self._targets, place)
        if target is not None and target.action is not None:
            self._act(target.action)
        elif target is not None:
            self._scrubbing = target
            self._scrub(place[0])

    def _move(self, place: tuple[int, int]) -> None:
        self._hovered = target_at(self._targets, place)
        if self._scrubbing is not None:
            self._scrub(place[0])

    def _scrub(self, x: int) -> None:
        assert self._scrubbing is not None
        rect = self._scrubbing.rect
        self.session.scrub((x - rect.left) / rect.width)

    def _resize(self) -> None:
        self.surface = pygame.display.get_surface() or self.surface
        self._layout = lay_out(*self.surface.get_size())
        self._resized_at, self._hovered = time.monotonic(), None
        self._painter.forget()

    def _hear(self, news: News) -> None:
        match news:
            case Opened():
                self._open(news)
            case Pair():
                self.session.offer([news])
            case Stored():
                self.session.stored(news)
                self.telling.stored(news)
            case TakenBack():
                self.session.taken_back(news)
            case Clips():
                self.session.clips(news)
            case Lost(number):
                self.session.lost(number)
            case Notice(text):
                self.session.say(text)
            case Failure(error):
                self._failure = error
            case DeskStatus():
                self._take_status(news)
            case list():
                self.session.earlier(news)

    def _open(self, opened: Opened) -> None:
        self.opened, self.session.fps = opened, opened.fps
        pygame.display.set_caption(f"{opened.task}: pbrl label as {self._options.annotator}")
        count = self._options.practice
        if count is None:
            count = PRACTICE_PAIRS if opened.practise else 0
        if count:
            self.session.queue.preparing = True
            self.pictures.practise(Practise(opened.env_id, count, self._practice_seed))

    def _take_status(self, status: DeskStatus) -> None:
        if status.trouble:  # what was known of the run stays on the screen
            status = replace(self.status, trouble=status.trouble, opening="")
        self.status = status
        self.session.run_finished(status.finished)
        if self._options.annotator in status.people and not self._told_of_namesake:
            self._told_of_namesake = True
            self.session.notices.say(
                f"Another viewer is open as {self._options.annotator} too. Both can go on: no pair "
                "comes to both, and the answers of both count as yours. --as NAME chooses another "
                "name.",
                seconds=20.0,
            )

    def _draw_clips(self) -> None:
        """Says which clips are wanted, and takes those that are done."""
        rested = time.monotonic() - self._resized_at >= RESIZED_AFTER
        if rested:
            self._clip_size = self._layout.clips[0].size
        env_id = self.opened.env_id if self.opened else ""
        self.pictures.want(self.session.clips_ahead(), self._clip_size, env_id)
        self.pictures.pump()
        if self.session.queue.preparing and self.pictures.practice is not None:
            self.session.practice_made(practice_pairs(self.pictures.practice))
        if self.pictures.trouble:
            self.session.cannot_show()
        for key, sentence in list(self.pictures.failed.items()):
            pair = self.session.drop(key)
            if pair is not None and not self.pictures.trouble and pair.role is not Role.PRACTICE:
                self.session.say(f"Pair {pair.number} cannot be shown and is left out. {sentence}")
                if pair.role is Role.LABEL and self.pictures.drew:  # so it is this pair alone
                    self.desk.ask(PassOver(pair.number, sentence))
                elif pair.role is Role.LABEL:
                    self.desk.give_up(pair)
        pair = self.session.stage.pair
        if pair is not None and all(self.pictures.ready(clip) for clip in pair.clips):
            self.session.seen()

    def _view(self) -> View:
        return View(
            session=self.session,
            status=self.status,
            opened=self.opened,
            pictures=self.pictures,
            keys=self._options.keys,
            annotator=self._options.annotator,
            layout=self._layout,
            hovered=self._hovered,
            moment=time.monotonic() - self._began,
        )

    def _wake(self) -> None:
        """Ends the wait for events, from the desk's thread."""
        if pygame.display.get_init():
            pygame.event.post(pygame.event.Event(self._woken))


def _wait(seconds: float) -> list[pygame.event.Event]:
    """Returns what happens, at once when something does; nothing after `seconds`."""
    first = pygame.event.wait(max(round(seconds * 1000), 1))
    return [event for event in (first, *pygame.event.get()) if event.type != pygame.NOEVENT]


def compose(view: View) -> tuple[list[Region], list[Target]]:
    """Returns what the window shows, and what can be clicked."""
    regions = [pages.header_region(view), *pages.stage_regions(view)]
    targets = [target for button, target in controls.button_targets(view) if button.enabled]
    if not view.session.help_open and view.session.screen is not Screen.SUMMARY:
        regions.append(controls.player_region(view))
        if view.session.stage.pair is not None and view.session.stage.visible:
            targets += controls.player_targets(view)
    regions += [controls.answer_region(view), controls.legend_region(view), sidebar_region(view)]
    targets += [target for _, target, _ in controls.legend_targets(view)]
    return regions, targets
