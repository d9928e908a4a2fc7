"""Calibration of the ensemble: a reliability diagram for each condition, and its numbers."""

from collections.abc import Mapping, Sequence

import numpy as np

from experiments.analysis.calibration import Calibration, calibration, first_probabilities
from experiments.figures.drawing import LineStyle
from experiments.report.answers import NOBODY, Answers
from experiments.report.chart import Panel, figure, side_by_side
from experiments.report.conditions import Condition
from experiments.report.learning import styles_of
from experiments.report.markup import Content, Markup, element, joined, paragraphs, table
from experiments.report.page import Section
from experiments.report.recorded import Recorded

HEADER = ("condition", "answers", "right", "Brier", "calibration error", "softmax: Brier", "error")


def section(conditions: Sequence[Condition], answers: Mapping[Recorded, Answers]) -> Section:
    """Returns the section; the answers of all runs of a condition are taken together."""
    styles, rows = styles_of(conditions), []
    figures: list[Markup] = []
    notes: list[Markup] = []
    asking = [one for one in conditions if any(run.asks for run in one.runs)]
    if not asking:
        return _section(paragraphs(NOBODY))
    for one in asking:
        known = [run for run in one.runs if len(answers[run])]
        if not known:
            sentence = f"{one.title}: {answers[one.runs[0]].problem}"
            notes.append(element("p", sentence, class_="small"))
            continue
        chosen = np.concatenate([answers[run].chosen for run in known])
        with_errors, softmax = (
            calibration(np.concatenate(firsts), chosen)
            for firsts in zip(*(_firsts(run, answers[run]) for run in known), strict=True)
        )
        figures.append(diagram(one.title, with_errors, styles[one.name]))
        rows.append(_row(one.title, with_errors, softmax))
        if unpredicted := sum(answers[run].unpredicted for run in one.runs):
            notes.append(_left_out(one.title, unpredicted))
    drawn = [_explained(), side_by_side(figures), table(HEADER, rows)] if rows else []
    return _section(joined([*drawn, *notes]))


def _section(body: Markup) -> Section:
    return Section("calibration", "Does 80 % mean 80 %?", body)


def diagram(title: str, found: Calibration, style: LineStyle) -> Markup:
    """Returns a reliability diagram; a point's area is in proportion to its answers."""
    caption = f"{title}: {found.answers:,} answers"
    panel = Panel((0.49, 1.01), (0.0, 1.02), "predicted for the likelier clip", "chosen", True)
    panel.guide((0.5, 0.5), (1.0, 1.0))
    for count, predicted, answered, low, high in zip(
        found.counts, found.predicted, found.answered, found.low, found.high, strict=True
    ):
        if count:
            panel.bar(predicted, low, high, style)
            radius = 2.5 + 9 * float(np.sqrt(count / found.counts.max()))
            name = f"{count:,} answers: predicted {predicted:.0%}, chosen {answered:.0%}"
            panel.point(predicted, answered, radius, style, name)
            panel.words(predicted, 0.03, f"{count:,}")
    return figure(panel.svg(f"Reliability diagram of {title}"), caption)


def _firsts(run: Recorded, answers: Answers) -> tuple[np.ndarray, np.ndarray]:
    """Returns the probabilities of the first clip, with the errors that the run assumes and not."""
    rate = run.config.reward.error_rate
    return first_probabilities(answers.returns, rate), first_probabilities(answers.returns, 0.0)


def _row(title: str, found: Calibration, softmax: Calibration) -> list[Content]:
    right = np.nansum(found.answered * found.counts) / found.answers
    return [
        *(title, f"{found.answers:,}", f"{right:.1%}", f"{found.brier:.3f}"),
        *(f"{found.error:.1%}", f"{softmax.brier:.3f}", f"{softmax.error:.1%}"),
    ]


def _left_out(title: str, count: int) -> Markup:
    words = f"{title}: {count:,} further answers are left out. They were asked before the first fit"
    return element("p", f"{words}, so nothing had been predicted of them.", class_="small")


def _explained() -> Markup:
    return paragraphs(
        "Each answer beside what the ensemble gave it when the question was asked. The answer is "
        "held out: no predictor had seen it then. The pairs are not: they were chosen for being "
        "hard, as a rule since the predictors disagreed on them, so these are not the numbers of "
        "random pairs.",
        "Points on the dashed line are perfect, points above it too timid, points below it too "
        "sure of themselves. A point's area grows with its answers, whose number stands below; "
        "bars are Wilson's 95 % interval. A tie counts half for each clip.",
        "The probability is that of the model which is fitted, in which some answers are random "
        "(a tenth by default): it never exceeds 95 %, and looks timid beside an oracle that makes "
        "no errors. The last two columns leave that assumption out. Brier: mean squared "
        "difference of probability and answer; .25 knows nothing, 0 knows all. Calibration error: "
        "mean distance of the points from the line, weighted by their answers "
        "(experiments/analysis/calibration.py).",
    )
