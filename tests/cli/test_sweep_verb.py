"""`pbrl sweep`, with real runs of `debug`; what needs no run is looked at without."""

import signal
import time

import pytest
import torch

from experiments.sweeps.cells import Cell
from experiments.sweeps.outcomes import read_outcomes
from pbrl.cli import many_runs
from pbrl.cli.sweep import _cells, _parser
from pbrl.runs import write_whole


def cells(line):
    return list(_cells(_parser().parse_args(line.split())))


def conditions(line):
    return [cell.condition for cell in cells(line)]


def test_the_grid_is_every_combination_seed_by_seed():
    made = cells("Hopper Ant --labels 350 700 --true-reward --seeds 1 2 --steps 5000")
    assert len(made) == len(set(made)) == 12
    assert [cell.seed for cell in made] == [1] * 6 + [2] * 6
    assert made[0] == Cell("Hopper", None, 1, 5000)
    assert made[1] == Cell("Hopper", 350, 1, 5000)


def test_what_is_left_out_is_the_presets():
    assert cells("Hopper") == [Cell("Hopper", 700, 1, 1_000_000)]
    assert cells("Seaquest")[0].steps == 10_000_000
    assert conditions("Hopper --true-reward") == ["true reward"]


def test_teachers_and_settings_make_variants():
    assert conditions("Hopper --labels 350 --teachers oracle mistake") == [
        "350 labels",
        "350 labels, mistake teacher",
    ]
    (cell,) = cells("Hopper --set reward.hidden-sizes=32,16 agent.lr=1e-4")
    assert cell.condition == "700 labels, reward.hidden_sizes=32x16, agent.lr=0.0001"
    assert cell.config().reward.hidden_sizes == (32, 16)
    assert conditions("Hopper --set agent.lr=1e-4 agent.lr=1e-3 --true-reward") == [
        "true reward, agent.lr=0.0001",
        "true reward, agent.lr=0.001",
    ]


def test_on_the_true_reward_settings_of_questions_make_no_difference():
    """Nothing is asked there: such runs are the same, and what all are measured by."""
    line = "Hopper --true-reward --labels 700 --set reward.lr=1e-3 reward.lr=1e-4 agent.lr=1e-2"
    assert list(dict.fromkeys(conditions(line))) == [
        "true reward, agent.lr=0.01",
        "700 labels, reward.lr=0.001, agent.lr=0.01",
        "700 labels, reward.lr=0.0001, agent.lr=0.01",
    ]


def test_networks_live_where_it_was_said_and_the_condition_is_the_same(monkeypatch, tmp_path):
    made = []
    monkeypatch.setattr(many_runs, "_make", lambda cells, *_: made.extend(cells) or 1)
    for words in ("", "--device auto"):
        options = _parser().parse_args(f"debug {words} --runs {tmp_path}".split())
        many_runs.make(list(_cells(options)), options)
    assert [cell.device for cell in made] == ["cpu", "auto"]
    assert made[0].folder(tmp_path) == made[1].folder(tmp_path)
    assert "--device=auto" in made[1].train_arguments(tmp_path)
    assert made[1].config().device == "auto"


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("Hopper Hopper-backflip", "`pbrl reproduce fig4 --tasks Hopper-backflip` makes them"),
        ("Hopper --set device=cuda", "--set device is not taken: say --device."),
        pytest.param(
            *("Hopper --device cuda", "--device is cuda, but torch finds no such device"),
            marks=pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU"),
        ),
        ("Hoper", "There is no preset 'Hoper'. Did you mean Hopper"),
        ("Hopper --teachers oracel", "no teacher 'oracel'. Did you mean oracle?"),
        ("Hopper --set agent.lr", "example agent.lr=1e-4 agent.lr=1e-3; given: 'agent.lr'."),
        ("Hopper --set agent.lr=1e-4 1e-3", "the name again with each further value"),
        ("Hopper --set seed=3", "--set seed is not taken: say --seeds."),
        ("Hopper --set annotator=human", "answered by synthetic teachers"),
        ("Hopper --set agent.gamma=2", "Hopper, 700 labels, agent.gamma=2.0: --agent.gamma is 2.0"),
        ("Hopper --labels 3", "Hopper, 3 labels: A budget of 3 labels leaves"),
        ("debug --collect", "None of the 1 runs in runs/sweep is finished"),
        ("debug --threads 999", "999 processors (--threads)"),
    ],
)
def test_what_cannot_be_is_a_sentence(refused, tmp_path, monkeypatch, line, sentence):
    monkeypatch.chdir(tmp_path)
    assert sentence in refused(f"sweep {line}")
    assert not list(tmp_path.glob("runs/sweep/*/*/*/"))  # no run was begun


