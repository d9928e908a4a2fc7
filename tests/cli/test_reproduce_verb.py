"""`pbrl reproduce`, with a figure of `debug` in the place of the paper's."""

import pytest

from experiments.sweeps import grids
from experiments.sweeps.grids import Condition, Grid
from experiments.sweeps.outcomes import read_outcomes
from pbrl.annotators import TARGET


@pytest.fixture
def tiny_figure(monkeypatch):
    conditions = (
        Condition(None),
        Condition(40, "random queries", (grids.RANDOM_QUERIES,)),
        Condition(40, TARGET, (("teacher", TARGET),)),
    )
    grid = Grid("in little", ("debug",), conditions, (1, 2), 1024)
    monkeypatch.setitem(grids.FIGURES, "tiny", grid)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("fig22", "There is no figure 'fig22'. Did you mean fig2"),
        ("fig2 --tasks Hoper", "There is no task 'Hoper' in this figure. Did you mean Hopper"),
        ("fig2 --conditions 70", "There is no condition '70' in it. There is: 1400 labels, 350"),
        ("fig2 --collect", "None of the 160 runs in runs/table is finished"),
        ("fig2 --steps 9", "A rollout has 2048 steps"),
    ],
)
def test_what_cannot_be_is_a_sentence(refused, tmp_path, monkeypatch, line, sentence):
    monkeypatch.chdir(tmp_path)
    assert sentence in refused(f"reproduce {line}")


def test_a_part_of_a_figure_is_made_and_written(tiny_figure, pbrl, tmp_path):
    line = f"reproduce tiny --seeds 2 --runs {tmp_path / 'runs'} --out {tmp_path} --episodes 3"
    outcome = pbrl(f"{line} --conditions true-reward")
    assert outcome.code == 2 and "Did you mean true reward?" in outcome.err
    outcome = pbrl(f"{line} --steps 4096")
    assert outcome.code == 0
    rows = read_outcomes(tmp_path / "tiny.csv")
    assert [(row.condition, row.seed) for row in rows] == [
        ("40 labels, random queries", 2),
        ("40 labels, target", 2),
        ("true reward", 2),
    ]
    assert {row.steps for row in rows} == {4096}
    assert "| debug | 4,096 |" in (tmp_path / "tiny.md").read_text()
    assert (tmp_path / "tiny.png").read_bytes().startswith(b"\x89PNG")
    assert "these are to have 1,024" in pbrl(line).err
