"""What conditions are worth over all tasks."""

import csv

import numpy as np
import pytest

from experiments.analysis.aggregates import aggregates_of, write_aggregates
from experiments.analysis.returns import Returns


@pytest.fixture
def returns():
    learned = np.array([[[190.0, 0]] * 3, [[90.0, -50]] * 3, [[np.nan, np.nan]] * 3])
    learned[:2] += np.array([-1.0, 0, 1])[:, None]
    return Returns(
        conditions=("true reward", "700 labels", "350 labels"),
        seeds=(1, 2, 3),
        tasks=("Hopper", "Reacher"),
        learned=learned,
        untrained=np.array([-10.0, -100]),
        steps=(1000, 1000),
        configs_differ=(),
    )


def test_aggregates_by_hand(returns):
    """Half of what the true reward brings on both tasks, and never more than it."""
    true, labels, nothing = aggregates_of(returns)
    assert true.mean.value == pytest.approx(1)
    assert np.isnan(true.improvement.value)
    assert labels.mean.value == pytest.approx(0.5)
    assert labels.interquartile_mean.value == pytest.approx(0.5)
    assert labels.interquartile_mean.low < 0.5 < labels.interquartile_mean.high
    assert (labels.improvement.value, labels.improvement.high) == (0, 0)
    assert (nothing.mean.runs, nothing.mean.tasks) == (0, 0)


def test_the_same_runs_give_the_same_file(returns, tmp_path):
    for name in ("first.csv", "second.csv"):
        write_aggregates(aggregates_of(returns), tmp_path / name)
    assert (tmp_path / "first.csv").read_bytes() == (tmp_path / "second.csv").read_bytes()
    with (tmp_path / "first.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 9
    assert rows[4]["condition"] == "700 labels"
    assert (rows[4]["number"], rows[4]["value"], rows[4]["runs"]) == ("mean", "0.5000", "6")
    assert rows[2]["value"] == rows[8]["low"] == ""
