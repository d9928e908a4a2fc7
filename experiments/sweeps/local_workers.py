"""This machine's processors: each run is a process on its own ones, trained and then evaluated."""

import contextlib
import os
import signal
import subprocess
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from experiments.sweeps import pbrl_process
from experiments.sweeps.cells import Cell
from experiments.sweeps.finished_runs import evaluation_file, is_finished
from experiments.sweeps.sweep import Change, State
from pbrl.errors import ConfigError, PbrlError
from pbrl.runs import Run, disk_errors, locked

EPISODES = 50
"""Fresh episodes that a finished run is measured by."""


def processors() -> list[int]:
    """Returns the processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def held_processors() -> Counter[int]:
    """Returns how many processes are held to each of the processors, as another sweep's runs are.

    Those of the kernel are left out; where there is no `/proc`, nothing is known of any.
    """
    there, held = set(processors()), Counter[int]()
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # of processes that end meanwhile
            affinity = os.sched_getaffinity(int(folder.name))
            if affinity < there and (folder / "cmdline").read_bytes():
                held.update(affinity)
    return held


def places(threads: int, jobs: int | None = None) -> list[tuple[int, ...]]:
    """Returns the processors of each run that is made at a time: first those that are not held.

    Args:
        threads: Processors for each.
        jobs: Runs at a time; as many as there are processors for if None. More than that share.

    Raises:
        ConfigError: There are fewer processors than a run is to have.
    """
    held = held_processors()
    there = sorted(processors(), key=lambda processor: (held[processor], processor))
    if threads > len(there):
        raise ConfigError(
            f"Each run is to have {threads} processors (--threads), but this process may use "
            f"{len(there)}: give --threads {len(there)} or fewer."
        )
    apart = [tuple(there[i : i + threads]) for i in range(0, len(there) - threads + 1, threads)]
    return [apart[i % len(apart)] for i in range(jobs or len(apart))]


class LocalWorkers:
    """Makes runs on this machine; see `experiments.sweeps.sweep.Workers`.

    Args:
        root: Folder of the runs.
        cores: Processors of each run that is made at a time.
        episodes: Fresh episodes that a finished run is measured by.
    """

    def __init__(
        self, root: Path, cores: Sequence[tuple[int, ...]], episodes: int = EPISODES
    ) -> None:
        self._root, self._episodes = root, episodes
        self._free = list(cores)
        self._jobs: list[_Job] = []
        self._stopping = False

    def free(self) -> bool:
        """Returns whether there are processors for another run."""
        return bool(self._free) and not self._stopping

    def begin(self, cell: Cell) -> Change:
        """Begins a run, or goes on with it, and says how."""
        if is_finished(cell, self._root, self._episodes):  # by another sweep, meanwhile
            return Change(cell, State.FINISHED)
        try:
            job = _Job(cell, self._root, self._free[0], self._episodes)
        except PbrlError as error:
            return Change(cell, State.FAILED, f"{cell.name} failed: {error}")
        self._free.pop(0)
        self._jobs.append(job)
        return Change(cell, State.TRAINING, f"pbrl {' '.join(job.arguments)}")

    def changes(self) -> list[Change]:
        """Returns what has changed since the last look."""
        found = []
        for job in list(self._jobs):
            change = job.look(self._stopping)
            if change is None:
                continue
            found.append(change)
            if change.state is not State.EVALUATING:
                job.close()
                self._jobs.remove(job)
                self._free.append(job.cores)
        return found

    def stop(self) -> None:
        """Has all runs stop with a checkpoint; the second time, at once."""
        self._stopping = True
        for job in self._jobs:
            job.process.send_signal(signal.SIGTERM)


class _Job:
    """A run that is being made.

    Raises:
        PbrlError: Another process makes it, or its folder cannot be written to.
    """

    def __init__(self, cell: Cell, root: Path, cores: tuple[int, ...], episodes: int) -> None:
        self.cell, self.cores = cell, cores
        self._root, self._episodes = root, episodes
        self._evaluation = evaluation_file(cell, root)
        self._draft = self._evaluation.with_name("evaluation-draft.json")
        self._log = cell.folder(root) / "log.txt"
        with disk_errors(cell.folder(root)):
            cell.folder(root).mkdir(parents=True, exist_ok=True)
        self.arguments = cell.train_arguments(root)
        self._state = State.TRAINING
        self._held = ExitStack()
        self._held.enter_context(locked(Run(cell.folder(root))))
        self.process = self._start(self.arguments)

    def close(self) -> None:
        """Lets go of the run."""
        self._held.close()

    def look(self, stopping: bool) -> Change | None:
        """Returns how the run stands if that has changed; evaluates one that is trained."""
        code = self.process.poll()
        if code is None:
            return None
        if code != 0:
            return Change(self.cell, State.STOPPED) if stopping else self._failed(code)
        if self._state is State.EVALUATING:
            self._draft.replace(self._evaluation)
            return Change(self.cell, State.FINISHED, f"{self.cell.name}: finished.")
        if stopping:
            return Change(self.cell, State.STOPPED)
        self._state = State.EVALUATING
        run = self.cell.run_folder(self._root)
        self.process = self._start(
            ["eval", str(run), f"--episodes={self._episodes}", "--json", str(self._draft)]
        )
        return Change(self.cell, State.EVALUATING)

    def _start(self, arguments: list[str]) -> subprocess.Popen:
        with disk_errors(self._log):
            return pbrl_process.start(arguments, self._log, self.cores)

    def _failed(self, code: int) -> Change:
        return Change(self.cell, State.FAILED, failure(self.cell, code, self._log))


def failure(cell: Cell, code: int, log: Path) -> str:
    """Returns a sentence on a run that failed, with the last line of its log."""
    how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
    lines = log.read_text(errors="replace").strip().splitlines()
    last = lines[-1].removeprefix("pbrl: ") if lines else "It said nothing."
    return f"{cell.name} failed: it {how}. {last} Its log: {log}"
