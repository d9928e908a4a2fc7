"""The window of `pbrl watch`: the agent on the left, its rewards on the right, keys below."""

from dataclasses import dataclass
from enum import Enum, unique

import numpy as np
import pygame

from labeling_ui import theme, widgets
from labeling_ui.theme import Colour, Scale
from labeling_ui.watching import Source, Watching, WriteFilm
from labeling_ui.window import open_window

Rect = pygame.Rect

FRAMES_PER_SECOND = 60


@unique
class Command(Enum):
    """What can be done, with its key's name."""

    PAUSE = "Space"
    STEP = "."
    SLOWER = "-"
    FASTER = "+"
    RESTART = "R"
    FILM = "V"
    QUIT = "Q"


WORDS = {
    Command.PAUSE: "pause",
    Command.STEP: "one step",
    Command.SLOWER: "slower",
    Command.FASTER: "faster",
    Command.RESTART: "new episode",
    Command.FILM: "film",
    Command.QUIT: "quit",
}
KEYS = {
    pygame.K_SPACE: Command.PAUSE,
    pygame.K_PERIOD: Command.STEP,
    pygame.K_RIGHT: Command.STEP,
    pygame.K_MINUS: Command.SLOWER,
    pygame.K_KP_MINUS: Command.SLOWER,
    pygame.K_PLUS: Command.FASTER,
    pygame.K_EQUALS: Command.FASTER,
    pygame.K_KP_PLUS: Command.FASTER,
    pygame.K_r: Command.RESTART,
    pygame.K_v: Command.FILM,
    pygame.K_q: Command.QUIT,
    pygame.K_ESCAPE: Command.QUIT,
}


@dataclass(frozen=True, slots=True)
class WatchLayout:
    """The window's parts, in pixels."""

    scale: Scale
    header: Rect
    stage: Rect
    legend: Rect
    predicted: Rect
    true: Rect
    facts: Rect


def lay_out(width: int, height: int) -> WatchLayout:
    """Returns the parts of a window of `width` by `height` pixels."""
    scale = Scale.of_window(width, height)
    margin, side = scale(24), scale(392)
    inside = Rect(margin, 0, width - side - 2 * margin, height)
    header = Rect(inside.left, scale(20), inside.width, scale(56))
    legend = Rect(inside.left, height - scale(50), inside.width, scale(36))
    stage = Rect(inside.left, header.bottom + scale(8), inside.width, 0)
    stage.height = legend.top - scale(12) - stage.top
    right = Rect(inside.right + margin, scale(20), side - margin, height - scale(40))
    tall = (right.height - scale(150)) // 2
    predicted = Rect(right.left, right.top, right.width, tall)
    true = Rect(right.left, predicted.bottom + scale(14), right.width, tall)
    facts = Rect(right.left, true.bottom + scale(14), right.width, 0)
    facts.height = right.bottom - facts.top
    return WatchLayout(scale, header, stage, legend, predicted, true, facts)


def watch(
    source: Source,
    write_film: WriteFilm,
    size: tuple[int, int] | None = None,
    frame_limit: int | None = None,
) -> None:
    """Shows the window until it is closed.

    Args:
        source: Who acts.
        write_film: Writes a film.
        size: Of the window, in pixels; what suits the screen if left out.
        frame_limit: Frames of the screen after which it closes by itself; None: never.
    """
    try:
        screen = open_window(f"{source.title} - pbrl watch", size)
        watching, clock, frames = Watching(source, write_film), pygame.time.Clock(), 0
        view = WatchView(watching)
        try:
            while not watching.over and frames != frame_limit:
                watching.tick(clock.tick(FRAMES_PER_SECOND) / 1000)
                for event in pygame.event.get():
                    view.handle(event, screen)
                view.paint(screen)
                pygame.display.flip()
                frames += 1
        finally:  # a film that is being written ends whole, whatever ended the window
            watching.close()
            if watching.notice:
                print(watching.notice)
    finally:
        pygame.quit()


