"""What all figures have in common: a colour and a dash for each condition, plain axes, files.

The colours are those of Okabe and Ito, "Color Universal Design" (2008), which people with any
common colour blindness tell apart; yellow is left out, as it is faint on white. Dashes tell the
lines apart in grey print too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from experiments.sweeps.outcomes import TRUE_REWARD

ORANGE, SKY, GREEN = "#E69F00", "#56B4E9", "#009E73"
BLUE, VERMILLION, PURPLE, BLACK = "#0072B2", "#D55E00", "#CC79A7", "#000000"

DPI = 150
GREY = "#595959"
"""Of what is beside the data: white paper behind it, the contrast is 7 to 1."""
SMALL = 8.5
"""Of letters that are not titles, in points."""
LINE_WIDTH = 1.7
"""In points."""

Dashes = tuple[float, tuple[float, ...]]
SOLID: Dashes = (0, ())


@dataclass(frozen=True, slots=True)
class LineStyle:
    """How a condition is drawn."""

    colour: str
    """As HTML writes it."""
    dashes: Dashes
    """Matplotlib's line style: an offset, then lengths of ink and gap in line widths."""
    marker: str
    """Matplotlib's marker, where there is a point in place of a line."""


_FEW = LineStyle(SKY, (0, (1.2, 1.2)), "^")
_MIDDLE = LineStyle(BLUE, SOLID, "s")
_MANY = LineStyle(GREEN, (0, (4.5, 1.5)), "D")

KNOWN: dict[str, LineStyle] = {
    TRUE_REWARD: LineStyle(ORANGE, SOLID, "o"),
    **{"350 labels": _FEW, "700 labels": _MIDDLE, "1400 labels": _MANY},
    **{"3300 labels": _FEW, "5500 labels": _MIDDLE, "10000 labels": _MANY},
}
"""The paper's own conditions: the true reward in orange, as there."""

OTHERS: tuple[LineStyle, ...] = (
    LineStyle(VERMILLION, (0, (4.5, 1.5)), "v"),
    LineStyle(PURPLE, SOLID, "P"),
    LineStyle(GREEN, (0, (5, 1.2, 1.2, 1.2)), "X"),
    LineStyle(BLACK, (0, (1.2, 1.2)), "<"),
    LineStyle(SKY, (0, (7, 1.5)), ">"),
    LineStyle(BLACK, SOLID, "d"),
    LineStyle(VERMILLION, (0, (1.2, 1.2)), "p"),
    LineStyle(PURPLE, (0, (5, 1.2, 1.2, 1.2)), "h"),
)
"""What ablations, teachers and other budgets take, in turn."""


def line_styles(conditions: Sequence[str]) -> dict[str, LineStyle]:
    """Returns a style for each condition; with more than eight others, styles come again."""
    others = [condition for condition in conditions if condition not in KNOWN]
    given = {name: OTHERS[number % len(OTHERS)] for number, name in enumerate(others)}
    return {name: KNOWN.get(name) or given[name] for name in conditions}


def key(name: str, style: LineStyle) -> Line2D:
    """Returns a condition's line in the legend."""
    return Line2D(
        [], [], color=style.colour, linestyle=style.dashes, linewidth=LINE_WIDTH, label=name
    )


def plain(panel: Axes, grid: Literal["x", "y", "both"]) -> None:
    """Takes away what tells nothing, and puts a faint grid behind the data."""
    panel.spines[["top", "right"]].set_visible(False)
    panel.tick_params(labelsize=SMALL, length=3)
    panel.grid(axis=grid, color="#E6E6E6", linewidth=0.7)
    panel.set_axisbelow(True)


def save(figure: Figure, path: Path) -> None:
    """Writes a figure, as what the ending of the name says; the same figure gives the same PNG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    own = {"Software": None} if path.suffix == ".png" else None  # else matplotlib's version
    figure.savefig(path, metadata=own)
