"""The parts that the windows are painted with: text, buttons, keys, bars, plots, clips.

Each paints into a rectangle of a surface, in the units of a `Scale`, and knows nothing of who
labels what.
"""

from collections.abc import Sequence

import pygame
import pygame.gfxdraw

from labeling_ui import theme
from labeling_ui.lettering import paragraph, shortened, text_width
from labeling_ui.lettering import text as text  # the windows take all their parts from here
from labeling_ui.lettering import wrapped as wrapped
from labeling_ui.theme import Colour, Scale

Rect = pygame.Rect

LEVEL = "←→↑↓+–="
"""Signs that stand in the middle of a key, wherever their line puts them."""


def box(
    surface: pygame.Surface,
    scale: Scale,
    rect: Rect,
    colour: Colour,
    *,
    radius: float = 10,
    border: Colour | None = None,
    thickness: float = 1.5,
) -> None:
    """Fills a rectangle with round corners."""
    pygame.draw.rect(surface, colour, rect, border_radius=scale(radius))
    if border is not None:
        outline = max(scale(thickness), 1)
        pygame.draw.rect(surface, border, rect, outline, border_radius=scale(radius))


def keycap(
    surface: pygame.Surface,
    scale: Scale,
    place: tuple[int, int],
    label: str,
    *,
    size: float = 13,
    colour: Colour = theme.INK,
    ground: Colour = theme.RAISED,
) -> Rect:
    """Paints a key as it lies on a keyboard, `place` being its middle left; returns where."""
    picture = theme.written(label, max(scale(size), 6), colour, True, None)
    height = scale(size * 1.75)
    rect = Rect(0, 0, max(picture.get_width() + scale(size * 0.95), height), height)
    rect.midleft = place
    box(surface, scale, rect, ground, radius=5, border=theme.mixed(ground, theme.INK, 0.22))
    where = picture.get_rect(center=rect.center)
    if label[-1] in LEVEL:
        ink = picture.get_bounding_rect()
        where.top = rect.centery - ink.top - ink.height // 2
    surface.blit(picture, where)
    return rect


def keycap_width(scale: Scale, label: str, size: float = 13) -> int:
    """Returns the width of a key in pixels."""
    width = scale.font(size, bold=True, text=label).size(label)[0]
    return max(width + scale(size * 0.95), scale(size * 1.75))


def button(
    surface: pygame.Surface,
    scale: Scale,
    rect: Rect,
    label: str,
    key: str,
    *,
    colour: Colour = theme.INK,
    hovered: bool = False,
    chosen: bool = False,
    enabled: bool = True,
    size: float = 17,
) -> None:
    """Paints a button with its key; what is chosen is filled with its colour."""
    ground = theme.HOVER if hovered and enabled else theme.RAISED
    ground = theme.mixed(theme.GROUND, colour, 0.32) if chosen else ground
    border = colour if chosen or (hovered and enabled) else theme.mixed(ground, colour, 0.45)
    ink = theme.INK if enabled or chosen else theme.FAINT
    if not enabled and not chosen:
        ground, border = theme.PANEL, theme.LINE
    box(surface, scale, rect, ground, border=border, thickness=3 if chosen else 1.5)
    cap, gap = (keycap_width(scale, key, 16) if key else 0), scale(12)
    label = shortened(scale, label, size, rect.width - cap - gap - scale(24), bold=True)
    width = cap + gap * bool(key) + text_width(scale, label, size, bold=True)
    x = rect.centerx - width // 2
    if key:
        tint = colour if enabled or chosen else theme.FAINT
        keycap(surface, scale, (x, rect.centery), key, size=16, colour=tint, ground=theme.GROUND)
        x += cap + gap
    line = theme.written(label, max(scale(size), 6), ink, True, None)
    surface.blit(line, line.get_rect(midleft=(x, rect.centery - scale(1))))


def button_width(scale: Scale, label: str, key: str, size: float = 17) -> int:
    """Returns the pixels that a button's key and label take."""
    cap = keycap_width(scale, key, 16) + scale(12) if key else 0
    return cap + text_width(scale, label, size, bold=True) + scale(30)


def bar(
    surface: pygame.Surface,
    scale: Scale,
    rect: Rect,
    share: float | None,
    *,
    colour: Colour = theme.BLUE,
    moment: float = 0.0,
) -> None:
    """Paints how much is done, 0 to 1; None: nobody knows, and a part moves with `moment`, s."""
    radius = rect.height // 2
    pygame.draw.rect(surface, theme.LINE, rect, border_radius=radius)
    if share is None:
        part = rect.width // 4
        x = rect.left + round((rect.width - part) * (0.5 - 0.5 * pygame.math.Vector2(1, 0).rotate(
            moment * 120
        ).x))  # fmt: skip
        pygame.draw.rect(surface, colour, (x, rect.top, part, rect.height), border_radius=radius)
    elif share > 0:
        done = max(round(rect.width * min(share, 1.0)), rect.height)
        pygame.draw.rect(surface, colour, (*rect.topleft, done, rect.height), border_radius=radius)


