"""Learning curves: true return, learned return and labels given, against environment steps."""

from collections.abc import Mapping, Sequence

import numpy as np

from experiments.analysis.curves import common_steps, on_steps
from experiments.figures.drawing import LineStyle, line_styles
from experiments.report.chart import Panel, figure, key, limits, side_by_side
from experiments.report.conditions import Condition
from experiments.report.markup import Markup, element, joined, paragraphs
from experiments.report.page import Section
from experiments.report.recorded import LABELS, LEARNED_RETURN, SCORE_RETURN, TRUE_RETURN

DRAWN = {
    TRUE_RETURN: ("True return", "return of an episode"),
    LEARNED_RETURN: ("Learned return", "return of an episode"),
    SCORE_RETURN: ("Return by its teacher", "return of an episode"),
    LABELS: ("Labels that the reward was fitted on", "labels"),
}
"""Metrics, their captions and what goes up."""


def section(conditions: Sequence[Condition]) -> Section:
    """Returns the section."""
    parts: list[Markup] = []
    styles = styles_of(conditions)
    tasks = list(dict.fromkeys(one.task for one in conditions))
    for task in tasks:
        of_task = [one for one in conditions if one.task == task]
        if len(tasks) > 1:
            parts.append(element("h3", task))
        figures = [chart(of_task, styles, metric, *words) for metric, words in DRAWN.items()]
        parts.append(side_by_side([one for one in figures if one is not None]))
    several = any(len(one.runs) > 1 for one in conditions)
    return Section("learning", "Learning", joined([_explained(several), *parts]))


def chart(
    conditions: Sequence[Condition],
    styles: Mapping[str, LineStyle],
    metric: str,
    caption: str,
    y_label: str,
) -> Markup | None:
    """Returns a chart of a metric over the steps, a line for each condition; None without any."""
    lines = [(one, *curves(one, metric)) for one in conditions]
    ends = limits([runs for _, _, runs in lines])
    if ends is None:
        return None
    last = max(float(steps[-1]) for _, steps, _ in lines)
    panel = Panel((0.0, last), ends, "environment steps", y_label)
    known = [(one, steps, runs) for one, steps, runs in lines if not np.isnan(runs).all()]
    for one, steps, runs in known:
        draw(panel, one, steps, runs, styles[one.name])
    keys = [key(one.name, styles[one.name]) for one, _, _ in known]
    return figure(panel.svg(f"{caption} against environment steps"), caption, keys)


def draw(
    panel: Panel, one: Condition, steps: np.ndarray, runs: np.ndarray, style: LineStyle
) -> None:
    """Draws a condition's runs faintly and their mean; a single run alone."""
    if len(runs) > 1:
        for run, values in zip(one.runs, runs, strict=True):
            panel.line(steps, values, style, f"{one.name}, seed {run.config.seed}", faint=True)
    everywhere = np.where(np.isnan(runs).any(axis=0), np.nan, np.nan_to_num(runs).mean(axis=0))
    panel.line(steps, everywhere, style, one.name)


def curves(condition: Condition, metric: str) -> tuple[np.ndarray, np.ndarray]:
    """Returns common steps `(T,)` and a metric of the runs on them `(runs, T)`, NaN if unknown."""
    steps = common_steps(max(run.end for run in condition.runs))
    rows = np.full((len(condition.runs), len(steps)), np.nan)
    for row, run in zip(rows, condition.runs, strict=True):
        values = run.metric(metric)
        known = ~np.isnan(values)
        if known.any():
            row[:] = on_steps(run.steps[known], values[known], steps)
    return steps, rows


def styles_of(conditions: Sequence[Condition]) -> dict[str, LineStyle]:
    """Returns how each condition is drawn, by its name."""
    return line_styles(list(dict.fromkeys(one.name for one in conditions)))


def _explained(several: bool) -> Markup:
    lines = "Each line is the mean of a condition's runs, with the runs themselves drawn thinly. "
    return paragraphs(
        (lines if several else "")
        + "Returns are means over the last 100 episodes. The true return is for looking at only: "
        "an agent that learns from labels never sees it. The learned return's zero and scale mean "
        "nothing, and both move with every fit of the reward: its rise within a few fits says "
        "something, its height does not."
    )
