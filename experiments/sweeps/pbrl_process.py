"""One `pbrl` command as a process of its own: held to its processors, and ended with its parent.

    python -m experiments.sweeps.pbrl_process CORES SIGNAL ARGUMENT ...

is `pbrl ARGUMENT ...` on these processors (`0,1`, or `all`). On Linux it is sent a signal when the
process that started it dies, so that nothing trains unseen: at SIGTERM training stops with a
checkpoint.
"""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

PR_SET_PDEATHSIG = 1


def start(
    arguments: Sequence[str],
    log: Path,
    cores: Sequence[int] = (),
    orphaned: signal.Signals = signal.SIGTERM,
) -> subprocess.Popen:
    """Starts a command; what it prints is appended to the log.

    It is no part of the terminal's foreground, so Ctrl-C reaches it once, from whoever started it.

    Args:
        arguments: What stands after `pbrl`.
        log: The file.
        cores: Processors that it may use; all if empty.
        orphaned: What it is sent when this process dies.
    """
    held_to = ",".join(map(str, cores)) or "all"
    command = [sys.executable, "-u", "-m", __name__, held_to, str(orphaned.value), *arguments]
    threads = str(len(cores) or 1)
    environment = os.environ | {f"{name}_NUM_THREADS": threads for name in ("OMP", "OPENBLAS")}
    with log.open("a") as out:
        out.write(f"$ pbrl {' '.join(arguments)}\n")
        out.flush()
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            env=environment,
            start_new_session=True,
        )


def _become(cores: str, orphaned: str, arguments: Sequence[str]) -> None:
    """Turns this process into the command."""
    if sys.platform == "linux":
        parent = os.getppid()
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(orphaned))
        if os.getppid() != parent:  # it died a moment ago
            sys.exit(1)
    if cores != "all" and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, map(int, cores.split(",")))
    os.execv(sys.executable, [sys.executable, "-u", "-m", "pbrl.cli", *arguments])


if __name__ == "__main__":
    _become(sys.argv[1], sys.argv[2], sys.argv[3:])
