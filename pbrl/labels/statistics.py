"""What can be said of each annotator from their answers.

Answers of all roles count where it is about how someone judges (pace, ties, sides); agreement with
others and with the ensemble looks at the labels alone, of which each pair has one by each person.
Answers that were taken back count nowhere but in their own number.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pbrl.labels.agreement import Share, krippendorff_alpha, share_of
from pbrl.labels.judgements import Judgements, is_cant_tell, is_skip, read_judgements
from pbrl.likelihood import estimated_error_rate
from pbrl.store import LabelStore

BREAK_SECONDS = 120.0
"""A longer gap between two answers is a break, not judging time."""
RESAMPLES = 1000


@dataclass(frozen=True, slots=True)
class ErrorRate:
    """The estimated share of an annotator's answers that are uniformly random."""

    rate: float
    """In [0, 1]."""
    interval: tuple[float, float]
    """95 % of bootstrap resamples of the answers lie within."""
    answers: int
    """Held-out answers that the estimate rests on."""


@dataclass(frozen=True, slots=True)
class AnnotatorStatistics:
    """One annotator; None where nothing is known."""

    annotator: str
    """The name in the store."""
    synthetic: bool
    """Whether it is a program."""
    labels: int
    """Answers that are learnt from, or were meant to be: ties and can't-tells too."""
    checks: int
    """Answers to repeats and to gold pairs."""
    taken_back: int
    """Answers that were taken back."""
    labels_per_minute: float | None
    """Answers of any role in a minute of judging; gaps of over two minutes are breaks."""
    median_reaction_seconds: float | None
    """From when a pair is shown to the answer."""
    ties: Share
    """Of all answers."""
    cant_tells: Share
    """Of all answers."""
    skips: Share
    """Of all answers."""
    left: Share | None
    """The clip that stood left, of the answers that chose one."""
    much: Share | None
    """Much better, of the choices of which was asked how much better the clip is."""
    with_self: Share | None
    """Repeats that were answered as the label was."""
    with_others: float | None
    """Krippendorff's alpha with the others who judged the same pairs, each beside this one."""
    shared_pairs: int
    """How many pairs those are."""
    with_ensemble: Share | None
    """Labels that chose the clip which the ensemble held likelier when it asked."""
    gold: Share | None
    """Right answers, of the choices between pairs whose answer is known; can't-tells aside."""
    error_rate: ErrorRate | None
    """From the labels that the ensemble predicted."""


@dataclass(frozen=True, slots=True)
class LabelStatistics:
    """All annotators of some runs."""

    runs: tuple[str, ...]
    """The runs' names."""
    annotators: tuple[AnnotatorStatistics, ...]
    """By name."""
    alpha: float | None
    """Krippendorff's alpha among all of them; None where no pair was judged by two, or where all
    answers to such pairs are the same one."""
    shared_pairs: int
    """Pairs that two or more judged."""


def label_statistics(store: LabelStore, runs: Sequence[str], seed: int = 0) -> LabelStatistics:
    """Returns what can be said of who answered the queries of these runs.

    Args:
        store: The label store.
        runs: Names of runs in it.
        seed: Of the bootstrap's draws.

    Raises:
        StoreError: A run is not in the store.
    """
    judged = read_judgements(store, runs)
    labels = _chosen_labels(judged)
    taken_back = [
        record.annotator
        for run in runs
        for record in store.answer_records(run, retracted=True)
        if record.retracted_at is not None
    ]
    names = sorted({*judged.annotator.tolist(), *taken_back})
    rng = np.random.default_rng(seed)
    return LabelStatistics(
        tuple(runs),
        tuple(_of_one(name, judged, labels, taken_back.count(name), rng) for name in names),
        krippendorff_alpha(labels.pair, labels.choice),
        _shared(labels),
    )


