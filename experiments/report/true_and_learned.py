"""Predicted against true reward over time, with a warning in words where they part."""

from collections.abc import Sequence

import numpy as np

from experiments.analysis.reward_hacking import FALL, LOST, PARTS, WEAK, Agreement, agreement
from experiments.report.chart import Panel, figure, key, side_by_side
from experiments.report.conditions import Condition
from experiments.report.learning import curves, draw, styles_of
from experiments.report.markup import Content, Markup, element, joined, number, paragraphs, table
from experiments.report.page import Section
from experiments.report.recorded import CORRELATION, LEARNED_RETURN, TRUE_RETURN, Recorded

HEADER = (
    *("run", "correlation: best tenth", "last tenth", "true return: best tenth", "last tenth"),
    *("learned return: then", "last tenth"),
)


def section(conditions: Sequence[Condition]) -> Section:
    """Returns the section."""
    rows, warnings = [], []
    for one in conditions:
        for run in one.runs:
            if (found := agreement_of(run)) is not None:
                title = f"{one.title}, seed {run.config.seed}"
                rows.append(_row(title, found))
                warnings += [_warning(title, sentence) for sentence in found.warnings]
    if not rows:
        nothing = paragraphs(
            "There is nothing to compare: no run has both a learned and a true reward so far."
        )
        return _section(nothing)
    if not warnings:
        calm = "No run shows a sign that learned and true reward part."
        warnings = [element("p", calm, class_="note")]
    parts = [*warnings, side_by_side(_charts(conditions)), table(HEADER, rows), _explained()]
    return _section(joined(parts))


def agreement_of(run: Recorded) -> Agreement | None:
    """Returns how learned and true reward of a run went together; None without either."""
    metrics = (run.metric(name) for name in (CORRELATION, TRUE_RETURN, LEARNED_RETURN))
    return agreement(run.steps, *metrics)


def _section(body: Markup) -> Section:
    return Section("reward", "Predicted and true reward", body)


def _warning(title: str, sentence: str) -> Markup:
    return element("p", element("strong", title), ". ", sentence, class_="warning")


def _charts(conditions: Sequence[Condition]) -> list[Markup]:
    """Returns a chart of the correlation for each task."""
    figures, styles = [], styles_of(conditions)
    for task in dict.fromkeys(one.task for one in conditions):
        lines = [(one, *curves(one, CORRELATION)) for one in conditions if one.task == task]
        lines = [line for line in lines if not np.isnan(line[2]).all()]
        if not lines:
            continue
        lowest = min(float(np.nanmin(runs)) for _, _, runs in lines)
        low = -1.0 if lowest < -0.5 else -0.5 if lowest < 0 else 0.0
        last = max(float(steps[-1]) for _, steps, _ in lines)
        panel = Panel((0.0, last), (low, 1.02), "environment steps", "correlation over steps")
        for one, steps, runs in lines:
            draw(panel, one, steps, runs, styles[one.name])
        keys = [key(one.name, styles[one.name]) for one, _, _ in lines]
        caption = f"{task}: correlation of learned and true reward"
        figures.append(figure(panel.svg(caption), caption, keys))
    return figures


def _row(title: str, found: Agreement) -> list[Content]:
    def last(values: np.ndarray) -> float:
        known = values[~np.isnan(values)]
        return known[-1] if len(known) else np.nan

    best = int(np.argmax(np.nan_to_num(found.true, nan=-np.inf)))
    correlations = (np.fmax.reduce(found.correlation), last(found.correlation))
    true, learned = found.true[best], found.learned[best]
    returns = (true, last(found.true), learned, last(found.learned))
    return [
        title,
        *(number(value, ".2f") for value in correlations),
        *(number(value) for value in returns),
    ]


def _explained() -> Markup:
    return paragraphs(
        f"Training on the learned reward is cut into {PARTS} parts of equal numbers of steps. "
        f"There is a warning where the correlation ends at least {FALL:g} below its best part or "
        f"below {WEAK:g}, and where the true return has lost {LOST:g} or more of what it had "
        "gained while the learned one is higher than it was at the true one's best. The exact "
        "definition and its limits stand at the top of experiments/analysis/reward_hacking.py: an "
        "agent that always does the same has little reward to correlate, and the learned return's "
        "scale moves with every fit."
    )
