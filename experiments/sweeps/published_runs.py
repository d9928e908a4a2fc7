"""Runs in a folder that many machines share: published whole from the disk of the one that trains.

A label store and a file lock don't work on shared storage, so a run lives on its machine's own
disk. The shared folder has the same layout as any folder of runs. Each file gets there under a
draft name and is renamed, the store before the checkpoint: a checkpoint that is there never misses
answers. Answers that a checkpoint does not know of yet do no harm, since redone questions are
posted again without effect.
"""

import shutil
import tempfile
from pathlib import Path

from experiments.sweeps.cells import Cell
from pbrl.runs import Run, disk_errors, write_whole
from pbrl.store.copying import copy_store

KEEP = 2
"""Checkpoints that stay in the shared folder."""
DRAFTS = shutil.ignore_patterns(".*", "lock", "*-wal", "*-shm")


def fetch(cell: Cell, shared: Path, local: Path) -> None:
    """Puts a run, as it was last published, in the place of what a machine has of it."""
    ours, theirs = cell.folder(local), cell.folder(shared)
    with disk_errors(ours):
        shutil.rmtree(ours, ignore_errors=True)
        if theirs.is_dir():
            shutil.copytree(theirs, ours, ignore=DRAFTS)
        else:
            ours.mkdir(parents=True)


def publish_progress(cell: Cell, local: Path, shared: Path) -> None:
    """Publishes settings, metrics and log, for those who look on."""
    folder, run = cell.folder(shared), cell.run_folder(local)
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        _copy(cell.folder(local) / "log.txt", folder)
        if run is not None:
            (folder / run.name).mkdir(exist_ok=True)
            for name in ("versions.json", "metrics.jsonl", "config.json"):
                _copy(run / name, folder / run.name)


def publish_checkpoint(cell: Cell, local: Path, shared: Path) -> None:
    """Publishes the newest checkpoint and the label store, unless it is there already."""
    path = cell.run_folder(local)
    newest = max(path.glob("checkpoints/step_*"), default=None) if path else None
    if path is None or newest is None:
        return
    there = cell.folder(shared) / path.name / "checkpoints"
    if (there / newest.name).is_dir():
        return
    publish_progress(cell, local, shared)
    with disk_errors(there):
        there.mkdir(exist_ok=True)
        try:
            _publish_whole(Run(path), newest, there)
        except FileNotFoundError:
            if newest.is_dir():
                raise  # else it has given way to newer ones meanwhile, which are next


def _publish_whole(run: Run, checkpoint: Path, there: Path) -> None:
    if run.labels_file.is_file():
        with tempfile.TemporaryDirectory() as own:  # SQLite does not write to shared storage
            copy = Path(own) / run.labels_file.name
            copy_store(run.labels_file, copy)
            _copy(copy, there.parent)
    shutil.copytree(run.tensorboard, there.parent / "tensorboard", dirs_exist_ok=True)
    draft = there / f".draft_{checkpoint.name}"
    shutil.rmtree(draft, ignore_errors=True)  # of a machine that died
    draft.mkdir()
    for file in checkpoint.iterdir():
        _copy(file, draft)
    draft.rename(there / checkpoint.name)
    for old in sorted(there.glob("step_*"))[:-KEEP]:
        shutil.rmtree(old, ignore_errors=True)


def publish_evaluation(cell: Cell, local: Path, shared: Path) -> None:
    """Publishes the evaluation: the run is finished for all."""
    publish_progress(cell, local, shared)
    with disk_errors(cell.folder(shared)):
        _copy(cell.folder(local) / "evaluation.json", cell.folder(shared))


def _copy(file: Path, folder: Path) -> None:
    if file.is_file():
        write_whole(folder / file.name, file.read_bytes())
