"""Lines and paragraphs of text, in the units of a `Scale`."""

import pygame

from labeling_ui import theme
from labeling_ui.theme import Colour, Scale

Rect = pygame.Rect


def text(
    surface: pygame.Surface,
    scale: Scale,
    place: tuple[int, int],
    words: str,
    *,
    size: float = 15,
    colour: Colour = theme.INK,
    bold: bool = False,
    align: str = "left",
    width: int | None = None,
) -> Rect:
    """Writes a line and returns where it stands.

    Args:
        surface: What to write on.
        scale: Of the window.
        place: The line's top left, top middle or top right, as `align` says.
        words: The line.
        size: Of the font, in units.
        colour: Of the letters.
        bold: Whether they are bold.
        align: "left", "centre" or "right".
        width: Pixels that it may take; a longer line is cut and ends in an ellipsis.
    """
    if width is not None:
        words = shortened(scale, words, size, width, bold=bold)
    picture = theme.written(words, max(scale(size), 6), colour, bold, None)
    where = picture.get_rect(top=place[1])
    setattr(where, {"left": "left", "centre": "centerx", "right": "right"}[align], place[0])
    return surface.blit(picture, where)


def shortened(scale: Scale, words: str, size: float, width: int, *, bold: bool = False) -> str:
    """Returns as much of a line as fits into `width` pixels, with an ellipsis if it is cut."""
    font = scale.font(size, bold=bold, text=words)
    if font.size(words)[0] <= width:
        return words
    while words and font.size(words + "…")[0] > width:
        words = words[:-1]
    return words.rstrip() + "…"


def wrapped(scale: Scale, words: str, size: float, width: int, *, bold: bool = False) -> list[str]:
    """Returns the lines of a text, broken at `width` pixels; a longer word is broken too."""
    font = scale.font(size, bold=bold, text=words)
    lines: list[str] = []
    for paragraph in words.split("\n"):
        line = ""
        for word in paragraph.split():
            longer = f"{line} {word}".strip()
            if line and font.size(longer)[0] > width:
                lines.append(line)
                longer = word
            while len(longer) > 1 and font.size(longer)[0] > width:
                fits = _fitting(font, longer, width)
                lines.append(longer[:fits])
                longer = longer[fits:]
            line = longer
        lines.append(line)
    return lines


def _fitting(font: pygame.font.Font, word: str, width: int) -> int:
    """Returns how many letters of a word fit into `width` pixels, at least one."""
    fits = 1
    while fits < len(word) and font.size(word[: fits + 1])[0] <= width:
        fits += 1
    return fits


def paragraph(
    surface: pygame.Surface,
    scale: Scale,
    rect: Rect,
    words: str,
    *,
    size: float = 15,
    colour: Colour = theme.INK,
    bold: bool = False,
    align: str = "left",
    leading: float = 1.4,
) -> int:
    """Writes a text into a rectangle's width and returns its foot, y.

    Of a text that is too long as many lines as fit are written, the last with an ellipsis.
    """
    x = {"left": rect.left, "centre": rect.centerx, "right": rect.right}[align]
    y, step = rect.top, round(scale(size) * leading)
    lines = wrapped(scale, words, size, rect.width, bold=bold)
    room = max((rect.height + step // 3) // step, 0)
    if 0 < room < len(lines):
        lines[room - 1] = shortened(scale, f"{lines[room - 1]}…", size, rect.width, bold=bold)
    for line in lines[:room]:
        text(
            surface, scale, (x, y), line, size=size, colour=colour, bold=bold, align=align,
            width=rect.width,
        )  # fmt: skip
        y += step
    return y


def text_width(scale: Scale, words: str, size: float, *, bold: bool = False) -> int:
    """Returns the width of a line in pixels."""
    return scale.font(size, bold=bold, text=words).size(words)[0]
