"""A figure's files: all of them, the same for the same runs, and what there is without scores."""

import numpy as np
import pytest

from experiments.analysis.curves import Curve, read_curves
from experiments.analysis.returns import returns_of
from experiments.figures.figure_files import write_figure
from experiments.sweeps.outcomes import Outcome
from pbrl.errors import PbrlError

STEPS = np.array([0, 500, 1000])


def outcome(condition, seed, mean_return):
    untrained = None if condition == "true reward" else 0.0
    return Outcome(
        *("Hopper", condition, seed, 1000, mean_return, 1.0, 50, untrained),
        *(None, None, "abc", "pbrl 0.1.0"),
    )


def curve(condition):
    return Curve("Hopper", condition, (1, 2), STEPS, np.array([[0.0, 5, 9], [1, 6, 12]]))


RUNS = [
    outcome(name, seed, 9.0 + seed) for name in ("true reward", "700 labels") for seed in (1, 2)
]
CURVES = [curve("true reward"), curve("700 labels"), curve("100 labels")]


def test_all_files_are_written_and_do_not_change_by_themselves(tmp_path):
    returns = returns_of(RUNS, tasks=["Hopper", "Ant"])
    first = write_figure(returns, CURVES, tmp_path / "a", "fig2")
    assert sorted(path.name for path in first) == [
        *("fig2-bands.csv", "fig2-curves.csv", "fig2-scores.csv", "fig2-scores.png"),
        *("fig2.md", "fig2.png"),
    ]
    second = write_figure(returns, CURVES, tmp_path / "b", "fig2")
    for one, other in zip(first, second, strict=True):
        assert one.read_bytes() == other.read_bytes()
    drawn = [one.condition for one in read_curves(tmp_path / "a" / "fig2-curves.csv")]
    assert drawn == ["true reward", "700 labels"]
    assert "- Ant: not run." in (tmp_path / "a" / "fig2.md").read_text()


def test_without_scores_there_is_no_picture_of_them(tmp_path):
    write_figure(returns_of(RUNS), CURVES, tmp_path, "fig2")
    files = write_figure(returns_of(RUNS[2:]), CURVES, tmp_path, "fig2")
    assert tmp_path / "fig2-scores.png" not in files
    assert not (tmp_path / "fig2-scores.png").exists()
    assert "no score, as no run learnt from the true reward" in (tmp_path / "fig2.md").read_text()


def test_nothing_is_written_where_there_is_nothing_to_draw(tmp_path):
    with pytest.raises(PbrlError, match="There is no finished run to draw"):
        write_figure(returns_of(RUNS), [], tmp_path / "none", "fig2")
    assert not (tmp_path / "none").exists()
