"""Learning curves: from runs' metrics to common steps, and through CSV."""

import json

import numpy as np
import pytest

from experiments.analysis.curves import (
    Curve,
    common_steps,
    curve_of,
    on_steps,
    read_curves,
    write_curves,
)
from pbrl.errors import PbrlError


def run(folder, returns, every=100):
    """A run folder whose metrics hold these returns; None before the first finished episode."""
    folder.mkdir()
    lines = [
        {"time/total_timesteps": every * (number + 1)}
        | ({} if value is None else {"rollout/ep_rew_mean": value})
        for number, value in enumerate(returns)
    ]
    (folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder


def test_a_curve_lies_on_common_steps(tmp_path):
    runs = {
        1: run(tmp_path / "a", [None, 2.0, 4.0, 6.0]),
        2: run(tmp_path / "b", [10.0, 20.0], every=200),
    }
    curve = curve_of("Hopper", "700 labels", runs, np.array([0, 200, 300, 400]))
    nan = np.nan
    np.testing.assert_array_equal(curve.returns, [[nan, 2, 4, 6], [nan, 10, 15, 20]])


def test_the_last_return_holds_for_one_step_of_the_grid_and_no_longer():
    """999,424 steps are a finished run of 1,000,000; one that was cut short is not stretched."""
    steps = common_steps(1_000_000)
    whole = on_steps(np.array([2048, 999_424]), np.array([1.0, 2.0]), steps)
    assert whole[-1] == 2.0
    short = on_steps(np.array([2048, 500_500]), np.array([1.0, 2.0]), steps)
    assert np.isnan(short[52:]).all()
    assert short[51] == 2.0


def test_common_steps_go_from_nothing_to_the_end():
    steps = common_steps(1_000_000)
    assert (steps[0], steps[1], steps[-1], len(steps)) == (0, 10_000, 1_000_000, 101)


def test_curves_are_the_same_after_writing_and_reading(tmp_path):
    nan = np.nan
    curves = [
        Curve("Hopper", "true reward", (3,), np.array([10, 20]), np.array([[1.5, -2e-7]])),
        Curve("Ant", "700 labels", (1, 2), np.array([10, 20]), np.array([[nan, 1], [2, nan]])),
    ]
    write_curves(curves, tmp_path / "curves.csv")
    for there, back in zip(curves, read_curves(tmp_path / "curves.csv"), strict=True):
        assert (back.task, back.condition, back.seeds) == (there.task, there.condition, there.seeds)
        np.testing.assert_array_equal(back.steps, there.steps)
        np.testing.assert_array_equal(back.returns, there.returns)
    first = (tmp_path / "curves.csv").read_bytes()
    write_curves(read_curves(tmp_path / "curves.csv"), tmp_path / "again.csv")
    assert (tmp_path / "again.csv").read_bytes() == first


def test_what_is_not_a_curve_is_refused_in_a_sentence(tmp_path):
    with pytest.raises(PbrlError, match="has no true return in its metrics"):
        curve_of("Hopper", "700 labels", {1: run(tmp_path / "a", [None])}, np.array([0, 1]))
    with pytest.raises(PbrlError, match="is not there"):
        read_curves(tmp_path / "none.csv")
    (tmp_path / "other.csv").write_text("task,seed\nHopper,1\n")
    with pytest.raises(PbrlError, match="begins with the columns task, seed, where task, condit"):
        read_curves(tmp_path / "other.csv")
    cut = "task,condition,seed,steps,mean_return\nHopper,700 labels,1,0,1.5\nHopper,700 labels,1\n"
    (tmp_path / "cut.csv").write_text(cut)
    with pytest.raises(PbrlError, match="is damaged in line 3"):
        read_curves(tmp_path / "cut.csv")
