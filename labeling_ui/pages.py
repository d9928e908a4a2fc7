"""What stands in the middle of the labelling window: clips, waiting, help, summary."""

import time

import pygame

from labeling_ui import theme, widgets
from labeling_ui.actions import MEANINGS, STRONG, Action
from labeling_ui.pairs import Earlier, Role, in_words, side_of
from labeling_ui.practice import feedback
from labeling_ui.reasons import Reason, reason
from labeling_ui.regions import Region
from labeling_ui.session import Screen
from labeling_ui.sitting import summary
from labeling_ui.view import View
from pbrl.feedback import Comparison

Rect = pygame.Rect


def header_region(view: View) -> Region:
    """Returns the task, what to look for, and what there is to be said."""
    scale, rect = view.layout.scale, view.layout.header
    title, words, colour = _header(view)
    alarm = view.status.trouble if view.session.stage.pair is not None else ""
    notice = alarm or view.session.notices.text
    signature = title, words, colour, notice, bool(alarm)

    def paint(surface: pygame.Surface) -> None:
        widgets.text(surface, scale, rect.topleft, title, size=14, colour=theme.FAINT, bold=True,
                     width=rect.width)  # fmt: skip
        body = Rect(rect.left, rect.top + scale(24), rect.width, rect.height - scale(24))
        if not notice:
            widgets.paragraph(surface, scale, body, words, size=20, colour=colour, leading=1.28)
            return
        tint = theme.RED if alarm else theme.YELLOW
        widgets.box(surface, scale, body, theme.mixed(theme.GROUND, tint, 0.16), radius=8)
        pygame.draw.rect(surface, tint, (body.left, body.top, scale(5), body.height),
                         border_radius=scale(2))  # fmt: skip
        inner = body.inflate(-scale(32), -scale(8))
        widgets.paragraph(surface, scale, inner, notice, size=15, leading=1.35)

    return Region("header", rect, signature, paint)


def _header(view: View) -> tuple[str, str, theme.Colour]:
    """Returns title, sentence and the sentence's colour."""
    session, opened = view.session, view.opened
    task = opened.task if opened else "pbrl"
    look_for = opened.look_for if opened else ""
    if session.help_open:
        return f"{task}  ·  Help", look_for, theme.INK
    if session.screen is Screen.SUMMARY:
        return f"{task}  ·  This sitting", "Thank you. This is what you did.", theme.INK
    if session.screen is Screen.BROWSING:
        answers = session.browsing.answers
        if session.browsing.entry is None:
            words = "Reading your answers." if answers is None else "You have not answered yet."
            return f"{task}  ·  Earlier answers", words, theme.INK
        place = f"{session.browsing.at + 1} of {len(answers or ())}"
        return f"{task}  ·  Earlier answer {place}", told(session.browsing.entry), theme.INK
    pair = session.stage.pair
    if pair is not None and pair.role is Role.PRACTICE:
        number = session.queue.practice_total - session.queue.practice_left + 1
        title = f"{task}  ·  Practice {number} of {session.queue.practice_total}, does not count"
        if session.screen is Screen.FEEDBACK and pair.expected and session.stage.chosen:
            side = (
                "left"
                if (pair.expected is Comparison.FIRST) == (session.stage.left == 0)
                else "right"
            )
            words = feedback(pair.expected, session.stage.chosen[0], side)
            right = session.stage.chosen[0] is pair.expected
            return (
                title,
                f"{words} {look_for}",
                theme.mixed(theme.INK, theme.GREEN if right else theme.YELLOW, 0.45),
            )
        return title, look_for, theme.INK
    number = session.sitting.labels + 1  # as the sidebar counts
    return f"{task}  ·  Pair {number}" if pair is not None else task, look_for, theme.INK


