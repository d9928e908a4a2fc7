"""The buttons and keys of the labelling window: which are there, where, and how they look."""

from collections.abc import Sequence
from dataclasses import dataclass

import pygame

from labeling_ui import theme, widgets
from labeling_ui.actions import Action
from labeling_ui.pairs import side_of
from labeling_ui.regions import Region, Target
from labeling_ui.session import Screen
from labeling_ui.theme import Colour
from labeling_ui.view import View
from pbrl.feedback import Comparison

Rect = pygame.Rect

LEGEND: tuple[tuple[tuple[Action, ...], str], ...] = (
    ((Action.PAUSE,), "pause"),
    ((Action.RESTART,), "restart"),
    ((Action.STEP_BACK, Action.STEP_FORWARD), "frame by frame"),
    ((Action.SLOWER, Action.FASTER), "speed"),
    ((Action.UNDO,), "undo"),
    ((Action.BROWSE,), "earlier"),
    ((Action.HELP,), "help"),
    ((Action.QUIT,), "quit"),
)
"""The keys besides the answers', always on the screen."""


@dataclass(frozen=True, slots=True)
class Button:
    """A large button."""

    action: Action
    """What it does."""
    label: str
    """What it says."""
    colour: Colour
    """What it stands for."""
    chosen: bool = False
    """Whether it is the answer that was given."""
    enabled: bool = True
    """Whether it does something now."""


def buttons(view: View) -> list[Button]:
    """Returns the large buttons of a screen."""
    session = view.session
    if session.help_open:
        return [Button(Action.HELP, "Back", theme.INK)]
    match session.screen:
        case Screen.SUMMARY:
            return [
                Button(Action.GO_ON, "Go on judging", theme.INK),
                Button(Action.QUIT, "Close the window", theme.INK),
            ]
        case Screen.BROWSING:
            there = session.browsing.entry is not None
            return [
                Button(Action.LEFT, "Earlier", theme.INK, enabled=there),
                Button(Action.UNDO, "Take back and judge again", theme.YELLOW, enabled=there),
                Button(Action.RIGHT, "Later", theme.INK, enabled=there),
                Button(Action.BROWSE, "Back to judging", theme.INK),
            ]
        case Screen.FEEDBACK:
            return [
                Button(Action.UNDO, "Look again", theme.INK),
                Button(Action.GO_ON, "Go on", theme.GREEN),
            ]
        case _:
            return _answers(view)


def _answers(view: View) -> list[Button]:
    session = view.session
    open_ = session.screen is Screen.JUDGING and session.stage.visible
    given = _given(view)
    plain = [
        (Action.LEFT, "Left is better", theme.LEFT),
        (Action.TIE, "Equally good", theme.TIE),
        (Action.CANT_TELL, "Can't tell", theme.CANT_TELL),
        (Action.RIGHT, "Right is better", theme.RIGHT),
    ]
    if session.strength:
        plain = [
            (Action.MUCH_LEFT, "Much better", theme.LEFT),
            (Action.LEFT, "Better", theme.LEFT),
            (Action.TIE, "Equal", theme.TIE),
            (Action.CANT_TELL, "Can't tell", theme.CANT_TELL),
            (Action.RIGHT, "Better", theme.RIGHT),
            (Action.MUCH_RIGHT, "Much better", theme.RIGHT),
        ]
    return [
        Button(action, label, colour, chosen=action is given, enabled=open_)
        for action, label, colour in plain
    ]


def _given(view: View) -> Action | None:
    """Returns the answer that was given to the pair on the screen, if one was."""
    session = view.session
    if session.stage.chosen is None:
        return None
    answer, strong = session.stage.chosen
    if answer is Comparison.TIE:
        return Action.TIE
    if answer is Comparison.CANT_TELL:
        return Action.CANT_TELL
    if side_of(answer, session.stage.left) == "left":
        return Action.MUCH_LEFT if strong else Action.LEFT
    return Action.MUCH_RIGHT if strong else Action.RIGHT


def placed(rect: Rect, widths: Sequence[int], gap: int) -> list[Rect]:
    """Returns a row of rectangles: what their contents need, and equal parts of what is left."""
    spare = rect.width - sum(widths) - gap * (len(widths) - 1)
    edges, done = [rect.left], 0.0
    for width in widths:
        done += width + spare / len(widths)
        edges.append(rect.left + round(done))
    return [
        Rect(left + i * gap, rect.top, right - left, rect.height)
        for i, (left, right) in enumerate(zip(edges, edges[1:], strict=False))
    ]


