"""The annotator that tells returns, through the real store and in a real run."""

import json
import threading
from contextlib import closing

import numpy as np
import pytest

from labeling_ui.place import Place, open_place
from pbrl.annotators import TargetAnnotator
from pbrl.checkpoints import latest_checkpoint
from pbrl.cli import main
from pbrl.errors import StoreError, TaskError
from pbrl.feedback import CLIP_RETURN
from pbrl.reward.saved import saved_ensemble
from pbrl.runs import Run
from pbrl.segments import Segment
from pbrl.store import LabelStore, Query


def clip(rewards: list[float], tag: float) -> Segment:
    column = np.full((len(rewards), 1), tag, np.float32)
    return Segment(column, column, np.array(rewards), column)


def test_it_tells_the_true_returns_of_both_clips(tmp_path):
    queries = [
        Query(0, "return", (clip([1.0, 0.5], 0), clip([-2.0, 0.0], 1)), 0),
        Query(1, "return", (clip([0.1, 0.2], 2), clip([7.0, 0.0], 3)), 0),
    ]
    with closing(LabelStore(tmp_path / "labels.db")) as store:
        store.open_run("run", "task", "return")
        store.post("run", queries)
        TargetAnnotator().answer(store, "run", queries, None)
        TargetAnnotator().answer(store, "run", queries, None)  # again, after a crash
        told = {one.number: CLIP_RETURN.decode(one.text) for one in store.answers("run")}
    assert told == {0: (1.5, -2.0), 1: (0.1 + 0.2, 7.0)}


def test_a_task_without_true_reward_cannot_be_told(tmp_path):
    queries = [Query(0, "return", (clip([np.nan], 0), clip([np.nan], 1)), 0)]
    with closing(LabelStore(tmp_path / "labels.db")) as store:
        store.open_run("run", "task", "return")
        store.post("run", queries)
        with pytest.raises(TaskError, match="no true reward"):
            TargetAnnotator().answer(store, "run", queries, None)


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Run:
    """A run whose predictors are regressed on true returns, as the command makes it."""
    folder = tmp_path_factory.mktemp("runs")
    assert main(["train", "debug", "--annotator", "target", "--runs", str(folder)]) == 0
    (path,) = folder.iterdir()
    return Run(path)


def test_a_run_regresses_its_predictors_on_them(run):
    assert run.path.name == "InvertedPendulum-v0-target-40labels-seed1"
    assert run.config().feedback == "return"
    lines = [json.loads(line) for line in run.metrics_file.read_text().splitlines()]
    assert lines[-1]["reward/labels"] == 40


def test_what_they_learn_is_in_the_units_of_the_true_return(run):
    checkpoint = latest_checkpoint(run, print)
    ensemble = saved_ensemble(run.config(), checkpoint)
    with closing(LabelStore(run.labels_file)) as store:
        clips = [
            clip for pair in store.segments(run.path.name, range(40)).values() for clip in pair
        ]
    told = np.array([clip.true_return for clip in clips])
    predicted = ensemble.returns_of(
        np.stack([clip.observations for clip in clips]), np.stack([clip.actions for clip in clips])
    ).mean(axis=0)
    assert told.mean() > 10  # of at most 15, and no comparison could tell
    assert np.abs(predicted - told).mean() < 1


def test_it_is_measured_and_reported(run, tmp_path, capsys):
    measured = tmp_path / "evaluation.json"
    assert main(["eval", str(run.path), "--episodes", "5", "--json", str(measured)]) == 0
    assert json.loads(measured.read_text())["held_out_answers"] is not None
    assert main(["labels", "stats", str(run.path)]) == 0
    assert "target" in capsys.readouterr().out
    page = tmp_path / "report.html"
    assert main(["report", str(run.path), "--to", str(page)]) == 0
    assert "tells what each clip returns" in page.read_text()


def test_the_viewer_refuses_it_in_a_sentence(run):
    place = Place(run.labels_file, run.path.name)
    with pytest.raises(StoreError, match="asks for return feedback; this viewer shows comparison"):
        open_place(place, "anna", "desk", lambda news: None, threading.Event())
