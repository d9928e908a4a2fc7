"""Scores are shares of what there was to gain, so that negative returns do not mislead."""

from experiments.label_table import markdown
from experiments.sweeps.finished_runs import Row


def row(condition, mean_return, untrained=None):
    return Row("Reacher", condition, 1, 1000, 5, mean_return, 1.0, untrained, 0.9, 0.95)


def test_a_worse_agent_of_negative_return_scores_below_one():
    """Reacher: (-12 + 44) / (-6 + 44) = .84; the plain ratio of returns would be 2."""
    rows = [row("700 labels", -12.0, untrained=-44.0), row("true reward", -6.0)]
    assert "(true - untrained): 0.84 of 700 labels." in markdown(rows, "Reacher", ["Reacher"])
