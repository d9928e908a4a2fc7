"""The clips that the ensemble was most and least sure of, and where it was surely wrong."""

from collections.abc import Mapping, Sequence

import numpy as np

import envs
from experiments.analysis.calibration import first_probabilities
from experiments.filming import clip_pictures
from experiments.report.answers import NOBODY, Answers
from experiments.report.conditions import Condition
from experiments.report.footage import film
from experiments.report.markup import Content, Markup, element, joined, number, paragraphs, table
from experiments.report.page import Section
from experiments.report.recorded import Recorded
from pbrl.errors import PbrlError
from pbrl.labels.opening import open_labels
from pbrl.segments import Segment

EACH = 3
"""Pairs that are shown of each sort."""
SURE = 0.7
"""Probability from which a prediction that was contradicted counts as surely wrong."""
SIZE = 240, 180
GAP = 6
"""Pixels between the two clips of a pair."""


def section(
    filmed: Sequence[Condition], answers: Mapping[Recorded, Answers], left_out: int
) -> Section:
    """Returns the section.

    Args:
        filmed: The conditions of which there are to be films.
        answers: The answers of each run.
        left_out: Number of other conditions.
    """
    asking = [one for one in filmed if one.middle.asks]
    if not any(run.asks for run in answers):
        return Section("clips", "What it was most and least sure of", paragraphs(NOBODY))
    parts: list[Content] = [_explained() if asking else None]
    for one in asking:
        run = one.middle
        title = element("h3", f"{one.title}, seed {run.config.seed}")
        if len(answers[run]):
            parts += [title, *_sorts(run, answers[run])]
        else:
            parts += [title, element("p", answers[run].problem, class_="note")]
    parts.append(not_filmed(left_out))
    return Section("clips", "What it was most and least sure of", joined(parts))


def not_filmed(conditions: int) -> Markup | None:
    """Returns a sentence on the conditions of which there are no films, None without any."""
    if not conditions:
        return None
    words = f"{conditions} further conditions are not shown: `--films` says how many are."
    return element("p", words, class_="small")


def sorts_of(answers: Answers) -> dict[str, np.ndarray]:
    """Returns places in the answers: the most and least certain, and the surest of the wrong."""
    first = first_probabilities(answers.returns, 0.0)
    likelier = np.maximum(first, 1 - first)
    agreed = 0.5 + np.sign(first - 0.5) * (answers.chosen - 0.5)
    order = np.argsort(-likelier, kind="stable")
    wrong = order[(agreed[order] == 0) & (likelier[order] >= SURE)]
    rest = order[~np.isin(order, wrong[:EACH])]
    most = rest[:EACH]
    return {
        "Most sure": most,
        "Least sure": rest[len(most) :][::-1][:EACH],
        "Sure, and the answer was another": wrong[:EACH],
    }


def _sorts(run: Recorded, answers: Answers) -> list[Markup]:
    found = sorts_of(answers)
    wanted = [int(answers.numbers[place]) for places in found.values() for place in places]
    try:
        task = envs.describe(run.config.env.env_id)
        with open_labels(str(run.run.path)) as labels:
            clips = labels.store.segments(
                labels.runs[0], wanted, true_rewards=run.config.env.true_reward
            )
        parts = []
        for name, places in found.items():
            pairs = [
                _pair(task, run, answers, place, clips[int(answers.numbers[place])])
                for place in places
            ]
            if pairs:
                parts += [element("p", name, class_="sort"), _grid(task, pairs)]
        return parts
    except (PbrlError, envs.TaskError) as error:
        return [element("p", f"The clips cannot be shown. {error}", class_="note")]


def _pair(
    task: envs.TaskInfo, run: Recorded, answers: Answers, place: int, clips: Sequence[Segment]
) -> Markup:
    """Returns a film of a pair, and what was predicted and answered."""
    first = float(first_probabilities(answers.returns[place : place + 1], 0.0)[0])
    returns, chosen = answers.returns[place], answers.chosen[place]
    pictures = [clip_pictures(task, clip, SIZE) for clip in clips]
    label = f"Question {answers.numbers[place]}"
    step = f" at step {answers.steps[place]:,}"
    who = answers.annotators[place]
    answer = {1.0: "the left one", 0.0: "the right one"}.get(chosen, "a tie")
    parts = [
        element("figcaption", label, element("span", step, class_="quiet")),
        _film_of(task, pictures, f"{label}: both clips"),
        _sides(run, first, returns.mean(axis=0), clips, chosen),
        element("p", f"{_difference(returns)} Answer: {answer} (annotator {who}).", class_="small"),
    ]
    return element("figure", *parts)


def _film_of(task: envs.TaskInfo, pictures: Sequence[np.ndarray | None], label: str) -> Markup:
    there = [one for one in pictures if one is not None]
    if len(there) < len(pictures):
        return element("p", "Its clips hold nothing to be drawn.", class_="small")
    return film(_beside(there), task.clip_fps, label, loop=True)


def _sides(
    run: Recorded, first: float, predicted: np.ndarray, clips: Sequence[Segment], chosen: float
) -> Markup:
    """Returns what was predicted of both clips, and their true returns where these mean something.

    Args:
        run: The run that asked.
        first: Probability of the left clip.
        predicted: `(2,)` returns.
        clips: Both.
        chosen: 1 if the left one was chosen, 0 if the right one was, .5 for a tie.
    """
    marks = (" ✓" if chosen == 1 else "", " ✓" if chosen == 0 else "")
    rows = [
        ["chosen with", f"{first:.0%}", f"{1 - first:.0%}"],
        ["predicted return", *(number(value, ".1f") for value in predicted)],
    ]
    if run.config.env.true_reward:
        rows.append(["true return", *(number(clip.true_return, ".1f") for clip in clips)])
    return table(("", f"left{marks[0]}", f"right{marks[1]}"), rows)


def _difference(returns: np.ndarray) -> str:
    """Returns by how much the left clip is ahead: members agree on differences, not on zero."""
    ahead = returns[:, 0] - returns[:, 1]
    return f"Left minus right: {number(ahead.mean(), '.1f')} ± {ahead.std():.1f} over predictors."


def _beside(pictures: Sequence[np.ndarray]) -> np.ndarray:
    """Returns `(T, H, W, 3)` pictures of both clips; the shorter one stops at its end."""
    steps = max(map(len, pictures))
    held = [np.concatenate([one, one[-1:].repeat(steps - len(one), axis=0)]) for one in pictures]
    gap = np.full((*held[0].shape[:2], GAP, 3), 128, np.uint8)
    return np.concatenate([held[0], gap, held[1]], axis=2)


def _grid(task: envs.TaskInfo, pairs: Sequence[Markup]) -> Markup:
    return element("div", *pairs, class_="grid3 game" if task.endless else "grid3")


def _explained() -> Markup:
    return paragraphs(
        "Pairs of clips with what the ensemble predicted when it asked: how likely each clip was "
        "to be chosen, without assumed errors, and its return, the mean over the predictors, who "
        "agree on differences of returns but not on their zero. Of several runs it is "
        "the one whose last return is the median. Clips of games are in colour where people were "
        "asked; else they show what the agent saw."
    )
