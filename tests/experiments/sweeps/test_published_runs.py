import shutil
from contextlib import closing

import pytest

from experiments.sweeps.published_runs import (
    KEEP,
    fetch,
    publish_checkpoint,
    publish_evaluation,
    publish_progress,
)
from pbrl.checkpoints import latest_checkpoint
from pbrl.errors import PbrlError
from pbrl.runs import Run
from pbrl.store import LabelStore


@pytest.fixture
def run(finish, cell, tmp_path):
    """A run on a machine's own disk."""
    return Run(finish(cell, tmp_path / "own"))


@pytest.fixture
def published(cell, run, tmp_path):
    """Where it is published."""
    return Run(cell.folder(tmp_path / "shared") / run.name)


def answers(run):
    with closing(LabelStore(run.labels_file)) as store:
        return len(store.answers(store.runs()[0]))


def test_a_published_run_is_whole(cell, run, published, tmp_path):
    publish_checkpoint(cell, tmp_path / "own", tmp_path / "shared")
    ours, theirs = (latest_checkpoint(one, pytest.fail) for one in (run, published))
    assert ours.steps == theirs.steps == 20_480
    assert answers(published) == answers(run) == 40
    assert published.config() == run.config()
    assert published.metrics_file.read_bytes() == run.metrics_file.read_bytes()
    assert not (published.path / "lock").exists()
    assert not list((tmp_path / "shared").rglob("*draft*"))


def test_another_machine_goes_on_with_it(cell, run, published, tmp_path):
    publish_checkpoint(cell, tmp_path / "own", tmp_path / "shared")
    (published.checkpoints / ".draft_step_000000099999").mkdir()  # of a machine that died
    other = tmp_path / "other"
    (cell.folder(other) / "older").mkdir(parents=True)
    fetch(cell, tmp_path / "shared", other)
    there = cell.folder(other) / run.name
    assert cell.train_arguments(other) == ["train", "--resume", str(there), "--episodes=0"]
    assert latest_checkpoint(Run(there), pytest.fail).steps == 20_480
    assert [path.name for path in cell.folder(other).iterdir()] == [run.name]
    assert not list(there.rglob(".draft*"))


def test_a_run_that_was_never_published_begins_anew(cell, tmp_path):
    fetch(cell, tmp_path / "shared", tmp_path / "own")
    assert cell.train_arguments(tmp_path / "own")[:2] == ["train", "debug"]


def test_the_store_is_there_before_the_checkpoint(cell, published, tmp_path, monkeypatch):
    """A machine may die in between: then the checkpoint before counts, with too many answers."""
    monkeypatch.setattr("experiments.sweeps.published_runs.copy_store", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        publish_checkpoint(cell, tmp_path / "own", tmp_path / "shared")
    assert not list(published.path.rglob("step_*"))


@pytest.mark.usefixtures("run")
def test_a_checkpoint_is_published_once_and_old_ones_give_way(cell, run, published, tmp_path):
    def publish():
        publish_checkpoint(cell, tmp_path / "own", tmp_path / "shared")

    publish()
    first = published.labels_file.stat().st_mtime_ns
    publish()
    assert published.labels_file.stat().st_mtime_ns == first
    newest = max(run.checkpoints.glob("step_*"))
    for steps in (30_000, 40_000, 50_000):
        shutil.copytree(newest, run.checkpoints / f"step_{steps:012d}")
        publish()
    names = sorted(path.name for path in published.checkpoints.iterdir())
    assert names == ["step_000000040000", "step_000000050000"] and len(names) == KEEP


@pytest.mark.usefixtures("run")
def test_those_who_look_on_see_metrics_and_the_end(cell, published, tmp_path):
    own, shared = tmp_path / "own", tmp_path / "shared"
    publish_progress(cell, own, shared)
    assert published.metrics_file.is_file() and not published.checkpoints.exists()
    assert not (cell.folder(shared) / "evaluation.json").exists()
    publish_evaluation(cell, own, shared)
    assert (cell.folder(shared) / "evaluation.json").is_file()


@pytest.mark.usefixtures("run")
def test_a_shared_folder_that_cannot_be_written_is_a_sentence(cell, tmp_path):
    (tmp_path / "shared").write_text("not a folder")
    with pytest.raises(PbrlError, match="Could not write .*shared"):
        publish_checkpoint(cell, tmp_path / "own", tmp_path / "shared")