def plot(
    surface: pygame.Surface,
    scale: Scale,
    rect: Rect,
    points: Sequence[tuple[float, float]],
    *,
    colour: Colour = theme.BLUE,
    low: float | None = None,
    high: float | None = None,
    empty: str = "",
    mark: float | None = None,
) -> None:
    """Paints a curve.

    Args:
        surface: What to paint on.
        scale: Of the window.
        rect: Where.
        points: (x, y), x rising.
        colour: Of the curve.
        low: The y of the bottom; the least of the points if left out.
        high: The y of the top; the largest if left out.
        empty: What to write where there are fewer than two points.
        mark: A y that a faint line marks.
    """
    box(surface, scale, rect, theme.GROUND, radius=6)
    if len(points) < 2:
        inner = rect.inflate(-scale(20), -scale(20))
        paragraph(surface, scale, inner, empty, size=13, colour=theme.FAINT)
        return
    inner = rect.inflate(-scale(16), -scale(18))
    xs, ys = [x for x, _ in points], [y for _, y in points]
    bottom, top = min(ys) if low is None else low, max(ys) if high is None else high
    wide, tall = max(xs[-1] - xs[0], 1e-9), max(top - bottom, 1e-9)

    def where(x: float, y: float) -> tuple[float, float]:
        share = min(max((y - bottom) / tall, 0.0), 1.0)
        return inner.left + (x - xs[0]) / wide * inner.width, inner.bottom - share * inner.height

    if mark is not None:
        begin, end = where(xs[0], mark), where(xs[-1], mark)
        pygame.draw.line(surface, theme.LINE, begin, end, max(scale(1), 1))
    line = [where(x, y) for x, y in points]
    under = [(line[0][0], rect.bottom - scale(4)), *line, (line[-1][0], rect.bottom - scale(4))]
    pygame.draw.polygon(surface, theme.mixed(theme.GROUND, colour, 0.14), under)
    smooth_line(surface, colour, line, max(scale(2), 1))
    disc(surface, colour, line[-1], scale(4))


def disc(surface: pygame.Surface, colour: Colour, centre: tuple[float, float], radius: int) -> None:
    """Paints a disc with a smooth edge."""
    x, y = round(centre[0]), round(centre[1])
    pygame.gfxdraw.filled_circle(surface, x, y, radius, colour)
    pygame.gfxdraw.aacircle(surface, x, y, radius, colour)


def smooth_line(
    surface: pygame.Surface, colour: Colour, line: Sequence[tuple[float, float]], width: int
) -> None:
    """Paints a line of some width without steps at its edges."""
    pygame.draw.lines(surface, colour, False, line, width)
    for shift in (-(width - 1) / 2, (width - 1) / 2 + 0.5):
        pygame.draw.aalines(surface, colour, False, [(x, y + shift) for x, y in line])


def clip(
    surface: pygame.Surface,
    scale: Scale,
    rect: Rect,
    picture: pygame.Surface | None,
    *,
    ground: Colour = theme.GROUND,
    border: Colour | None = None,
) -> None:
    """Paints a picture of a clip with round corners, scaled where its size is not the place's."""
    if picture is None:
        box(surface, scale, rect, theme.PANEL, radius=8)
    elif picture.get_size() == rect.size:
        surface.blit(picture, rect)
    else:
        surface.blit(pygame.transform.smoothscale(picture, rect.size), rect)
    if picture is not None:
        corners = _corners(scale(8), ground)
        for corner, where in zip(corners, ("topleft", "topright", "bottomleft", "bottomright"),
                                 strict=True):  # fmt: skip
            surface.blit(corner, corner.get_rect(**{where: getattr(rect, where)}))
    if border is not None:
        outline = rect.inflate(scale(10), scale(10))
        pygame.draw.rect(surface, border, outline, max(scale(3), 2), border_radius=scale(12))


def _corners(radius: int, ground: Colour) -> list[pygame.Surface]:
    """Returns the four corners that make a picture's round."""
    if (radius, ground) not in _CORNERS:
        fine = pygame.Surface((8 * radius, 8 * radius), pygame.SRCALPHA)
        fine.fill((*ground, 255))
        pygame.draw.circle(fine, (*ground, 0), (4 * radius, 4 * radius), 4 * radius)
        disc = pygame.transform.smoothscale(fine, (2 * radius, 2 * radius))
        places = ((0, 0), (radius, 0), (0, radius), (radius, radius))
        _CORNERS[radius, ground] = [
            disc.subsurface((*place, radius, radius)).copy() for place in places
        ]
    return _CORNERS[radius, ground]


_CORNERS: dict[tuple[int, Colour], list[pygame.Surface]] = {}


def play_mark(
    surface: pygame.Surface, scale: Scale, rect: Rect, *, playing: bool, hovered: bool
) -> None:
    """Paints the sign of running or of pausing."""
    colour = theme.INK if hovered else theme.SOFT
    x, y, size = rect.centerx, rect.centery, scale(8)
    if playing:
        for side in (-1, 1):
            beam = Rect(0, 0, scale(4), 2 * size)
            beam.center = x + side * scale(4.5), y
            pygame.draw.rect(surface, colour, beam, border_radius=scale(1))
    else:
        points = [(x - size * 0.7, y - size), (x - size * 0.7, y + size), (x + size, y)]
        pygame.draw.polygon(surface, colour, points)
        pygame.draw.aalines(surface, colour, True, points)


def scrub_bar(
    surface: pygame.Surface, scale: Scale, rect: Rect, share: float, *, hovered: bool
) -> None:
    """Paints a place between the beginning and the end of a clip."""
    track = Rect(rect.left, 0, rect.width, scale(6))
    track.centery = rect.centery
    bar(surface, scale, track, share, colour=theme.SOFT)
    centre = rect.left + round(rect.width * share), rect.centery
    disc(surface, theme.INK, centre, scale(9 if hovered else 7))
