"""Teachers by hand, by B-Pref's own procedure, and by law."""

import math

import numpy as np
import pytest

from pbrl.annotators import TEACHERS, RewardScale, Teacher
from pbrl.errors import ConfigError
from pbrl.feedback import Comparison

FIRST, SECOND, TIE, SKIP = Comparison.FIRST, Comparison.SECOND, Comparison.TIE, Comparison.SKIP
NEVER = 0.999999
"""A draw under which nothing improbable happens."""


def compare(
    teacher: Teacher,
    first: list[float],
    second: list[float],
    draws: tuple[float, float] = (NEVER, NEVER),
    clip_return: float = 0.0,
    scale: RewardScale = RewardScale(),  # noqa: B008 - frozen
) -> Comparison:
    """One query."""
    rewards = np.array([[first, second]], dtype=np.float64)
    return teacher.compare(rewards, np.array([draws]), clip_return, scale)[0]


# The oracle: the larger true return, an exact tie a tie, never an error.


def test_oracle_by_hand():
    oracle = TEACHERS["oracle"]
    assert compare(oracle, [1, 2, 3], [3, 2, 0]) is FIRST
    assert compare(oracle, [-5, 0, 0], [0, 0, -4.999]) is SECOND
    assert compare(oracle, [1, 2, 3], [3, 2, 1]) is TIE
    assert compare(oracle, [0, 0, 0], [0, 0, 0]) is TIE


def test_the_oracle_makes_no_errors_whatever_is_drawn():
    rng = np.random.default_rng(0)
    rewards = rng.normal(size=(500, 2, 6))
    returns = rewards.sum(-1)
    expected = [FIRST if a > b else SECOND for a, b in returns]
    for draws in (np.zeros((500, 2)), rng.random((500, 2))):
        answers = TEACHERS["oracle"].compare(rewards, draws, 3.0, RewardScale(1.0, 0.2))
        assert answers == expected


# 1. Skip: no answer if the better sum is at most the threshold.


def test_skip_by_hand():
    teacher = Teacher(skip=0.5)  # threshold 0.5 x 8 = 4
    assert compare(teacher, [1, 2], [2, 2], clip_return=8) is SKIP
    assert compare(teacher, [1, 2], [2, 2.01], clip_return=8) is SECOND
    assert compare(teacher, [5, 0], [0, 0], clip_return=8) is FIRST
    assert compare(teacher, [0, 0], [0, 0], clip_return=0) is TIE  # not known yet: no skip


def test_skip_counts_shifted_and_scaled_rewards():
    scale = RewardScale(shift=1.0, scale=2.0)  # sums -1 and 0 become 2 (-1 + 2) = 2 and 4
    teacher = Teacher(skip=1.0)
    assert compare(teacher, [-1, 0], [0, 0], clip_return=4.0, scale=scale) is SKIP
    assert compare(teacher, [-1, 0], [0, 0], clip_return=3.9, scale=scale) is SECOND


def test_skip_looks_at_undiscounted_sums():
    teacher = Teacher(skip=1.0, gamma=0.5)
    # The sums are 4 and 1, above the threshold of 3; the weighted ones, 2 and 1, would not be.
    assert compare(teacher, [4, 0], [0, 1], clip_return=3) is FIRST


# 2. Myopic: the last steps count most.


def test_myopic_by_hand():
    teacher = Teacher(gamma=0.5)
    # Weights .25, .5, 1: 1 x .25 = .25 against .3 x 1 = .3; undiscounted it is 1 against .3.
    assert compare(teacher, [1, 0, 0], [0, 0, 0.3]) is SECOND
    assert compare(teacher, [1, 0, 0], [0, 0, 0.2]) is FIRST
    assert compare(teacher, [0, 1, 0], [0, 0, 0.5]) is TIE


# 3. Stochastic: softmax(beta x sums).


def test_stochastic_by_hand():
    teacher = Teacher(beta=2.0)
    # Sums ln(3)/2 and 0: the first with probability softmax(ln 3, 0) = 3/4.
    first, second = [math.log(3) / 2, 0.0], [0.0, 0.0]
    assert compare(teacher, first, second, draws=(0.7499, NEVER)) is FIRST
    assert compare(teacher, first, second, draws=(0.7501, NEVER)) is SECOND


def test_stochastic_draws_by_scaled_sums_of_weighted_rewards():
    teacher = Teacher(beta=1.0, gamma=0.5)
    # .5 x 2 ln 3 = ln 3, which a scale of 2 doubles: softmax(2 ln 3, 0) = 9/10. Shifts cancel.
    scale = RewardScale(shift=7.0, scale=2.0)
    first, second = [2 * math.log(3), 0.0], [0.0, 0.0]
    assert compare(teacher, first, second, draws=(0.8999, NEVER), scale=scale) is FIRST
    assert compare(teacher, first, second, draws=(0.9001, NEVER), scale=scale) is SECOND


def test_without_rationality_it_is_a_coin():
    teacher = Teacher(beta=0.0)
    assert compare(teacher, [100, 0], [0, 0], draws=(0.499, NEVER)) is FIRST
    assert compare(teacher, [100, 0], [0, 0], draws=(0.501, NEVER)) is SECOND


# 4. Mistake: the choice is turned around.


