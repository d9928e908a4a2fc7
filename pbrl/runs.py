"""A run is a folder: where its files lie, who may write to it, and how files get there whole.

    config.json         the settings
    versions.json       Python, packages and machine that wrote it, and earlier ones if they differ
    metrics.jsonl       one line per rollout, explained in docs/metrics.md
    labels.db           queries and answers (see pbrl.store)
    checkpoints/        see pbrl.checkpoints
    tensorboard/        the same metrics for TensorBoard

All of it but the checkpoints can be read without torch.
"""

import contextlib
import fcntl
import importlib.metadata
import json
import os
import platform
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pbrl.config import TrainConfig
from pbrl.errors import CheckpointError, PbrlError
from pbrl.settings_file import read_settings

PACKAGES = ("pbrl", "torch", "stable-baselines3", "gymnasium", "mujoco", "ale-py", "numpy")
TAIL_BYTES = 65_536
"""As much of the metrics is read from their end; a line has some 2,000."""


@dataclass(frozen=True, slots=True)
class Run:
    """A run's folder."""

    path: Path
    """Where it lies."""

    @property
    def config_file(self) -> Path:
        """Returns the file of the settings."""
        return self.path / "config.json"

    @property
    def metrics_file(self) -> Path:
        """Returns the file of the metrics."""
        return self.path / "metrics.jsonl"

    @property
    def labels_file(self) -> Path:
        """Returns the file of the label store."""
        return self.path / "labels.db"

    @property
    def checkpoints(self) -> Path:
        """Returns the folder of the checkpoints."""
        return self.path / "checkpoints"

    @property
    def tensorboard(self) -> Path:
        """Returns the folder of the TensorBoard files."""
        return self.path / "tensorboard"

    @property
    def name(self) -> str:
        """Returns the run's name, which its queries carry in the label store."""
        return self.path.name

    def config(self) -> TrainConfig:
        """Reads the settings.

        Raises:
            CheckpointError: The folder is not a run, or its settings cannot be read.
        """
        if not self.config_file.is_file():
            raise CheckpointError(
                f"{self.path} is not a run: it holds no config.json. Expected the folder that "
                "`pbrl train` printed at its start."
            )
        try:
            return read_settings(self.config_file.read_text(), str(self.config_file))
        except json.JSONDecodeError as error:
            raise CheckpointError(f"{self.config_file} is damaged: {error}.") from error

    def write_config(self, config: TrainConfig) -> None:
        """Writes settings and versions, each file whole or not at all."""
        write_whole(self.config_file, config.to_json().encode())
        path = self.path / "versions.json"
        versions = json.dumps(_with_earlier(installed_versions(), path), indent=2)
        write_whole(path, versions.encode())


def new_run(root: Path, stem: str) -> Run:
    """Makes a run's folder in `root`: stem, or stem-2, stem-3, ... where that is taken.

    Raises:
        PbrlError: It cannot be made.
    """
    path, count = root / stem, 1
    with disk_errors(path):
        root.mkdir(parents=True, exist_ok=True)
        while True:
            try:
                path.mkdir()
                return Run(path)
            except FileExistsError:  # perhaps since a moment ago, by another process
                count += 1
                path = root / f"{stem}-{count}"


@contextlib.contextmanager
def locked(run: Run) -> Iterator[None]:
    """Holds the run for this process; the operating system lets go of it when the process ends.

    Raises:
        CheckpointError: Another process holds it.
        PbrlError: Its folder cannot be written to.
    """
    with disk_errors(run.path):
        handle = (run.path / "lock").open("a")
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CheckpointError(
                f"Another process is training in {run.path}. Wait for it or stop it; two trainers "
                "on one run would overwrite each other's work."
            ) from None
        yield


def write_whole(path: Path, content: bytes) -> None:
    """Writes a file so that a reader sees the old content or the new, never a part of it."""
    draft = path.with_name(f".{path.name}.draft")
    with disk_errors(path), draft.open("wb") as handle:
        handle.write(content)
        handle.flush()
        os.fsync(handle.fileno())
        draft.replace(path)


@contextlib.contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turns what the disk refuses into a sentence; what was written before stays as it is."""
    try:
        yield
    except OSError as error:
        raise PbrlError(
            f"Could not write {path}: {error.strerror or error}. What was saved before is intact: "
            "make room or choose another folder. A run goes on with `pbrl train --resume RUN`."
        ) from error


def last_metrics(run: Run) -> Mapping[str, Any]:
    """Returns the last whole line of a run's metrics, empty if there is none."""
    try:
        with run.metrics_file.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - TAIL_BYTES))
            lines = file.read().split(b"\n")[:-1]
        return json.loads(lines[-1]) if lines else {}
    except (OSError, ValueError):
        return {}


def installed_versions() -> dict[str, str]:
    """Returns the versions that a result depends on; packages that are absent are left out."""
    versions = {"python": platform.python_version(), "platform": platform.platform()}
    for package in PACKAGES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            versions[package] = importlib.metadata.version(package)
    return versions


def _with_earlier(versions: dict[str, str], path: Path) -> dict[str, Any]:
    """Returns versions and, as `earlier`, the different ones of the run's beginning, as saved."""
    try:
        saved = json.loads(path.read_text())
    except (FileNotFoundError, json.JSONDecodeError):  # a new run, or one that was copied in part
        return dict(versions)
    earlier = saved.pop("earlier", [])
    if saved != versions:
        earlier.append(saved)
    return {**versions, "earlier": earlier} if earlier else dict(versions)
