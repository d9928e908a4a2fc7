"""`pbrl reproduce`, with a figure of `debug` in the place of the paper's."""

import shutil

import numpy as np
import pytest

from experiments.figures.behaviour_table import read
from experiments.sweeps import grids
from experiments.sweeps.grids import Condition, Grid
from experiments.sweeps.outcomes import read_outcomes
from pbrl.annotators import TARGET
from pbrl.behaviours import BEHAVIOURS


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


@pytest.fixture
def tiny_behaviour(monkeypatch):
    settings = (
        *(("query.initial_steps", 512), ("agent.rollout_steps", 64)),
        *(("reward.initial_updates", 5), ("reward.updates", 5)),
    )
    condition = Condition(lambda task: 32 + len(task), changes=settings)
    grid = Grid("in little", ("Hopper-backflip",), (condition,), (1, 2), 1024, of_behaviours=True)
    monkeypatch.setitem(grids.FIGURES, "tiny", grid)


def test_a_figure_of_behaviours_says_what_its_agents_show(tiny_behaviour, pbrl, tmp_path):
    line = f"reproduce tiny --runs {tmp_path / 'runs'} --out {tmp_path} --episodes 3"
    assert "None of the 2 runs" in pbrl(f"{line} --collect").err
    assert pbrl(f"{line} --seeds 2").code == 0
    rows = read(tmp_path / "tiny.csv")
    names = list(BEHAVIOURS["backflip"].measure(np.zeros((5, 6), np.float32)))
    assert [(row.seed, row.measure) for row in rows] == [(2, name) for name in names]
    assert {(row.task, row.labels, row.steps, row.episodes) for row in rows} == {
        ("Hopper-backflip", 32 + len("Hopper-backflip"), 1024, 3)
    }
    assert {len(row.config_hash) for row in rows} == {12}
    words = (tmp_path / "tiny.md").read_text()
    assert f"| Hopper-backflip | 1,024 | 47 | backflips | {rows[0].mean:,.3f} |" in words

    before = (tmp_path / "tiny.csv").read_bytes()
    shutil.rmtree(tmp_path / "runs")  # what is in the file stays where its runs are gone
    assert pbrl(f"{line} --seeds 1").code == 0
    assert [row.seed for row in read(tmp_path / "tiny.csv")] == [1] * 4 + [2] * 4
    assert before.splitlines()[1] in (tmp_path / "tiny.csv").read_bytes()

    evaluation = next((tmp_path / "runs").rglob("evaluation.json"))
    evaluation.write_text('{"returns": null}')
    assert "holds no measure of a behaviour" in pbrl(f"{line} --seeds 1 --collect").err
    (tmp_path / "tiny.csv").write_text("task,seed\nHopper-backflip,1\n")
    assert "was not written by this version of pbrl" in pbrl(line).err


def test_the_papers_behaviours_are_taught_with_its_numbers_of_comparisons():
    cells = grids.FIGURES["fig4"].cells(seeds=[1])
    assert [(cell.task, cell.labels, cell.steps) for cell in cells] == [
        ("Hopper-backflip", 900, 2_000_000),
        ("HalfCheetah-one-leg", 800, 2_000_000),
        ("Enduro-level", 1300, 1_000_000),
    ]
