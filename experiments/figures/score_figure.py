"""Scores over all tasks: a line for each condition, points with 95 % intervals."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.analysis.aggregates import Aggregate
from experiments.analysis.statistics import Estimate
from experiments.figures.drawing import DPI, GREY, SMALL, LineStyle, line_styles, plain
from experiments.sweeps.outcomes import TRUE_REWARD
from pbrl.errors import PbrlError

EVEN = 0.5
"""Probability of beating what is just as good."""


def aggregate_scores(aggregates: Sequence[Aggregate]) -> Figure:
    """Draws interquartile means and means of scores, and probabilities of improvement.

    Args:
        aggregates: One for each line of the figure, from the top.

    Raises:
        PbrlError: There is nothing to draw.
    """
    if not any(one.mean.runs for one in aggregates):
        raise PbrlError(
            "There is no score to draw: no condition has runs on a task that was run on the true "
            "reward too. Finish some first."
        )
    figure = Figure(figsize=(10.2, 1.0 + 0.45 * len(aggregates)), dpi=DPI, layout="constrained")
    panels = figure.subplots(1, 3, sharey=True)
    styles = line_styles([one.condition for one in aggregates])
    columns = (
        ("interquartile mean of scores", 1.0, [one.interquartile_mean for one in aggregates]),
        ("mean of scores", 1.0, [one.mean for one in aggregates]),
        ("probability of beating the true reward", EVEN, [one.improvement for one in aggregates]),
    )
    for panel, (title, mark, estimates) in zip(panels, columns, strict=True):
        panel.set_title(title, fontsize=10)
        panel.axvline(mark, color=GREY, linewidth=0.8, dashes=(4, 3), zorder=0)
        for place, (one, found) in enumerate(zip(aggregates, estimates, strict=True)):
            if mark == EVEN and one.condition == TRUE_REWARD:
                _say(panel, place, "reference")
            else:
                _point(panel, place, found, styles[one.condition])
        plain(panel, grid="x")
    panels[2].set_xlim(-0.05, 1.05)
    panels[0].set_yticks(range(len(aggregates)), [_with_runs(one) for one in aggregates])
    panels[0].set_ylim(len(aggregates) - 0.4, -0.6)
    return figure


def _point(panel: Axes, place: int, found: Estimate, style: LineStyle) -> None:
    """Draws a number and its interval, or says that it is not known."""
    if np.isnan(found.value):
        _say(panel, place, "not known")
        return
    panel.plot(
        [found.low, found.high],
        [place, place],
        color=style.colour,
        linewidth=3,
        alpha=0.55,
        solid_capstyle="round",
    )
    panel.plot(found.value, place, color=style.colour, marker=style.marker, markersize=7)


def _say(panel: Axes, place: int, words: str) -> None:
    panel.text(
        0.5,
        place,
        words,
        ha="center",
        va="center",
        fontsize=SMALL,
        color=GREY,
        transform=panel.get_yaxis_transform(),
        bbox={"facecolor": "white", "linewidth": 0, "pad": 2},
    )


def _with_runs(one: Aggregate) -> str:
    """Returns a condition and what its scores are made of."""
    runs, tasks = one.mean.runs, one.mean.tasks
    if not runs:
        return f"{one.condition}\nno score"
    counts = f"{runs} run{'' if runs == 1 else 's'}, {tasks} task{'' if tasks == 1 else 's'}"
    interval = ", no interval" if np.isnan(one.mean.low) else ""
    return f"{one.condition}\n{counts}{interval}"
