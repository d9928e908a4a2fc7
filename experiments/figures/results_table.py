"""Finished runs as Markdown tables: returns, scores, aggregates, labels needed, what is missing."""

from collections.abc import Sequence

import numpy as np

from experiments.analysis.aggregates import SEED, Aggregate
from experiments.analysis.label_efficiency import SHARE, label_efficiency
from experiments.analysis.returns import Returns, label_budget
from experiments.analysis.scores import remarks, scores
from experiments.analysis.statistics import Estimate, students_interval
from experiments.sweeps.outcomes import TRUE_REWARD


def results_markdown(returns: Returns, aggregates: Sequence[Aggregate], seed: int = SEED) -> str:
    """Returns all tables, each under a heading of the third level.

    Args:
        returns: The finished runs.
        aggregates: What `aggregates_of` gives of them.
        seed: Of the resamples behind the labels needed.
    """
    missing = remarks(returns)
    sections = [
        ("True return", [_INTERVALS, "", *returns_table(returns)]),
        ("Score", [_SCORE, "", *scores_table(returns)]),
        ("Over all tasks", [_BOOTSTRAP, "", *aggregates_table(aggregates)]),
        ("Labels needed", [_LABELS, "", *labels_table(returns, np.random.default_rng(seed))]),
        ("Missing", [f"- {sentence}" for sentence in missing] or ["Nothing."]),
    ]
    return "\n".join(f"### {title}\n\n{chr(10).join(lines)}\n" for title, lines in sections)


def returns_table(returns: Returns) -> list[str]:
    """Returns the lines of the true returns: a row for each task, a column for each condition."""
    header = ["task", "steps", "before training", *returns.conditions]
    rows = []
    for index, task in enumerate(returns.tasks):
        steps, before = returns.steps[index], returns.untrained[index]
        cells = [students_interval(runs) for runs in returns.learned[:, :, index]]
        rows.append(
            [
                task,
                "not run" if steps is None else f"{steps:,}",
                "not measured" if np.isnan(before) else f"{before:,.1f}",
                *(words(cell, ",.1f", len(returns.seeds), nothing="not run") for cell in cells),
            ]
        )
    return table(header, rows)


def scores_table(returns: Returns) -> list[str]:
    """Returns the lines of the scores: a row for each task, a column for each condition."""
    rows = []
    for index, task in enumerate(returns.tasks):
        cells = [students_interval(runs) for runs in scores(returns)[:, :, index]]
        rows.append([task, *(words(cell, ".2f", len(returns.seeds)) for cell in cells)])
    return table(["task", *returns.conditions], rows)


def aggregates_table(aggregates: Sequence[Aggregate]) -> list[str]:
    """Returns the lines of the aggregates: a row for each condition."""
    header = ["learnt from", "interquartile mean", "mean", f"beats {TRUE_REWARD}", "runs", "tasks"]
    rows = [
        [
            one.condition,
            words(one.interquartile_mean, ".2f"),
            words(one.mean, ".2f"),
            "" if one.condition == TRUE_REWARD else words(one.improvement, ".2f"),
            str(one.mean.runs),
            str(one.mean.tasks),
        ]
        for one in aggregates
    ]
    return table(header, rows)


def labels_table(returns: Returns, rng: np.random.Generator) -> list[str]:
    """Returns the lines of the labels needed: a row for each task and one for all together."""
    budgets = [name for name in returns.conditions if label_budget(name) is not None]
    if not budgets:
        return ["No label budgets were asked for."]
    rows = [[task, str(label_efficiency(returns, rng, task))] for task in returns.tasks]
    over = label_efficiency(returns, rng)
    rows.append([f"all ({len(over.tasks)} of {len(returns.tasks)} tasks)", str(over)])
    return table(["task", f"labels for a score of {SHARE:g}"], rows)


def words(found: Estimate, form: str, runs: int | None = None, nothing: str = "none") -> str:
    """Returns a number, its interval, and the number of runs where it is not the one expected.

    Args:
        found: The number.
        form: How it is written, such as `.2f`.
        runs: The number of runs expected; None if any may be.
        nothing: What stands where there is no number.
    """
    if np.isnan(found.value):
        return nothing
    notes = [] if np.isnan(found.low) else [f"{found.low:{form}} to {found.high:{form}}"]
    if runs is not None and found.runs != runs:
        notes.append(f"{found.runs} run{'' if found.runs == 1 else 's'}")
    return f"{found.value:{form}}" + (f" ({', '.join(notes)})" if notes else "")


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Returns the lines of a Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return [f"| {' | '.join(cells)} |" for cells in lines]


_INTERVALS = (
    "Mean true return of fresh episodes of the final agents, over seeds; in brackets Student's "
    "95 % interval, and the number of runs where some are missing. Before training: the return of "
    "the policy network as it begins."
)
_SCORE = (
    "(learned - before training) / (true - before training), where true is the mean return of the "
    "runs on the true reward; intervals as above."
)
_BOOTSTRAP = (
    "Of the scores of all runs of all tasks, with 95 % percentile intervals of the stratified "
    f"bootstrap. Beats {TRUE_REWARD}: the probability that a run returns more than one on the true "
    "reward, averaged over tasks."
)
_LABELS = (
    f"Labels that bring the score to {SHARE:g}, by monotone interpolation between the budgets that "
    "were run: for a task of its mean score, for all of the interquartile mean; stratified "
    "bootstrap as above."
)
