"""Charts: places, ticks, gaps."""

import re

import numpy as np
import pytest

from experiments.figures.drawing import BLACK, OTHERS
from experiments.report.chart import HEIGHT, WIDTH, Panel, colour_of, limits, short_number, ticks

STYLE = OTHERS[0]


@pytest.fixture
def panel():
    return Panel((0.0, 10.0), (-1.0, 1.0), "steps", "return")


def test_the_axes_end_in_the_picture(panel):
    assert 0 < panel.across(0) < panel.across(10) < WIDTH
    assert 0 < panel.up(1) < panel.up(-1) < HEIGHT
    assert panel.across(5) == pytest.approx((panel.across(0) + panel.across(10)) / 2)


def test_a_line_is_interrupted_where_nothing_is_known(panel):
    panel.line(np.arange(5.0), np.array([0.0, 1.0, np.nan, 0.5, 0.2]), STYLE, "a <b>")
    path = re.search(r' d="([^"]*)"', panel.drawn[0])
    assert path is not None
    assert re.findall("[ML]", path[1]) == ["M", "L", "M", "L"]
    assert "a &lt;b&gt;" in panel.svg("title")


def test_a_chart_is_well_formed(panel, parsed):
    panel.guide((0, 0), (1, 1))
    panel.bar(1.0, -0.5, 0.5, STYLE)
    panel.point(1.0, 0.0, 4, STYLE, "point")
    page = parsed(panel.svg("What it shows"))
    assert page.open == []
    assert ("aria-label", "What it shows") in page.attributes


def test_limits_hold_all_values():
    low, high = limits([np.array([3.0, np.nan]), np.array([5.0])])
    assert low < 3 and high > 5
    assert limits([np.array([1.0, 100.0])])[0] == 0
    low, high = limits([np.array([2.0, 2.0])])
    assert low < 2 < high
    assert limits([np.array([np.nan])]) is None
    assert limits([]) is None


def test_ticks_are_round_and_inside():
    found = ticks(-0.3, 1.02)
    assert all(-0.3 <= one <= 1.02 for one in found)
    assert 0.0 in found and 1.0 in [pytest.approx(one) for one in found]


def test_short_numbers():
    words = {1.5e6: "1.5M", 250_000: "250k", 1500: "1,500", 0.25: "0.25", -20_000: "−20k", 0: "0"}
    assert {value: short_number(value) for value in words} == words


def test_black_is_the_colour_of_letters():
    blacks = [style for style in OTHERS if style.colour == BLACK]
    assert blacks and all(colour_of(style) is None for style in blacks)
    assert colour_of(STYLE) == f"--c:{STYLE.colour}"