def test_mistake_by_hand():
    teacher = Teacher(epsilon=0.1)
    assert compare(teacher, [1, 0], [0, 0], draws=(NEVER, 0.099)) is SECOND
    assert compare(teacher, [1, 0], [0, 0], draws=(NEVER, 0.1)) is FIRST
    assert compare(teacher, [1, 0], [0, 1], draws=(NEVER, 0.0)) is TIE
    both = Teacher(epsilon=0.1, beta=1.0)
    assert compare(both, [0, 0], [0, 0], draws=(0.2, 0.05)) is SECOND


# 5. Equal: a tie, whatever came before; and a skip stays a skip.


def test_equal_by_hand():
    teacher = Teacher(equal=0.25)  # threshold .25 x 8 = 2
    assert compare(teacher, [3, 0], [1.1, 0], clip_return=8) is TIE
    assert compare(teacher, [3, 0], [1, 0], clip_return=8) is FIRST  # not less than 2
    assert compare(teacher, [0, 0], [1.9, 0], clip_return=8) is TIE


def test_equal_overrides_choice_and_mistake_but_not_a_skip():
    teacher = Teacher(beta=1.0, gamma=0.1, epsilon=1.0, equal=0.25, skip=0.5)
    assert compare(teacher, [9, 0], [0, 8], draws=(0.0, 0.0), clip_return=8) is TIE
    assert compare(teacher, [1, 0], [0, 1], clip_return=8) is SKIP


def test_equal_looks_at_undiscounted_sums():
    teacher = Teacher(gamma=0.5, equal=0.25)
    assert compare(teacher, [4, 0], [0, 4], clip_return=8) is TIE  # weighted: 2 against 4
    assert compare(teacher, [8, 0], [0, 3], clip_return=8) is FIRST  # weighted: 4 against 3


def test_named_teachers_have_one_flaw_each():
    assert {
        "oracle": Teacher(beta=-1, gamma=1, epsilon=0, skip=0, equal=0),
        "mistake": Teacher(epsilon=0.1),
        "stoc": Teacher(beta=1),
        "skip": Teacher(skip=0.1),
        "myopic": Teacher(gamma=0.9),
        "equal": Teacher(equal=0.1),
    } == TEACHERS


def b_pref_labels(
    teacher: Teacher, rewards: np.ndarray, draws: np.ndarray, clip_return: float
) -> list[Comparison]:
    """B-Pref's own procedure, one query at a time: step by step as its source has it."""
    labels = []
    for pair, (choice, mistake) in zip(rewards, draws, strict=True):
        sums = pair.sum(axis=1)
        if teacher.skip > 0 and max(sums) <= teacher.skip * clip_return:
            labels.append(SKIP)
            continue
        weighted = pair.copy()
        for index in range(pair.shape[1] - 1):
            weighted[:, : index + 1] *= teacher.gamma
        first, second = weighted.sum(axis=1)
        label = int(first < second)
        if teacher.beta > 0:
            chance = 1 / (1 + math.exp(teacher.beta * (second - first)))
            label = int(choice >= chance)
        if mistake < teacher.epsilon:
            label = 1 - label
        close = abs(sums[0] - sums[1]) < teacher.equal * clip_return
        labels.append(TIE if close else (FIRST, SECOND)[label])
    return labels


COMPOSED = {"all": Teacher(beta=0.7, gamma=0.8, epsilon=0.2, skip=0.8, equal=0.2)}


@pytest.mark.parametrize("name", [*TEACHERS, *COMPOSED])
def test_agrees_with_b_pref(name: str):
    teacher = (TEACHERS | COMPOSED)[name]
    rng = np.random.default_rng(0)
    rewards, draws = rng.exponential(size=(400, 2, 8)), rng.random((400, 2))
    rewards *= rng.random((400, 1, 1)) * 2  # good clips and bad ones
    answers = teacher.compare(rewards, draws, clip_return=8.0)
    assert answers == b_pref_labels(teacher, rewards, draws, clip_return=8.0)
    if name == "all":
        assert set(answers) == {FIRST, SECOND, TIE, SKIP}


@pytest.mark.parametrize("name", ["oracle", "mistake", "skip", "myopic", "equal"])
def test_swapping_the_clips_swaps_the_answer(name: str):
    rng = np.random.default_rng(1)
    rewards, draws = rng.exponential(size=(200, 2, 8)), rng.random((200, 2))
    answers = TEACHERS[name].compare(rewards, draws, clip_return=8.0)
    swapped = TEACHERS[name].compare(rewards[:, ::-1], draws, clip_return=8.0)
    opposite = {FIRST: SECOND, SECOND: FIRST, TIE: TIE, SKIP: SKIP}
    assert swapped == [opposite[answer] for answer in answers]


def test_rates_of_the_random_flaws():
    rng = np.random.default_rng(2)
    rewards, draws = np.zeros((4000, 2, 1)), rng.random((4000, 2))
    rewards[:, 0, 0] = math.log(3)
    mistaken = TEACHERS["mistake"].compare(rewards, draws).count(SECOND) / 4000
    assert mistaken == pytest.approx(0.1, abs=0.02)
    second = TEACHERS["stoc"].compare(rewards, draws).count(SECOND) / 4000
    assert second == pytest.approx(0.25, abs=0.025)


@pytest.mark.parametrize(
    "flaw",
    [{"gamma": 0.0}, {"gamma": 1.1}, {"epsilon": -0.1}, {"epsilon": 2.0}, {"skip": -1.0},
     {"equal": -0.1}, {"equal": math.nan}],
)  # fmt: skip
def test_flaws_out_of_range_are_refused(flaw: dict[str, float]):
    with pytest.raises(ConfigError, match="A teacher needs"):
        Teacher(**flaw)
