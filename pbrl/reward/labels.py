"""The labelled clips as arrays, read from the label store."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pbrl.config import RewardConfig
from pbrl.errors import ClipDamaged
from pbrl.feedback import FeedbackKind
from pbrl.reward.error_rates import ErrorRates
from pbrl.reward.inputs import clip_inputs
from pbrl.segments import Segment
from pbrl.store import Answered, LabelStore

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class LabelledClips:
    """Answers and the clips they are about, in the order of their queries' numbers."""

    numbers: NDArray[np.int64]
    """`(B,)` the query's number."""
    inputs: Any
    """`(B, K, T, I)` float32, observations and actions side by side, raw. Of pictures, which are
    not copied into one array, a list of B arrays `(K, T + stack - 1, H, W)` uint8."""
    targets: Floats
    """`(B, D)` the answers as the feedback kind gives them to its likelihood."""
    error_rates: Floats | None = None
    """`(B,)` share of errors of who gave the answer; None where all share the configured one."""

    def __post_init__(self) -> None:
        """Checks that the parts belong together."""
        labels = len(self.numbers)
        shape = np.shape(self.inputs[0]) if labels and len(self.inputs) else ()
        if len(shape) not in (3, 4) or {len(self.inputs), len(self.targets)} != {labels}:
            raise ValueError(
                f"LabelledClips: {labels} numbers, {len(self.inputs)} inputs of shape {shape}, "
                f"targets {self.targets.shape}"
            )
        if self.error_rates is not None and self.error_rates.shape != (labels,):
            raise ValueError(f"LabelledClips: {labels} labels, rates {self.error_rates.shape}")

    def __len__(self) -> int:
        """Returns the number of labels."""
        return len(self.numbers)


class LabelReader:
    """Reads a run's labels; each clip is fetched from the store once.

    Args:
        store: The label store.
        run: The run's name.
        kind: The kind of feedback of its queries.
        config: Whether each annotator's share of errors is estimated, and how many labels are kept;
            not, and all, if left out.
        say: Told once of each question that is left out since a clip of it is damaged; if there is
            no one to tell, that is an error.
    """

    def __init__(
        self,
        store: LabelStore,
        run: str,
        kind: FeedbackKind,
        config: RewardConfig | None = None,
        say: Callable[[str], object] | None = None,
    ) -> None:
        self._store, self._run, self._kind, self._say = store, run, kind, say
        self._inputs: dict[int, NDArray] = {}
        self._window = config.label_window if config else 0
        self._left_out: set[int] = set()
        self._errors = None
        if config is not None and config.error_rate_by_annotator:
            self._errors = ErrorRates(store, run, config.error_rate)

    def read(self, below: int) -> LabelledClips | None:
        """Returns the informative answers to queries numbered below `below`, None without any.

        Answers that were taken back, and those from which nothing can be learnt, are left out.

        Raises:
            ClipDamaged: A clip is damaged, and there is no one to tell.
            StoreError: The store fails.
        """
        given = [(a, self._kind.decode(a.text)) for a in self._answers(below)]
        useful = [(given, answer) for given, answer in given if self._kind.informative(answer)]
        useful = useful[-self._window :]
        self._forget_all_but({answered.number for answered, _ in useful})
        self._fetch({answered.number for answered, _ in useful})
        useful = [one for one in useful if one[0].number in self._inputs]
        if not useful:
            return None
        given, answers = zip(*useful, strict=True)
        numbers = [answered.number for answered in given]
        targets = self._kind.targets(answers)
        inputs = [self._inputs[number] for number in numbers]
        return LabelledClips(
            np.array(numbers, dtype=np.int64),
            inputs if inputs[0].dtype == np.uint8 else np.stack(inputs),
            targets,
            self._errors.of(given, targets) if self._errors else None,
        )

    def _answers(self, below: int) -> list[Answered]:
        return self._store.answers(self._run, below=below)

    def _fetch(self, numbers: set[int]) -> None:
        """Keeps the clips of these queries, `(K, T, I)` each, unless it has them or one is damaged.

        All are read at once; only if that fails, one query after the other.
        """
        missing = sorted(numbers - self._inputs.keys() - self._left_out)
        try:
            stored = self._segments(missing) if missing else {}
        except ClipDamaged:
            if self._say is None:
                raise
            stored = self._undamaged(missing, self._say)
        for number, segments in stored.items():
            clips = [clip_inputs(s.observations, s.actions) for s in segments]
            self._inputs[number] = np.stack(clips)

    def _forget_all_but(self, numbers: set[int]) -> None:
        """Lets go of clips whose labels are not kept any more."""
        for number in self._inputs.keys() - numbers:
            del self._inputs[number]

    def _undamaged(
        self, numbers: Iterable[int], say: Callable[[str], object]
    ) -> dict[int, tuple[Segment, ...]]:
        """Returns the clips of those of the queries that can be learnt from."""
        found: dict[int, tuple[Segment, ...]] = {}
        for number in numbers:
            try:
                found |= self._segments([number])
            except ClipDamaged as error:
                self._left_out.add(number)
                say(f"{error} The answers to question {number} are left out.")
        return found

    def _segments(self, numbers: list[int]) -> dict[int, tuple[Segment, ...]]:
        """Reads clips; a learner has no business with their true rewards."""
        return self._store.segments(self._run, numbers, true_rewards=False)
