"""What there is to know of runs from their folders, without torch: state, steps, labels, size."""

import fcntl
import json
import os
import re
import sqlite3
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pbrl.runs import Run, last_metrics

STEPS, LABELS = "time/total_timesteps", "reward/labels"
State = Literal["running", "finished", "stopped", "damaged"]
GIVEN = "SELECT count(DISTINCT run || '/' || number) FROM answers WHERE id NOT IN "
GIVEN += "(SELECT answer_id FROM retractions)"
VIEWERS = "SELECT DISTINCT annotator FROM viewers WHERE seen_at > ? ORDER BY annotator"
SEEN_SECONDS = 15.0
"""Since its last sign of life a viewer counts as open, as for `pbrl.store`, which loads slowly."""


@dataclass(frozen=True, slots=True)
class RunSummary:
    """A run at a glance."""

    run: Run
    """The run."""
    state: State
    """Running while a process holds it; damaged if its settings cannot be read."""
    env_id: str
    """Its task; empty if that is not known."""
    steps: int
    """Environment steps so far, by its metrics or checkpoints."""
    total_steps: int
    """Steps of the whole run."""
    labels: int | None
    """Queries that were answered; None where none are asked."""
    label_budget: int | None
    """Answers of the whole run; None where none are asked."""
    bytes: int
    """Size of its files."""
    shared_store: str = ""
    """The store that its labels are in; empty if it is the run's own."""


def runs_in(folder: Path) -> list[Run]:
    """Returns the runs in a folder, by path: its own, and those of sweeps (TASK/CONDITION/RUN)."""
    files = sorted(file for depth in ("*", "*/*/*") for file in folder.glob(f"{depth}/config.json"))
    return [Run(file.parent) for file in files if not file.parent.name.startswith(".")]


def summary(run: Run) -> RunSummary:
    """Returns what there is to know of a run; what cannot be read is left open."""
    try:
        settings: Mapping[str, Any] = json.loads(run.config_file.read_text())
        env_id, total = str(settings["env"]["env_id"]), int(settings["total_steps"])
        rollout = settings["env"]["num_envs"] * settings["agent"]["rollout_steps"]
        budget = settings["query"]["label_budget"]
        asks = settings["reward_source"] == "preferences"
        last = last_metrics(run)
        steps = _steps(run, last)
        done = steps >= total // rollout * rollout
    except (OSError, ValueError, KeyError, TypeError, ZeroDivisionError):
        state = "running" if is_running(run) else "damaged"
        return RunSummary(run, state, "", _steps(run, {}), 0, None, None, size(run.path))
    return RunSummary(
        run,
        "running" if is_running(run) else "finished" if done else "stopped",
        env_id,
        steps,
        total,
        _labels(run, settings, last) if asks else None,
        budget if asks else None,
        size(run.path),
        settings.get("store") or "",
    )


def is_running(run: Run) -> bool:
    """Returns whether a process holds the run."""
    try:
        with (run.path / "lock").open() as handle:
            # Shared, so that two that look at once don't take each other for a trainer.
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # never held, or not ours to read
        return False
    return False


def people_at(run: Run) -> list[str]:
    """Returns who has a viewer open on the run's own label store, which is only read."""
    if not run.labels_file.is_file():
        return []
    try:
        with closing(_read_only(run.labels_file)) as store:
            since = (time.time() - SEEN_SECONDS,)
            return [name for (name,) in store.execute(VIEWERS, since)]
    except sqlite3.Error:  # damaged, of an earlier version, or held by another program
        return []


def _read_only(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True, timeout=1)


def size(path: Path) -> int:
    """Returns the bytes of all files in a folder; one that disappears meanwhile has none."""
    total = 0
    for folder, _, files in os.walk(path):
        for name in files:
            try:
                total += os.lstat(os.path.join(folder, name)).st_size
            except OSError:
                continue
    return total


def _steps(run: Run, last: Mapping[str, Any]) -> int:
    """Returns the steps by the last line of the metrics, or those of the last checkpoint."""
    if isinstance(steps := last.get(STEPS), int):
        return steps
    names = (path.name for path in run.checkpoints.glob("step_*"))
    return max((int(n[5:]) for n in names if re.fullmatch(r"step_\d+", n)), default=0)


def _labels(run: Run, settings: Mapping[str, Any], last: Mapping[str, Any]) -> int:
    """Returns the answered queries, by the run's own store, else those of the last fit.

    The file is only read, whichever version of pbrl is writing it. A store that is shared is not
    asked: it may be a server that is far away.
    """
    if not settings.get("store") and run.labels_file.is_file():
        try:
            with closing(_read_only(run.labels_file)) as store:
                columns = {row[1] for row in store.execute("PRAGMA table_info(answers)")}
                learnt = " AND role = 'label'" if "role" in columns else ""
                return store.execute(GIVEN + learnt).fetchone()[0]
        except sqlite3.Error:  # damaged, or held by another program
            pass
    return int(last.get(LABELS, 0))
