"""The figure of learning curves: what the axes hold, what is said to be missing, and the PNG."""

import cv2
import numpy as np
import pytest

from experiments.analysis.bands import band_of
from experiments.analysis.curves import Curve
from experiments.figures.curve_figure import learning_curves
from experiments.figures.drawing import line_styles, save
from pbrl.errors import PbrlError

CONDITIONS = ("true reward", "350 labels", "700 labels", "1400 labels")
ABLATIONS = ("true reward", "700 labels", *(f"700 labels, variant {n}" for n in range(5)))
STEPS = np.linspace(0, 1_000_000, 11)


def curve(task, condition, runs=3):
    rng = np.random.default_rng(len(task) + len(condition))
    returns = np.cumsum(rng.normal(100, 80, size=(runs, len(STEPS))), axis=1) - 300
    return Curve(task, condition, tuple(range(runs)), STEPS, returns)


def panels_of(figure):
    return {panel.get_title(loc="left"): panel for panel in figure.axes}


def texts(panel):
    return [text.get_text() for text in panel.texts]


def test_the_panels_hold_the_means_and_the_bands():
    curves = [curve(task, name) for task in ("Hopper", "Ant") for name in CONDITIONS]
    panels = panels_of(learning_curves(curves, ("Ant", "Hopper"), CONDITIONS))
    for one in curves:
        panel, band = panels[one.task], band_of(one)
        (line,) = (found for found in panel.lines if found.get_label() == one.condition)
        np.testing.assert_array_equal(line.get_xdata(), STEPS)
        np.testing.assert_array_equal(line.get_ydata(), band.mean)
        assert line.get_color() == line_styles(CONDITIONS)[one.condition].colour
        drawn = np.concatenate([np.asarray(c.get_paths()[0].vertices) for c in panel.collections])
        assert np.isin(band.low, drawn[:, 1]).all()
    assert panels["Ant"].get_title(loc="right") == "3 runs each"


def test_empty_cells_say_so():
    curves = [curve("Hopper", "true reward", runs=5), curve("Hopper", "700 labels", runs=1)]
    tasks = ("Hopper", "Ant", "Reacher", "Swimmer")
    panels = panels_of(learning_curves(curves, tasks, CONDITIONS))
    assert texts(panels["Hopper"]) == ["not run:\n350 labels\n1400 labels"]
    assert panels["Hopper"].get_title(loc="right") == "1 to 5 runs each"
    for task in tasks[1:]:
        assert texts(panels[task]) == ["not run"]
        assert not panels[task].lines


def test_two_runs_are_drawn_themselves_in_place_of_a_band():
    one = curve("Hopper", "true reward", runs=2)
    figure = learning_curves([one], ("Hopper",), CONDITIONS)
    panel = panels_of(figure)["Hopper"]
    assert not panel.collections
    thin = [line.get_ydata() for line in panel.lines if line.get_label().startswith("_")]
    np.testing.assert_array_equal(thin, one.returns)
    title = figure.legends[0].get_title().get_text()
    assert title == "line: mean over seeds\nthin lines: the runs, where there are two"


def test_a_single_run_is_one_line():
    figure = learning_curves([curve("Hopper", "true reward", runs=1)], ("Hopper",), ABLATIONS)
    panel = panels_of(figure)["Hopper"]
    assert len(panel.lines) == 1 and not panel.collections
    assert panel.get_xlim() == (0, STEPS[-1])
    assert figure.legends[0].get_title().get_text() == "line: one run"


def test_many_lines_have_bars_in_place_of_bands():
    curves = [curve("Hopper", name) for name in ABLATIONS]
    panel = panels_of(learning_curves(curves, ("Hopper",), ABLATIONS))["Hopper"]
    assert not panel.collections
    ends = [line.get_ydata() for line in panel.lines if line.get_xdata()[0] > STEPS[-1]]
    for one in curves:
        band = band_of(one)
        assert any(np.array_equal(end, [band.low[-1], band.high[-1]]) for end in ends)


