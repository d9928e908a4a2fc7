"""Learning curves in the paper's arrangement: a panel for each task, a line for each condition.

As in figures 2, 3, 5 and 6 of Christiano et al. 2017: true return against environment steps, mean
over seeds. Departure: the paper draws no interval; here Student's 95 % interval is a band around
each line, or, where many lines would hide one another's bands, a bar behind the end of each. The
axis of returns spans the single runs, so that the wide intervals of few seeds are cut rather than
the curves flattened; their ends are in the CSV file. Of two runs, whose interval would span all
that there is, both are drawn, thin. What was not run is said in its panel.
"""

from collections.abc import Sequence
from math import ceil

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, MaxNLocator

from experiments.analysis.bands import Band, band_of
from experiments.analysis.curves import Curve
from experiments.figures.drawing import (
    DPI,
    GREY,
    LINE_WIDTH,
    SMALL,
    LineStyle,
    key,
    line_styles,
    plain,
)
from pbrl.errors import PbrlError

COLUMNS = 3
PANEL_INCHES = (3.4, 2.4)
MOST_BANDS = 4
"""Lines up to which each has a band; beyond, a bar."""
FEWEST_RUNS = 3
"""Runs from which there is a band or bar: with two, Student's interval is 13 times as wide as they
are apart from their mean."""


def learning_curves(
    curves: Sequence[Curve], tasks: Sequence[str], conditions: Sequence[str]
) -> Figure:
    """Draws the learning curves of each task in a panel of its own.

    Args:
        curves: What was run.
        tasks: One panel each, in order; one that was not run stays empty and says so.
        conditions: The lines of each panel, in order.

    Raises:
        PbrlError: There is nothing to draw.
    """
    known = [one for one in curves if not np.isnan(one.returns).all()]
    wanted = {(one.task, one.condition): one for one in known}
    if not any((task, condition) in wanted for task in tasks for condition in conditions):
        raise PbrlError(
            "There is no finished run to draw: none of the tasks and conditions of the figure was "
            "given. Finish runs first."
        )
    columns = min(COLUMNS, len(tasks))
    rows = ceil(len(tasks) / columns)
    width, height = PANEL_INCHES
    figure = Figure((width * columns, height * rows), dpi=DPI, layout="constrained")
    panels = list(np.ravel(figure.subplots(rows, columns, squeeze=False)))
    styles = line_styles(conditions)
    for panel, task in zip(panels, tasks, strict=False):
        there = [wanted[task, name] for name in conditions if (task, name) in wanted]
        panel.set_title(task, loc="left", fontsize=10.5)
        if there:
            _draw(panel, there, styles)
        else:
            _leave_empty(panel)
    figure.supxlabel("environment steps", fontsize=SMALL + 1)
    figure.supylabel("true return", fontsize=SMALL + 1)
    free = panels[len(tasks) :]
    for panel in free:
        panel.axis("off")
    _legend(
        figure, free[0] if free else None, styles, _what_is_drawn(list(wanted.values()), styles)
    )
    return figure


def _draw(panel: Axes, curves: Sequence[Curve], styles: dict[str, LineStyle]) -> None:
    """Draws the conditions of a task that were run, and names the others."""
    panel.set_title(_runs(curves), loc="right", fontsize=SMALL, color=GREY)
    end = max(curve.steps[-1] for curve in curves)
    places = {name: end * (1.03 + 0.025 * number) for number, name in enumerate(styles)}
    for curve in reversed(curves):  # the first lies on top
        style, band = styles[curve.condition], band_of(curve)
        panel.plot(
            curve.steps,
            band.mean,
            color=style.colour,
            linestyle=style.dashes,
            linewidth=LINE_WIDTH,
            label=curve.condition,
        )
        if len(curve.seeds) < FEWEST_RUNS:
            _single_runs(panel, curve, style)
        elif len(styles) <= MOST_BANDS:
            panel.fill_between(
                curve.steps, band.low, band.high, color=style.colour, alpha=0.13, linewidth=0
            )
        else:
            _bar(panel, places[curve.condition], band, style)
    drawn = {curve.condition for curve in curves}
    _name_absent(panel, [name for name in styles if name not in drawn])
    ticks = MaxNLocator(5).tick_values(0, end)
    panel.set_xticks(ticks[ticks <= end])
    bars = len(styles) > MOST_BANDS and any(len(curve.seeds) >= FEWEST_RUNS for curve in curves)
    panel.set_xlim(0, max(places.values()) + 0.02 * end if bars else end)
    panel.set_ylim(*_span(curves))
    panel.yaxis.set_major_locator(MaxNLocator(5))
    for axis in (panel.xaxis, panel.yaxis):
        axis.set_major_formatter(EngFormatter(sep=""))
    plain(panel, grid="both")