def test_a_setting_that_there_is_not_is_refused(pbrl):
    outcome = pbrl("sweep Hopper --set agent.lrr=1")
    assert outcome.code == 2
    assert "agent.lr" in outcome.err


def test_a_damaged_run_fails_beside_one_that_is_made(pbrl, tmp_path):
    cell = Cell("debug", None, 1, 1024)
    damaged = cell.folder(tmp_path) / "damaged"
    (damaged / "checkpoints/step_000000000512").mkdir(parents=True)
    write_whole(damaged / "config.json", cell.config().to_json().encode())
    write_whole(damaged / "versions.json", b'{"pbrl": "0.1.0"}')
    outcome = pbrl(f"sweep debug --true-reward --seeds 1 2 --steps 1024 --runs {tmp_path}")
    assert outcome.code == 1
    log = cell.folder(tmp_path) / "log.txt"
    assert "seed 1 failed: it ended with code 2. All 1 checkpoints in" in outcome.out
    assert f"Its log: {log}" in outcome.out
    assert "2 runs: 1 finished, 1 failed" in outcome.out
    (row,) = read_outcomes(tmp_path / "outcomes.csv")
    assert (row.condition, row.seed, row.steps, row.episodes) == ("true reward", 2, 1024, 50)
    assert "| debug | 1,024 | not measured |" in (tmp_path / "outcomes.md").read_text()


def wait_for_lines(tmp_path, count):
    deadline = time.monotonic() + 120
    while not any(
        len(f.read_text().splitlines()) >= count for f in tmp_path.rglob("metrics.jsonl")
    ):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_ctrl_c_then_on_to_the_end_then_never_again(start, pbrl, tmp_path):
    line = f"sweep debug --labels 40 --seeds 1 --steps 40960 --episodes 2 --runs {tmp_path}"
    process = start(line.replace("--seeds 1", "--seeds 1 2 --jobs 1"))
    wait_for_lines(tmp_path, 6)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "2 runs: 2 stopped" in out and "The same command goes on with them." in out
    assert not err
    (run,) = tmp_path.glob("debug/*-1/*/")
    assert not list(tmp_path.glob("debug/*-2/*"))
    assert list(run.glob("checkpoints/step_*"))
    log = run.parent / "log.txt"
    assert "Stopped at step" in log.read_text()

    outcome = pbrl(line)
    assert outcome.code == 0
    assert f"pbrl train --resume {run}" in outcome.out
    assert "Going on with" in log.read_text()
    (row,) = read_outcomes(tmp_path / "outcomes.csv")
    assert (row.steps, row.episodes) == (40_960, 2)
    assert row.fresh_pairs is not None and row.untrained_return is not None

    before = log.stat().st_mtime_ns
    assert pbrl(line).code == 0
    assert log.stat().st_mtime_ns == before

    assert pbrl(line.replace("--episodes 2", "--episodes 3")).code == 0
    (again,) = read_outcomes(tmp_path / "outcomes.csv")
    assert (again.episodes, again.config_hash) == (3, row.config_hash)
    assert max(path.name for path in run.glob("checkpoints/step_*")) == "step_000000040960"
