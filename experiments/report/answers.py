"""A run's answers beside what the ensemble predicted of them before they were given."""

from dataclasses import dataclass

import numpy as np

from experiments.report.recorded import Recorded
from pbrl.errors import PbrlError
from pbrl.feedback import COMPARISON
from pbrl.feedback.comparison import HALF_EACH
from pbrl.labels.opening import open_labels

NOBODY = (
    "Nobody was asked: a run on the true reward, a frozen one or a teacher's score has no answers "
    "of its own."
)


TOLD = "Its annotator compares nothing, but tells what each clip returns."


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """The answers that stand, are learnt from, and were predicted; B of them."""

    numbers: np.ndarray
    """`(B,)` the query's number."""
    steps: np.ndarray
    """`(B,)` environment steps when it was asked."""
    returns: np.ndarray
    """`(B, E, 2)` what each member predicted of the clips' returns."""
    chosen: np.ndarray
    """`(B,)` 1 where the first clip was chosen, 0 where the second was, .5 for a tie."""
    annotators: tuple[str, ...]
    """Who answered."""
    unpredicted: int
    """Answers to queries that were asked before the first fit."""
    problem: str = ""
    """Why there are none to read; empty if that is not so."""

    def __len__(self) -> int:
        """Returns the number of answers B."""
        return len(self.numbers)


def read_answers(recorded: Recorded) -> Answers:
    """Reads a run's answers; a store that cannot be read is told in `problem`."""
    if not recorded.asks:
        return _none(NOBODY)
    try:
        with open_labels(str(recorded.run.path)) as labels:
            store, run = labels.store, labels.runs[0]
            if store.run_info(run).kind != COMPARISON.name:
                return _none(TOLD)
            given = [(one, COMPARISON.decode(one.text)) for one in store.answers(run)]
            given = [(one, answer) for one, answer in given if COMPARISON.informative(answer)]
            asked = {one.number: one for one in store.queries(run)}
    except (PbrlError, IndexError) as error:
        return _none(f"Its answers could not be read. {error}")
    predicted = [
        (one, returns, asked[one.number].step, HALF_EACH[answer][0])
        for one, answer in given
        if (returns := asked[one.number].predicted_returns) is not None
    ]
    if not predicted:
        return _none("No answer to a question that was predicted has been given yet.", len(given))
    answers, returns, steps, chosen = zip(*predicted, strict=True)
    return Answers(
        numbers=np.array([one.number for one in answers]),
        steps=np.array(steps),
        returns=np.stack(returns),
        chosen=np.array(chosen),
        annotators=tuple(one.annotator for one in answers),
        unpredicted=len(given) - len(predicted),
    )


def _none(problem: str, unpredicted: int = 0) -> Answers:
    nothing = np.zeros(0)
    return Answers(
        numbers=nothing.astype(int),
        steps=nothing.astype(int),
        returns=np.zeros((0, 1, 2)),
        chosen=nothing,
        annotators=(),
        unpredicted=unpredicted,
        problem=problem,
    )
