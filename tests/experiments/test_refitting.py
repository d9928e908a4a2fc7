"""`python -m experiments.refitting` on the run of `pbrl train debug`."""

import re

import pytest
import torch

from experiments.presets import PRESETS
from experiments.refitting import HEADINGS, fit, main, refitted, rounds
from pbrl.checkpoints import latest_checkpoint
from pbrl.cli.assembly import describe_task
from pbrl.cli.stores import source_of_labels
from pbrl.feedback import COMPARISON
from pbrl.metrics import read_metrics
from pbrl.reward.labels import LabelReader
from pbrl.reward.saved import saved_ensemble
from pbrl.runs import Run


def rows_of(printed: str) -> list[dict[str, str]]:
    """Returns the lines of a Markdown table, by its headings."""
    heading, _, *lines = [line.strip("| ").split(" | ") for line in printed.splitlines()]
    assert heading[2:] == list(HEADINGS)
    return [dict(zip(heading, line, strict=True)) for line in lines]


def test_rounds_are_those_of_the_run(debug_run):
    config = Run(debug_run).config()
    seen = [line.get("reward/labels", 0) for line in read_metrics(Run(debug_run))]
    assert list(rounds(config, 40)) == sorted(set(seen) - {0})
    assert list(rounds(config, 12))[-1] == 12
    assert list(rounds(config, 3)) == [3]


def test_a_run_whose_steps_are_no_whole_rollouts_ends_with_its_last_whole_one():
    """HalfCheetah: 488 rollouts of 2,048 steps, a round with every eighth and with the last."""
    found = list(rounds(PRESETS["HalfCheetah"], 700))
    assert (found[0], found[-1], len(found)) == (175, 700, 61)


def test_the_runs_own_settings_and_seed_make_the_runs_own_predictors(debug_run):
    config = Run(debug_run).config()
    checkpoint = latest_checkpoint(Run(debug_run), print)
    kept = saved_ensemble(config, checkpoint)
    torch.set_num_threads(config.learner_threads)
    with source_of_labels(str(debug_run)) as (store, name):
        reader = LabelReader(store, name, COMPARISON, config.reward)
        ensemble, report = fit(config, describe_task(config.env.env_id), reader, 40)
    assert report.labels == 40
    torch.testing.assert_close(ensemble.learner.parameters, kept.learner.parameters)
    torch.testing.assert_close(ensemble.l2, kept.l2)


def test_a_row_for_each_number_of_labels_and_each_setting(debug_run, capsys):
    words = "--reward.l2-initial 0 --reward.initial-updates 50"
    arguments = [str(debug_run), "--on", str(debug_run), "--labels", "10", "40", "--seeds", "1"]
    assert main([*arguments, "--settings", words]) == 0
    rows = rows_of(capsys.readouterr().out)
    assert [(row["labels"], row["settings"]) for row in rows] == [
        (labels, settings)
        for labels in ("10", "40")
        for settings in ("the run's own", f"`{words}`")
    ]
    assert [float(row["L2"]) > 0 for row in rows] == [True, False, True, False]
    own = rows[2]
    assert float(own["other pairs ordered"]) > 0.6
    assert float(own["correlation by step"]) > 0.3
    assert all(0 <= float(row["left-out labels predicted"]) <= 1 for row in rows)


def test_settings_of_what_is_read_count_too(debug_run):
    """Of the latest 8 labels alone."""
    own, few = refitted(debug_run, debug_run, None, ["--reward.label-window 8"], [1])
    assert own[:2] == (40, "the run's own")
    assert few[2].train_loss != own[2].train_loss


@pytest.mark.parametrize(
    ("others", "said"),
    [
        (["--on", "{discrete}"], "is of pbrl/InvertedPendulum-v0, and .* of CartPole-v1"),
        (["--on", "{nowhere}"], "nowhere"),
        (["--on", "{debug}", "--labels", "0"], "first 0 labels hold none"),
        (["--on", "{debug}", "--labels", "41"], "asked 40 questions, so it has no 41 labels"),
    ],
)
def test_mistakes_are_sentences(others, said, debug_run, discrete_run, tmp_path, capsys):
    places = {"discrete": discrete_run, "debug": debug_run, "nowhere": tmp_path / "nowhere"}
    assert main([str(debug_run), *(word.format(**places) for word in others)]) == 2
    printed, error = capsys.readouterr()
    assert not printed
    assert error.startswith("experiments.refitting: ")
    assert re.search(said, error)