def _span(curves: Sequence[Curve]) -> tuple[float, float]:
    """Returns the ends of an axis that all runs lie within, with a little room."""
    low = min(np.nanmin(curve.returns) for curve in curves)
    high = max(np.nanmax(curve.returns) for curve in curves)
    room = 0.05 * (high - low) or 1.0  # of constant returns
    return float(low - room), float(high + room)


def _name_absent(panel: Axes, conditions: list[str]) -> None:
    """Says which conditions of a task were not run, where learning curves seldom go."""
    if conditions:
        panel.text(
            0.98,
            0.03,
            "\n".join(["not run:", *conditions]),
            ha="right",
            va="bottom",
            fontsize=7.5,
            color=GREY,
            transform=panel.transAxes,
            bbox={"facecolor": "white", "alpha": 0.7, "linewidth": 0, "pad": 1.5},
        )


def _single_runs(panel: Axes, curve: Curve, style: LineStyle) -> None:
    """Draws the runs themselves; a single one is its own mean."""
    for returns in curve.returns if len(curve.seeds) > 1 else ():
        panel.plot(curve.steps, returns, color=style.colour, linewidth=0.7, alpha=0.6)


def _bar(panel: Axes, place: float, band: Band, style: LineStyle) -> None:
    """Draws the interval of a curve's last mean, and the mean, behind the end of the curve."""
    known = np.flatnonzero(band.runs)
    low, middle, high = (ends[known[-1]] for ends in (band.low, band.mean, band.high))
    panel.plot([place, place], [low, high], color=style.colour, linewidth=LINE_WIDTH)
    panel.plot(place, middle, color=style.colour, marker="o", markersize=3)


def _leave_empty(panel: Axes) -> None:
    panel.set(xticks=[], yticks=[])
    panel.text(0.5, 0.5, "not run", ha="center", color=GREY, transform=panel.transAxes)
    for side in panel.spines.values():
        side.set_color("#CCCCCC")


def _what_is_drawn(curves: Sequence[Curve], styles: dict[str, LineStyle]) -> list[str]:
    """Returns what lines and intervals are, for the legend."""
    runs = {len(curve.seeds) for curve in curves}
    interval = "band" if len(styles) <= MOST_BANDS else "bar at its end"
    said = {
        "line: mean over seeds": max(runs) > 1,
        "line: one run": runs == {1},
        f"{interval}: 95 % interval, cut at the edge": max(runs) >= FEWEST_RUNS,
        "thin lines: the runs, where there are two": 2 in runs,
    }
    return [words for words, true in said.items() if true]


def _legend(
    figure: Figure, panel: Axes | None, styles: dict[str, LineStyle], said: Sequence[str]
) -> None:
    """Draws the legend where a panel is free, or in a strip of its own above the panels."""
    holder, place, columns = panel or figure, "center", 1
    if panel is None:
        width, height = figure.get_size_inches()
        # A letter of this size is about .075 inches wide; the sample of the line takes the rest.
        columns = int(width / (0.75 + 0.075 * max(map(len, styles))))
        columns = min(len(styles), max(1, columns))
        strip = 0.15 + 0.2 * (len(said) + ceil(len(styles) / columns))
        figure.set_size_inches(width, height + strip)
        place = "outside upper center"
    holder.legend(
        handles=[key(name, style) for name, style in styles.items()],
        loc=place,
        ncols=columns,
        title="\n".join(said),
        title_fontsize=SMALL,
        fontsize=SMALL + 1,
        frameon=False,
        handlelength=3.2,
    )


def _runs(curves: Sequence[Curve]) -> str:
    """Returns how many runs the curves of a panel are made of, in words."""
    numbers = sorted({len(curve.seeds) for curve in curves})
    between = " to ".join(map(str, dict.fromkeys((numbers[0], numbers[-1]))))
    return f"{between} run{'' if numbers[-1] == 1 else 's'} each"
