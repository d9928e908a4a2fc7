"""Checkpoints: folders that are there whole or not at all.

A checkpoint is written beside the others under a draft name, flushed to the disk and renamed; its
manifest holds the SHA-256 of every file. One that does not match its manifest is passed over for
the one before. Tensors are read with `weights_only`; the agent's zip is SB3's own format, which
holds cloudpickle: open runs only of people you trust.
"""

import hashlib
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
        return torch.load(self.path / STATE, weights_only=True)


def save_checkpoint(
    run: Run, steps: int, save_agent: Callable[[Path], None], state: dict[str, Any]
) -> Checkpoint:
    """Writes a checkpoint and removes all but the newest ones.

    Args:
        run: The run.
        steps: Environment steps so far.
        save_agent: Writes the agent's zip to the path that it is given.
        state: Nested dicts of tensors, numbers and text.

    Raises:
        PbrlError: The disk is full; the earlier checkpoints are untouched.
    """
    final = run.checkpoints / f"step_{steps:012d}"
    draft = run.checkpoints / f".draft_{steps:012d}"
    with disk_errors(final):
        for left_over in run.checkpoints.glob(".draft_*"):  # of a process that was killed
            shutil.rmtree(left_over, ignore_errors=True)
        draft.mkdir(parents=True)
        try:
            save_agent(draft / AGENT)
            torch.save(state, draft / STATE)
            digests = {name: _digest(draft / name) for name in (AGENT, STATE)}
            (draft / MANIFEST).write_text(json.dumps(digests))
            for file in (*draft.iterdir(), draft):
                _flush(file)
            shutil.rmtree(final, ignore_errors=True)
            draft.replace(final)
            _flush(run.checkpoints)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    for old in _folders(run)[KEEP:]:
        shutil.rmtree(old, ignore_errors=True)
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
    return torch.from_numpy(np.array(tree)) if isinstance(tree, np.ndarray) else tree


def to_arrays(tree: Any) -> Any:
    """Undoes `to_tensors`; what was a tensor from the start becomes an array too."""
    if isinstance(tree, dict):
        return {name: to_arrays(value) for name, value in tree.items()}
    return tree.numpy() if isinstance(tree, torch.Tensor) else tree


def _folders(run: Run) -> list[Path]:
    """Returns the folders of finished checkpoints, newest first."""
    found = [p for p in run.checkpoints.glob("step_*") if re.fullmatch(r"step_\d+", p.name)]
    return sorted(found, key=_steps, reverse=True)


def _steps(folder: Path) -> int:
    return int(folder.name.removeprefix("step_"))


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
