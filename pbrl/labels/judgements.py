"""What was judged of which pair, by whom and when: the answers of a label store as arrays."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pbrl.feedback import Comparison, FeedbackKind, find_kind
from pbrl.likelihood import ensemble_choice_probability
from pbrl.store import AnswerRecord, LabelStore

FIRST, SECOND, TIE = 1.0, -1.0, 0.0
"""What a choice is; NaN where no choice was made."""


@dataclass(frozen=True, slots=True)
class Judgements:
    """Answers that stand, of all roles, in the order in which they came into the store: `(n,)`."""

    pair: NDArray[np.str_]
    """Which pair of clips: run and number."""
    annotator: NDArray[np.str_]
    """Who judged."""
    role: NDArray[np.str_]
    """label, repeat or gold."""
    synthetic: NDArray[np.bool_]
    """Whether a program judged."""
    text: NDArray[np.str_]
    """The answer in its stored form."""
    choice: NDArray[np.float64]
    """1: the first clip, -1: the second, 0: a tie, NaN: none."""
    chose_left: NDArray[np.float64]
    """1: the clip that stood left, 0: the other, NaN: neither, or not known which stood left."""
    answered_at: NDArray[np.float64]
    """Seconds since 1970, UTC."""
    reaction_seconds: NDArray[np.float64]
    """Time taken; NaN where it is not known."""
    strength: NDArray[np.float64]
    """1: better, 2: much better; NaN where that was not asked for or neither was chosen."""
    predicted: NDArray[np.float64]
    """Probability of the first clip by the ensemble at the time of asking; NaN without one."""
    gold: NDArray[np.float64]
    """The right choice, where it is known; NaN elsewhere."""

    def __len__(self) -> int:
        """Returns the number of answers."""
        return len(self.pair)

    def where(self, chosen: NDArray[np.bool_]) -> "Judgements":
        """Returns those of the answers at which `chosen` holds."""
        names = [field.name for field in dataclasses.fields(self)]
        return Judgements(**{name: getattr(self, name)[chosen] for name in names})


def read_judgements(store: LabelStore, runs: Sequence[str]) -> Judgements:
    """Returns the standing answers to the queries of these runs.

    Raises:
        StoreError: A run is not in the store.
        FeedbackError: An answer cannot be read.
    """
    rows = [row for run in runs for row in _rows(store, run)]
    columns = list(zip(*rows, strict=True)) or [()] * len(_TYPES)
    return Judgements(*(np.array(c, dtype=t) for c, t in zip(columns, _TYPES, strict=True)))


_TYPES = (str, str, str, bool, str, *(float,) * 7)


def choices(kind: FeedbackKind, texts: Sequence[str]) -> NDArray[np.float64]:
    """Returns what each answer chose of two clips: 1, -1, 0, or NaN where it chose nothing."""
    answers = [kind.decode(text) for text in texts]
    informative = np.array([kind.informative(answer) for answer in answers], dtype=bool)
    chosen = np.full(len(answers), np.nan)
    targets = kind.targets([a for a, i in zip(answers, informative, strict=True) if i])
    chosen[informative] = np.sign(targets[:, 0] - targets[:, 1])
    return chosen


def is_cant_tell(judged: Judgements) -> NDArray[np.bool_]:
    """Returns where the annotator looked and could not compare the two."""
    return judged.text == Comparison.CANT_TELL.value


def is_skip(judged: Judgements) -> NDArray[np.bool_]:
    """Returns where the annotator did not answer."""
    return judged.text == Comparison.SKIP.value


def _rows(store: LabelStore, run: str) -> list[tuple]:
    kind = find_kind(store.run_info(run).kind)
    records = store.answer_records(run)
    marked = store.gold(run)
    gold = dict(zip(marked, choices(kind, list(marked.values())), strict=True))
    predicted = _predictions(store, run, sorted({record.number for record in records}))
    chosen = choices(kind, [record.text for record in records])
    return [
        (
            *(f"{run}/{r.number}", r.annotator, r.role, r.synthetic, r.text),
            *(choice, _chose_left(choice, r), r.answered_at),
            np.nan if r.reaction_seconds is None else r.reaction_seconds,
            np.nan if r.strength is None else r.strength,
            *(predicted.get(r.number, np.nan), gold.get(r.number, np.nan)),
        )
        for r, choice in zip(records, chosen, strict=True)
    ]


def _chose_left(choice: float, record: AnswerRecord) -> float:
    if record.left is None or abs(choice) != 1:
        return np.nan
    return float((choice == FIRST) == (record.left == 0))


def _predictions(store: LabelStore, run: str, numbers: list[int]) -> dict[int, float]:
    """Returns the ensemble's probability of the first clip, by number, where it was recorded."""
    return {
        query.number: float(ensemble_choice_probability(query.predicted_returns))
        for query in store.queries(run, numbers)
        if query.predicted_returns is not None and query.predicted_returns.shape[-1] == 2
    }
