"""What was run: a line for each run, and what a reader must know before anything else."""

from collections.abc import Sequence

import numpy as np

from experiments.report.conditions import Condition
from experiments.report.markup import Markup, element, joined, paragraphs, table
from experiments.report.page import Section
from experiments.report.recorded import CORRELATION, LABELS, LEARNED_RETURN, TRUE_RETURN, Recorded
from experiments.report.true_and_learned import agreement_of

HEADER = (
    *("run", "task", "learnt from", "seed", "state", "labels"),
    *("true return", "learned return", "correlation"),
)


def section(conditions: Sequence[Condition]) -> Section:
    """Returns the section."""
    rows = [_row(one, run) for one in conditions for run in one.runs]
    runs = [run for one in conditions for run in one.runs]
    explained = paragraphs(
        "Returns are means over the last 100 episodes of training, by sampled actions; correlation "
        "is that of learned and true reward over the steps of the last rollout. The learned "
        "return's zero and scale mean nothing."
    )
    parts = [*_warnings(conditions), *_remarks(runs), table(HEADER, rows, words=3), explained]
    return Section("runs", "What was run", joined(parts))


def number(value: float, form: str = ",.1f", nothing: str = "–") -> str:
    """Returns a number, or a dash where it is not known."""
    return nothing if np.isnan(value) else f"{value:{form}}".replace("-", "−")


def _row(condition: Condition, run: Recorded) -> list[str]:
    labels = run.last(LABELS)
    return [
        *(run.run.name, condition.task, condition.name, str(run.config.seed), run.standing),
        "–" if run.config.reward_source == "true" else number(labels, ",.0f", "0"),
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
    words = f"In {len(struck)} of the runs learned and true reward part: "
    link = element("a", "see below", href="#reward")
    return [element("p", words, link, ".", class_="warning")]


def _remarks(runs: Sequence[Recorded]) -> list[Markup]:
    unfinished = [run for run in runs if not run.finished]
    untold = [run for run in runs if not run.config.env.true_reward]
    notes = []
    if unfinished:
        count = f"{len(unfinished)} of {len(runs)} runs are" if len(runs) > 1 else "The run is"
        notes.append(f"{count} unfinished: what follows is about the steps so far.")
    if untold:
        which = "their tasks have" if len(untold) > 1 else "its task has"
        count = f"Of {len(untold)} of {len(runs)} runs" if len(runs) > 1 else "Of the run"
        notes.append(f"{count} no true reward is shown: {which} none that means anything.")
    return [element("p", note, class_="note") for note in notes]