def told(entry: Earlier) -> str:
    """Returns an earlier answer in words."""
    said = in_words(entry.answer, entry.left, entry.strength)
    then = time.localtime(entry.answered_at)
    day = "" if then[:3] == time.localtime()[:3] else time.strftime("%d %B, ", then)
    after = "" if entry.reaction_seconds is None else f", after {entry.reaction_seconds:.1f} s"
    return f"You said: {said}. ({day}{time.strftime('%H:%M', then)}{after})"


def stage_regions(view: View) -> list[Region]:
    """Returns the middle of the window."""
    session = view.session
    if session.help_open:
        return [_help(view)]
    if session.screen is Screen.SUMMARY:
        return [_summary(view)]
    if session.screen is Screen.BROWSING and session.stage.pair is None:
        return [_blank(view)]
    clips_there = session.stage.pair is not None and session.stage.visible
    if clips_there or (session.screen is Screen.STORING and session.stage.pair is None):
        return _clips(view) if clips_there else [_blank(view)]
    return [_waiting(view)]


def _clips(view: View) -> list[Region]:
    session, scale = view.session, view.layout.scale
    assert session.stage.pair is not None
    order = (session.stage.left, 1 - session.stage.left)
    tints = _tints(view)
    whole = all(map(view.pictures.whole, session.stage.pair.clips))
    regions = []
    for side, option, rect in zip(("left", "right"), order, view.layout.clips, strict=True):
        shown = session.stage.pair.clips[option]
        index = min(session.stage.playback.index, len(shown) - 1)
        picture = view.pictures.picture(shown, index, whole=whole)
        size = picture.get_size() if picture else None
        border = tints[side]

        def paint(
            surface: pygame.Surface,
            rect: Rect = rect,
            picture: pygame.Surface | None = picture,
            border: theme.Colour | None = border,
        ) -> None:
            widgets.clip(surface, scale, rect, picture, border=border)

        signature = shown.key, index, whole, size, border
        regions.append(Region(side, rect.inflate(scale(12), scale(12)), signature, paint))
    return regions


def _tints(view: View) -> dict[str, theme.Colour | None]:
    """Returns the colour around each clip: around both for a tie."""
    session = view.session
    stage, colours = session.stage, {"left": theme.LEFT, "right": theme.RIGHT}
    answer = stage.chosen[0] if stage.chosen else None
    if session.screen is Screen.FEEDBACK and stage.pair is not None:
        answer, colours = stage.pair.expected, dict.fromkeys(colours, theme.GREEN)
    elif session.screen is Screen.BROWSING and session.browsing.entry is not None:
        answer = session.browsing.entry.answer
    if answer in (Comparison.TIE, Comparison.CANT_TELL):
        tint = theme.TIE if answer is Comparison.TIE else theme.CANT_TELL
        return dict.fromkeys(colours, tint)
    chosen = side_of(answer, stage.left)
    return {side: colour if side == chosen else None for side, colour in colours.items()}


def _blank(view: View) -> Region:
    missing = view.session.screen is Screen.BROWSING and view.session.browsing.missing
    scale, rect = view.layout.scale, view.layout.stage

    def paint(surface: pygame.Surface) -> None:
        if missing:
            words = "The clips of this answer cannot be shown any more."
            place = rect.centerx, rect.centery - scale(10)
            widgets.text(surface, scale, place, words, colour=theme.SOFT, align="centre")

    return Region("blank", rect, missing, paint)


def why_waiting(view: View) -> Reason:
    """Returns why there is nothing to judge."""
    session = view.session
    drawn = (
        view.pictures.progress(session.stage.pair.clips) if session.stage.pair is not None else None
    )
    return reason(
        view.status,
        not_drawable=view.pictures.trouble,
        away=session.absence.away,
        drawing=drawn,
        preparing_practice=session.queue.preparing,
    )


