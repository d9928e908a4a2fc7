"""The figure of scores over all tasks: points, intervals, and what is not known."""

import numpy as np
import pytest

from experiments.analysis.aggregates import Aggregate
from experiments.analysis.statistics import Estimate
from experiments.figures.drawing import save
from experiments.figures.score_figure import aggregate_scores
from pbrl.errors import PbrlError

NOTHING = Estimate(np.nan, np.nan, np.nan, 0, 0)


def aggregate(condition, value, runs=15, width=0.1):
    found = Estimate(value, value - width, value + width, runs, 5)
    return Aggregate(condition, found, found, NOTHING if condition == "true reward" else found)


def rows(panel):
    """What is drawn at each row: its values along the axis, in order of drawing."""
    found = {}
    for line in panel.lines[1:]:  # the first is the mark
        values, places = np.atleast_1d(line.get_xdata()), np.atleast_1d(line.get_ydata())
        found.setdefault(int(places[0]), []).extend(values.tolist())
    return found


def test_points_and_intervals_stand_where_the_numbers_are(tmp_path):
    aggregates = [aggregate("true reward", 1.0), aggregate("700 labels", 0.75, width=0.25)]
    figure = aggregate_scores(aggregates)
    for panel in figure.axes[:2]:
        assert rows(panel) == {0: [0.9, 1.1, 1.0], 1: [0.5, 1.0, 0.75]}
    assert rows(figure.axes[2]) == {1: [0.5, 1.0, 0.75]}
    assert [text.get_text() for text in figure.axes[2].texts] == ["reference"]
    save(figure, tmp_path / "scores.png")
    assert (tmp_path / "scores.png").stat().st_size > 1000


def test_what_is_not_known_is_said():
    single = Estimate(0.7, np.nan, np.nan, 5, 5)
    figure = aggregate_scores(
        [
            Aggregate("700 labels", single, single, NOTHING),
            Aggregate("350 labels", NOTHING, NOTHING, NOTHING),
        ]
    )
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels == ["700 labels\n5 runs, 5 tasks, no interval", "350 labels\nno score"]
    assert [text.get_text() for text in figure.axes[0].texts] == ["not known"]
    assert [text.get_text() for text in figure.axes[2].texts] == ["not known", "not known"]


def test_nothing_to_draw_is_a_sentence():
    with pytest.raises(PbrlError, match="There is no score to draw"):
        aggregate_scores([Aggregate("350 labels", NOTHING, NOTHING, NOTHING)])
