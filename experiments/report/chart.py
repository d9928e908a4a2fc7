"""Charts as inline SVG, drawn in the page's own colours and letters: light and dark, any width."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from matplotlib.ticker import MaxNLocator

from experiments.figures.drawing import BLACK, LineStyle
from experiments.report.markup import Markup, element, joined

WIDTH, HEIGHT = 460, 270
LEFT, RIGHT, TOP, BOTTOM = 62, 14, 12, 46
STROKE = 2.0


@dataclass(frozen=True, slots=True)
class Panel:
    """An empty chart: axes from `low` to `high`, and the pixels that they are drawn on."""

    x: tuple[float, float]
    """Ends of the horizontal axis."""
    y: tuple[float, float]
    """Ends of the vertical axis."""
    x_label: str
    """What goes to the right, with its unit."""
    y_label: str
    """What goes up."""
    percent: bool = False
    """Whether numbers are written in per cent."""
    drawn: list[Markup] = field(default_factory=list)
    """What was drawn on it."""

    def across(self, x: float) -> float:
        """Returns the pixel of a value on the horizontal axis."""
        return _place(x, self.x, LEFT, WIDTH - RIGHT)

    def up(self, y: float) -> float:
        """Returns the pixel of a value on the vertical axis."""
        return _place(y, self.y, HEIGHT - BOTTOM, TOP)

    def line(
        self, x: np.ndarray, y: np.ndarray, style: LineStyle, name: str, faint: bool = False
    ) -> None:
        """Draws a line through points; NaN interrupts it.

        Args:
            x: `(T,)`.
            y: `(T,)`.
            style: Colour and dashes.
            name: Shown where the pointer rests on it.
            faint: Whether it is one of several runs behind their mean.
        """
        known, pieces = ~np.isnan(y), []
        for i in np.flatnonzero(known):
            begins = i == 0 or not known[i - 1]
            pieces.append(f"{'M' if begins else 'L'}{self.across(x[i]):.1f} {self.up(y[i]):.1f}")
        self.drawn.append(
            element(
                "g",
                element("title", name),
                element("path", d="".join(pieces), stroke_dasharray=None if faint else dash(style)),
                class_="line faint" if faint else "line",
                style=colour_of(style),
            )
        )

    def bar(self, x: float, low: float, high: float, style: LineStyle) -> None:
        """Draws a vertical interval."""
        place = {"x1": self.across(x), "x2": self.across(x)}
        place |= {"y1": self.up(low), "y2": self.up(high)}
        self.drawn.append(element("line", class_="bar", style=colour_of(style), **_short(place)))

    def point(self, x: float, y: float, radius: float, style: LineStyle, name: str) -> None:
        """Draws a point; the name is shown where the pointer rests on it."""
        place = {"cx": self.across(x), "cy": self.up(y), "r": radius}
        circle = element("circle", **_short(place))
        title = element("title", name)
        self.drawn.append(element("g", title, circle, class_="point", style=colour_of(style)))

    def words(self, x: float, y: float, text: str) -> None:
        """Writes something small, centred."""
        place = _short({"x": self.across(x), "y": self.up(y)})
        self.drawn.append(element("text", text, class_="words", **place))

    def guide(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Draws a thin line to compare with."""
        place = {"x1": self.across(start[0]), "y1": self.up(start[1])}
        place |= {"x2": self.across(end[0]), "y2": self.up(end[1])}
        self.drawn.append(element("line", class_="guide", **_short(place)))

    def svg(self, title: str) -> Markup:
        """Returns the chart; the title is read to those who do not see it."""
        return element(
            "svg",
            *(self._axes(), *self.drawn),
            viewBox=f"0 0 {WIDTH} {HEIGHT}",
            role="img",
            aria_label=title,
        )

    def _axes(self) -> Markup:
        bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
        pieces = []
        for y in ticks(*self.y):
            at = f"{self.up(y):.1f}"
            pieces.append(element("line", x1=LEFT, x2=right, y1=at, y2=at, class_="grid"))
            label = element("text", self._number(y), x=LEFT - 8, y=at, dy=".32em")
            pieces.append(element("g", label, class_="ytick"))
        for x in ticks(*self.x):
            at = f"{self.across(x):.1f}"
            pieces.append(element("line", x1=at, x2=at, y1=bottom, y2=bottom + 4, class_="tick"))
            pieces.append(element("text", self._number(x), x=at, y=bottom + 18, class_="xtick"))
        middle = (LEFT + right) / 2
        pieces.append(element("line", x1=LEFT, x2=right, y1=bottom, y2=bottom, class_="axis"))
        pieces.append(element("text", self.x_label, x=middle, y=HEIGHT - 6, class_="label"))
        turned = f"translate(13 {(TOP + bottom) / 2:g}) rotate(-90)"
        pieces.append(element("text", self.y_label, transform=turned, class_="label"))
        return element("g", *pieces, class_="axes", aria_hidden="true")

    def _number(self, value: float) -> str:
        return f"{value:.0%}" if self.percent else short_number(value)


def figure(panel: Markup, caption: str, keys: Sequence[Markup] = ()) -> Markup:
    """Returns a chart with its caption above it and the keys of its lines."""
    legend = element("p", *keys, class_="keys") if keys else None
    return element("figure", element("figcaption", caption), legend, panel)


def key(name: str, style: LineStyle) -> Markup:
    """Returns a condition's line and name for the legend."""
    sample = element("path", d="M1 5H27", stroke_dasharray=dash(style))
    drawing = element("svg", sample, viewBox="0 0 28 10", aria_hidden="true")
    return element("span", drawing, name, class_="key line", style=colour_of(style))


def limits(values: Sequence[np.ndarray]) -> tuple[float, float] | None:
    """Returns ends of an axis that holds all values, with a little room; None without any."""
    known = np.concatenate([one[np.isfinite(one)] for one in values]) if values else np.zeros(0)
    if not len(known):
        return None
    low, high = float(known.min()), float(known.max())
    room = 0.04 * (high - low) or max(abs(high), 1.0) * 0.1
    return (0.0 if 0 <= low < 0.25 * high else low - room), high + room


def ticks(low: float, high: float) -> list[float]:
    """Returns some round numbers between two."""
    room = 1e-9 * (high - low)
    found = MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
    return [float(one) + 0.0 for one in found if low - room <= one <= high + room]


def short_number(value: float) -> str:
    """Returns a number in a few characters, such as 1.5M, 250k or 0.2."""
    for size, letter in ((1e6, "M"), (1e4, "k")):
        if abs(value) >= size:
            divisor = 1e3 if letter == "k" else size
            return f"{value / divisor:.4g}{letter}".replace("-", "−")
    return f"{value:,.6g}".replace("-", "−")


def colour_of(style: LineStyle) -> str | None:
    """Returns the colour for CSS; black is the colour of letters, which is light in the dark."""
    return None if style.colour == BLACK else f"--c:{style.colour}"


def dash(style: LineStyle) -> str | None:
    """Returns a line's dashes in pixels, None of a solid one."""
    return " ".join(f"{length * STROKE:g}" for length in style.dashes[1]) or None


def side_by_side(figures: Sequence[Markup]) -> Markup:
    """Returns figures in as many columns as there is room for."""
    return element("div", joined(figures), class_="grid2")


def _place(value: float, ends: tuple[float, float], first: float, last: float) -> float:
    return first + (value - ends[0]) / (ends[1] - ends[0]) * (last - first)


def _short(place: dict[str, float]) -> dict[str, str]:
    return {name: f"{value:.1f}" for name, value in place.items()}