def _waiting(view: View) -> Region:
    scale, rect, why = view.layout.scale, view.layout.stage, why_waiting(view)
    moment = round(view.moment * 30) / 30 if why.waits and why.progress is None else 0.0

    def paint(surface: pygame.Surface) -> None:
        wide = min(scale(600), rect.width)
        lines = widgets.wrapped(scale, why.sentence, 16, wide - scale(72))
        tall = scale(68 + 44) + len(lines) * scale(22.4) + scale(36 if why.waits else 0)
        card = Rect(0, 0, wide, min(tall, rect.height))
        card.center = rect.center
        widgets.box(surface, scale, card, theme.PANEL, radius=14)
        inner = card.inflate(-scale(72), -scale(68))
        widgets.text(surface, scale, (inner.centerx, inner.top), why.headline, size=24, bold=True,
                     align="centre")  # fmt: skip
        body = Rect(inner.left, inner.top + scale(44), inner.width, inner.height - scale(44))
        widgets.paragraph(surface, scale, body, why.sentence, size=16, colour=theme.SOFT,
                                 align="centre")  # fmt: skip
        if why.waits:
            place = Rect(0, 0, inner.width * 2 // 3, scale(6))
            place.midbottom = inner.centerx, inner.bottom
            widgets.bar(surface, scale, place, why.progress, moment=moment)

    return Region("waiting", rect, (why, moment), paint)


HOW_TO = (
    "Both clips run side by side and begin again together. Say which one is better by what the "
    "line above says, and by nothing else: judge only what you see happen in the clip. One that is "
    "already over is average; one in which the player dies is bad.",
    "Two that are equally good are a tie. Can't tell is for pairs that cannot be compared; use it "
    "sparingly.",
    "Every answer is saved at once. Undo goes back as far as you like within this sitting.",
)
"""What a person should know."""


def _help(view: View) -> Region:
    scale, rect = view.layout.scale, view.layout.stage

    def paint(surface: pygame.Surface) -> None:
        widgets.box(surface, scale, rect, theme.PANEL, radius=14)
        inner = rect.inflate(-scale(64), -scale(56))
        half = (inner.width - scale(48)) // 2
        y = inner.top
        for words in HOW_TO:
            place = Rect(inner.left, y, half, inner.bottom - y)
            y = widgets.paragraph(surface, scale, place, words, size=17, leading=1.42) + scale(14)
        _key_list(surface, view, Rect(inner.right - half, inner.top, half, inner.height))

    return Region("help", rect, view.session.strength, paint)


def _key_list(surface: pygame.Surface, view: View, rect: Rect) -> None:
    """Writes every action with its keys."""
    from labeling_ui.keys import label_of

    scale = view.layout.scale
    shown = [a for a in Action if a not in STRONG or view.session.strength]
    step = min(rect.height // len(shown), scale(27))
    for i, action in enumerate(shown):
        x, y = rect.left + scale(150), rect.top + i * step + step // 2
        labels = [label_of(name) for name in view.keys.by_action.get(action, ())]
        for label in reversed(labels):
            x -= widgets.keycap_width(scale, label, 12)
            widgets.keycap(surface, scale, (x, y), label, size=12)
            x -= scale(5)
        place = rect.left + scale(166), y - scale(11)
        widgets.text(surface, scale, place, MEANINGS[action], size=15, colour=theme.SOFT)


def _summary(view: View) -> Region:
    scale, rect = view.layout.scale, view.layout.stage
    rows = tuple(summary(view.session.sitting, time.time()))

    def paint(surface: pygame.Surface) -> None:
        step = scale(38)
        card = Rect(0, 0, min(scale(560), rect.width), step * len(rows) + scale(48))
        card.center = rect.center
        widgets.box(surface, scale, card, theme.PANEL, radius=14)
        for i, (what, value) in enumerate(rows):
            y = card.top + scale(24) + i * step
            left, right = card.left + scale(36), card.right - scale(36)
            if i:
                pygame.draw.line(surface, theme.LINE, (left, y), (right, y))
            widgets.text(surface, scale, (left, y + scale(8)), what.capitalize(), size=16,
                         colour=theme.SOFT)  # fmt: skip
            widgets.text(surface, scale, (right, y + scale(8)), value, size=17, bold=True,
                         align="right")  # fmt: skip

    return Region("summary", rect, rows, paint)
