import csv
from dataclasses import replace

import numpy as np
import pytest

from experiments import label_table
from experiments.label_table import markdown, mean_and_interval
from experiments.sweeps.finished_runs import Row


def row(condition, seed, mean_return, untrained=None):
    return Row("Hopper", condition, seed, 1000, 5, mean_return, 1.0, untrained, 0.9, 0.95)


def test_mean_and_students_interval_by_hand():
    """Of 1, 2, 3: deviation 1, error 1 / sqrt(3), and t is 4.303 with two degrees of freedom."""
    mean, half = mean_and_interval(np.array([1.0, 2, 3]))
    assert mean == 2
    assert half == pytest.approx(4.3027 / np.sqrt(3), rel=1e-4)


def test_the_score_takes_the_untrained_policy_as_zero():
    rows = [
        row("700 labels", 1, 90, untrained=-10),
        row("700 labels", 2, 110, untrained=-10),
        row("true reward", 1, 190),
        row("true reward", 2, 190),
    ]
    table = markdown(rows, "Hopper", ["Hopper", "--seeds", "1", "2"])
    assert "(learned - untrained) / (true - untrained): 0.55 of 700 labels." in table
    assert "python -m experiments.label_table Hopper --seeds 1 2`" in table


def test_several_budgets_and_none():
    rows = [
        row("350 labels", 1, 40, untrained=-10),
        row("700 labels", 1, 90, untrained=-10),
        row("true reward", 1, 190),
    ]
    assert label_table.scores(rows) == {"350 labels": 0.25, "700 labels": 0.5}
    alone = markdown(rows[2:], "Hopper", ["Hopper", "--labels"])
    assert "Hopper: learning from the true reward" in alone
    assert "Score" not in alone


def test_the_summary_has_a_line_for_each_task():
    of_one = [row("700 labels", 1, 90, untrained=-10), row("true reward", 1, 190)]
    of_two = [replace(r, task="Ant", mean_return=r.mean_return / 2) for r in of_one]
    lines = label_table.summary_markdown(of_one + of_two, ["Hopper", "Ant"]).splitlines()
    assert "| Hopper | 90.0 ± nan | 190.0 ± nan | -10.0 | 0.50 |" in lines
    assert "| Ant | 45.0 ± nan | 95.0 ± nan | -10.0 | 0.52 |" in lines


@pytest.mark.slow
def test_a_tiny_table_is_made_and_made_again_without_training(tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(label_table, "RESULTS", tmp_path / "results")
    arguments = ["debug", "--labels", "40", "--seeds", "1", "--steps", "8192"]
    arguments += ["--runs", str(tmp_path / "runs")]
    assert label_table.main(arguments) == 0
    assert capfd.readouterr().out.count("pbrl train") == 2
    assert label_table.main(arguments) == 0
    printed = capfd.readouterr().out
    assert "pbrl train" not in printed
    assert (tmp_path / "results" / "debug.md").read_text() in printed
    with (tmp_path / "results" / "debug.csv").open() as file:
        assert [line["condition"] for line in csv.DictReader(file)] == ["40 labels", "true reward"]
