"""A figure of a grid from its finished runs, whole and in part."""

import json
import shutil

import pytest

from experiments.analysis.curves import read_curves
from experiments.figures.from_runs import draw
from experiments.sweeps import grids
from experiments.sweeps.grids import Condition, Grid
from experiments.sweeps.outcomes import Outcome

STEPS = 1000


@pytest.fixture(autouse=True)
def tiny_figure(monkeypatch):
    conditions = (Condition(None), Condition(40), Condition(80))
    grid = Grid("in little", ("Hopper", "Swimmer"), conditions, (1, 2), STEPS)
    monkeypatch.setitem(grids.FIGURES, "tiny", grid)


@pytest.fixture
def make(tmp_path):
    """Makes a finished run's outcome, and what is read of its folder."""

    def one(
        condition: Condition, seed: int, returned: float, task: str = "Hopper", steps: int = STEPS
    ) -> Outcome:
        cell = condition.cell(task, seed, steps, 1)
        folder = cell.folder(tmp_path / "runs") / "run"
        folder.mkdir(parents=True)
        (folder / "config.json").write_text("{}")
        (folder.parent / "evaluation.json").write_text('{"returns": []}')
        lines = [
            {"time/total_timesteps": step, "rollout/ep_rew_mean": returned * step / steps}
            for step in range(100, steps + 1, 100)
        ]
        (folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        measured = (returned, 1.0, 50, 0.0, 0.9, 0.9, "abc", "pbrl 0.1.0")
        return Outcome(task, cell.condition, seed, steps, *measured)

    return one


def test_what_is_there_is_drawn_and_what_is_not_is_said(make, tmp_path):
    outcomes = [make(Condition(None), 1, 100.0), make(Condition(None), 2, 120.0)]
    outcomes.append(make(Condition(40), 1, 88.0))
    files = draw("tiny", outcomes, tmp_path / "runs", tmp_path)
    assert {file.name for file in files} >= {"tiny.png", "tiny.md", "tiny-curves.csv"}
    text = (tmp_path / "tiny.md").read_text()
    assert "| Hopper | 1,000 | 0.0 | 110.0" in text
    assert "Hopper, 40 labels: no run of seed 2." in text
    assert "Hopper, 80 labels: not run." in text
    assert "Swimmer: not run." in text
    curves = {one.condition: one for one in read_curves(tmp_path / "tiny-curves.csv")}
    assert curves["true reward"].seeds == (1, 2)
    assert curves["40 labels"].returns[0, -1] == 88.0


def test_curves_stay_when_their_runs_are_gone(make, tmp_path):
    outcomes = [make(Condition(None), 1, 100.0), make(Condition(None), 2, 120.0)]
    draw("tiny", outcomes, tmp_path / "runs", tmp_path)
    before = (tmp_path / "tiny-curves.csv").read_bytes()
    shutil.rmtree(tmp_path / "runs" / "Hopper" / "true-reward-1000-2")
    draw("tiny", outcomes, tmp_path / "runs", tmp_path)
    assert (tmp_path / "tiny-curves.csv").read_bytes() == before
    outcomes.append(make(Condition(40), 1, 88.0))
    draw("tiny", outcomes, tmp_path / "runs", tmp_path)
    found = [(one.condition, one.seeds) for one in read_curves(tmp_path / "tiny-curves.csv")]
    assert sorted(found) == [("40 labels", (1,)), ("true reward", (1, 2))]


def test_runs_that_are_made_again_change_no_curve_before_they_are_finished(make, tmp_path):
    outcomes = [make(Condition(None), 1, 100.0), make(Condition(None), 2, 120.0)]
    draw("tiny", outcomes, tmp_path / "runs", tmp_path)
    before = (tmp_path / "tiny-curves.csv").read_bytes()
    shutil.rmtree(tmp_path / "runs")
    again = make(Condition(None), 1, 7.0)
    folder = Condition(None).cell("Hopper", 1, STEPS, 1).folder(tmp_path / "runs")
    (folder / "evaluation.json").unlink()
    draw("tiny", outcomes, tmp_path / "runs", tmp_path)
    assert (tmp_path / "tiny-curves.csv").read_bytes() == before
    (folder / "evaluation.json").write_text('{"returns": []}')
    draw("tiny", [again, outcomes[1]], tmp_path / "runs", tmp_path)
    (curve,) = read_curves(tmp_path / "tiny-curves.csv")
    assert curve.returns[:, -1].tolist() == [7.0, 120.0]


def test_runs_made_later_join_a_curve_whose_runs_are_gone(make, tmp_path):
    outcomes = [make(Condition(None), 1, 100.0), make(Condition(None), 2, 120.0)]
    draw("tiny", outcomes, tmp_path / "runs", tmp_path)
    for seed in (1, 2):
        shutil.rmtree(tmp_path / "runs" / "Hopper" / f"true-reward-1000-{seed}")
    again = [outcomes[0], make(Condition(None), 2, 130.0), make(Condition(None), 3, 140.0)]
    draw("tiny", again, tmp_path / "runs", tmp_path)
    (curve,) = read_curves(tmp_path / "tiny-curves.csv")
    assert curve.seeds == (1, 2, 3)
    assert curve.returns[:, -1].tolist() == [100.0, 130.0, 140.0]
    assert curve.steps.tolist()[-1] == STEPS


def test_curves_of_other_runs_are_not_drawn(make, tmp_path):
    """Of another length, seed or condition: their table was moved away, and their curves stayed."""
    before = [make(condition, seed, 100.0) for condition in (Condition(None), Condition(40))
              for seed in (1, 2)]  # fmt: skip
    draw("tiny", before, tmp_path / "runs", tmp_path)
    draw("tiny", [make(Condition(None), 1, 30.0, steps=500)], tmp_path / "runs", tmp_path)
    (curve,) = read_curves(tmp_path / "tiny-curves.csv")
    assert (curve.condition, curve.seeds) == ("true reward", (1,))
    assert (curve.steps[-1], curve.returns[0, -1]) == (500, 30.0)
    draw("tiny", before[:3], tmp_path / "runs", tmp_path)
    found = [(one.condition, one.seeds) for one in read_curves(tmp_path / "tiny-curves.csv")]
    assert sorted(found) == [("40 labels", (1,)), ("true reward", (1, 2))]


def test_each_task_has_its_own_number_of_steps(make, tmp_path):
    outcomes = [make(Condition(None), 1, 100.0)]
    outcomes.append(make(Condition(None), 1, 200.0, "Swimmer", steps=3 * STEPS))
    draw("tiny", outcomes, tmp_path / "runs", tmp_path)
    curves = {one.task: one for one in read_curves(tmp_path / "tiny-curves.csv")}
    assert curves["Hopper"].steps[-1] == STEPS
    assert curves["Swimmer"].steps[-1] == 3 * STEPS
    assert curves["Swimmer"].returns[0, -1] == 200.0
    assert "| Swimmer | 3,000 | 0.0 | 200.0" in (tmp_path / "tiny.md").read_text()
