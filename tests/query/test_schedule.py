import math
from dataclasses import replace

import numpy as np
import pytest

from pbrl.config import QueryConfig
from pbrl.query.schedule import initial_labels, labels_due, steps_until_due

PAPER = QueryConfig(label_budget=1400)


def test_a_quarter_is_asked_before_training():
    assert initial_labels(PAPER) == 350
    assert labels_due(PAPER, 0, 10**6) == 350


def test_the_budget_is_used_up_exactly_at_the_end():
    assert labels_due(PAPER, 10**6, 10**6) == 1400
    assert labels_due(PAPER, 10**6 + 5000, 10**6) == 1400
    assert labels_due(PAPER, 10**6 - 1, 10**6) < 1400


def test_the_rate_is_a_hyperbola_in_steps():
    """Proportional to 2e6 / (T + 2e6): at T = 2e6 half of what it was, at 6e6 a quarter."""
    config = replace(PAPER, label_budget=10**7)
    total, window = 10**7, 10**4

    def rate(steps):
        return labels_due(config, steps + window, total) - labels_due(config, steps, total)

    assert rate(2_000_000) / rate(0) == pytest.approx(1 / 2, rel=0.01)
    assert rate(6_000_000) / rate(0) == pytest.approx(1 / 4, rel=0.01)


def test_by_hand():
    """After 1M of 4M steps: 350 + floor(1050 ln(1.5) / ln(3)) = 350 + 387."""
    assert 1050 * math.log(1.5) / math.log(3) == pytest.approx(387.5, abs=0.1)
    assert labels_due(PAPER, 1_000_000, 4_000_000) == 737


def test_it_never_falls():
    due = [labels_due(PAPER, steps, 10**6) for steps in range(0, 10**6, 999)]
    assert (np.diff(due) >= 0).all()


@pytest.mark.parametrize("labels", [1, 350, 351, 700, 1399, 1400])
def test_a_label_is_due_after_as_many_steps_as_are_told(labels):
    steps = steps_until_due(PAPER, labels, 10**6)
    assert labels_due(PAPER, steps + 1, 10**6) >= labels
    assert steps == 0 or labels_due(PAPER, steps - 1, 10**6) < labels
