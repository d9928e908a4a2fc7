"""One run on one machine of many: fetched, trained, published as it goes, evaluated."""

import hashlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from experiments.sweeps import pbrl_process
from experiments.sweeps.cells import Cell
from experiments.sweeps.finished_runs import evaluation_file, is_finished
from experiments.sweeps.local_workers import failure
from experiments.sweeps.published_runs import (
    fetch,
    publish_checkpoint,
    publish_evaluation,
    publish_progress,
)
from experiments.sweeps.sweep import Change, State
from pbrl.errors import PbrlError
from pbrl.runs import disk_errors

LOOK_EVERY_SECONDS = 1.0
PROGRESS_EVERY_SECONDS = 10.0
CLAIM_SECONDS = 60.0
"""Time without a sign of life after which a run that another sweep had begun is free again."""


@dataclass(frozen=True, slots=True)
class Order:
    """What a machine is asked to do."""

    cell: Cell
    """The run."""
    shared: Path
    """The folder that all machines share."""
    sign: str
    """Name of a file in it: work goes on while it is there."""
    episodes: int
    """Fresh episodes that the finished run is measured by."""

    @property
    def wanted(self) -> bool:
        """Returns whether work is to go on."""
        return (self.shared / self.sign).exists()


def carry_out(order: Order) -> Change:
    """Makes a run to its end, from its last published checkpoint, and returns how it went."""
    try:
        return _carry_out(order)
    except PbrlError as error:
        return Change(order.cell, State.FAILED, f"{order.cell.name} failed: {error}")


def _carry_out(order: Order) -> Change:
    cell, shared = order.cell, order.shared
    if not order.wanted:
        raise PbrlError(
            f"{socket.gethostname()} does not see the shared folder {shared}, or the sweep was "
            "stopped. Mount it under this path on every machine of the cluster."
        )
    if is_finished(cell, shared, order.episodes):  # by a process that died before it could say so
        return Change(cell, State.FINISHED)
    _claim(order)
    local = own_folder(shared)
    fetch(cell, shared, local)
    code = _followed(cell.train_arguments(local), order, local)
    publish_checkpoint(cell, local, shared)
    if not code and order.wanted:
        code = _followed(_evaluation(order, local), order, local)
        if not code:
            publish_evaluation(cell, local, shared)
    publish_progress(cell, local, shared)
    shutil.rmtree(cell.folder(local), ignore_errors=True)
    _claim_file(order).unlink(missing_ok=True)
    if is_finished(cell, shared, order.episodes):
        return Change(cell, State.FINISHED, f"{cell.name}: finished on {socket.gethostname()}.")
    if not order.wanted:
        return Change(cell, State.STOPPED)
    log = cell.folder(shared) / "log.txt"
    return Change(cell, State.FAILED, failure(cell, code, log))


def _claim_file(order: Order) -> Path:
    return order.cell.folder(order.shared) / ".made-by"


def _claim(order: Order) -> None:
    """Says whose the run is: two sweeps at one run would remove what the other has made.

    Raises:
        PbrlError: It is another sweep's that is at work on it.
    """
    file = _claim_file(order)
    with disk_errors(file):
        file.parent.mkdir(parents=True, exist_ok=True)
        other = file.read_text() if file.is_file() else order.sign
        alive = other != order.sign and (order.shared / other).exists()
        if alive and time.time() - file.stat().st_mtime < CLAIM_SECONDS:
            raise PbrlError(
                f"another sweep makes it now, in {order.shared}. Wait for that one; if it was "
                f"killed, for {CLAIM_SECONDS:.0f} seconds."
            )
        file.write_text(order.sign)


def own_folder(shared: Path) -> Path:
    """Returns the folder of runs on this machine's own disk (TMPDIR says which)."""
    of_shared = hashlib.sha256(str(shared).encode()).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"pbrl-runs-{os.getuid()}" / of_shared


def _evaluation(order: Order, local: Path) -> list[str]:
    run, result = order.cell.run_folder(local), evaluation_file(order.cell, local)
    return ["eval", str(run), f"--episodes={order.episodes}", "--json", str(result)]


def _followed(arguments: list[str], order: Order, local: Path) -> int:
    """Runs `pbrl` to its end and publishes meanwhile; stopped if the work is wanted no more."""
    log = order.cell.folder(local) / "log.txt"
    # Killed with this process: another one may go on with the run in the same place at once.
    process = pbrl_process.start(arguments, log, orphaned=signal.SIGKILL)
    told, asked = time.monotonic(), False
    try:
        while True:
            try:
                return process.wait(LOOK_EVERY_SECONDS)
            except subprocess.TimeoutExpired:
                publish_checkpoint(order.cell, local, order.shared)
            if time.monotonic() - told >= PROGRESS_EVERY_SECONDS:
                told = time.monotonic()
                publish_progress(order.cell, local, order.shared)
                with disk_errors(order.shared):
                    _claim_file(order).write_text(order.sign)
            if not asked and not order.wanted:
                asked = True
                process.terminate()
    finally:
        process.kill()
        process.wait()
