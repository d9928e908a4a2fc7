"""Colours and dashes: one look for one condition, and files that do not change by themselves."""

from itertools import combinations

from matplotlib.figure import Figure

from experiments.figures.drawing import OTHERS, line_styles, save

FIGURE_2 = ("true reward", "350 labels", "700 labels", "1400 labels")
FIGURE_5 = ("true reward", "700 labels", *(f"700 labels, variant {n}" for n in range(6)))


def test_no_two_lines_of_a_figure_look_alike():
    for conditions in (FIGURE_2, FIGURE_5):
        styles = line_styles(conditions)
        assert tuple(styles) == conditions
        for one, other in combinations(styles.values(), 2):
            assert (one.colour, one.dashes) != (other.colour, other.dashes)
            assert one.marker != other.marker


def test_a_condition_looks_the_same_in_all_figures():
    assert line_styles(FIGURE_2)["700 labels"] == line_styles(FIGURE_5)["700 labels"]


def test_styles_come_again_where_there_are_too_many():
    styles = line_styles([f"condition {number}" for number in range(len(OTHERS) + 1)])
    assert styles["condition 0"] == styles[f"condition {len(OTHERS)}"]


def test_the_same_figure_gives_the_same_file(tmp_path):
    for name in ("a/first.png", "second.png"):
        figure = Figure(figsize=(1, 1))
        figure.subplots().plot([1, 2])
        save(figure, tmp_path / name)
    assert (tmp_path / "a" / "first.png").read_bytes() == (tmp_path / "second.png").read_bytes()
