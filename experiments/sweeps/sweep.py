"""Many runs: which there are, how each stands, and the loop that has them made.

Whoever makes the runs is `Workers`: this machine's processors (`local_workers`) or a Ray cluster
(`ray_workers`).
"""

import contextlib
import signal
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, unique
from pathlib import Path
from typing import Protocol

from experiments.sweeps.cells import Cell
from experiments.sweeps.finished_runs import check_as_asked, is_finished
from pbrl.runs import Run, last_metrics

LOOK_EVERY_SECONDS = 0.2


@unique
class State(Enum):
    """How a run stands."""

    WAITING = "waiting"
    TRAINING = "training"
    EVALUATING = "evaluating"
    FINISHED = "finished"
    FAILED = "failed"
    STOPPED = "stopped"


RUNNING = (State.TRAINING, State.EVALUATING)


@dataclass(frozen=True, slots=True)
class Change:
    """A run that stands differently from before."""

    cell: Cell
    """The run."""
    state: State
    """How it stands now."""
    sentence: str = ""
    """What there is to say of it."""


class Workers(Protocol):
    """Makes runs."""

    def free(self) -> bool:
        """Returns whether another run can be given."""
        ...

    def begin(self, cell: Cell) -> Change:
        """Begins a run, or goes on with it."""
        ...

    def changes(self) -> list[Change]:
        """Returns what has changed since the last look."""
        ...

    def stop(self) -> None:
        """Has all runs stop with a checkpoint; the second time, at once."""
        ...


class Sweep:
    """The runs of a grid and how they stand.

    Args:
        cells: The runs, in the order in which they are begun.
        root: Folder of the runs.
        episodes: Fresh episodes that finished runs are to be measured by; None for any number.

    Raises:
        CheckpointError: A folder holds a run with other settings than are asked for.
    """

    def __init__(self, cells: Sequence[Cell], root: Path, episodes: int | None = None) -> None:
        for cell in cells:
            check_as_asked(cell, root)
        self.root = root
        self.states = {
            cell: State.FINISHED if is_finished(cell, root, episodes) else State.WAITING
            for cell in cells
        }
        self._steps = {cell: self._steps_of(cell) for cell in self.states}
        self._steps_before, self._begun = sum(self._steps.values()), time.monotonic()
        self._paced = False  # whether a run has learnt since

    def those(self, *states: State) -> list[Cell]:
        """Returns the runs that stand so."""
        return [cell for cell, state in self.states.items() if state in states]

    def steps(self, cell: Cell) -> int:
        """Returns how many steps a run has done; of one that runs, now."""
        if self.states[cell] is not State.WAITING:
            self._steps[cell] = self._steps_of(cell)
        return self._steps[cell]

    def learns(self, cell: Cell) -> bool:
        """Returns whether a run's agent has begun to learn.

        Before, it acts untrained for the first questions, and its first reward is fitted.
        """
        return "train/value_loss" in self.metrics(cell)

    def seconds_left(self) -> float | None:
        """Returns how long the rest takes at the pace so far; None if not known.

        The pace begins where the first of the runs learns: a first fit does no steps, however long
        it takes.
        """
        steps = sum(map(self.steps, self.states))
        if not self._paced:
            self._paced = any(self.learns(cell) for cell in self.those(*RUNNING))
        if not self._paced:
            self._steps_before, self._begun = steps, time.monotonic()
        done = steps - self._steps_before
        if done <= 0:
            return None
        left = sum(cell.steps - self._steps[cell] for cell in self.those(State.WAITING, *RUNNING))
        return max(0, left) * (time.monotonic() - self._begun) / done

    def metrics(self, cell: Cell) -> dict:
        """Returns the last line of a run's metrics, empty if there is none."""
        folder = cell.run_folder(self.root)
        return dict(last_metrics(Run(folder))) if folder else {}

    def _steps_of(self, cell: Cell) -> int:
        if self.states.get(cell) is State.FINISHED:
            return cell.steps
        return min(cell.steps, self.metrics(cell).get("time/total_timesteps", 0))


class SweepDisplay(Protocol):
    """Shows how the runs stand."""

    def show(self, sweep: Sweep) -> None:
        """Shows it."""
        ...

    def say(self, sentence: str) -> None:
        """Says a sentence."""
        ...


def carry_out(sweep: Sweep, workers: Workers, display: SweepDisplay) -> None:
    """Has all waiting runs made; afterwards each is finished, has failed, or was stopped."""
    heeded = 0
    with _signals() as came:
        while True:
            if len(came) > heeded:
                heeded += 1
                _stop(sweep, workers, display, heeded)
            for cell in sweep.those(State.WAITING):
                if not workers.free():
                    break
                _note(workers.begin(cell), sweep, display)
            for change in workers.changes():
                _note(change, sweep, display)
            display.show(sweep)
            if not sweep.those(State.WAITING, *RUNNING):
                return
            time.sleep(LOOK_EVERY_SECONDS)


def _stop(sweep: Sweep, workers: Workers, display: SweepDisplay, times: int) -> None:
    workers.stop()
    sweep.states |= dict.fromkeys(sweep.those(State.WAITING), State.STOPPED)
    if times == 1 and sweep.those(*RUNNING):
        display.say("Stopping all runs, each with a checkpoint. Again stops at once.")


def _note(change: Change, sweep: Sweep, display: SweepDisplay) -> None:
    sweep.states[change.cell] = change.state
    if change.sentence:
        display.say(change.sentence)


@contextlib.contextmanager
def _signals() -> Iterator[list[int]]:
    """Takes Ctrl-C, and what `kill` and a closed terminal send; yields those that came so far."""
    came: list[int] = []
    numbers = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as it is under nohup
        numbers.append(signal.SIGHUP)
    earlier = {n: signal.signal(n, lambda number, _frame: came.append(number)) for n in numbers}
    try:
        yield came
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)
