"""Another kind of feedback, whole in one file: a ranking of K clips goes through store and fit.

Plackett and Luce's model: the best of all is chosen first, then the best of the rest, and so on.
No file outside this one knows of it.
"""

import math
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
import torch

from pbrl.config import RewardConfig
from pbrl.errors import FeedbackError
from pbrl.feedback import FeedbackKind, find_kind
from pbrl.likelihood import Array, array_namespace, choice_log_probabilities
from pbrl.reward.ensemble import RewardEnsemble
from pbrl.reward.labels import LabelReader
from pbrl.segments import Segment
from pbrl.store import LabelStore, Query

Order = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Ranking:
    """Clips in order, best first. `targets` are the order's permutation matrix, (B, K x K)."""

    name: str = "ranking"

    def check(self, answer: Order, num_options: int) -> None:
        if sorted(answer) != list(range(num_options)):
            raise FeedbackError(f"{answer} does not order {num_options} clips.")

    def encode(self, answer: Order) -> str:
        return ">".join(map(str, answer))

    def decode(self, text: str) -> Order:
        try:
            return tuple(map(int, text.split(">")))
        except ValueError:
            raise FeedbackError(f"{text!r} is not a ranking.") from None

    def informative(self, answer: Order) -> bool:
        return True

    def targets(self, answers: Sequence[Order]) -> np.ndarray:
        orders = np.array(answers)
        return np.eye(orders.shape[1], dtype=np.float32)[orders].reshape(len(orders), -1)

    def log_likelihood(self, returns: Array, targets: Array, error_rate: float) -> Array:
        ordered = self._ordered(returns, targets)
        xp, options = array_namespace(returns), returns.shape[-1]
        rest, total = ordered[..., -1], 0.0 * ordered[..., -1]
        for place in reversed(range(options - 1)):
            rest = xp.logaddexp(rest, ordered[..., place])
            total = total + ordered[..., place] - rest
        random = xp.full_like(total, math.log(error_rate / math.factorial(options)))
        return xp.logaddexp(total + math.log1p(-error_rate), random)

    def correct(self, returns: Array, targets: Array) -> Array:
        ordered = self._ordered(returns, targets)
        better = ordered[..., :, None] > ordered[..., None, :]
        pairs = [better[..., i, j] for i in range(better.shape[-1]) for j in range(i)]
        return 1.0 - sum(1.0 * pair for pair in pairs) / len(pairs)

    def _ordered(self, returns: Array, targets: Array) -> Array:
        """Returns (..., B, K) from the best clip to the worst."""
        options = returns.shape[-1]
        matrix = targets.reshape((*targets.shape[:-1], options, options))
        return (matrix * returns[..., None, :]).sum(-1)


RANKING: FeedbackKind = Ranking()
RUN, STEPS, WEIGHTS = "run", 6, np.array([1.0, -2.0, 0.5])


def test_plackett_luce_by_hand():
    # Strengths 1, 2, 3: order 2, 0, 1 has 3/6 x 1/3 x 1; with errors .9 of it and .1 / 3!.
    returns = np.log([[1.0, 2.0, 3.0]])
    logs = RANKING.log_likelihood(returns, RANKING.targets([(2, 0, 1)]), error_rate=0.1)
    np.testing.assert_allclose(np.exp(logs), 0.9 / 6 + 0.1 / 6)
    assert RANKING.correct(returns, RANKING.targets([(2, 1, 0)])) == 1
    assert RANKING.correct(returns, RANKING.targets([(0, 1, 2)])) == 0
    assert RANKING.correct(returns, RANKING.targets([(2, 0, 1)])) == pytest.approx(2 / 3)


def test_over_all_orders_it_sums_to_one():
    orders = list(permutations(range(4)))
    returns = np.tile(np.random.default_rng(0).normal(size=4), (len(orders), 1))
    logs = RANKING.log_likelihood(returns, RANKING.targets(orders), error_rate=0.1)
    assert np.exp(logs).sum() == pytest.approx(1, abs=1e-6)


def test_of_two_clips_it_is_the_comparison():
    returns = np.random.default_rng(0).normal(size=(9, 2))
    logs = RANKING.log_likelihood(returns, RANKING.targets([(0, 1)] * 9), error_rate=0.1)
    np.testing.assert_allclose(logs, choice_log_probabilities(returns, 0.1)[:, 0])


def rank(segments: tuple[Segment, ...]) -> Order:
    return tuple(np.argsort([-segment.true_return for segment in segments]).tolist())


def make_query(number: int) -> Query:
    rng = np.random.default_rng(number)
    clips = []
    for _ in range(3):
        observations = rng.normal(size=(STEPS, 2)).astype(np.float32)
        actions = rng.normal(size=(STEPS, 1)).astype(np.float32)
        true_rewards = np.concatenate([observations, actions], axis=1) @ WEIGHTS
        clips.append(Segment(observations, actions, true_rewards, np.zeros((STEPS, 0), np.float32)))
    return Query(number, RANKING.name, tuple(clips), step=0)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[LabelStore]:
    with closing(LabelStore(tmp_path / "labels.db")) as store:
        yield store


def test_rankings_go_through_store_and_fit(store: LabelStore):
    kind = find_kind("ranking", kinds={"ranking": RANKING})
    queries = [make_query(number) for number in range(120)]
    store.open_run(RUN, "task", kind.name)
    store.post(RUN, queries)
    answers = {query.number: rank(query.segments) for query in queries}
    for answer in answers.values():
        kind.check(answer, num_options=3)
    store.answer_many(RUN, {n: kind.encode(a) for n, a in answers.items()}, "oracle")
    assert {a.number: kind.decode(a.text) for a in store.answers(RUN)} == answers

    labels = LabelReader(store, RUN, kind).read(below=120)
    assert labels is not None
    assert labels.inputs.shape == (120, 3, STEPS, 3)
    torch.manual_seed(0)
    ensemble = RewardEnsemble(RewardConfig(hidden_sizes=(16,)), 2, 1, kind, seed=0)
    report = ensemble.fit(labels, updates=200)
    assert report.labels == 120
    assert report.validation_accuracy.min() > 0.8
    unseen = [make_query(number) for number in range(1000, 1060)]
    inputs = [
        np.concatenate([s.observations, s.actions], axis=1) for q in unseen for s in q.segments
    ]
    predicted = ensemble.returns(np.stack(inputs)).mean(0).reshape(60, 3)
    targets = kind.targets([rank(query.segments) for query in unseen])
    assert kind.correct(predicted, targets).mean() > 0.85
