"""Markdown tables of finished runs: the numbers by hand, and nothing missing goes unsaid."""

import numpy as np
import pytest

from experiments.analysis.aggregates import aggregates_of
from experiments.analysis.returns import Returns
from experiments.analysis.statistics import Estimate
from experiments.figures.results_table import results_markdown, words


@pytest.fixture
def returns():
    learned = np.full((4, 3, 3), np.nan)
    learned[0, :, 0], learned[0, :, 1] = [189, 190, 191], [-1, 0, 1]
    learned[1, :, 0], learned[1, :, 1] = [89, 90, 91], [-60, -50, -40]
    learned[2, :2, 0], learned[2, 0, 1] = [1189, 1191], -5
    return Returns(
        conditions=("true reward", "350 labels", "700 labels", "700 labels, no ensemble"),
        seeds=(1, 2, 3),
        tasks=("Hopper", "Reacher", "Ant"),
        learned=learned,
        untrained=np.array([-10.0, -100, np.nan]),
        steps=(1_000_000, 500_000, None),
        configs_differ=(),
    )


def test_tables_by_hand(returns):
    """Hopper: error 1 / sqrt(3), t 4.303; 90 is half of what there is between -10 and 190."""
    lines = results_markdown(returns, aggregates_of(returns)).splitlines()
    assert (
        "| Hopper | 1,000,000 | -10.0 | 190.0 (187.5 to 192.5) | 90.0 (87.5 to 92.5) "
        "| 1,190.0 (1,177.3 to 1,202.7, 2 runs) | not run |"
    ) in lines
    assert (
        "| Reacher | 1.00 (0.98 to 1.02) | 0.50 (0.25 to 0.75) | 0.95 (1 run) | none |"
    ) in lines
    assert "| Ant | not run | not measured | not run | not run | not run | not run |" in lines
    assert any(line.startswith("| 350 labels | 0.50 (0.4") for line in lines)
    assert "| 700 labels, no ensemble | none | none | none | 0 | 0 |" in lines
    assert "- Hopper, 700 labels: no run of seed 3." in lines
    assert "- Ant: not run." in lines
    assert any(line.startswith("| Hopper | 375 (") for line in lines)  # 350 + 350 * .4 / 5.5
    assert "| Ant | not known |" in lines
    assert any(line.startswith("| all (2 of 3 tasks) |") for line in lines)


def test_every_row_has_as_many_cells_as_its_header(returns):
    for block in results_markdown(returns, aggregates_of(returns)).split("\n\n"):
        rows = [line for line in block.splitlines() if line.startswith("|")]
        assert len({row.count("|") for row in rows}) <= 1


def test_the_same_runs_give_the_same_document(returns):
    assert results_markdown(returns, aggregates_of(returns)) == results_markdown(
        returns, aggregates_of(returns)
    )


def test_nothing_missing_and_no_budgets():
    returns = Returns(
        conditions=("true reward",),
        seeds=(1, 2),
        tasks=("Hopper",),
        learned=np.array([[[1.0], [2]]]),
        untrained=np.array([0.0]),
        steps=(1000,),
        configs_differ=(),
    )
    document = results_markdown(returns, aggregates_of(returns))
    assert "### Missing\n\nNothing.\n" in document
    assert "No label budgets were asked for." in document


def test_numbers_in_words():
    assert words(Estimate(0.5, 0.4, 0.6, 5, 1), ".2f", 5) == "0.50 (0.40 to 0.60)"
    assert words(Estimate(0.5, 0.4, 0.6, 3, 1), ".2f", 5) == "0.50 (0.40 to 0.60, 3 runs)"
    assert words(Estimate(0.5, np.nan, np.nan, 1, 1), ".2f") == "0.50"
    assert words(Estimate(np.nan, np.nan, np.nan, 0, 0), ".2f") == "none"