@pytest.mark.parametrize("number", [1, 3, 8])
@pytest.mark.parametrize("conditions", [CONDITIONS, ABLATIONS])
def test_every_arrangement_is_drawn_and_nothing_leaves_the_picture(tmp_path, number, conditions):
    """No two words overlap, and each lies inside the picture."""
    tasks = [f"Task{n}" for n in range(number)]
    curves = [curve(task, name) for task in tasks for name in conditions]
    figure = learning_curves(curves, tasks, conditions)
    save(figure, tmp_path / "figure.png")
    picture = cv2.imread(str(tmp_path / "figure.png"))
    assert picture is not None
    height, width = picture.shape[:2]
    legends = [*figure.legends, *(p.get_legend() for p in figure.axes if p.get_legend())]
    (legend,) = legends
    words = [*figure.texts, *legend.get_texts(), legend.get_title()]
    for panel in (panel for panel in figure.axes if panel.axison):
        words += [*panel.texts, panel._left_title, panel._right_title]
        for axis, (low, high) in ((panel.xaxis, panel.get_xlim()), (panel.yaxis, panel.get_ylim())):
            ticks = zip(axis.get_ticklocs(), axis.get_ticklabels(), strict=True)
            words += [label for place, label in ticks if low <= place <= high]
    boxes = [word.get_window_extent() for word in words if word.get_visible() and word.get_text()]
    for box in boxes:
        assert box.x0 >= -1 and box.y0 >= -1 and box.x1 <= width + 1 and box.y1 <= height + 1
    for first, box in enumerate(boxes):
        assert box.count_overlaps(boxes[first + 1 :]) == 0


def test_the_axis_ends_where_the_runs_end():
    """Steps of 400,000 would put a mark at 1,600,000."""
    long = Curve(
        "Hopper", "700 labels", (1,), STEPS * 1.5, curve("Hopper", "700 labels", 1).returns
    )
    panel = panels_of(learning_curves([long], ("Hopper",), CONDITIONS))["Hopper"]
    assert panel.get_xlim() == (0, 1_500_000)
    assert max(panel.get_xticks()) <= 1_500_000


@pytest.mark.parametrize("conditions", [CONDITIONS, ABLATIONS])
def test_the_axis_of_returns_follows_the_runs_not_their_intervals(conditions):
    """Two runs that are far apart have an interval six times as wide as the distance."""
    curves = [curve("Hopper", name, runs=2) for name in conditions]
    panel = panels_of(learning_curves(curves, ("Hopper",), conditions))["Hopper"]
    low, high = panel.get_ylim()
    least, most = min(c.returns.min() for c in curves), max(c.returns.max() for c in curves)
    assert low < least < most < high
    assert high - low == pytest.approx(1.1 * (most - least))
    assert max(band_of(c).high[-1] for c in curves) > high


def test_the_same_return_at_every_step_is_drawn():
    flat = Curve("Hopper", "700 labels", (1,), STEPS, np.zeros((1, len(STEPS))))
    panel = panels_of(learning_curves([flat], ("Hopper",), CONDITIONS))["Hopper"]
    assert panel.get_ylim() == (-1, 1)


def test_a_condition_without_runs_is_not_run():
    nothing = Curve("Hopper", "350 labels", (), STEPS, np.empty((0, len(STEPS))))
    panel = panels_of(
        learning_curves([curve("Hopper", "700 labels"), nothing], ("Hopper",), CONDITIONS)
    )["Hopper"]
    assert texts(panel) == ["not run:\ntrue reward\n350 labels\n1400 labels"]


def test_nothing_to_draw_is_a_sentence():
    with pytest.raises(PbrlError, match="There is no finished run to draw"):
        learning_curves([curve("Hopper", "100 labels")], ("Hopper",), CONDITIONS)
