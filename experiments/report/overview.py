"""What was run: a line for each run, and what a reader must know before anything else."""

from collections.abc import Sequence

from experiments.report.conditions import Condition
from experiments.report.markup import Markup, element, joined, number, paragraphs, table
from experiments.report.page import Section
from experiments.report.recorded import CORRELATION, LABELS, LEARNED_RETURN, TRUE_RETURN, Recorded
from experiments.report.true_and_learned import agreement_of

HEADER = (
    *("run", "task", "learnt from", "state", "seed", "labels"),
    *("true return", "learned return", "correlation"),
)


def section(conditions: Sequence[Condition]) -> Section:
    """Returns the section."""
    rows = [_row(one, run) for one in conditions for run in one.runs]
    explained = paragraphs(
        "Returns are means over the last 100 episodes of training, by sampled actions; correlation "
        "is that of learned and true reward over the steps of the last rollout. The learned "
        "return's zero and scale mean nothing."
    )
    parts = [*_warnings(conditions), *_remarks(conditions), table(HEADER, rows, words=4), explained]
    return Section("runs", "What was run", joined(parts))


def _row(condition: Condition, run: Recorded) -> list[str]:
    labels = run.last(LABELS)
    return [
        *(run.run.name, condition.task, condition.name, run.standing, str(run.config.seed)),
        number(labels, ",.0f", "0") if run.config.learns_reward else "–",
        number(run.last(TRUE_RETURN)),
        number(run.last(LEARNED_RETURN)),
        number(run.last(CORRELATION), ".2f"),
    ]


def _warnings(conditions: Sequence[Condition]) -> list[Markup]:
    """Returns the one thing that must not be overlooked, with a link to the section on it."""
    struck = [
        run
        for one in conditions
        for run in one.runs
        if (found := agreement_of(run)) and found.warnings
    ]
    if not struck:
        return []
    words = f"Learned and true reward part in {_of(len(struck), conditions)}: "
    link = element("a", "see below", href="#reward")
    return [element("p", words, link, ".", class_="warning")]


def _remarks(conditions: Sequence[Condition]) -> list[Markup]:
    runs = [run for one in conditions for run in one.runs]
    notes = []
    if unfinished := sum(not run.finished for run in runs):
        words = f"Unfinished: {_of(unfinished, conditions)}."
        notes.append(f"{words} What follows is about the steps so far.")
    if untold := sum(not run.config.env.true_reward for run in runs):
        words = f"No true reward is shown of {_of(untold, conditions)}:"
        notes.append(f"{words} the task's own means nothing there.")
    return [element("p", note, class_="note") for note in notes]


def _of(count: int, conditions: Sequence[Condition]) -> str:
    """Returns a number of runs in words."""
    runs = sum(len(one.runs) for one in conditions)
    return f"{count} of {runs} runs" if runs > 1 else "the run"