def _of_one(
    name: str, judged: Judgements, labels: Judgements, taken_back: int, rng: np.random.Generator
) -> AnnotatorStatistics:
    """Returns the statistics of one annotator, given everyone's answers and choosing labels."""
    own, own_labels = judged.where(judged.annotator == name), labels.where(labels.annotator == name)
    common = labels.where(np.isin(labels.pair, own_labels.pair))
    known = np.isfinite(own.gold) & np.isfinite(own.choice) & (own.role != "repeat")
    held_out = own_labels.where(np.isfinite(own_labels.predicted) & (own_labels.choice != 0))
    reactions = own.reaction_seconds[np.isfinite(own.reaction_seconds)]
    return AnnotatorStatistics(
        annotator=name,
        synthetic=bool(own.synthetic.any()),
        labels=int((own.role == "label").sum()),
        checks=int((own.role != "label").sum()),
        taken_back=taken_back,
        labels_per_minute=None if own.synthetic.any() else rate_per_minute(own.answered_at),
        median_reaction_seconds=float(np.median(reactions)) if len(reactions) else None,
        ties=Share(float((own.choice == 0).sum()), max(1, len(own))),
        cant_tells=Share(float(is_cant_tell(own).sum()), max(1, len(own))),
        skips=Share(float(is_skip(own).sum()), max(1, len(own))),
        left=share_of(own.chose_left[np.isfinite(own.chose_left)]),
        much=share_of(own.strength[np.isfinite(own.strength)] == 2),
        with_self=_with_self(own),
        with_others=_with_others(name, common),
        shared_pairs=_shared(common),
        with_ensemble=share_of(_agreed(held_out)),
        gold=share_of(own.choice[known] == own.gold[known]),
        error_rate=_error_rate(held_out, rng),
    )


def rate_per_minute(answered_at: NDArray[np.float64]) -> float | None:
    """Returns how many answers a minute of judging brings; None if no two follow one another.

    The time of an answer is the gap to the one before; a gap of more than two minutes is a break,
    and neither it nor the answer after it counts.
    """
    gaps = np.diff(np.sort(answered_at))
    gaps = gaps[gaps <= BREAK_SECONDS]
    return float(60 * len(gaps) / gaps.sum()) if gaps.sum() > 0 else None


def _chosen_labels(judged: Judgements) -> Judgements:
    """Returns the labels that chose a clip or a tie; an annotator's last one of each pair."""
    labels = judged.where((judged.role == "label") & np.isfinite(judged.choice))
    names = np.char.add(np.char.add(labels.pair, "\n"), labels.annotator)
    _, from_behind = np.unique(names[::-1], return_index=True)
    return labels.where(np.isin(np.arange(len(labels)), len(labels) - 1 - from_behind))


def _shared(labels: Judgements) -> int:
    """Returns how many pairs have two labels or more."""
    return int((np.unique(labels.pair, return_counts=True)[1] >= 2).sum())


def _with_others(name: str, common: Judgements) -> float | None:
    """Returns alpha of an annotator and the others; how these agree among themselves is left out.

    Args:
        name: The annotator.
        common: Everyone's choosing labels of the pairs that the annotator chose in.
    """
    own, others = common.where(common.annotator == name), common.where(common.annotator != name)
    label = dict(zip(own.pair.tolist(), own.choice.tolist(), strict=True))
    # One unit for each label of another, with the annotator's own beside it.
    units = np.tile(np.arange(len(others)), 2)
    values = [*(label[pair] for pair in others.pair.tolist()), *others.choice.tolist()]
    return krippendorff_alpha(units, values)


def _with_self(own: Judgements) -> Share | None:
    """Returns how often a repeat was answered as its label; can't-tells, on either side, aside."""
    made = own.where(np.isfinite(own.choice))
    labels = made.where(made.role == "label")
    label = dict(zip(labels.pair.tolist(), labels.choice.tolist(), strict=True))
    repeats = made.where((made.role == "repeat") & np.isin(made.pair, list(label)))
    return share_of([label[p] == c for p, c in zip(repeats.pair, repeats.choice, strict=True)])


def _agreed(held_out: Judgements) -> NDArray[np.float64]:
    """Returns where the answer is the likelier one; half where the ensemble had no opinion."""
    return 0.5 + 0.5 * np.sign(held_out.predicted - 0.5) * held_out.choice


def _error_rate(held_out: Judgements, rng: np.random.Generator) -> ErrorRate | None:
    """Returns the estimate from answers that chose a clip and were predicted, with its interval."""
    agreed, answers = _agreed(held_out), len(held_out)
    confidence = np.maximum(held_out.predicted, 1 - held_out.predicted)
    if not answers or confidence.max() == 0.5:
        return None
    drawn = [rng.integers(answers, size=answers) for _ in range(RESAMPLES)]
    resampled = estimated_error_rate(
        np.array([agreed[d].mean() for d in drawn]), np.array([confidence[d].mean() for d in drawn])
    )
    low, high = np.nanquantile(resampled, [0.025, 0.975])
    rate = float(estimated_error_rate(agreed.mean(), confidence.mean()))
    return ErrorRate(rate, (float(low), float(high)), answers)