def button_targets(view: View) -> list[tuple[Button, Target]]:
    """Returns the large buttons and where they are."""
    shown, rect, scale = buttons(view), view.layout.answers, view.layout.scale
    if len(shown) <= 2:
        rect = Rect(0, rect.top, min(scale(230 * len(shown)), rect.width), rect.height)
        rect.centerx = view.layout.answers.centerx
    widths = [widgets.button_width(scale, b.label, view.keys.label(b.action)) for b in shown]
    places = placed(rect, widths, scale(12))
    return [(one, Target(place, one.action)) for one, place in zip(shown, places, strict=True)]


def answer_region(view: View) -> Region:
    """Returns the row of large buttons."""
    row = button_targets(view)
    shown = tuple((button, view.hovers(target)) for button, target in row)

    def paint(surface: pygame.Surface) -> None:
        for (button, hovered), (_, target) in zip(shown, row, strict=True):
            widgets.button(
                surface, view.layout.scale, target.rect, button.label,
                view.keys.label(button.action), colour=button.colour, hovered=hovered,
                chosen=button.chosen, enabled=button.enabled,
            )  # fmt: skip

    return Region("answers", view.layout.answers, shown, paint)


def legend_targets(view: View) -> list[tuple[str, Target, str]]:
    """Returns the keys of the legend: label of the key, where it is, and the word after it."""
    scale, rect = view.layout.scale, view.layout.legend
    rows = []
    for actions, word in LEGEND:
        caps = [(view.keys.label(action) or "·", action) for action in actions]
        width = sum(widgets.keycap_width(scale, label, 12) for label, _ in caps)
        width += scale(4) * (len(caps) - 1) + scale(6) + widgets.text_width(scale, word, 13)
        rows.append((caps, word, width))
    gap = (rect.width - sum(width for *_, width in rows)) / max(len(rows) - 1, 1)
    x, found = float(rect.left), []
    for caps, word, width in rows:
        at = round(x)
        for i, (label, action) in enumerate(caps):
            cap = widgets.keycap_width(scale, label, 12)
            last = i == len(caps) - 1
            end = round(x) + width if last else at + cap
            found.append((label, Target(Rect(at, rect.top, end - at, rect.height), action),
                          word if last else ""))  # fmt: skip
            at += cap + scale(4)
        x += width + max(gap, scale(6))
    return found


def legend_region(view: View) -> Region:
    """Returns the row of keys."""
    row = legend_targets(view)
    shown = tuple((label, word, tuple(t.rect), view.hovers(t)) for label, t, word in row)
    scale = view.layout.scale

    def paint(surface: pygame.Surface) -> None:
        for label, word, (x, y, _, height), hovered in shown:
            ink = theme.INK if hovered else theme.SOFT
            ground = theme.HOVER if hovered else theme.RAISED
            middle = x, y + height // 2
            cap = widgets.keycap(surface, scale, middle, label, size=12, colour=ink, ground=ground)
            line = theme.written(word, max(scale(13), 6), ink, False, None)
            surface.blit(line, line.get_rect(midleft=(cap.right + scale(6), middle[1] - scale(1))))

    return Region("legend", view.layout.legend.inflate(scale(4), 0), shown, paint)


def player_targets(view: View) -> tuple[Target, Target]:
    """Returns where to pause and where to scrub."""
    scale, rect = view.layout.scale, view.layout.player
    play = Target(Rect(rect.left, rect.top, scale(34), rect.height), Action.PAUSE)
    left, right = rect.left + scale(50), rect.right - scale(104)
    return play, Target(Rect(left, rect.top, right - left, rect.height), None)


def player_region(view: View) -> Region:
    """Returns play, scrub and speed."""
    scale, rect, playback = view.layout.scale, view.layout.player, view.session.stage.playback
    play, scrub = player_targets(view)
    on = view.session.stage.pair is not None and view.session.stage.visible
    words = f"{playback.speed:g}×  {playback.index + 1}/{playback.frames}" if on else ""
    share = playback.fraction if on else 0.0
    shown = playback.playing, words, share, view.hovers(play), view.hovers(scrub)

    def paint(surface: pygame.Surface) -> None:
        widgets.play_mark(surface, scale, play.rect, playing=shown[0], hovered=shown[3])
        widgets.scrub_bar(surface, scale, scrub.rect, share, hovered=shown[4])
        place = rect.right, rect.centery - scale(10)
        widgets.text(surface, scale, place, words, size=14, colour=theme.SOFT, align="right")

    return Region("player", rect.inflate(scale(8), 0), shown, paint)
