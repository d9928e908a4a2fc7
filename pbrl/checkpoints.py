"""Checkpoints: folders that are there whole or not at all.

A checkpoint is written beside the others under a draft name, flushed to the disk and renamed; its
manifest holds the SHA-256 of every file. One that does not match its manifest is passed over for
the one before. Tensors are read with `weights_only`; the agent's zip is SB3's own format, which
holds cloudpickle: open runs only of people you trust.
"""

import hashlib
import io
import json
import os
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from pbrl.errors import CheckpointError
from pbrl.runs import Run, disk_errors

AGENT, STATE, MANIFEST = "agent.zip", "state.pt", "manifest.json"
KEEP = 2


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One checkpoint that matches its manifest."""

    path: Path
    """Its folder."""
    steps: int
    """Environment steps when it was written."""

    @property
    def agent(self) -> Path:
        """Returns the agent's SB3 zip."""
        return self.path / AGENT

    def state(self) -> dict[str, Any]:
        """Reads everything but the agent: tensors, numbers and text."""
        return torch.load(self.path / STATE, weights_only=True, map_location="cpu")


def save_checkpoint(
    run: Run, steps: int, save_agent: Callable[[io.BytesIO], None], state: dict[str, Any]
) -> Checkpoint:
    """Writes a checkpoint and removes those that it makes superfluous.

    Args:
        run: The run.
        steps: Environment steps so far.
        save_agent: Writes the agent's zip to the file that it is given.
        state: Nested dicts of tensors, numbers and text.

    Raises:
        PbrlError: The disk is full; the earlier checkpoints are untouched.
    """
    # Made in memory first, so that whatever fails while writing is the disk.
    files = {AGENT: _made_by(save_agent), STATE: _made_by(lambda file: torch.save(state, file))}
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    files[MANIFEST] = json.dumps(digests).encode()
    final = run.checkpoints / f"step_{steps:012d}"
    draft = run.checkpoints / f".draft_{steps:012d}"
    with disk_errors(final):
        for left_over in run.checkpoints.glob(".draft_*"):  # of a process that was killed
            shutil.rmtree(left_over)
        draft.mkdir(parents=True)
        try:
            for name, content in files.items():
                (draft / name).write_bytes(content)
                _flush(draft / name)
            _flush(draft)
            _put_in_place(draft, final)
            _flush(run.checkpoints)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    _remove_superfluous(run, steps)
    return Checkpoint(final, steps)


def latest_checkpoint(run: Run, say: Callable[[str], None]) -> Checkpoint | None:
    """Returns the newest checkpoint that is whole, or None if the run has none yet.

    Args:
        run: The run.
        say: Told, in a sentence, of each damaged checkpoint that is passed over.

    Raises:
        CheckpointError: There are checkpoints, and all are damaged.
    """
    folders = _folders(run)
    for folder in folders:
        if _is_whole(folder):
            return Checkpoint(folder, _steps(folder))
        say(f"Checkpoint {folder.name} is damaged or half-written; trying the one before it.")
    if folders:
        raise CheckpointError(
            f"All {len(folders)} checkpoints in {run.checkpoints} are damaged. The answers in "
            f"{run.labels_file.name} are kept; start a new run."
        )
    return None


def to_tensors(tree: Any) -> Any:
    """Returns nested dicts with arrays made tensors, which `torch.load` reads without pickle."""
    if isinstance(tree, dict):
        return {name: to_tensors(value) for name, value in tree.items()}
    if isinstance(tree, torch.Tensor):
        return tree.detach().cpu()  # so that a machine without a GPU can read it
    return torch.from_numpy(np.array(tree)) if isinstance(tree, np.ndarray) else tree


def to_arrays(tree: Any) -> Any:
    """Undoes `to_tensors`; what was a tensor from the start becomes an array too."""
    if isinstance(tree, dict):
        return {name: to_arrays(value) for name, value in tree.items()}
    return tree.numpy() if isinstance(tree, torch.Tensor) else tree


def _made_by(write: Callable[[io.BytesIO], None]) -> bytes:
    """Returns what a function writes to a file."""
    file = io.BytesIO()
    write(file)
    return file.getvalue()


def _put_in_place(draft: Path, final: Path) -> None:
    """Gives a draft its final name, in place of an older checkpoint of the same step."""
    older = final.with_name(f".older_{final.name}")
    if final.exists():
        shutil.rmtree(older, ignore_errors=True)
        final.replace(older)
    draft.replace(final)
    shutil.rmtree(older, ignore_errors=True)


def _remove_superfluous(run: Run, steps: int) -> None:
    """Keeps the newest checkpoints up to `steps`; later ones were passed over as damaged."""
    folders = _folders(run)
    later = [folder for folder in folders if _steps(folder) > steps]
    for folder in later + folders[len(later) + KEEP :]:
        shutil.rmtree(folder, ignore_errors=True)


def _folders(run: Run) -> list[Path]:
    """Returns the folders of finished checkpoints, newest first.

    One that was about to give way to another of its step, when the process died, is among them.
    """
    found = [p for p in run.checkpoints.glob("*") if re.fullmatch(r"(\.older_)?step_\d+", p.name)]
    return sorted(found, key=lambda folder: (_steps(folder), folder.name), reverse=True)


def _steps(folder: Path) -> int:
    return int(folder.name.rpartition("_")[2])


def _is_whole(folder: Path) -> bool:
    try:
        digests = json.loads((folder / MANIFEST).read_text())
        return set(digests) == {AGENT, STATE} and all(
            _digest(folder / name) == digest for name, digest in digests.items()
        )
    except (OSError, ValueError, AttributeError):
        return False


def _digest(file: Path) -> str:
    with file.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
