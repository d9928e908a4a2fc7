import json
import shutil
from dataclasses import replace

import pytest

from experiments.sweeps.cells import Cell
from experiments.sweeps.finished_runs import (
    check_as_asked,
    config_hash,
    is_finished,
    outcome,
    row_of,
)
from pbrl.errors import CheckpointError
from pbrl.runs import Run


def test_the_untrained_return_is_that_before_the_first_label(tmp_path):
    metrics = tmp_path / "metrics.jsonl"
    lines = [
        {"reward/labels": 0},
        {"reward/labels": 0, "rollout/ep_rew_mean": -7.0},
        {"reward/labels": 10, "rollout/ep_rew_mean": 5.0},
    ]
    metrics.write_text("".join(json.dumps(line) + "\n" for line in lines))
    evaluation = {"returns": [1.0, 3.0], "fresh_pairs": 0.8, "clip_correlation": 0.9}
    found = row_of(Cell("Hopper", 700, 1, 1000), evaluation, metrics)
    assert (found.mean_return, found.untrained_return, found.episodes) == (2.0, -7.0, 2)


def test_what_came_of_a_run(finish, cell, tmp_path):
    finish(cell, tmp_path)
    found = outcome(cell, tmp_path)
    assert (found.condition, found.mean_return, found.deviation) == ("40 labels", 2.0, 1.0)
    assert found.untrained_return is not None
    assert "pbrl 0." in found.versions and "torch 2." in found.versions


def test_an_evaluation_that_was_stopped_does_not_count(finish, cell, tmp_path):
    finish(cell, tmp_path)
    assert is_finished(cell, tmp_path)
    (cell.folder(tmp_path) / "evaluation.json").write_text("")
    assert not is_finished(cell, tmp_path)


def test_the_hash_is_of_all_settings_but_the_seed(finish, cell, tmp_path):
    cells = [cell, replace(cell, seed=2), replace(cell, labels=41)]
    one, other_seed, other_labels = (config_hash(Run(finish(c, tmp_path))) for c in cells)
    assert one == other_seed != other_labels
    assert len(one) == 12


def test_the_hash_is_not_of_what_results_do_not_depend_on(finish, cell, tmp_path):
    cells = [cell, replace(cell, threads=2, variant="b"), replace(cell, device="auto", variant="c")]
    assert len({config_hash(Run(finish(c, tmp_path))) for c in cells}) == 1
    check_as_asked(replace(cell, threads=3, device="auto"), tmp_path)


def test_a_run_as_trained_is_the_run_that_is_asked_for(debug_run, cell, tmp_path):
    """By the settings that `pbrl train debug` wrote, whatever processors it took."""
    shutil.copytree(debug_run, cell.folder(tmp_path) / debug_run.name)
    check_as_asked(cell, tmp_path)


def test_a_run_with_other_settings_is_refused(finish, cell, tmp_path):
    run = finish(cell, tmp_path)
    settings = json.loads((run / "config.json").read_text())
    settings["agent"]["lr"] = 0.5
    (run / "config.json").write_text(json.dumps(settings))
    with pytest.raises(CheckpointError, match=r"lr is 0.5, asked for 0.0003. Remove .*--runs"):
        check_as_asked(cell, tmp_path)


@pytest.mark.parametrize(
    "name, value",
    [
        *(("reward.lr", 0.5), ("query.label_budget", 3), ("teacher", "equal")),
        ("teacher_clips", True),
    ],
)
def test_on_the_true_reward_settings_that_nothing_uses_may_differ(
    finish, cell, name, value, tmp_path
):
    on_true_reward = replace(cell, labels=None)
    other = replace(on_true_reward, changes=((name, value),))
    run = Run(finish(on_true_reward, tmp_path))
    check_as_asked(other, tmp_path)
    assert config_hash(Run(finish(replace(other, variant="other"), tmp_path))) == config_hash(run)
    with pytest.raises(CheckpointError, match="agent.lr is 0.0003, asked for 0.5"):
        check_as_asked(replace(other, changes=(("agent.lr", 0.5),)), tmp_path)


def test_a_run_of_another_version_is_refused(finish, cell, tmp_path):
    run = finish(cell, tmp_path)
    versions = json.loads((run / "versions.json").read_text())
    (run / "versions.json").write_text(json.dumps(versions | {"pbrl": "9.9.9"}))
    with pytest.raises(CheckpointError, match=r"made by pbrl 9.9.9, and this is pbrl 0"):
        check_as_asked(cell, tmp_path)


def test_settings_that_this_version_does_not_know_are_refused(finish, cell, tmp_path):
    run = finish(cell, tmp_path)
    settings = json.loads((run / "config.json").read_text())
    (run / "config.json").write_text(json.dumps(settings | {"magic": 1}))
    with pytest.raises(
        CheckpointError, match=f"{run}/config.json was .*another version: unknown magic"
    ):
        check_as_asked(cell, tmp_path)


def test_an_evaluation_without_its_run_is_refused(cell, tmp_path):
    cell.folder(tmp_path).mkdir(parents=True)
    (cell.folder(tmp_path) / "evaluation.json").write_text("{}")
    with pytest.raises(CheckpointError, match="holds an evaluation, but no run"):
        outcome(cell, tmp_path)


def test_what_was_measured_at_the_start_is_as_asked(cell, finish, tmp_path):
    file = finish(cell, tmp_path) / "config.json"
    settings = json.loads(file.read_text())
    settings["agent"]["picture_format"] = "bfloat16"
    file.write_text(json.dumps(settings))
    check_as_asked(cell, tmp_path)
    asked = replace(cell, changes=(("agent.picture_format", "contiguous"),))
    with pytest.raises(CheckpointError, match="picture_format is 'bfloat16', asked for 'contig"):
        check_as_asked(asked, tmp_path)


def test_a_setting_that_was_not_written_yet_has_the_defaults_hash(cell, finish, tmp_path):
    run = Run(finish(cell, tmp_path))
    before = config_hash(run)
    settings = json.loads(run.config_file.read_text())
    del settings["agent"]["picture_format"]
    run.config_file.write_text(json.dumps(settings))
    assert config_hash(run) == before
    settings["agent"]["lr"] = 0.5
    run.config_file.write_text(json.dumps(settings))
    assert config_hash(run) != before
