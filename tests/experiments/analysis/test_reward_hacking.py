"""Warnings that learned and true reward part: when there is one, when there is none."""

import numpy as np
import pytest

from experiments.analysis.reward_hacking import PARTS, agreement

STEPS = np.arange(1, 101) * 100
RISING = np.linspace(0.0, 100.0, 100)
HIGH = np.full(100, 0.9)
UNKNOWN = np.full(100, np.nan)


def warnings(correlation, true, learned):
    found = agreement(STEPS, correlation, true, learned)
    assert found is not None
    return found.warnings


def test_two_that_rise_together_are_fine():
    assert warnings(HIGH, RISING, RISING) == ()


def test_a_learned_return_that_shrinks_with_its_scale_is_fine():
    assert warnings(HIGH, RISING, RISING[::-1]) == ()


def test_a_correlation_that_falls_is_told():
    (sentence,) = warnings(np.linspace(0.95, 0.6, 100), RISING, RISING)
    assert "fell" in sentence and "0.93" in sentence and "0.62" in sentence


def test_a_correlation_that_was_never_high_is_told():
    (sentence,) = warnings(np.full(100, 0.3), RISING, RISING)
    assert "little in common" in sentence and "0.30" in sentence


def test_a_learned_return_that_rises_while_the_true_one_falls_is_told():
    true = np.concatenate([np.linspace(0, 100, 50), np.linspace(100, 60, 50)])
    (sentence,) = warnings(HIGH, true, RISING)
    assert "true return fell" in sentence and "learned one rose" in sentence


@pytest.mark.parametrize("scale", [0.001, 1.0, 1000.0])
@pytest.mark.parametrize("shift", [-500.0, 0.0, 500.0])
def test_units_of_the_returns_do_not_matter(scale, shift):
    true = np.concatenate([np.linspace(0, 100, 50), np.linspace(100, 60, 50)])
    assert len(warnings(HIGH, scale * true + shift, scale * RISING - shift)) == 1
    assert not warnings(HIGH, scale * RISING + shift, scale * RISING - shift)


def test_a_small_loss_is_no_sign():
    true = np.concatenate([np.linspace(0, 100, 90), np.linspace(100, 90, 10)])
    assert warnings(HIGH, true, RISING) == ()


def test_a_true_reward_that_is_always_the_same_has_returns_to_go_by():
    """As in a task of 1 a step: no correlation is defined, and the episode's length is all."""
    assert len(warnings(UNKNOWN, RISING[::-1], RISING)) == 1


def test_the_parts_are_means_over_equal_steps():
    found = agreement(STEPS, HIGH, RISING, RISING)
    assert found is not None
    assert len(found.true) == PARTS
    assert found.true[0] == pytest.approx(RISING[:10].mean(), abs=1.0)
    assert found.true[-1] == pytest.approx(RISING[-10:].mean(), abs=1.0)


def test_what_comes_before_the_learned_reward_is_left_out():
    correlation = np.where(STEPS > 5000, 0.9, np.nan)
    true = np.where(STEPS > 5000, 1.0, 1000.0)
    learned = np.where(STEPS > 5000, RISING, np.nan)
    assert warnings(correlation, true, learned) == ()


@pytest.mark.parametrize(
    ("correlation", "true", "learned"), [(UNKNOWN, RISING, UNKNOWN), (UNKNOWN, UNKNOWN, RISING)]
)
def test_with_one_reward_alone_there_is_nothing_to_say(correlation, true, learned):
    assert agreement(STEPS, correlation, true, learned) is None


def test_a_single_line_is_enough():
    found = agreement(np.array([128]), *(np.array([0.9]) for _ in range(3)))
    assert found is not None and found.warnings == ()