class WatchView:
    """Paints a `Watching` and brings it what keys and mouse say."""

    def __init__(self, watching: Watching) -> None:
        self.watching = watching
        self._buttons: dict[Command, Rect] = {}
        self._picture: tuple[object, pygame.Surface] | None = None

    def handle(self, event: pygame.event.Event, screen: pygame.Surface) -> None:
        """Does what an event means."""
        if event.type == pygame.QUIT:
            self.watching.over = True
        elif event.type == pygame.KEYDOWN:
            if (command := KEYS.get(event.key) or _typed(event.unicode)) is not None:
                self.do(command, screen)
        elif event.type == pygame.MOUSEBUTTONDOWN and event.button == 1:
            for command, rect in self._buttons.items():
                if rect.collidepoint(event.pos):
                    self.do(command, screen)

    def do(self, command: Command, screen: pygame.Surface) -> None:
        """Carries out a command."""
        watching = self.watching
        match command:
            case Command.PAUSE:
                watching.toggle()
            case Command.STEP:
                watching.step()
            case Command.SLOWER:
                watching.change_speed(-1)
            case Command.FASTER:
                watching.change_speed(1)
            case Command.RESTART:
                watching.restart()
            case Command.FILM:
                watching.film_or_stop(*lay_out(*screen.get_size()).stage.size)
            case Command.QUIT:
                watching.over = True

    def paint(self, screen: pygame.Surface) -> None:
        """Paints the window."""
        place = lay_out(*screen.get_size())
        screen.fill(theme.GROUND)
        self._paint_header(screen, place)
        widgets.clip(screen, place.scale, place.stage, self._drawn(place.stage.size))
        if self.watching.film is not None:
            centre = place.stage.right - place.scale(22), place.stage.top + place.scale(22)
            pygame.draw.circle(screen, theme.RED, centre, place.scale(9))
        watching = self.watching
        predicted, true = watching.curves["predicted"], watching.curves["true"]
        self._paint_curve(
            screen, place, place.predicted, "Predicted reward", list(predicted), theme.BLUE,
            "No reward has been learnt in this run, or not yet.",
        )  # fmt: skip
        self._paint_curve(
            screen, place, place.true, "True reward", list(true), theme.ORANGE,
            "This task has no true reward.",
        )  # fmt: skip
        self._paint_facts(screen, place)
        self._paint_legend(screen, place)

    def _drawn(self, size: tuple[int, int]) -> pygame.Surface | None:
        """Returns the picture of the moment, drawn once."""
        moment = self.watching.moment
        if moment is None:
            return None
        key = (id(moment), size)
        if self._picture is None or self._picture[0] != key:
            array = np.swapaxes(self.watching.source.picture(moment, *size), 0, 1)
            self._picture = key, pygame.surfarray.make_surface(array)
        return self._picture[1]

    def _paint_header(self, screen: pygame.Surface, place: WatchLayout) -> None:
        scale, header, watching = place.scale, place.header, self.watching
        widgets.text(
            screen, scale, header.topleft, watching.source.title, size=26, bold=True,
            width=header.width,
        )  # fmt: skip
        state = f"{watching.speed:g} x" if watching.playing else "paused"
        line = (
            f"{watching.agent}  ·  episode {watching.episode}, step {watching.steps:,}  ·  {state}"
        )
        foot = header.left, header.top + scale(34)
        widgets.text(screen, scale, foot, line, colour=theme.SOFT, width=header.width)

    def _paint_curve(
        self,
        screen: pygame.Surface,
        place: WatchLayout,
        rect: Rect,
        name: str,
        points: list[tuple[float, float]],
        colour: Colour,
        empty: str,
    ) -> None:
        scale = place.scale
        widgets.text(screen, scale, rect.topleft, name, bold=True, size=16)
        if points:
            value = f"{points[-1][1]:+.2f} a step"
            widgets.text(
                screen, scale, (rect.right, rect.top), value, size=16, colour=colour, align="right"
            )
        below = Rect(rect.left, rect.top + scale(28), rect.width, rect.height - scale(28))
        rewards = [0.0, *(reward for _, reward in points)]  # so that small changes look small
        widgets.plot(
            screen, scale, below, points, colour=colour, empty=empty, mark=0.0,
            low=min(rewards), high=max(rewards),
        )  # fmt: skip

    def _paint_facts(self, screen: pygame.Surface, place: WatchLayout) -> None:
        watching, scale, rect = self.watching, place.scale, place.facts
        facts = []
        if watching.curves["predicted"]:
            facts.append(("Predicted return of the episode", f"{watching.predicted_return:,.1f}"))
        if watching.curves["true"]:
            facts.append(("True return of the episode", f"{watching.true_return:,.1f}"))
        y = rect.top
        for name, value in facts:
            widgets.text(screen, scale, (rect.left, y), name, colour=theme.SOFT)
            widgets.text(screen, scale, (rect.right, y), value, bold=True, align="right")
            y += scale(26)
        rest = Rect(rect.left, y + scale(4), rect.width, rect.bottom - y)
        widgets.paragraph(screen, scale, rest, watching.notice, size=14, colour=theme.YELLOW)

    def _paint_legend(self, screen: pygame.Surface, place: WatchLayout) -> None:
        """Paints the keys, which are buttons too."""
        scale, legend = place.scale, place.legend
        x, mouse = legend.left, pygame.mouse.get_pos()
        for command, words in WORDS.items():
            start = x
            cap = widgets.keycap(screen, scale, (x, legend.centery), command.value)
            hovered = command in self._buttons and self._buttons[command].collidepoint(mouse)
            said = widgets.text(
                screen, scale, (cap.right + scale(7), legend.centery - scale(10)), words,
                size=14, colour=theme.INK if hovered else theme.SOFT,
            )  # fmt: skip
            self._buttons[command] = Rect(start, legend.top, said.right - start, legend.height)
            x = said.right + scale(18)


def _typed(letter: str) -> Command | None:
    """Returns the command of a letter on keyboards where + and - lie elsewhere."""
    return {"+": Command.FASTER, "-": Command.SLOWER, ".": Command.STEP}.get(letter)
