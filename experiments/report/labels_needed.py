"""Label efficiency: what each label budget brings of the true reward, and how many are needed."""

from collections.abc import Iterator, Sequence

import numpy as np

from experiments.analysis.label_efficiency import SHARE, label_efficiency
from experiments.analysis.returns import Returns, label_budget, returns_of
from experiments.analysis.scores import remarks, scores
from experiments.analysis.statistics import students_interval
from experiments.figures.drawing import line_styles
from experiments.figures.results_table import words
from experiments.report.chart import Panel, figure, key, limits, side_by_side
from experiments.report.conditions import Condition
from experiments.report.markup import Content, Markup, element, joined, paragraphs, table
from experiments.report.page import Section
from experiments.report.recorded import LABELS, TRUE_RETURN, Recorded
from experiments.sweeps.outcomes import TRUE_REWARD, Outcome
from pbrl.errors import PbrlError


def section(conditions: Sequence[Condition]) -> Section:
    """Returns the section; it says what is missing where there is nothing to compare."""
    budgets = {one.name for one in conditions if label_budget(one.name) is not None}
    if len(budgets) < 2 or not any(one.name == TRUE_REWARD for one in conditions):
        body = paragraphs(
            "How many labels are needed can be said of runs with two or more label budgets beside "
            "runs on the true reward. They are not among those of this report."
        )
        return _section(body)
    try:
        returns = returns_of(_outcomes(conditions))
    except PbrlError as error:
        return _section(element("p", str(error), class_="note"))
    return _section(joined([_explained(), *_parts(returns)]))


def _section(body: Markup) -> Section:
    return Section("labels", "Label efficiency", body)


def _outcomes(conditions: Sequence[Condition]) -> Iterator[Outcome]:
    """Returns the finished runs that have a true return, by their last episodes of training."""
    for one in conditions:
        for run in one.runs:
            if run.finished and not np.isnan(run.last(TRUE_RETURN)):
                yield Outcome(
                    task=one.task,
                    condition=one.name,
                    seed=run.config.seed,
                    steps=run.config.total_steps,
                    mean_return=run.last(TRUE_RETURN),
                    deviation=float("nan"),
                    episodes=100,
                    untrained_return=_untrained(run),
                    fresh_pairs=None,
                    clip_correlation=None,
                    config_hash="",
                    versions="",
                )


def _untrained(run: Recorded) -> float | None:
    """Returns the return of the policy that collected the first clips; None where none did."""
    before = run.metric(TRUE_RETURN)[run.metric(LABELS) == 0]
    before = before[~np.isnan(before)]
    return float(before[-1]) if len(before) else None


def _parts(returns: Returns) -> Iterator[Markup]:
    """Returns chart and table of the scores, and the labels needed of each task."""
    names = [name for name in returns.conditions if label_budget(name) is not None]
    rows: list[list[Content]] = []
    for index, task in enumerate(returns.tasks):
        of_task = scores(returns)[:, :, index]
        cells = [
            words(students_interval(of_task[returns.conditions.index(name)]), ".2f")
            for name in names
        ]
        needed = label_efficiency(returns, np.random.default_rng(0), task)
        rows.append([task, *cells, str(needed)])
    if (chart := _chart(returns, names)) is not None:
        yield side_by_side([chart])
    yield table(["task", *names, f"labels for a score of {SHARE:g}"], rows)
    yield joined(element("p", sentence, class_="note") for sentence in remarks(returns))


def _chart(returns: Returns, names: Sequence[str]) -> Markup | None:
    budgets = np.array([label_budget(name) for name in names], dtype=float)
    rows = [returns.conditions.index(name) for name in names]
    means = [
        np.array([students_interval(runs).value for runs in scores(returns)[rows, :, index]])
        for index in range(len(returns.tasks))
    ]
    ends = limits([*means, np.array([0.0, 1.0])])
    if ends is None or all(np.isnan(mean).all() for mean in means):
        return None
    panel = Panel((0.0, budgets.max() * 1.05), ends, "labels", "score")
    panel.guide((0.0, SHARE), (panel.x[1], SHARE))
    styles = line_styles(returns.tasks)
    for task, mean in zip(returns.tasks, means, strict=True):
        panel.line(budgets, mean, styles[task], task)
        for budget, score in zip(budgets, mean, strict=True):
            if not np.isnan(score):
                panel.point(budget, score, 4, styles[task], f"{task}, {budget:,.0f}: {score:.2f}")
    keys = [key(task, styles[task]) for task in returns.tasks]
    return figure(panel.svg("Score against labels"), "Score against labels", keys)


def _explained() -> Markup:
    return paragraphs(
        "Score: (return − return before training) / (return on the true reward − return before "
        "training), of the last 100 episodes of finished runs; 1 is the mean run on the true "
        "reward. In brackets Student's 95 % interval over seeds. The labels needed are read off "
        "straight lines between the budgets, made monotone; their interval is the bootstrap's "
        "(experiments/analysis/label_efficiency.py)."
    )
